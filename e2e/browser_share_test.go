package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// many is how many tabs or frames a browser has here: twice as many as it has
// connections to a host over HTTP/1.1.
const many = 12

// Scripts that take ways of sharing from a page before it starts.
const (
	noWorker = `delete window.SharedWorker`
	noLocks  = `Object.defineProperty(navigator, 'locks', { value: undefined })`
)

// alone has the page follow a stream of its own, whose events the tab sees.
func (p *tab) alone() {
	p.t.Helper()
	p.early(noWorker + "\n" + noLocks)
}

// tabs opens an address in n tabs of one viewer; early runs first in each.
func tabs(t testing.TB, n int, address, early string) []*tab {
	t.Helper()
	all := []*tab{newTab(t)}
	for len(all) < n {
		all = append(all, all[0].another())
	}
	for _, p := range all {
		if early != "" {
			p.early(early)
		}
		p.visit(address)
	}
	return all
}

// streams is how many the server has.
func (s *server) streams() int {
	s.t.Helper()
	return int(s.metrics()["tickboard_streams"])
}

// frames returns n frames of widgets, for a page.
func frames(s *server, n int, attributes string) string {
	var html strings.Builder
	for i := range n {
		fmt.Fprintf(&html, `<iframe src="%s/embed/quote/AAPL?n=%02d" width=150 height=120 title=quote %s></iframe>`, s.URL, i, attributes)
	}
	return html.String()
}

// frames are the widgets' of the page.
func (p *tab) frames(s *server, n int) []*tab {
	p.t.Helper()
	var all []*tab
	for i := range n {
		all = append(all, p.frame(fmt.Sprintf("%s/embed/quote/AAPL?n=%02d", s.URL, i)))
	}
	return all
}

// inSight says whether a frame has been drawn where a person would see it.
const inSight = `Promise.race([
	new Promise(seen => new IntersectionObserver(([e]) => seen(e.isIntersecting)).observe(document.querySelector('main'))),
	new Promise(done => setTimeout(() => done(false), 1000))])`

// watched are the frames, once the page has been drawn as for a person who looks
// at it: a frame that Chromium has not drawn on a busy machine takes itself for
// off-screen, and asks more seldom.
func (p *tab) watched(s *server, n int) []*tab {
	p.t.Helper()
	all := p.frames(s, n)
	eventually(p.t, "all frames are in sight", func() bool {
		if _, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot()); err != nil {
			p.t.Fatal(err)
		}
		for _, frame := range all {
			if seen, err := tryEval[bool](frame, inSight); err != nil || !seen {
				return false
			}
		}
		return true
	})
	return all
}

func TestTwelveTabsHaveOneStream(t *testing.T) {
	s := start(t, "--feed", brisk)
	all := tabs(t, many, s.URL+"/?symbols=AAPL,MSFT", "")
	all[3].visit(s.URL + "/?symbols=TSLA,AAPL")
	for _, p := range all {
		p.live()
		p.moves(patience)
	}
	if n := s.streams(); n != 1 {
		t.Errorf("%d streams, want 1", n)
	}
	notify(t, s, "info", "to all")
	for _, p := range all {
		p.until("it is shown once", notes+`.join() === 'to all'`)
	}
	all[3].until("what one tab alone wants comes too", `document.querySelector('[data-symbol=TSLA] [data-field=state]').textContent === 'Simulated'`)
	before := all[3].text(`[data-symbol=TSLA] [data-field=price]`)
	all[3].until("and moves", `document.querySelector('[data-symbol=TSLA] [data-field=price]').textContent !== `+literal(before))
	all[3].shut()
	all[4].moves(patience)
}

func TestAPausedTabDoesNotPauseTheOthers(t *testing.T) {
	s := start(t, "--feed", brisk)
	all := tabs(t, 2, s.URL+"/?symbols=AAPL", "")
	all[0].moves(patience)
	all[0].press("p")
	all[0].says("[data-connection]", "Paused")
	before := eval[string](all[0], `JSON.stringify(`+prices+`)`)
	for range 3 {
		all[1].moves(patience)
	}
	if now := eval[string](all[0], `JSON.stringify(`+prices+`)`); now != before {
		t.Errorf("paused, the prices went from %s to %s", before, now)
	}
	all[0].press("p")
	all[0].moves(patience)
}

