package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/png"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
)

// sandboxed is a frame with a widget that may run scripts and no more.
func sandboxed(address string) string {
	return `<iframe src="` + address + `" sandbox="allow-scripts" width=320 height=160 title=quote style="border:0"></iframe>`
}

const widgetPrice = `document.querySelector('[data-field=price]').textContent`

// ticks waits until the widget in this frame shows another price.
func (p *tab) ticks() {
	p.t.Helper()
	p.until("the widget shows a price", `/\d/.test(`+widgetPrice+`)`)
	p.says("[data-field=state]", "Simulated")
	before := eval[string](p, widgetPrice)
	p.until("the widget's price changes", widgetPrice+` !== `+literal(before))
}

func TestAWidgetWorksWhereverItIsFramed(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	widget := s.URL + "/embed/quote/AAPL"
	local := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(local, []byte("<!doctype html><title>a file</title>"+sandboxed(widget)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]string{
		"another site":             elsewhere(t, `<iframe src="`+widget+`" title=quote></iframe>`),
		"sandboxed":                elsewhere(t, sandboxed(widget)),
		"a page under COEP":        elsewhere(t, `<iframe src="`+widget+`" title=quote></iframe>`, "Cross-Origin-Embedder-Policy", "require-corp", "Cross-Origin-Opener-Policy", "same-origin"),
		"sandboxed under COEP":     elsewhere(t, sandboxed(widget), "Cross-Origin-Embedder-Policy", "require-corp"),
		"a local file":             (&url.URL{Scheme: "file", Path: local}).String(),
		"a symbol with a slash":    elsewhere(t, sandboxed(s.URL+"/embed/quote/BTC/USD")),
		"a locale and a low rate":  elsewhere(t, sandboxed(widget+"?locale=de-DE&max_rate=2&palette=mono")),
		"a locale nobody knows of": elsewhere(t, sandboxed(widget+"?locale=xx-YY&theme=pink&max_rate=fast")),
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, address)
			if strings.Contains(name, "COEP") && strings.HasPrefix(name, "a page") && !eval[bool](p, `crossOriginIsolated`) {
				t.Error("the page around it is not isolated, so this tests nothing")
			}
			frame := p.frame(s.URL + "/embed/quote/")
			frame.ticks()
			nothingKept(t, p, frame)
		})
	}
}

// shifts says which elements moved since the first paint, and by how much.
const shifts = `new Promise(done => {
	const all = []
	new PerformanceObserver(list => {
		for (const e of list.getEntries()) all.push(e.value.toFixed(4) + ' ' + e.sources.map(s =>
			(s.node?.className || s.node?.nodeName) + ' ' + [s.previousRect, s.currentRect].map(r => [r.x, r.y, r.width, r.height].map(Math.round).join(' ')).join(' to ')).join(', '))
	}).observe({ type: 'layout-shift', buffered: true })
	setTimeout(() => done(all.join('; ')), 100)
})`

func TestNothingInAWidgetShifts(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	// A frame begins without a size when the page around it is slow, which counts
	// as a shift that nobody sees; a window has its size from the start.
	for _, size := range [][2]int64{{320, 160}, {300, 150}} {
		p.size(size[0], size[1])
		for _, path := range []string{"AAPL", "BTC/USD?locale=de-DE"} {
			p.visit(s.URL + "/embed/quote/" + path)
			p.ticks()
			if shifts := eval[string](p, shifts); shifts != "" {
				t.Errorf("%s at %v: the layout shifts: %s", path, size, shifts)
			}
		}
	}
}

// nothingKept fails when a widget left something with the viewer.
func nothingKept(t *testing.T, p, frame *tab) {
	t.Helper()
	for _, r := range append(p.asked(), frame.asked()...) {
		if r.Cookies {
			t.Errorf("%s sets a cookie", r.URL)
		}
	}
	context := chromedp.FromContext(p.ctx).BrowserContextID
	result, err := chromedp.CallBrowser(p.ctx, storage.GetCookies, storage.GetCookiesParams{BrowserContextID: context})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Cookies {
		t.Errorf("cookie %s of %s", c.Name, c.Domain)
	}
	if n := eval[int](frame, `(() => { try { return localStorage.length } catch { return 0 } })()`); n != 0 {
		t.Errorf("%d things in the storage", n)
	}
}

// forgetful is a browser that tells of sight only what it sees first, and takes a
// frame that it has not drawn yet for unseen, as Chromium does now and then.
const forgetful = `{
	let times = 0
	window.IntersectionObserver = class {
		constructor(tell) { this.tell = tell }
		observe() { const isIntersecting = times++ > 0; setTimeout(() => this.tell([{ isIntersecting }])) }
		unobserve() {}
	}
}`

func TestAWidgetAsksAgainWhetherItIsSeen(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := newTab(t)
	p.early(forgetful)
	p.visit(s.URL + "/embed/quote/AAPL")
	p.ticks()
}

