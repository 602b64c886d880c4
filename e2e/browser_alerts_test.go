package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// startDesk starts the program with a symbol whose price the test moves.
func startDesk(t testing.TB, args ...string) *server {
	t.Helper()
	s := startIngest(t, append([]string{"--heartbeat", "1s"}, args...)...)
	s.ingest(
		`{"type":"instrument","symbol":"AAA","name":"Triple A","currency":"USD","decimals":2,"tick_size":0.01}`,
		`{"type":"instrument","symbol":"BBB","name":"Better B","currency":"USD","decimals":2,"tick_size":0.05}`,
		`{"type":"day","symbol":"AAA","previous_close":141.00,"open":141.20,"high":142.50,"low":140.80}`,
	)
	s.trade("AAA", "141.50")
	s.trade("BBB", "20.00")
	return s
}

// trade moves a symbol's price.
func (s *server) trade(symbol, price string) {
	s.t.Helper()
	s.ingest(fmt.Sprintf(`{"type":"trade","symbol":%q,"price":%s,"size":100}`, symbol, price))
}

// tradeSince moves a symbol's price on a day with that previous close, which it
// tells again: the test may have begun on the day before. Both are of one moment
// that is a little ahead, so that no day begins between the two either.
func (s *server) tradeSince(previousClose, symbol, price string) {
	s.t.Helper()
	at := time.Now().Add(5 * time.Second).UTC().Format(time.RFC3339Nano)
	s.ingest(
		fmt.Sprintf(`{"type":"day","symbol":%q,"previous_close":%s,"time":%q}`, symbol, previousClose, at),
		fmt.Sprintf(`{"type":"trade","symbol":%q,"price":%s,"size":100,"time":%q}`, symbol, price, at),
	)
}

// shows waits for the price that a page shows of a symbol.
func (p *tab) shows(symbol, price string) {
	p.t.Helper()
	p.until(symbol+" is at "+price, fmt.Sprintf(`document.querySelector('[data-symbol=%s] [data-field=price]')?.textContent === %q`, symbol, price))
}

// alerts are what the alerts that a page shows wait for, with their states.
const alerts = `[...document.querySelectorAll('tick-alerts [data-alert]')].map(e =>
	e.querySelector('.alert-what b').textContent + ': ' + e.querySelector('.alert-state b').textContent).join(' | ')`

func (p *tab) hasAlerts(want string) {
	p.t.Helper()
	p.until("the alerts are "+want, alerts+` === `+literal(want))
}

// acts does something with the alert that waits for words.
func (p *tab) acts(words, act string) {
	p.t.Helper()
	button := fmt.Sprintf(`[data-name="AAA %s"] [data-do=%s]`, words, act)
	p.click(button)
}

// quick sets an alert on AAA from its row.
func (p *tab) quick(price string) {
	p.t.Helper()
	eval[any](p, `document.querySelector('tr[data-symbol=AAA] a').focus()`)
	p.press("a")
	p.until("the form is open with the price of now marked", `document.querySelector('#quick').matches(':popover-open') &&
		document.activeElement.id === 'quick-level' && getSelection().toString() !== ''`)
	p.write(price)
	p.press(keyEnter)
	p.says("tick-toast", "Alert set: AAA")
	p.until("the form is closed", `!document.querySelector('#quick').matches(':popover-open')`)
}

