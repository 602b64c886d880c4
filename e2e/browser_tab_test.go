package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/backgroundservice"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is the one Chromium of all tests. It starts with the first that needs
// it; run ends it.
var browser struct {
	start sync.Once
	ctx   context.Context
	end   func()
	err   error
}

// endBrowser ends the browser if one was started.
func endBrowser() {
	if browser.end != nil {
		browser.end()
	}
}

// startBrowser starts it with an empty profile of its own.
func startBrowser() {
	path := chromium()
	if path == "" {
		browser.err = fmt.Errorf("no Chromium here: install your system's chromium package")
		return
	}
	ctx, endProcess := chromedp.NewExecAllocator(context.Background(), browserOptions(path)...)
	ctx, closeBrowser := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {}))
	browser.end = func() { closeBrowser(); endProcess() }
	browser.ctx, browser.err = ctx, chromedp.Do(ctx)
}

// insecureHost is a name of this machine that browsers do not take for a safe
// place: over plain HTTP its pages lack what only secure contexts have.
const insecureHost = "quotes.test"

func browserOptions(path string) []chromedp.ExecAllocatorOption {
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.WindowSize(1280, 800),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-extensions", true), chromedp.Flag("no-pings", true),
		chromedp.Flag("ignore-certificate-errors", true), // the tests sign their own
		chromedp.Flag("host-resolver-rules", "MAP "+insecureHost+" 127.0.0.1"),
	})
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // it refuses to run for root otherwise
	}
	return options
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// lacking skips a test for want of something, except where all is to be tested.
func lacking(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("SKIPPED, NOT TESTED: " + what)
}

// tab is a page in the browser, or a frame of one. What goes wrong in it (errors
// on the console, exceptions, violations of the content security policy) fails
// the test at its end, unless the test said that it expects it.
type tab struct {
	t   testing.TB
	ctx context.Context

	mu       sync.Mutex
	problems []string
	expected []string
	requests map[network.RequestID]*request
	order    []network.RequestID
	messages []message
	workers  []serviceworker.RegistrationID // those of the site, newest last
	shown    int                            // notifications of workers, once watched for
}

// request is what the browser asked for.
type request struct {
	URL, Method string
	Kind        network.ResourceType
	Body        string
	Status      int64
	Cookies     bool
	Sent        float64 // bytes of the body as they were sent
	Done        bool
}

// message is an event of an event stream.
type message struct {
	Event, ID, Data string
	At              time.Time
}

// newTab opens an empty tab, with storage of its own.
func newTab(t testing.TB) *tab {
	t.Helper()
	browser.start.Do(startBrowser)
	if browser.ctx == nil {
		lacking(t, browser.err.Error())
	} else if browser.err != nil {
		t.Fatal(browser.err)
	}
	p := attach(t, browser.ctx, chromedp.WithNewBrowserContext())
	p.front()
	return p
}

// open opens an address in a tab of its own.
func open(t testing.TB, url string) *tab {
	t.Helper()
	p := newTab(t)
	p.visit(url)
	return p
}

// another opens an empty tab beside p: the same viewer's.
func (p *tab) another() *tab {
	p.t.Helper()
	q := attach(p.t, p.ctx)
	q.front()
	return q
}

// front makes the tab believe that its window is the one in front, whatever the
// other tests do.
func (p *tab) front() {
	p.t.Helper()
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
}

func attach(t testing.TB, parent context.Context, options ...chromedp.ContextOption) *tab {
	t.Helper()
	p := &tab{t: t, requests: make(map[network.RequestID]*request)}
	options = append(options, chromedp.WithListener(p.listen))
	ctx, closeTab := chromedp.NewContext(parent, options...)
	p.ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			p.tell()
		}
		closeTab()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, problem := range p.problems {
			if !slices.ContainsFunc(p.expected, func(e string) bool { return strings.Contains(problem, e) }) {
				t.Errorf("the page says: %s", problem)
			}
		}
	})
	p.do(chromedp.Func(func(context.Context, *chromedp.Target) error { return nil }))
	return p
}

