package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pages are all kinds of page, by name.
var pages = []struct{ name, path string }{
	{"dashboard", "/?symbols=AAPL,MSFT,TSLA,PETR4,BTC/USD,ETH/USD"},
	{"empty dashboard", "/?symbols="},
	{"ticker", "/?symbols=AAPL,MSFT,TSLA,PETR4,BTC/USD&view=ticker"},
	{"symbol", "/q/AAPL"},
	{"crypto symbol", "/q/BTC/USD"},
	{"alerts", "/alerts"},
	{"embed", "/embed?symbol=AAPL"},
	{"widget", "/embed/quote/AAPL"},
	{"unknown widget", "/embed/quote/NOSUCH"},
	{"error", "/q/NOSUCH"},
	{"settings", "/settings"},
	{"API", "/api"},
	{"sources", operators + "/feeds"},
	{"entry to the sources", "/feeds"},
}

// operators begins the path of a page on the operator's listener.
const operators = "operator's"

// page is the address of one of the pages.
func (s *server) page(path string) string {
	if own, ok := strings.CutPrefix(path, operators); ok {
		return s.AdminURL + own
	}
	return s.URL + path
}

// axe loads the checker of web accessibility.
func axe(t testing.TB) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "node_modules", "axe-core", "axe.min.js"))
	if os.IsNotExist(err) {
		lacking(t, "no axe-core here: run npm ci")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// violation is what axe finds wrong, with the elements concerned.
type violation struct {
	ID, Help string
	Nodes    []string
}

// check runs axe in the page as it is. Frames are checked as pages of their own.
func (p *tab) check(axe, options string) []violation {
	p.t.Helper()
	if !eval[bool](p, `typeof axe === 'object'`) {
		p.do(chromedp.Evaluate[chromedp.Void](axe))
	}
	text := eval[string](p, `axe.run(document, Object.assign({ iframes: false, resultTypes: ['violations'] }, `+options+`)).then(r => JSON.stringify(r.violations.map(v =>
		({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\s+/g, ' ')) }))))`)
	var found []violation
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		p.t.Fatal(err)
	}
	return found
}

func TestAxeFindsNothingOnAnyPage(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t)
	for _, kind := range []string{"info", "success", "warning", "error"} {
		notify(t, s, kind, "A notification of type "+kind)
	}
	p := newTab(t)
	p.expect("status of 404")
	p.expect("status of 401")
	for _, at := range pages {
		p.visit(s.page(at.path))
		for _, theme := range []string{"light", "dark"} {
			p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
			for _, width := range []int64{1280, 360} {
				p.size(width, 800)
				p.until("the window has its size", fmt.Sprintf(`innerWidth === %d`, width))
				for _, v := range p.check(script, `{}`) {
					t.Errorf("%s, %s, %d px: %s (%s)\n  %s", at.name, theme, width, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
				}
			}
		}
	}
}

// TestAxeFindsNothingInAnyState checks the states that prices and sources are
// seldom in.
func TestAxeFindsNothingInAnyState(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t, "--dev-views")
	p := newTab(t)
	for _, name := range []string{"dashboard", "dashboard-ticker", "symbol-extended", "symbol-24h", "symbol-alerts", "alerts", "alerts-empty", "settings", "settings-new", "settings-user", "mail-off", "feeds", "feeds-empty", "feeds-entry"} {
		p.visit(s.URL + "/dev/views/" + name)
		for _, theme := range []string{"light", "dark"} {
			p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
			for _, width := range []int64{1280, 360} {
				p.size(width, 800)
				p.until("the window has its size", fmt.Sprintf(`innerWidth === %d`, width))
				for _, v := range p.check(script, `{}`) {
					t.Errorf("%s, %s, %d px: %s (%s)\n  %s", name, theme, width, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
				}
				if cut := eval[string](p, beyond); cut != "" {
					t.Errorf("%s, %d px: cut at the side: %s", name, width, cut)
				}
			}
		}
	}
}

func TestAxeFindsNothingInWhatOpens(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t)
	notify(t, s, "warning", "A warning")
	p := newTab(t)
	p.media("prefers-reduced-motion", "reduce")
	for _, theme := range []string{"light", "dark"} {
		p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
		p.size(360, 800)
		p.visit(s.URL + "/?symbols=AAPL,MSFT")
		p.live()
		for what, opens := range map[string]func(){
			"the panel":    func() { p.press("n") },
			"the settings": func() { p.press(keyEscape); p.click(`[popovertarget=settings]`) },
			"the help":     func() { p.press(keyEscape); p.press("?") },
			"the search": func() {
				p.press(keyEscape)
				p.click(`[role=combobox]`)
				p.write("app")
				p.says("[role=option]", "Apple")
			},
			"undo": func() { p.press(keyEscape); p.click(`[aria-label="Remove MSFT"]`); p.says("tick-toast", "Undo") },
		} {
			p.visit(s.URL + "/?symbols=AAPL,MSFT")
			p.live()
			opens()
			for _, v := range p.check(script, `{}`) {
				t.Errorf("%s, %s: %s (%s)\n  %s", what, theme, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
			}
		}
	}
}