func TestAnAlertIsSetFromARowAndFiresInAnotherTab(t *testing.T) {
	t.Parallel()
	s := startDesk(t)
	first := open(t, s.URL+"/?symbols=AAA,BBB")
	first.live()
	first.shows("AAA", "141.50")
	eval[any](first, `document.querySelector('tr[data-symbol=AAA] a').focus()`)
	first.press("a")
	first.says("#quick", "Alert on AAA")
	first.says("#quick", "Live")
	first.says("#quick", "above or below 141.50")
	first.write("141.49")
	first.says("#quick", "below 141.49")
	first.press(keyUp + keyUp + keyUp)
	first.until("it steps by ticks", `document.activeElement.value === '141.52'`)
	first.says("#quick", "above 141.52")
	first.press(keyEscape)
	first.until("Escape closes it, and the row has the focus again", `!document.querySelector('#quick').matches(':popover-open') && document.activeElement.closest('[data-symbol=AAA]')`)
	first.quick("142")

	second := first.another()
	second.visit(s.URL + "/alerts")
	second.live()
	second.hasAlerts("above 142.00: Armed")
	second.says("[data-away]", "0.35% away")
	panel := first.another()
	panel.visit(s.URL + "/?symbols=BBB")
	panel.live()
	first.shut()

	s.trade("AAA", "142.00")
	second.shows("AAA", "142.00")
	second.says("[data-away]", "0.00% away")
	s.tradeSince("141.00", "AAA", "142.01")
	second.hasAlerts("above 142.00: Fired")
	second.until("its reader hears it at once", `document.querySelector('#urgent').textContent.startsWith('AAA: above 142')`)
	second.says("[data-firings]", "142.01")
	panel.until("the panel has it once, as unread", notes+`.join() === 'AAA: above 142, at 142.01' && `+unread+` === 1`)
	panel.until("a reader hears it", `document.querySelector('#urgent').textContent.startsWith('AAA: above 142')`)

	second.reload()
	second.live()
	second.hasAlerts("above 142.00: Fired")
	second.until("the history has it with the quote of that moment", `(row => row && row.querySelector('.h-number').textContent === '142.01' &&
		row.querySelector('.h-quote').textContent.includes('Live') && row.querySelector('.h-quote').textContent.includes('+0.72%'))(document.querySelector('.history tbody tr'))`)
	panel.reload()
	panel.until("the panel has it still", notes+`.join() === 'AAA: above 142, at 142.01'`)
	panel.visit(s.URL + "/q/AAA")
	panel.hasAlerts("above 142.00: Fired")
	panel.says("#alerts .history", "142.01")
}

func TestAlertsAreChangedAndOtherTabsFollow(t *testing.T) {
	t.Parallel()
	s := startDesk(t)
	p := open(t, s.URL+"/alerts")
	p.live()
	p.says(".empty", "No alerts yet")
	p.click(".desk-head .button")
	p.until("the form is open", `document.querySelector('#alert-dialog').open`)
	p.write("AAA")
	p.says("[data-form-quote]", "141.50")
	p.says("[data-form-quote]", "Live")
	p.until("only what a price needs is asked", `[...document.querySelectorAll('#alert-dialog [data-part]')].filter(e => e.checkVisibility()).map(e => e.dataset.part).join() === 'symbol,level'`)
	p.pick("#alert-condition", "percent_window-")
	p.until("a time is asked too", `document.querySelector('#alert-window').checkVisibility() && document.querySelector('[data-level-label]').textContent === 'Percent'`)
	p.pick("#alert-condition", "above")
	p.click("#alert-level")
	p.put("#alert-level", "150")
	p.pick("#alert-repeat", "always")
	p.pick("#alert-cooldown", "1h")
	p.put("#alert-note", "sell <b>half</b>")
	p.click("[data-submit]")
	p.hasAlerts("above 150.00: Armed")
	p.says(".terms", "at most once in an hour")
	p.says(".alert-note", "sell <b>half</b>")

	other := p.another()
	other.visit(s.URL + "/q/AAA")
	other.live()
	other.hasAlerts("above 150.00: Armed")
	other.until("an arrow at the edge of the chart shows it", `document.querySelector('[data-levels]').textContent.trim() === '↑ above 150.00'`)

	p.acts("above 150.00", "pause")
	p.hasAlerts("above 150.00: Paused")
	other.hasAlerts("above 150.00: Paused")
	other.until("a paused alert has no line", `document.querySelector('[data-levels]').textContent.trim() === ''`)
	other.acts("above 150.00", "resume")
	p.hasAlerts("above 150.00: Armed")

	other.acts("above 150.00", "edit")
	other.until("the form is filled", `document.querySelector('#alert-dialog').open && document.querySelector('#alert-level').value === '150' && document.querySelector('#alert-note').value === 'sell <b>half</b>'`)
	other.put("#alert-level", "141.30")
	other.pick("#alert-condition", "crosses_up")
	other.click("#alert-dialog [data-submit]")
	p.hasAlerts("rises to 141.30: Armed")
	other.until("its line lies in the chart", `document.querySelector('[data-levels] line') && document.querySelector('[data-levels]').textContent.trim() === 'rises to 141.30'`)

	p.acts("rises to 141.30", "rearm")
	p.hasAlerts("rises to 141.50: Armed")
	other.hasAlerts("rises to 141.50: Armed")
	p.click("tick-toast .toast:last-child button")
	p.hasAlerts("rises to 141.30: Armed")
	const id = `document.querySelector('[data-alert]').dataset.alert`
	before := eval[string](p, id)
	other.acts("rises to 141.30", "delete")
	p.says(".empty", "No alerts yet")
	other.hasAlerts("")
	other.until("Undo is offered", `document.querySelector('tick-toast .toast:last-child').textContent.includes('is deleted')`)
	other.click("tick-toast .toast:last-child button")
	p.hasAlerts("rises to 141.30: Armed")
	other.hasAlerts("rises to 141.30: Armed")
	p.says(".terms", "at most once in an hour")
	if after := eval[string](p, id); after != before {
		t.Errorf("the alert %s came back as %s", before, after)
	}
}

