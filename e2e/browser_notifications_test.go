package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	browserdomain "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
)

// notify publishes a notification, and returns its number.
func notify(t testing.TB, s *server, kind, message string) int64 {
	t.Helper()
	return publish(t, s, map[string]any{"type": kind, "message": message})
}

// publish sends what the operator may send, and returns its number.
func publish(t testing.TB, s *server, what map[string]any) int64 {
	t.Helper()
	body, err := json.Marshal(what)
	if err != nil {
		t.Fatal(err)
	}
	var stored struct{ ID int64 }
	s.post("/send", string(body), "Authorization", "Bearer "+s.token()).want(t, http.StatusAccepted).decode(t, &stored)
	return stored.ID
}

// notes is the texts that the panel shows, newest first, each in a line.
const notes = `[...document.querySelectorAll('tick-notifications li[data-id]')].filter(e => !e.hidden).map(e => e.querySelector('[data-note-message]').textContent)`

// unread is the number that the panel's head shows, 0 without one.
const unread = `(parseInt(document.querySelector('tick-notifications span[data-unread]:not([hidden])')?.textContent ?? 0))`

func TestANotificationArrivesLiveAndIsUnreadUntilItIsMarked(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.URL+"/")
	p.says("[data-connection]", "Connected")
	p.says("#notifications", "No notifications")
	first := notify(t, s, "info", "Markets open in ten minutes")
	p.until("it is shown", notes+`.join() === 'Markets open in ten minutes'`)
	p.until("it is unread", unread+` === 1`)
	p.until("a screen reader hears it", `document.querySelector('[role=status]#polite').textContent.includes('ten minutes')`)
	second := notify(t, s, "warning", "Feed is slow")
	p.until("newest first", notes+`.join('|') === 'Feed is slow|Markets open in ten minutes'`)
	p.until("two are unread", unread+` === 2`)

	p.click(fmt.Sprintf(`li[data-id="%d"] [data-read]`, first))
	p.until("one is left", unread+` === 1`)
	p.reload()
	p.until("both survive a reload", notes+`.join('|') === 'Feed is slow|Markets open in ten minutes'`)
	p.until("so does the mark", unread+` === 1 && document.querySelector('li[data-id="`+fmt.Sprint(second)+`"]').hasAttribute('data-unread')`)
	p.click(`[data-read-all]`)
	p.until("none is unread", unread+` === 0`)
}

func TestNotificationsAreFilteredAndClearedWithUndo(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, kind := range []string{"info", "success", "warning", "error"} {
		notify(t, s, kind, "of type "+kind)
	}
	p := open(t, s.URL+"/")
	p.until("all four", notes+`.length === 4`)
	choose(p, "#note-filter", "error")
	p.until("errors alone", notes+`.join() === 'of type error'`)
	notify(t, s, "info", "one more")
	p.until("what is filtered counts as unread", unread+` === 5`)
	choose(p, "#note-filter", "")
	p.until("all five", notes+`.length === 5`)
	p.click(`[data-clear]`)
	p.until("none", notes+`.length === 0 && `+unread+` === 0`)
	p.click(`tick-toast button`)
	p.until("all are back", notes+`.length === 5`)
	p.click(`[data-clear]`)
	p.until("none again", notes+`.length === 0`) // what the click does is loaded when it comes: nobody reloads that fast
	p.reload()
	p.says("#notifications", "No notifications")
	notify(t, s, "info", "after the clearing")
	p.until("a new one is shown", notes+`.join() === 'after the clearing'`)
}

func TestOlderNotificationsComeOnRequest(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 60 {
		notify(t, s, "info", fmt.Sprintf("number %d", i+1))
	}
	p := open(t, s.URL+"/")
	p.until("the newest fifty", notes+`.length === 50 && `+notes+`[0] === 'number 60'`)
	p.click(`[data-older]`)
	p.until("all sixty, in order", notes+`.map(m => m.slice(7)).join() === Array.from({ length: 60 }, (_, i) => 60 - i).join()`)
	p.until("no more are offered", `document.querySelector('[data-older]').hidden`)
}