func TestEveryPaletteHasContrastAlsoDuringTheFlash(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t)
	p := newTab(t)
	p.size(1280, 800)
	for _, page := range []string{"/?symbols=AAPL,MSFT,TSLA,PETR4,VALE3,BTC/USD,NVDA,AMZN", "/embed/quote/AAPL?palette="} {
		for _, palette := range []string{"green-red", "red-green", "blue-orange", "mono"} {
			for _, theme := range []string{"light", "dark"} {
				p.media("prefers-color-scheme", theme)
				path := page
				if strings.HasSuffix(path, "=") {
					path += palette
				}
				p.visit(s.URL + path)
				eval[any](p, `document.documentElement.dataset.palette = `+literal(palette))
				// Both directions, and a flash that does not end while it is checked.
				eval[any](p, `[...document.querySelectorAll('[data-symbol]')].forEach((row, i) => {
					row.dataset.dir = i % 2 ? 'up' : 'down'
					const hold = () => { if (!row.querySelector('[data-field=price]').dataset.flash) row.querySelector('[data-field=price]').dataset.flash = i % 2 ? 'down' : 'up' }
					new MutationObserver(hold).observe(row, { subtree: true, attributes: true, attributeFilter: ['data-flash'] })
					hold()
				})`)
				for _, v := range p.check(script, `{ runOnly: ['color-contrast'] }`) {
					t.Errorf("%s, %s, %s: %s\n  %s", path, palette, theme, v.ID, strings.Join(v.Nodes, "\n  "))
				}
			}
		}
	}
}

func TestNothingIsCutAt320Pixels(t *testing.T) {
	t.Parallel()
	s := start(t)
	notify(t, s, "info", "A notification with a word that does not end: "+strings.Repeat("abcdefghij", 12))
	p := newTab(t)
	p.expect("status of 404")
	p.expect("status of 401")
	p.size(320, 640)
	for _, at := range pages {
		p.visit(s.page(at.path))
		if width := eval[int](p, `document.documentElement.scrollWidth`); width > 320 {
			t.Errorf("%s is %d px wide: %s", at.name, width, eval[string](p, beyond))
		}
		if cut := eval[string](p, beyond); cut != "" {
			t.Errorf("%s: cut at the side: %s", at.name, cut)
		}
	}
	p.visit(s.URL + "/")
	p.live()
	p.press("n")
	p.until("the drawer is open", `document.querySelector('#notifications').getBoundingClientRect().left >= 0 && document.querySelector('#notifications').checkVisibility({ visibilityProperty: true })`)
	p.until("the drawer has come to rest", `document.getAnimations().length === 0`)
	if cut := eval[string](p, beyond); cut != "" {
		t.Errorf("the drawer: cut at the side: %s", cut)
	}
}

// beyond names the texts and controls that reach over the window's side.
const beyond = `[...document.querySelectorAll('[data-field], button, a, input, select, h1, h2, p, label, dt, dd')]
	.filter(e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('.hidden, .skip, [aria-hidden=true]'))
	.filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.right > innerWidth + 0.5 || r.left < -0.5) })
	.slice(0, 6).map(e => e.tagName + '.' + e.className + ' ' + (e.dataset.field ?? '') + ' ' + e.textContent.trim().slice(0, 30)).join('; ')`

func TestTargetsAreLargeEnough(t *testing.T) {
	t.Parallel()
	s := start(t)
	notify(t, s, "info", "A notification")
	p := newTab(t)
	p.expect("status of 404")
	p.expect("status of 401")
	for _, width := range []int64{1280, 360} {
		p.size(width, 800)
		for _, at := range pages {
			p.visit(s.page(at.path))
			small := eval[string](p, `[...document.querySelectorAll('button, select, input, a')]
				.filter(e => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.hidden, .skip, p.under, [popover], dialog'))
				.map(e => e.matches('input[type=radio], input[type=checkbox]') ? e.closest('label') ?? e : e)
				.filter(e => { const r = e.getBoundingClientRect(); return r.width && (r.height < 23.5 || r.width < 23.5) })
				.slice(0, 6).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30) + ' ' + [e.getBoundingClientRect().width, e.getBoundingClientRect().height].map(Math.round).join('×')).join('; ')`)
			if small != "" {
				t.Errorf("%s, %d px: smaller than 24 px: %s", at.name, width, small)
			}
		}
	}
}
