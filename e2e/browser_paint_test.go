package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/chromedp"
)

// brisk is a market that moves without pause, for tests that wait for it.
const brisk = "sim://?rate=20&burst=0"

// prices is what the rows show, by symbol.
const prices = `Object.fromEntries([...document.querySelectorAll('tick-watchlist [data-symbol]')].map(r => [r.dataset.symbol, r.querySelector('[data-field=price]').textContent]))`

// moves waits until a price on the page is another than now.
func (p *tab) moves(limit time.Duration) {
	p.t.Helper()
	before := eval[string](p, `JSON.stringify(`+prices+`)`)
	p.within(limit, "a price changes", `JSON.stringify(`+prices+`) !== `+literal(before))
}

// live waits until the page has its stream.
func (p *tab) live() {
	p.t.Helper()
	p.says("[data-connection]", "Connected")
}

func TestFirstPaintShowsQuotesBeforeAnyScriptRan(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.noScript()
	p.visit(s.URL + "/")
	row := func(field string) string { return p.text(`tr[data-symbol="AAPL"] [data-field=` + field + `]`) }
	for field, want := range map[string]string{
		"price": "0123456789", "change": "+−", "change_percent": "+−", "state": "S", "low": "0123456789", "bid": "0123456789", "clock": "012",
	} {
		if got := row(field); got == "" || !strings.ContainsAny(got[:min(len(got), len("−"))], want) {
			t.Errorf("%s is %q", field, got)
		}
	}
	if got := row("state"); got != "Simulated" {
		t.Errorf("the state is %q", got)
	}
	p.says("header", "Simulated market data")
	p.says("header", "Not live: reloads every 10 seconds")
	if eval[bool](p, `[...document.querySelectorAll('.js-only')].some(e => e.checkVisibility())`) {
		t.Error("there are controls that need a script")
	}
	p.until("the page reloads by itself", `document.querySelector('meta[http-equiv=refresh]')?.content === '10'`)
	if got := eval[string](p, `[...document.querySelectorAll('main a')].find(a => a.textContent === 'Reload').getAttribute('href')`); !strings.HasPrefix(got, "/?symbols=AAPL,") {
		t.Errorf("the reload link goes to %q", got)
	}
}

func TestTheListIsChangedByAFormWithoutScript(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.noScript()
	p.visit(s.URL + "/")
	p.click(`form input[name=symbols]:not([type=search])`)
	eval[any](p, `document.activeElement.select()`)
	p.write("tsla, PETR4,NOSUCH")
	p.press(keyEnter)
	p.until("the list is the one written", `Object.keys(`+prices+`).join() === 'TSLA,PETR4'`)
	p.says("main", "No source has NOSUCH")
}

func TestAPriceChangesWithinTwoSeconds(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.URL+"/")
	p.moves(2 * time.Second)
	p.visit(s.URL + "/q/BTC/USD")
	before := p.text("[data-field=price]")
	p.until("the symbol's page moves", `document.querySelector('[data-field=price]').textContent !== `+literal(before))
	p.visit(s.URL + "/?symbols=AAPL,MSFT,TSLA&view=ticker")
	p.moves(10 * time.Second)
}

func TestTwoTabsAreBothLive(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	one := open(t, s.URL+"/")
	two := one.another()
	two.visit(s.URL + "/")
	for range 2 {
		one.moves(patience)
		two.moves(patience)
	}
	notify(t, s, "info", "to both")
	one.until("the first has it", notes+`.join() === 'to both'`)
	two.until("the second has it", notes+`.join() === 'to both'`)
	one.click(`[data-read-all]`)
	two.until("read in one is read in the other", unread+` === 0`)
	one.press("t")
	two.until("a theme chosen in one shows in the other", `document.documentElement.dataset.theme === 'light'`)
}

// watchFlashes is a script that notes every flash: its cell, the row's version
// and when.
const watchFlashes = `window.flashes = []
new MutationObserver(list => {
	for (const m of list) if (m.target.dataset.flash) {
		const row = m.target.closest('[data-symbol]')
		flashes.push({ symbol: row.dataset.symbol, field: m.target.dataset.field, version: Number(row.dataset.version), at: performance.now() })
	}
}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-flash'] })`

type flashed struct {
	Symbol, Field string
	Version       int64
	At            float64
}

func TestNothingFlashesOnTheFirstPaintNorAtASnapshot(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.alone()
	p.early(watchFlashes)
	// The stream is held back until the market has moved away from the page's
	// HTML, so that the first quotes are other ones than it shows.
	held := make(chan fetch.RequestID, 1)
	if err := chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			held <- e.RequestID
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*/events?*"}}})
	p.visit(s.URL + "/?symbols=AAPL,MSFT,TSLA")
	request := <-held
	shown := eval[map[string]string](p, `Object.fromEntries([...document.querySelectorAll('tr[data-symbol]')].map(r => [r.dataset.symbol, r.dataset.price]))`)
	eventually(t, "all prices are others", func() bool {
		now := apiPrices(t, s, "AAPL,MSFT,TSLA")
		return now["AAPL"] != shown["AAPL"] && now["MSFT"] != shown["MSFT"] && now["TSLA"] != shown["TSLA"]
	})
	call(p, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: request})
	call(p, fetch.Disable, struct{}{})
	p.until("ticks flash", `flashes.length >= 5`)
	snapshots := snapshotVersions(p)
	if len(snapshots) != 3 {
		t.Fatalf("snapshots %v", snapshots)
	}
	for _, f := range eval[[]flashed](p, `flashes`) {
		if f.Version <= snapshots[f.Symbol] {
			t.Errorf("%s flashed at version %d, the snapshot is %d", f.Symbol, f.Version, snapshots[f.Symbol])
		}
		if f.Field != "price" {
			t.Errorf("%s flashed", f.Field)
		}
	}
}