func TestHostileTextIsShownAsText(t *testing.T) {
	t.Parallel()
	s := start(t)
	const hostile = `<img src=x onerror="window.hit=1"><script>window.hit=1</script></li> &amp; "'` + "`${1}`"
	notify(t, s, "info", hostile)
	p := open(t, s.URL+"/")
	p.until("it is in the page's HTML as text", notes+`[0] === `+literal(hostile))
	notify(t, s, "error", "live "+hostile)
	p.until("it comes live as text", notes+`[0] === 'live ' + `+literal(hostile))
	if eval[bool](p, `window.hit !== undefined || document.querySelector('.notes img, .notes script') !== null`) {
		t.Error("the text became markup")
	}
}

// choose takes an option of one of the panel's filters.
func choose(p *tab, selector, value string) {
	p.t.Helper()
	eval[bool](p, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('input', { bubbles: true })); return true })(document.querySelector(%q))`, value, selector))
}

func TestWhatIsReadInOneTabIsReadInAnother(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 3 {
		notify(t, s, "info", fmt.Sprintf("number %d", i+1))
	}
	p := open(t, s.URL+"/")
	p.until("three are unread at once", unread+` === 3`)
	q := p.another()
	q.visit(s.URL + "/?symbols=MSFT")
	q.says("[data-connection]", "Connected")
	bell := p.another()
	bell.visit(s.URL + "/q/AAPL")
	bell.says("[data-connection]", "Connected")
	bell.until("the bell has the number", `document.querySelector('[data-bell]').textContent.includes('3 unread')`)
	p.click(`li[data-id="2"] [data-read]`) // which also makes the profile
	p.until("two", unread+` === 2`)
	for i, other := range []*tab{q, bell} {
		other.within(3*time.Second, fmt.Sprintf("the other tab %d hears of it", i), `parseInt(document.querySelector('span[data-unread]').textContent) === 2`)
	}
	q.until("it is the same one", `[...document.querySelectorAll('.note[data-unread]')].map(e => e.dataset.id).join() === '3,1'`)
	p.click(`li[data-id="1"] [data-clear-one]`)
	q.within(time.Second, "what is cleared goes elsewhere within a second", notes+`.join() === 'number 3,number 2'`)
	p.click(`tick-toast button`)
	q.within(time.Second, "what is taken back comes within a second", notes+`.length === 3`)
	q.click(`[data-read-all]`)
	p.within(time.Second, "all are read within a second", unread+` === 0`)
	bell.within(time.Second, "the bell says so", `document.querySelector('[data-bell] [data-unread]').hidden`)
	q.reload()
	q.until("a reload keeps it, and the page says it from the server", unread+` === 0 && `+notes+`.length === 3`)
	notify(t, s, "info", "number 4")
	bell.until("the bell counts", `document.querySelector('[data-bell]').textContent.includes('1 unread')`)
	p.until("the panel counts", unread+` === 1`)
}

func TestNotificationsAreSearchedAndChosen(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 60 {
		notify(t, s, []string{"info", "warning"}[i%2], fmt.Sprintf("Größe %d", i+1))
	}
	publish(t, s, map[string]any{"message": "Look at it", "symbol": "AAPL", "link": "/feeds?a=1"})
	p := open(t, s.URL+"/")
	p.click(`#note-search`)
	p.write("GRÖSSE")
	p.says("[data-notes-empty]", "No notification with “GRÖSSE”")
	eval[any](p, `document.querySelector('#note-search').select()`)
	p.write("GRÖßE 1")
	p.until("what is not on the page yet is found", notes+`.join().startsWith('Größe 19,') && `+notes+`.at(-1) === 'Größe 1' && `+notes+`.length === 11`)
	choose(p, "#note-filter", "warning")
	p.until("of one type", notes+`.every(m => m.match(/[02468]$/)) && `+notes+`.length === 5`)
	notify(t, s, "warning", "größe 1000")
	p.until("a new one that fits comes", notes+`[0] === 'größe 1000'`)
	notify(t, s, "info", "größe 1001")
	p.until("another only counts", unread+` === 63 && `+notes+`.length === 6`)
	p.click(`[data-clear]`)
	p.until("what is chosen is cleared", notes+`.length === 0 && `+unread+` === 57`)
	p.says("tick-toast", "6 notifications are cleared")
	p.click(`tick-toast button`)
	p.until("and comes back", notes+`.length === 6 && `+unread+` === 63`)
	eval[any](p, `(e => { e.value = ''; e.dispatchEvent(new Event('input', { bubbles: true })) })(document.querySelector('#note-search'))`)
	choose(p, "#note-filter", "")
	choose(p, "#note-kind", "incident")
	p.says("[data-notes-empty]", "No such notification")
	choose(p, "#note-kind", "message")
	p.until("messages", notes+`.length === 50`)
	p.click(`[data-older]`)
	p.until("older ones of the choice", notes+`.length === 63`)
	p.until("its link is the one that was sent", `document.querySelector('li[data-id="61"] a').getAttribute('href') === '/feeds?a=1'`)
}