func TestTwelveWidgetsHaveOneStream(t *testing.T) {
	s := start(t, "--feed", brisk)
	for name, headers := range map[string][]string{
		"a page":            nil,
		"a page under COEP": {"Cross-Origin-Embedder-Policy", "require-corp", "Cross-Origin-Opener-Policy", "same-origin"},
	} {
		p := open(t, elsewhere(t, frames(s, many, ""), headers...))
		for _, frame := range p.watched(s, many) {
			frame.ticks()
		}
		if n := s.streams(); n != 1 {
			t.Errorf("%s: %d streams, want 1", name, n)
		}
		p.shut()
		eventually(t, "the stream ends with its page", func() bool { return s.streams() == 0 })
	}
}

func TestTwelveSandboxedWidgetsLeaveTheBrowserAConnection(t *testing.T) {
	s := start(t, "--feed", brisk)
	p := open(t, elsewhere(t, frames(s, many, `sandbox="allow-scripts"`)))
	for _, frame := range p.watched(s, many) {
		frame.ticks()
	}
	if n := s.streams(); n != 0 {
		t.Errorf("%d streams, want none over HTTP/1.1", n)
	}
	if !eval[bool](p, `new Promise(done => {
		const image = new Image()
		image.onload = () => done(true)
		image.onerror = () => done(false)
		image.src = '`+s.URL+`/favicon.ico'
		setTimeout(() => done(false), 10000)
	})`) {
		t.Error("the page cannot load an image from the host any more")
	}
}

// TestOverHTTP2NobodyNeedsToShare: a connection bears any number of streams.
func TestOverHTTP2NobodyNeedsToShare(t *testing.T) {
	s := start(t, slices.Concat([]string{"--feed", brisk}, newPair(t, "quotes.test").flags())...)
	p := open(t, elsewhere(t, frames(s, many, `sandbox="allow-scripts"`)))
	for _, frame := range p.watched(s, many) {
		frame.ticks()
	}
	if n := s.streams(); n != many {
		t.Errorf("%d streams of %d sandboxed widgets", n, many)
	}
	p.shut()
	eventually(t, "the streams end with their page", func() bool { return s.streams() == 0 })

	all := tabs(t, 8, s.URL+"/?symbols=AAPL", noWorker+"\n"+noLocks)
	for _, p := range all {
		p.live()
		p.moves(patience)
	}
	if n := s.streams(); n != len(all) {
		t.Errorf("%d streams of %d tabs that cannot share", n, len(all))
	}
}

func TestAWidgetOutOfSightAsksForNothing(t *testing.T) {
	s := start(t, "--feed", brisk)
	p := open(t, elsewhere(t, `<div style="height:3000px"></div>`+frames(s, 1, "")))
	frame := p.frames(s, 1)[0]
	if eval[bool](frame, `new Promise(seen => new IntersectionObserver(([e]) => seen(e.isIntersecting)).observe(document.querySelector('main')))`) {
		t.Fatal("the widget is in sight, so this tests nothing")
	}
	opened := func() int { return int(s.metrics()["tickboard_streams_opened_total"]) }
	if n := opened(); n != 0 {
		t.Errorf("%d streams before it was seen", n)
	}
	eval[any](p, `scrollTo(0, 3000)`)
	frame.ticks()
	if n := opened(); n != 1 {
		t.Errorf("%d streams for one widget", n)
	}
	eval[any](p, `scrollTo(0, 0)`)
	eventually(t, "its stream ends", func() bool { return s.streams() == 0 })
	eval[any](p, `scrollTo(0, 3000)`)
	frame.ticks()
}

func TestTheOthersGoOnWhenATabCrashes(t *testing.T) {
	s := start(t, "--feed", brisk)
	all := tabs(t, 2, s.URL+"/?symbols=AAPL", "")
	for _, p := range all {
		p.moves(patience)
	}
	all[0].expect("crash")
	// The shared worker may crash with it. Nothing answers, since who would is gone.
	ctx, cancel := context.WithTimeout(all[0].ctx, time.Second)
	defer cancel()
	_, _ = chromedp.Call(ctx, page.Crash, struct{}{})
	before := eval[string](all[1], `JSON.stringify(`+prices+`)`)
	all[1].within(2*patience, "prices move again", `JSON.stringify(`+prices+`) !== `+literal(before))
	if n := s.streams(); n != 1 {
		t.Errorf("%d streams, want 1", n)
	}
	all[1].shut()
	eventually(t, "the stream ends with the last tab", func() bool { return s.streams() == 0 })
}

