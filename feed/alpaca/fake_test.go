package alpaca

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// patience bounds every wait.
const patience = 10 * time.Second

// fake is Alpaca with manners that the suite's vendor does not have.
type fake struct {
	t      *testing.T
	server *httptest.Server
	// answer is what a request is answered with; nil is the full list.
	answer func(f *fake, r request) string
	// figures answers calls for snapshots; nil is none for any symbol.
	figures func(symbols []string) (status int, body string)

	mu       sync.Mutex // guards all below
	listed   map[string]bool
	requests []string // "subscribe AAPL,MSFT"
	calls    []string // for snapshots
	conn     *websocket.Conn
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, listed: make(map[string]bool)}
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	return f
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/v2/stocks/snapshots":
		f.mu.Lock()
		f.calls = append(f.calls, r.FormValue("symbols"))
		figures := f.figures
		f.mu.Unlock()
		if figures == nil {
			fmt.Fprint(w, "{}")
			return
		}
		status, body := figures(strings.Split(r.FormValue("symbols"), ","))
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	case "/v2/assets":
		fmt.Fprint(w, assetList([]quotes.Symbol{gme}))
	default:
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			f.t.Errorf("upgrade: %v", err)
			return
		}
		defer conn.CloseNow()
		f.speak(r.Context(), conn)
	}
}

func (f *fake) speak(ctx context.Context, conn *websocket.Conn) {
	f.mu.Lock()
	f.conn = conn
	clear(f.listed)
	f.mu.Unlock()
	f.send(welcomeFrame)
	for {
		_, msg, err := conn.Read(ctx)
		if err != nil {
			return
		}
		var r request
		if err := json.Unmarshal(msg, &r); err != nil {
			f.t.Errorf("request %s: %v", msg, err)
		}
		if r.Action == "auth" {
			f.send(authFrame)
			continue
		}
		f.mu.Lock()
		f.requests = append(f.requests, r.Action+" "+strings.Join(r.Trades, ","))
		f.mu.Unlock()
		if f.answer != nil {
			if text := f.answer(f, r); text != "" {
				f.send(text)
			}
			continue
		}
		f.send(f.take(r))
	}
}

// take does what a request asks for, and returns the full list.
func (f *fake) take(r request) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, sym := range r.Trades {
		if r.Action == "subscribe" {
			f.listed[sym] = true
		} else {
			delete(f.listed, sym)
		}
	}
	var syms []quotes.Symbol
	for _, text := range slices.Sorted(maps.Keys(f.listed)) {
		syms = append(syms, quotes.MustSymbol(text))
	}
	return acknowledgement(syms)
}

func (f *fake) send(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.conn.Write(context.Background(), websocket.MessageText, []byte(text)) // a client that has gone is for the test to find
}

func (f *fake) said() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

func (f *fake) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// run is one Run of a source, with what it emits.
type run struct {
	t      *testing.T
	source *source
	demand feed.Demand
	cancel context.CancelFunc
	ended  chan error
	grown  chan struct{}

	mu    sync.Mutex
	lines []string
}

// open opens the source of an address against the fake.
func (f *fake) open(address string) *source {
	spec, err := openURL(f.t, address, settings(map[string]string{"ALPACA_KEY": "PKX", "ALPACA_SECRET": "S", "ALPACA_URL": f.server.URL}))
	if err != nil {
		f.t.Fatal(err)
	}
	return spec.Source.(*source)
}

// start runs the source with some symbols watched; it is stopped with the test.
func start(t *testing.T, s *source, watched ...string) *run {
	r := &run{t: t, source: s, ended: make(chan error, 1), grown: make(chan struct{}, 1)}
	r.watch(watched...)
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.ended <- s.Run(ctx, &r.demand, r.emit) }()
	t.Cleanup(r.stop)
	return r
}

func (r *run) watch(list ...string) {
	for _, text := range list {
		r.demand.Add(quotes.MustSymbol(text))
	}
}

func (r *run) unwatch(list ...string) {
	for _, text := range list {
		r.demand.Remove(quotes.MustSymbol(text))
	}
}

func (r *run) stop() {
	r.cancel()
	select {
	case err := <-r.ended:
		r.ended <- err
	case <-time.After(patience):
		r.t.Error("Run does not return")
	}
}

func (r *run) emit(u feed.Update) {
	if u.Kind == feed.Received {
		return
	}
	text := line(u)
	if name, ok := map[feed.Kind]string{
		feed.Asked: "asked", feed.Subscribed: "subscribed", feed.Released: "released", feed.Refused: "refused", feed.Reported: "reported",
	}[u.Kind]; ok {
		text = strings.Join(strings.Fields(name+" "+u.Symbol.String()+" "+u.Note), " ")
	}
	r.mu.Lock()
	r.lines = append(r.lines, text)
	r.mu.Unlock()
	select {
	case r.grown <- struct{}{}:
	default:
	}
}

// all is what was emitted.
func (r *run) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// until waits for a line that begins so.
func (r *run) until(prefix string) {
	r.t.Helper()
	r.eventually(prefix, func() bool {
		return slices.ContainsFunc(r.all(), func(line string) bool { return strings.HasPrefix(line, prefix) })
	})
}

// eventually waits for a condition, which is looked at whenever something was
// emitted and now and then.
func (r *run) eventually(what string, is func() bool) {
	r.t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); !is(); {
		select {
		case <-r.grown:
		case <-look.C:
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("never: %s; there were\n%s", what, strings.Join(r.all(), "\n"))
		}
	}
}

// count is how many lines begin so.
func (r *run) count(prefix string) int {
	n := 0
	for _, line := range r.all() {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}