func TestOnlyThoseForWhomItIsSeeANotification(t *testing.T) {
	t.Parallel()
	s := start(t)
	own, other := open(t, s.URL+"/?symbols=MSFT"), open(t, s.URL+"/?symbols=AAPL")
	own.says("[data-connection]", "Connected")
	other.says("[data-connection]", "Connected")
	notify(t, s, "info", "for all")
	own.until("it is there", notes+`.length === 1`)
	own.click(`[data-read-all]`) // makes the profile, number 1
	own.until("it is read", unread+` === 0`)
	own.until("the stream knows the profile", `document.querySelector('[data-bell]').dataset.marks > 0`)
	publish(t, s, map[string]any{"message": "for you alone", "profile": 1, "link": "https://example.com/x"})
	own.until("its owner sees it", notes+`[0] === 'for you alone' && `+unread+` === 1`)
	own.until("a link elsewhere is safe", `(a => a.href === 'https://example.com/x' && a.textContent === 'example.com' && a.rel.includes('noopener') && a.target === '_blank')(document.querySelector('li[data-id="2"] a'))`)
	publish(t, s, map[string]any{"message": "for watchers of AAPL", "symbol": "aapl", "watchers": true})
	other.until("a watcher sees that, and not the other's", notes+`.join() === 'for watchers of AAPL,for all'`)
	publish(t, s, map[string]any{"message": "soon over", "expires": time.Now().Add(3 * time.Second)})
	other.until("it comes", notes+`[0] === 'soon over' && `+unread+` === 3`)
	other.until("it expires", notes+`[0] === 'for watchers of AAPL' && `+unread+` === 2`)
	own.until("for all but watchers", notes+`.join() === 'for you alone,for all'`)
	for _, p := range []*tab{own, other} {
		want := eval[string](p, notes+`.join()`)
		p.reload()
		p.until("the same after a reload", notes+`.join() === `+literal(want))
	}
}

func TestMarksOfTheBrowserMoveIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i := range 5 {
		notify(t, s, "info", fmt.Sprintf("number %d", i+1))
	}
	p := newTab(t)
	p.early(`if (!localStorage.getItem('seen')) { localStorage.setItem('seen', '1'); localStorage.setItem('tickboard.notes', '{"upTo":3,"ids":[5],"cleared":2}') }`)
	p.visit(s.URL + "/")
	p.until("they count", notes+`.join() === 'number 5,number 4,number 3' && `+unread+` === 1`)
	p.until("and are the server's now", `localStorage.getItem('tickboard.notes') === 'null'`)
	p.reload()
	p.until("they are kept", notes+`.length === 3 && `+unread+` === 1`)
}