// snapshotVersions is the version of the first quote of each symbol since the
// newest hello.
func snapshotVersions(p *tab) map[string]int64 {
	p.t.Helper()
	versions := make(map[string]int64)
	for _, m := range p.heard("") {
		switch m.Event {
		case "hello":
			clear(versions)
		case "stock_quote":
			var q struct {
				Symbol  string
				Version int64
			}
			if err := json.Unmarshal([]byte(m.Data), &q); err != nil {
				p.t.Fatal(err)
			}
			if _, ok := versions[q.Symbol]; !ok {
				versions[q.Symbol] = q.Version
			}
		}
	}
	return versions
}

// apiPrices is the prices as text.
func apiPrices(t testing.TB, s *server, symbols string) map[string]string {
	t.Helper()
	resp, err := http.Get(s.URL + "/api/v1/quotes?symbols=" + symbols)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Quotes []struct {
			Symbol string
			Price  json.Number
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	texts := make(map[string]string)
	for _, q := range answer.Quotes {
		texts[q.Symbol] = q.Price.String()
	}
	return texts
}

func TestACellFlashesAtMostOnceASecond(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.early(watchFlashes)
	p.visit(s.URL + "/?symbols=AAPL,BTC/USD")
	p.until("some flashes", `flashes.length >= 6`)
	last := make(map[string]float64)
	for _, f := range eval[[]flashed](p, `flashes`) {
		// The note of a flash is taken a moment after the flash.
		if before, ok := last[f.Symbol]; ok && f.At-before < 950 {
			t.Errorf("%s flashed twice in %.0f ms", f.Symbol, f.At-before)
		}
		last[f.Symbol] = f.At
	}
	p.until("a flash ends", `!document.querySelector('[data-flash]')`)
}

func TestNothingMovesForThoseWhoPreferReducedMotion(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.media("prefers-reduced-motion", "reduce")
	p.early(`new MutationObserver(list => {
		const cell = list.map(m => m.target).find(e => e.dataset.flash)
		if (cell && !window.look) { const { backgroundColor, outlineStyle, animationName } = getComputedStyle(cell); window.look = [backgroundColor, outlineStyle, animationName].join('|') }
	}).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-flash'] })`)
	p.visit(s.URL + "/")
	p.until("a price changed", `window.look`)
	if got := eval[string](p, `look`); got != "rgba(0, 0, 0, 0)|solid|none" {
		t.Errorf("a changed cell looks %s; want no background, a static outline and no animation", got)
	}
}

func TestTheFlashCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/?symbols=AAPL,MSFT,TSLA")
	p.click(`[popovertarget=settings]`)
	p.click(`#settings input[name=flash]`)
	p.press(keyEscape)
	p.early(watchFlashes)
	p.reload()
	p.live()
	for range 8 {
		p.moves(patience)
	}
	if n := eval[int](p, `flashes.length`); n > 0 {
		t.Errorf("%d flashes", n)
	}
}

func TestPauseStopsThePricesAndDropsTheSymbolsButNotTheNotifications(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.alone()
	p.visit(s.URL + "/?symbols=AAPL,MSFT,TSLA")
	p.moves(patience)
	p.press("p")
	p.says("[data-connection]", "Paused")
	eventually(t, "the stream's symbols are dropped", func() bool {
		for _, r := range p.asked() {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL, "/symbols") && r.Status != 0 {
				return r.Status == http.StatusOK
			}
		}
		return false
	})
	before, quotes := eval[string](p, `JSON.stringify(`+prices+`)`), len(p.heard("stock_quote"))
	notify(t, s, "info", "while it is paused")
	p.until("a notification comes", notes+`.join() === 'while it is paused'`)
	// Many updates later the market is somewhere else.
	moved := apiPrices(t, s, "AAPL,MSFT,TSLA")
	for range 10 {
		was := fmt.Sprint(moved)
		eventually(t, "the market moves", func() bool { moved = apiPrices(t, s, "AAPL,MSFT,TSLA"); return fmt.Sprint(moved) != was })
	}
	if now := eval[string](p, `JSON.stringify(`+prices+`)`); now != before {
		t.Errorf("paused, the prices went from %s to %s", before, now)
	}
	if now := len(p.heard("stock_quote")); now != quotes {
		t.Errorf("paused, the stream brought %d quotes", now-quotes)
	}
	p.press("p")
	p.says("tick-toast", "Resumed: prices jumped")
	p.moves(patience)
}

func TestAnUpdateRateOfOneSecondIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.alone()
	p.visit(s.URL + "/?symbols=AAPL")
	p.live()
	p.click(`tick-bar input[name=rate][value="1"]`)
	eventually(t, "the server is told", func() bool {
		for _, r := range p.asked() {
			if strings.HasSuffix(r.URL, "/symbols") && r.Status != 0 {
				return true
			}
		}
		return false
	})
	begin := len(p.heard("stock_quote"))
	eventually(t, "four more quotes", func() bool { return len(p.heard("stock_quote")) >= begin+4 })
	quotes := p.heard("stock_quote")[begin:]
	if took := quotes[3].At.Sub(quotes[0].At); took < 2500*time.Millisecond {
		t.Errorf("four quotes in %v", took)
	}
	p.moves(patience)
}