func TestAWidgetWithoutScriptShowsTheQuoteOfTheMoment(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, elsewhere(t, strings.Replace(sandboxed(s.URL+"/embed/quote/AAPL"), "allow-scripts", "", 1)))
	p.expect("Blocked script execution in") // says the sandbox
	frame := p.frame(s.URL + "/embed/quote/")
	frame.expect("Blocked script execution in")
	frame.until("the price is there", `/^\d+\.\d\d$/.test(`+widgetPrice+`)`)
	frame.says("[data-field=state]", "Simulated")
	frame.until("no control that needs a script is shown", `![...document.querySelectorAll('select, button')].some(e => e.checkVisibility())`)
}

func TestAWidgetOfAnUnknownSymbolSaysSo(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.expect("status of 404")
	p.visit(s.URL + "/embed/quote/NOSUCH")
	p.says("main", "No source has this symbol")
	if r := p.asked()[0]; r.Status != http.StatusNotFound {
		t.Errorf("status %d", r.Status)
	}
}

func TestAWidgetCanBeTransparent(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	for _, theme := range []string{"light", "dark", "auto"} {
		scheme := map[string]string{"auto": "light dark"}[theme]
		if scheme == "" {
			scheme = theme
		}
		frame := strings.Replace(sandboxed(s.URL+"/embed/quote/AAPL?transparent=1&theme="+theme), `style="border:0"`, `style="border:0;position:absolute;left:0;top:0;color-scheme:`+scheme+`"`, 1)
		p := open(t, elsewhere(t, `<body style="background:rgb(255,0,128)">`+frame))
		p.frame(s.URL + "/embed/quote/").ticks()
		if got := p.pixel(300, 50); got != (color.RGBA{255, 0, 128, 255}) {
			t.Errorf("theme %s: behind the widget is %v", theme, got)
		}
	}
}

func TestAWidgetTakesItsThemeFromItsAddress(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	for theme, want := range map[string]color.RGBA{"light": {255, 255, 255, 255}, "dark": {19, 23, 34, 255}} {
		frame := strings.Replace(sandboxed(s.URL+"/embed/quote/AAPL?theme="+theme), `style="`, `style="position:absolute;left:0;top:0;`, 1)
		p := open(t, elsewhere(t, `<body style="background:rgb(255,0,128)">`+frame))
		p.frame(s.URL + "/embed/quote/").ticks()
		if got := p.pixel(300, 50); got != want {
			t.Errorf("theme %s: the widget's ground is %v", theme, got)
		}
	}
}

// pixel is the colour at a point of the window.
func (p *tab) pixel(x, y int) color.RGBA {
	p.t.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(picture))
	if err != nil {
		p.t.Fatal(err)
	}
	c, ok := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
	if !ok {
		p.t.Fatal("no colour")
	}
	return c
}

func TestAWidgetIsPausedAndSlowedByItsReader(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, elsewhere(t, sandboxed(s.URL+"/embed/quote/AAPL")))
	frame := p.frame(s.URL + "/embed/quote/")
	frame.ticks()
	choose := func(value string) {
		eval[any](frame, fmt.Sprintf(`(e => { e.value = %q; e.dispatchEvent(new Event('change')) })(document.querySelector('select'))`, value))
	}
	choose("0")
	frame.says("[data-field=state]", "Paused")
	before := eval[string](frame, widgetPrice)
	for range 5 {
		was := apiPrices(t, s, "AAPL")["AAPL"]
		eventually(t, "the market moves", func() bool { return apiPrices(t, s, "AAPL")["AAPL"] != was })
	}
	if now := eval[string](frame, widgetPrice); now != before {
		t.Errorf("paused, the price went from %s to %s", before, now)
	}
	choose("")
	frame.ticks()
}

func TestTheSnippetWorksAsItIsShown(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk)
	p := open(t, s.URL+"/embed?symbol=MSFT")
	p.until("the preview is there", `document.querySelector('iframe').getAttribute('src') === '/embed/quote/MSFT'`)
	eval[any](p, `(e => { e.value = 'dark'; e.dispatchEvent(new Event('change', { bubbles: true })) })(document.querySelector('select[name=theme]'))`)
	p.until("the snippet follows", `document.querySelector('[data-snippet]').value.includes('theme=dark')`)
	snippet := eval[string](p, `document.querySelector('[data-snippet]').value`)
	for _, want := range []string{`sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"`, `loading="lazy"`, `title="MSFT quote"`, `width="`, `height="`, s.URL} {
		if !strings.Contains(snippet, want) {
			t.Errorf("the snippet lacks %s: %s", want, snippet)
		}
	}
	other := open(t, elsewhere(t, snippet))
	other.frame(s.URL + "/embed/quote/MSFT").ticks()
}

func TestOnlyWidgetsMayBeFramed(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/", "/q/AAPL", "/embed"} {
		p := newTab(t)
		p.expect("frame-ancestors")
		p.expect("ERR_BLOCKED_BY_RESPONSE")
		p.visit(elsewhere(t, `<iframe src="`+s.URL+path+`" title=page></iframe>`))
		eventually(t, "the browser refuses it", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return strings.Contains(strings.Join(p.problems, "\n"), "frame-ancestors")
		})
	}
}