// listening notes what the page would show on the desktop and sound.
const listening = `window.shown = []; window.tones = 0
	window.Notification = class { static permission = 'default'
		static async requestPermission() { return Notification.permission = window.answer ?? 'granted' }
		constructor(title, options) { shown.push([title, options.body, options.tag].join('|')) }
		close() {} }
	window.AudioContext = class { state = 'running'; currentTime = 0; destination = {}; resume() { return Promise.resolve() } }
	window.GainNode = class { gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} }; connect() {} }
	window.OscillatorNode = class { connect() {} start() { tones++ } stop() {} }
	if (localStorage.getItem('allowed')) Notification.permission = 'granted'`

func TestOwnAlertsAreToldOnceWhileNobodySeesThePage(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.early(listening)
	p.visit(s.URL + "/")
	p.says("[data-connection]", "Connected")
	q := p.another()
	q.early(listening)
	p.click(`[popovertarget="note-menu"]`)
	eval[any](p, `window.answer = 'denied'`)
	p.click(`[data-tell-by="browser"]`)
	p.says("[data-tell-note]", "does not allow notifications of this site")
	p.until("it stays off", `!document.querySelector('[data-tell-by="browser"]').checked`)
	eval[any](p, `window.answer = 'granted'; localStorage.setItem('allowed', '1')`)
	p.click(`[data-tell-by="browser"]`)
	p.until("it is on", `document.querySelector('[data-bell]').dataset.tell === 'browser'`)
	q.visit(s.URL + "/q/MSFT")
	q.says("[data-connection]", "Connected")
	q.until("the page of another tab has it", `document.querySelector('[data-bell]').dataset.tell === 'browser'`)
	p.click(`[data-tell-by="sound"]`)
	for _, hidden := range []*tab{p, q} {
		hidden.until("both ways are chosen, in every tab", `document.querySelector('[data-bell]').dataset.tell === 'sound browser'`)
		call(hidden, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{})
		window := call(hidden, browserdomain.GetWindowForTarget, browserdomain.GetWindowForTargetParams{})
		call(hidden, browserdomain.SetWindowBounds, browserdomain.SetWindowBoundsParams{
			WindowID: window.WindowID, Bounds: &browserdomain.Bounds{WindowState: browserdomain.WindowStateMinimized},
		})
		hidden.until("nobody sees it", `document.hidden`)
	}
	now := time.Now().UTC().Format(time.RFC3339Nano)
	arrives := func(id int, more string) string {
		return fmt.Sprintf(`import(document.querySelector('script[type=module]').src.replace(/[^/]+$/, 'notes.js'))
			.then((m) => m.arrived({ id: %d, type: 'info', kind: 'alert', symbol: 'AAPL', message: 'AAPL is above 100', time: '%s' %s }))`, id, now, more)
	}
	told := func() (shown, tones int) {
		for _, p := range []*tab{p, q} {
			shown += eval[int](p, `shown.length`)
			tones += eval[int](p, `tones`)
		}
		return shown, tones
	}
	for _, c := range []struct {
		more         string
		shown, tones int // in all
	}{{"", 1, 2}, {", deliver: 'none'", 1, 2}, {", deliver: 'sound'", 1, 4}, {", deliver: '3,browser'", 2, 4}} {
		for _, p := range []*tab{p, q} {
			eval[any](p, arrives(1000+c.shown*10+c.tones+len(c.more), c.more))
		}
		eventually(t, "one of the tabs tells what its rule says"+c.more, func() bool {
			shown, tones := told()
			return shown == c.shown && tones == c.tones
		})
	}
	q.until("a page without the panel says it too", `document.querySelector('tick-toast').textContent.includes('AAPL is above 100')`)

	// And one that the server has.
	eval[any](p, `fetch('/api/v1/alerts', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ symbol: 'AAPL', condition: 'above', level: 0.01, even_if_met: true }) }).then((r) => { if (r.status !== 201) throw new Error(r.status) })`)
	eventually(t, "it is told once", func() bool {
		shown, tones := told()
		return shown == 3 && tones == 6
	})
	const link = `[...document.querySelectorAll('.notes li')].find((li) => Number(li.dataset.id) < 1000)?.querySelector('a')`
	p.until("its link leads to the symbol, with the price", `/^AAPL at [0-9.,]+$/.test(`+link+`?.textContent) && `+link+`.pathname === '/q/AAPL'`)
}