// tell logs where a failed test left its page, and whether it is drawn.
func (p *tab) tell() {
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`new Promise((done) => {
		const page = (paints) => done([location.href, document.visibilityState, paints, document.body?.innerText.slice(0, 1500)].join('\n'))
		requestAnimationFrame(() => page('it paints'))
		setTimeout(() => page('IT DOES NOT PAINT'), 1000)
	})`, chromedp.EvalAwaitPromise))
	p.t.Logf("the page (%v): %s", err, text)
}

// expect allows what goes wrong with this in its text.
func (p *tab) expect(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expected = append(p.expected, text)
}

func (p *tab) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		p.problems = append(p.problems, text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			args, _ := json.Marshal(e.Args)
			p.problems = append(p.problems, "console: "+string(args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.problems = append(p.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		r := &request{URL: e.Request.URL, Method: e.Request.Method, Kind: e.Type}
		for _, entry := range e.Request.PostDataEntries {
			r.Body += string(entry.Bytes)
		}
		p.requests[e.RequestID] = r
		p.order = append(p.order, e.RequestID)
	case *network.EventResponseReceived:
		if r := p.requests[e.RequestID]; r != nil {
			r.Status, r.Kind = e.Response.Status, cmp.Or(e.Type, r.Kind)
			r.Sent -= e.Response.EncodedDataLength
		}
	case *network.EventResponseReceivedExtraInfo:
		for name := range e.Headers {
			if r := p.requests[e.RequestID]; r != nil && strings.EqualFold(name, "Set-Cookie") {
				r.Cookies = true
			}
		}
	case *network.EventLoadingFinished:
		if r := p.requests[e.RequestID]; r != nil {
			r.Sent += e.EncodedDataLength
			r.Done = true
		}
	case *serviceworker.EventWorkerRegistrationUpdated:
		for _, r := range e.Registrations {
			p.workers = append(p.workers, r.RegistrationID)
		}
	case *backgroundservice.EventBackgroundServiceEventReceived:
		p.shown++
	case *network.EventEventSourceMessageReceived:
		p.messages = append(p.messages, message{e.EventName, e.EventID, e.Data, time.Now()})
	}
}

// asked is what the page asked for so far, in order.
func (p *tab) asked() []request {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []request
	for _, id := range p.order {
		all = append(all, *p.requests[id])
	}
	return all
}

// heard is what came by the page's streams so far, of one event name or all.
func (p *tab) heard(event string) []message {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []message
	for _, m := range p.messages {
		if event == "" || m.Event == event {
			some = append(some, m)
		}
	}
	return some
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := p.try(steps...); err != nil {
		p.t.Fatal(err)
	}
}

// try runs steps. The first run makes the tab, which lives as long as the context
// of that run.
func (p *tab) try(steps ...chromedp.Action[chromedp.Void]) error {
	if chromedp.FromContext(p.ctx).Target == nil {
		return chromedp.Do(p.ctx, steps...)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Do(ctx, steps...)
}

// call sends a command of the devtools protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// visit goes to an address and waits until the page has loaded.
func (p *tab) visit(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

func (p *tab) reload() {
	p.t.Helper()
	p.do(chromedp.Reload())
}

// eval is the value of an expression in the page; a promise is awaited.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	value, err := tryEval[T](p, js)
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return value
}

func tryEval[T any](p *tab, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// until waits for a condition in the page. It is asked from outside, so that it
// survives a navigation and needs nothing that the page's policy forbids.
func (p *tab) until(what, js string) {
	p.t.Helper()
	p.within(patience, what, js)
}

func (p *tab) within(limit time.Duration, what, js string) {
	p.t.Helper()
	var last error
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; <-tick.C {
		var holds bool
		if holds, last = tryEval[bool](p, "Boolean("+js+")"); holds {
			return
		}
		if time.Now().After(deadline) {
			p.tell()
			p.t.Fatalf("never: %s\n%s\n%v", what, js, last)
		}
	}
}

// click moves the mouse to the middle of an element and presses.
func (p *tab) click(selector string) {
	p.t.Helper()
	x, y := p.point(selector)
	p.mouse(chromedp.MouseMoved, x, y)
	hit := fmt.Sprintf(`(() => {
		const el = document.querySelector(%s), hit = document.elementFromPoint(%f, %f)
		return el.contains(hit) || hit?.closest('label')?.contains(el) || hit?.contains(el) && hit.matches('label, td, th')
	})()`, literal(selector), x, y)
	p.until(selector+" can be clicked", hit)
	p.do(chromedp.MouseClickXY(x, y))
}

// point is the middle of an element, scrolled to where it is seen.
func (p *tab) point(selector string) (x, y float64) {
	p.t.Helper()
	box := fmt.Sprintf(`(() => {
		const el = document.querySelector(%s)
		if (!el) return null
		let r = el.getBoundingClientRect()
		if (r.top < 0 || r.bottom > innerHeight) { el.scrollIntoView({ block: 'center', behavior: 'instant' }); r = el.getBoundingClientRect() }
		return r.width ? [r.left + r.width / 2, r.top + r.height / 2] : null
	})()`, literal(selector))
	p.until(selector+" is shown", box)
	at := eval[[]float64](p, box)
	return at[0], at[1]
}

func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	options := []chromedp.MouseOption{chromedp.ButtonLeft, chromedp.ClickCount(1)}
	if kind == chromedp.MouseMoved {
		options = nil
	}
	p.do(chromedp.MouseEvent(kind, x, y, options...))
}

// press presses keys, one after the other. A character goes with its key, so
// that a page that handles the key does not get the character as well.
func (p *tab) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		down, up := events[0], events[len(events)-1]
		down.Type = input.DispatchKeyEventTypeKeyDown
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		for _, m := range modifiers {
			down.Modifiers |= int64(m)
			up.Modifiers |= int64(m)
		}
		call(p, input.DispatchKeyEvent, *down)
		call(p, input.DispatchKeyEvent, *up)
	}
}

// write puts a text into the field that has the focus, as pasting does.
func (p *tab) write(text string) {
	p.t.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// size makes the window that large.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// media sets media features, as "prefers-color-scheme", "dark".
func (p *tab) media(features ...string) {
	p.t.Helper()
	var list []*emulation.MediaFeature
	for pair := range slices.Chunk(features, 2) {
		list = append(list, &emulation.MediaFeature{Name: pair[0], Value: pair[1]})
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: list})
}

// noScript switches the page's scripts off; the tests' own still run.
func (p *tab) noScript() {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// early runs a script in every document before its own.
func (p *tab) early(js string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
}

// frame attaches to a frame of the page that is of another site.
func (p *tab) frame(address string) *tab {
	p.t.Helper()
	var option chromedp.ContextOption
	eventually(p.t, "a frame of "+address, func() bool {
		targets, err := chromedp.Targets(p.ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, info := range targets {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, address) {
				option = chromedp.WithTargetID(info.TargetID)
				return true
			}
		}
		return false
	})
	return attach(p.t, p.ctx, option)
}

// text is what an element says.
func (p *tab) text(selector string) string {
	p.t.Helper()
	p.until(selector+" is there", "document.querySelector("+literal(selector)+")")
	return eval[string](p, "document.querySelector("+literal(selector)+").textContent.trim()")
}

// says waits until an element that can be seen says something.
func (p *tab) says(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s says %q", selector, text), fmt.Sprintf(
		"[...document.querySelectorAll(%s)].some(e => e.checkVisibility() && e.innerText.includes(%s))", literal(selector), literal(text)))
}

// focused is the symbol of the row that has the focus, or else the element's name.
func (p *tab) focused() string {
	p.t.Helper()
	return eval[string](p, `document.activeElement?.closest('[data-symbol]')?.dataset.symbol ?? document.activeElement?.tagName ?? ''`)
}

// query is a parameter of the page's address.
func (p *tab) query(name string) string {
	p.t.Helper()
	u, err := url.Parse(eval[string](p, "location.href"))
	if err != nil {
		p.t.Fatal(err)
	}
	return u.Query().Get(name)
}

// literal is a Go string as a JavaScript one.
func literal(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can be written
	}
	return string(text)
}

// keys that have no character.
const (
	keyEnter, keyDown, keyUp = kb.Enter, kb.ArrowDown, kb.ArrowUp
	keyDelete, keyEscape     = kb.Delete, kb.Escape
)