// pick takes an option of a select, as a person does.
func (p *tab) pick(selector, value string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(e => { e.value = %s; e.dispatchEvent(new Event('input', { bubbles: true })) })(document.querySelector(%s))`, literal(value), literal(selector)))
}

// put replaces what a field holds.
func (p *tab) put(selector, text string) {
	p.t.Helper()
	eval[any](p, fmt.Sprintf(`(e => { e.focus(); e.select() })(document.querySelector(%s))`, literal(selector)))
	p.write(text)
}

func TestWhatIsMetAlreadyIsSaidWithAnOffer(t *testing.T) {
	t.Parallel()
	s := startDesk(t)
	p := open(t, s.URL+"/alerts?new=AAA")
	p.expect("status of 422")
	p.live()
	p.says("[data-form-quote]", "141.50")
	p.put("#alert-level", "150,5")
	p.click("#alert-dialog [data-submit]")
	p.says("#alert-dialog [role=alert]", "Type a number, with a point")
	p.pick("#alert-condition", "volume_above")
	p.put("#alert-level", "1")
	p.click("#alert-dialog [data-submit]")
	p.says("#alert-dialog [role=alert]", "Choose another level than 1.")
	p.until("in words for people", `!document.querySelector('#alert-dialog').innerText.includes('even_if_met')`)
	p.pick("#alert-condition", "above")
	p.put("#alert-level", "141")
	p.click("#alert-dialog [data-submit]")
	p.says("#alert-dialog [role=alert]", "above 141 already")
	p.says("#alert-dialog [data-advice]", "when it next rises to 141")
	p.click("#alert-dialog [data-advice]")
	p.hasAlerts("rises to 141.00: Armed")
	p.press("a")
	p.until("the form is open", `document.querySelector('#alert-dialog').open`)
	p.press(keyEscape)
	p.until("the focus is where it was opened", `document.activeElement.matches('.desk-head [data-load]')`)

	// A page that stands still does not know that the price has moved.
	p.visit(s.URL + "/q/AAA")
	p.live()
	p.shows("AAA", "141.50")
	p.press("p")
	s.trade("AAA", "143.00")
	p.press("a")
	p.write("142.5")
	p.says("[data-words]", "above 142.50")
	p.press(keyEnter)
	p.says("#alerts [role=alert]", "above 142.50 already")
	p.click("#alerts [data-advice]")
	p.hasAlerts("rises to 141.00: Armed | rises to 142.50: Armed")
	p.says("tick-toast", "Undo")
	p.click("tick-toast .toast:last-child button")
	p.hasAlerts("rises to 141.00: Armed")
}

func TestWhatFiresWhileThePageIsOfflineArrivesOnce(t *testing.T) {
	t.Parallel()
	s := startDesk(t)
	w := s.wire(t)
	p := newTab(t)
	cut := []string{"ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE", "ERR_NETWORK", "ERR_SOCKET_NOT_CONNECTED"}
	for _, text := range cut {
		p.expect(text)
	}
	p.visit(w.URL + "/?symbols=AAA")
	p.live()
	p.shows("AAA", "141.50")
	for _, price := range []string{"142", "143", "144"} {
		p.quick(price)
	}
	list := p.another()
	for _, text := range cut {
		list.expect(text)
	}
	list.visit(w.URL + "/alerts")
	list.hasAlerts("above 142.00: Armed | above 143.00: Armed | above 144.00: Armed")
	s.trade("AAA", "142.10")
	p.until("the first arrives", notes+`.length === 1`)
	w.set(true)
	p.says("[data-connection]", "Connection lost")
	s.trade("AAA", "143.10")
	s.trade("AAA", "144.10")
	s.trade("AAA", "141.00")
	eventually(t, "all have fired", func() bool { return s.metrics()["tickboard_alerts_fired_total"] == 3 })
	w.set(false)
	p.click("[data-retry]")
	p.live()
	p.until("everything missed arrives, once and in order", notes+`.join(' | ') === 'AAA: above 144, at 144.10 | AAA: above 143, at 143.10 | AAA: above 142, at 142.10'`)
	list.hasAlerts("above 142.00: Fired | above 143.00: Fired | above 144.00: Fired")
	s.trade("AAA", "141.10")
	p.shows("AAA", "141.10")
	p.until("nothing comes twice", notes+`.length === 3 && `+unread+` === 3`)
}

func TestAlertsAreAccessibleAndFitNarrowWindows(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := startDesk(t)
	p := open(t, s.URL+"/?symbols=AAA")
	p.live()
	p.shows("AAA", "141.50")
	p.quick("142")
	p.quick("160")
	s.trade("AAA", "142.20")
	views := map[string]func(){
		"the page": func() { p.visit(s.URL + "/alerts"); p.says("[data-firings]", "142.20") },
		"the form": func() {
			p.visit(s.URL + "/alerts?new=AAA")
			p.says("[data-form-quote]", "Live")
			p.click(".more summary")
		},
		"a symbol with lines": func() {
			p.visit(s.URL + "/q/AAA")
			p.live()
			p.until("the lines are there", `document.querySelector('[data-levels]').textContent.trim() === '↑ above 160.00'`)
		},
		"the form of a row": func() {
			p.visit(s.URL + "/?symbols=AAA,BBB")
			p.live()
			p.click("[data-load=quickalert]")
			p.says("#quick", "Alert on AAA")
		},
	}
	for _, theme := range []string{"light", "dark"} {
		p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
		for _, width := range []int64{1280, 320} {
			p.size(width, 800)
			p.until("the window has its size", fmt.Sprintf(`innerWidth === %d`, width))
			for what, show := range views {
				show()
				for _, v := range p.check(script, `{}`) {
					t.Errorf("%s, %s, %d px: %s (%s)\n  %s", what, theme, width, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
				}
				if cut := eval[string](p, beyond); cut != "" {
					t.Errorf("%s, %d px: cut at the side: %s", what, width, cut)
				}
				if w := eval[int64](p, `document.documentElement.scrollWidth`); w > width {
					t.Errorf("%s is %d px wide in a window of %d", what, w, width)
				}
			}
		}
	}
}