func TestOwnAlertsAreToldWhileOnlyTheSettingsOrASharedListAreOpen(t *testing.T) {
	t.Parallel()
	s := startDesk(t)
	p := newTab(t)
	p.early(listening)
	p.visit(s.URL + "/settings")
	p.click("#sound")
	p.until("a sound is asked for", `document.querySelector('[data-bell]').dataset.tell === 'sound'`)
	const fires = `fetch('/api/v1/alerts', { method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ symbol: 'AAA', condition: 'above', level: 1, even_if_met: true }) }).then((r) => { if (r.status !== 201) throw new Error(r.status) })`
	eval[any](p, fires)
	p.until("it sounds", `tones === 2`)
	p.says("tick-toast", "AAA: above 1")
	p.until("it counts as unread", `document.querySelector('[data-bell] [data-unread]:not([hidden])').textContent === '1 unread'`)
	p.reload()
	p.until("it counts as unread", `document.querySelector('[data-bell] [data-unread]:not([hidden])').textContent === '1 unread'`)

	link := eval[string](p, `fetch('/api/v1/lists', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"Mine","symbols":["BBB"]}' })
		.then((r) => r.json()).then(({ id }) => fetch('/api/v1/lists/' + id + '/share', { method: 'POST' })).then((r) => r.json()).then((l) => l.shared)`)
	p.visit(link)
	p.live()
	eval[any](p, fires)
	p.until("it sounds on a page that is the same for everybody", `tones === 2`)
	p.says("tick-toast", "AAA: above 1")
}

func TestTheBellOfAnotherPageOpensThePanel(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.size(360, 740)
	p.visit(s.URL + "/settings")
	eval[any](p, `fetch('/api/v1/lists', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"name":"Mine","symbols":["AAPL"]}' }).then((r) => r.json())`)
	for _, stored := range []string{"null", eval[string](p, `fetch('/api/v1/lists').then((r) => r.json()).then((d) => String(d.lists[0].id))`)} {
		eval[any](p, `localStorage.setItem('tickboard.list', `+literal(stored)+`)`)
		p.visit(s.URL + "/alerts")
		p.click("[data-bell]")
		p.until("the panel is open", `location.pathname === '/' && document.querySelector('#notifications')?.checkVisibility({ visibilityProperty: true }) && document.querySelector('#notifications').contains(document.activeElement)`)
	}
}

func TestWhatComesBeforeItCanBeShownWaits(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.expect("ERR_BLOCKED_BY_CLIENT")
	p.visit(s.URL + "/")
	p.live()
	block := func(patterns ...string) {
		call(p, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: blocked(patterns)})
	}
	block("*://*:*/static/*/js/notes.js", "*://*:*/static/*/js/elements/panel.js")
	notify(t, s, "info", "the first")
	p.says("tick-toast", "cannot be loaded yet")
	notify(t, s, "info", "the second")
	block("*://*:*/static/*/js/elements/panel.js")
	p.until("a part of what is needed is there", `performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/js/notes.js') && e.responseStatus === 200).length`)
	block()
	p.until("both are shown, in their order", notes+`.join() === 'the second,the first' && `+unread+` === 2`)
	if told := eval[int](p, `[...document.querySelectorAll('tick-toast .toast')].filter((e) => e.textContent.includes('cannot be loaded')).length`); told > 1 {
		t.Errorf("it was told %d times", told)
	}
}

func blocked(patterns []string) []*network.BlockPattern {
	list := make([]*network.BlockPattern, len(patterns))
	for i, pattern := range patterns {
		list[i] = &network.BlockPattern{URLPattern: pattern, Block: true}
	}
	return list
}