// shut closes a tab as its viewer does.
func (p *tab) shut() {
	p.t.Helper()
	call(p, page.Close, struct{}{})
}

func TestAnotherTabLeadsWhenTheLeaderIsClosed(t *testing.T) {
	s := start(t, "--feed", brisk)
	all := tabs(t, 4, s.URL+"/?symbols=AAPL,MSFT", noWorker)
	for _, p := range all {
		p.live()
		p.moves(patience)
	}
	var want []string
	say := func() {
		want = append([]string{fmt.Sprintf("number %d", len(want)+1)}, want...)
		notify(t, s, "info", want[0])
	}
	for len(all) > 1 {
		if n := s.streams(); n != 1 {
			t.Fatalf("%d streams with %d tabs", n, len(all))
		}
		say()
		leader := slices.IndexFunc(all, func(p *tab) bool {
			return slices.ContainsFunc(p.asked(), func(r request) bool { return strings.Contains(r.URL, "/events?") })
		})
		if leader < 0 {
			t.Fatal("no tab has the stream")
		}
		say()
		all[leader].shut()
		say()
		all = slices.Delete(all, leader, leader+1)
		eventually(t, "another tab has the stream", func() bool {
			return slices.ContainsFunc(all, func(p *tab) bool { return len(p.heard("hello")) > 0 })
		})
		say()
		for _, p := range all {
			p.until("each notification came once, in order", notes+`.join() === `+literal(strings.Join(want, ",")))
			p.live()
			p.moves(patience)
		}
	}
}

func TestTabsThatCannotShareLeaveTheBrowserAConnection(t *testing.T) {
	s := start(t, "--feed", brisk)
	all := tabs(t, many, s.URL+"/?symbols=AAPL,MSFT", noWorker+"\n"+noLocks)
	for _, p := range all {
		p.live()
		p.moves(patience)
	}
	if n := s.streams(); n < 1 || n > 5 {
		t.Errorf("%d streams of %d tabs, want one to five", n, many)
	}
	notify(t, s, "info", "to all")
	for _, p := range all {
		p.until("it is shown once", notes+`.join() === 'to all'`)
	}
}

func TestPlainHTTPOnAHostNameIsShared(t *testing.T) {
	for name, early := range map[string]string{"worker": "", "no worker": noWorker} {
		t.Run(name, func(t *testing.T) {
			s := start(t, "--feed", brisk, "--allowed-hosts", insecureHost)
			address := strings.Replace(s.URL, "127.0.0.1", insecureHost, 1)
			all := tabs(t, 7, address+"/?symbols=AAPL,MSFT", early)
			for _, p := range all {
				p.expect("Cross-Origin-Opener-Policy") // it is told, and left out
				p.live()
				p.moves(patience)
			}
			if eval[bool](all[0], `isSecureContext`) {
				t.Fatal("the page is a secure context, so this tests nothing")
			}
			if n := s.streams(); early == "" && n != 1 || n > 5 {
				t.Errorf("%d streams", n)
			}
		})
	}
}

// deniedStorage starts a browser of its own that blocks all cookies and storage.
func deniedStorage(t *testing.T) *tab {
	t.Helper()
	newTab(t).shut() // says what is lacking
	dir := t.TempDir()
	settings := `{"profile":{"default_content_setting_values":{"cookies":2},"cookie_controls_mode":1}}`
	if err := os.MkdirAll(filepath.Join(dir, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, end := chromedp.NewExecAllocator(context.Background(), append(browserOptions(chromium()), chromedp.UserDataDir(dir))...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return attach(t, ctx)
}

func TestDeniedStorageIsNoHindrance(t *testing.T) {
	s := start(t, "--feed", brisk)
	p := deniedStorage(t)
	p.visit(s.URL + "/?symbols=AAPL,MSFT")
	if !eval[bool](p, `(() => { try { return !localStorage } catch { return true } })()`) {
		t.Fatal("there is storage, so this tests nothing")
	}
	p.live()
	p.moves(patience)
	notify(t, s, "info", "to this one")
	p.until("it is shown", notes+`.join() === 'to this one'`)
	p.visit(elsewhere(t, frames(s, many, "")))
	for _, frame := range p.watched(s, many) {
		frame.ticks()
	}
	if n := s.streams(); n > 2 {
		t.Errorf("%d streams", n)
	}
}
