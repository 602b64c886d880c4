package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/backgroundservice"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

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
