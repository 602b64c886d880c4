package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/history"
	"github.com/tickboard/tickboard/quotes/store"
	"github.com/tickboard/tickboard/web/sse"
)

// still is a source that lists symbols and says nothing.
type still struct{}

func (still) Name() string { return "still" }

func (still) Run(ctx context.Context, _ *feed.Demand, _ func(feed.Update)) error {
	<-ctx.Done()
	return ctx.Err()
}

// newServer is a server with the symbols A to E and a log in a real database.
func newServer(t *testing.T) *testServer {
	t.Helper()
	return newServerOf(t, feed.Spec{Source: still{}, Timeliness: quotes.Live, Instruments: func(context.Context) ([]quotes.Instrument, error) {
		var list []quotes.Instrument
		for _, name := range strings.Split("A B C D E", " ") {
			list = append(list, quotes.Instrument{Symbol: quotes.MustSymbol(name), Name: name})
		}
		return list, nil
	}})
}

// newServerOf is a server with these sources and a log in a real database.
func newServerOf(t *testing.T, specs ...feed.Spec) *testServer {
	t.Helper()
	s := newServerWith(t, feed.Options{Specs: specs})
	<-s.Market.Directory().Settled()
	return s
}

// newServerWith is one with a market of these options, which need not have its
// lists yet.
func newServerWith(t *testing.T, options feed.Options) *testServer {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	logger := slog.New(slog.DiscardHandler)
	options.Publish, options.Logger = func(*quotes.StockQuote) {}, logger
	market := feed.NewMarket(options)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- market.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return &testServer{store: db, Server: New(Options{
		Hub: NewQuoteHub(), Market: market, Log: NewLog(db, alert.Options{Logger: logger}), History: history.NewIntraday(), Profiles: db, Marks: db, MaxSymbols: 4, Logger: logger,
		Channels: db, Outbox: deliver.NewRunner(db, deliver.Options{Senders: deliver.NewSenders(deliver.NewGuard(true)), Logger: logger}),
	})}
}

// testServer is a server with its database at hand.
type testServer struct {
	*Server
	store *store.DB
}

func (s *testServer) publish(symbol string, version int64) {
	q := &quotes.StockQuote{Symbol: quotes.MustSymbol(symbol), Version: version}
	s.Hub.Publish(q.Symbol, q, version)
}

// rings is a stream that keeps what it was told.
type rings struct {
	paced, urgent chan struct{}
	ended         chan string
}

func newRings() *rings {
	return &rings{make(chan struct{}, 1000), make(chan struct{}, 1000), make(chan string, 1000)}
}

func (r *rings) Ring(urgent bool) {
	if urgent {
		r.urgent <- struct{}{}
	} else {
		r.paced <- struct{}{}
	}
}

func (r *rings) Ready(urgent bool) { r.Ring(urgent) }
func (r *rings) SetRate(float64)   {}
func (r *rings) End(reason string) { r.ended <- reason }

func (s *testServer) open(t *testing.T, o contentOptions) (*content, *rings) {
	t.Helper()
	d := s.newDesk(sse.Bells{Paced: make(sse.Bell, 1), Urgent: make(sse.Bell, 1)})
	r := newRings()
	c, err := s.newContent(t.Context(), o, r, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close(sse.Report{})
		d.Close()
	})
	return c, r
}

func (s *testServer) openContent(t *testing.T, kind streamKind, symbols string) (*content, *rings) {
	t.Helper()
	syms, err := quotes.ParseSymbols(symbols)
	if err != nil {
		t.Fatal(err)
	}
	known, unknown := s.sort(syms)
	return s.open(t, contentOptions{kind: kind, symbols: syms, known: known, unknown: unknown, rate: 10})
}

// take takes a turn and says what is in it.
func take(t *testing.T, c *content) []string {
	t.Helper()
	c.desk.Sweep()
	frames, err := c.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, frame := range frames {
		event, err := sse.NewReader(strings.NewReader(string(frame))).Next()
		if err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		text := event.Name
		if event.Name == "stock_quote" {
			var q quotes.StockQuote
			if err := q.UnmarshalJSON(event.Data); err != nil {
				t.Fatal(err)
			}
			text = fmt.Sprintf("%s@%d", q.Symbol, q.Version)
		}
		if event.ID != "" {
			text += " id=" + event.ID
		}
		list = append(list, text)
	}
	return list
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

var (
	pageStream   = streamKind{path: "/events/", notifications: true}
	singleStream = streamKind{path: "/stream/", single: true}
)

func TestWhatHasNotLeftIsGivenAgainInItsNewestForm(t *testing.T) {
	s := newServer(t)
	s.publish("A", 1)
	s.publish("B", 2)
	send(t, s, "one")
	c, _ := s.openContent(t, pageStream, "A,B")
	send(t, s, "two")
	send(t, s, "three")
	if err := s.Log.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := []string{"hello id=1", "A@1", "B@2", "notification id=2", "notification id=3"}
	want(t, take(t, c), all...)
	c.Wrote(2, time.Now(), false) // the hello and A
	s.publish("B", 3)
	s.publish("A", 4)
	want(t, take(t, c), "B@3", "notification id=2", "notification id=3", "A@4")
	c.Wrote(2, time.Now(), false)
	want(t, take(t, c), "notification id=3", "A@4")
	c.Wrote(0, time.Now(), false)
	want(t, take(t, c), "notification id=3", "A@4")
	c.Wrote(2, time.Now(), false)
	want(t, take(t, c))
}

// TestNotificationsGetThroughToAClientSlowerThanTheMarket: whatever it takes, all
// its symbols have moved again.
func TestNotificationsGetThroughToAClientSlowerThanTheMarket(t *testing.T) {
	s := newServer(t)
	if err := s.Log.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, _ := s.openContent(t, pageStream, "A,B,C,D")
	version, came := int64(0), ""
	for turn := range 12 {
		for _, symbol := range []string{"A", "B", "C", "D"} {
			version++
			s.publish(symbol, version)
		}
		if turn == 1 || turn == 2 {
			send(t, s, "news")
			if err := s.Log.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		list := take(t, c)
		left := min(2, len(list))
		for _, event := range list[:left] {
			came += event[:1] // of hello, symbols and notifications
		}
		c.Wrote(left, time.Now(), false)
	}
	if want := "hABCDAnnBCADBCADBCADBCAD"; came != want {
		t.Errorf("came %s, want %s", came, want)
	}
}

func TestASymbolRemovedWhileItsQuoteWaitsDoesNotComeBack(t *testing.T) {
	s := newServer(t)
	s.publish("A", 1)
	s.publish("B", 2)
	c, _ := s.openContent(t, pageStream, "A,B")
	want(t, take(t, c), "hello id=0", "A@1", "B@2")
	if _, err := c.change(nil, []quotes.Symbol{quotes.MustSymbol("B")}); err != nil {
		t.Fatal(err)
	}
	c.Wrote(2, time.Now(), false)
	s.publish("B", 3)
	want(t, take(t, c))
}

func TestAStreamOfOneSymbolGivesVersionsAsIDs(t *testing.T) {
	s := newServer(t)
	s.publish("A", 7)
	c, _ := s.openContent(t, singleStream, "A")
	want(t, take(t, c), "hello", "A@7 id=7")
}

func TestAddedSymbolsAlwaysFollowAndTheLimitChangesNothing(t *testing.T) {
	s := newServer(t)
	for i, name := range []string{"A", "B", "C", "D", "E"} {
		s.publish(name, int64(i+1))
	}
	c, rings := s.openContent(t, pageStream, "A,B")
	take(t, c)
	c.Wrote(3, time.Now(), false)
	for len(rings.paced) > 0 {
		<-rings.paced
	}
	syms, err := quotes.ParseSymbols("B,C,X")
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.change(syms, []quotes.Symbol{quotes.MustSymbol("A")})
	if err != nil || join(now.Symbols) != "B, C" || join(now.Unknown) != "X" {
		t.Errorf("%v, %v", now, err)
	}
	want(t, take(t, c), "B@2", "C@3")
	if len(rings.paced) == 0 {
		t.Error("nobody was told")
	}
	c.Wrote(2, time.Now(), false)
	five, err := quotes.ParseSymbols("A,D,E")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.change(five, nil); asProblem(err).Status != 400 {
		t.Errorf("over the limit: %v", err)
	}
	s.publish("A", 10)
	s.publish("B", 11)
	want(t, take(t, c), "B@11")
	c.Wrote(1, time.Now(), false)
	s.publish("X", 12) // a source has it now
	want(t, take(t, c), "X@12")
}

func TestDemandFollowsTheStreams(t *testing.T) {
	s := newServer(t)
	c, _ := s.openContent(t, pageStream, "A,B")
	d, _ := s.openContent(t, singleStream, "B")
	if _, err := c.change([]quotes.Symbol{quotes.MustSymbol("C")}, []quotes.Symbol{quotes.MustSymbol("A")}); err != nil {
		t.Fatal(err)
	}
	watched, _ := s.Market.Demand().Watched()
	if join(watched) != "B, C" {
		t.Errorf("watched: %s", join(watched))
	}
	c.Close(sse.Report{})
	d.Close(sse.Report{})
	if watched, _ := s.Market.Demand().Watched(); len(watched) != 0 || s.registry.find(c.secret) != nil {
		t.Errorf("after the end: %s", join(watched))
	}
}

func TestAChangeThatComesAfterTheEndLeavesNothingBehind(t *testing.T) {
	s := newServer(t)
	c, _ := s.openContent(t, pageStream, "A")
	c.Close(sse.Report{}) // after the call has found the stream
	if _, err := c.change([]quotes.Symbol{quotes.MustSymbol("B")}, nil); err == nil || asProblem(err).Status != http.StatusNotFound {
		t.Errorf("answered with %v", err)
	}
	if watched, _ := s.Market.Demand().Watched(); len(watched) != 0 {
		t.Errorf("still watched: %s", join(watched))
	}
}

func send(t *testing.T, s *testServer, message string) {
	t.Helper()
	if _, err := s.Log.Send(t.Context(), alert.Notification{Type: alert.Info, Message: message, Time: time.Now().UTC()}); err != nil {
		t.Fatal(err)
	}
}

func TestAStreamThatIsFarBehindTakesTheLogInTurns(t *testing.T) {
	s := newServer(t)
	for i := range turnNotifications + 5 {
		send(t, s, fmt.Sprint(i))
	}
	syms := []quotes.Symbol{}
	c, rings := s.open(t, contentOptions{kind: pageStream, symbols: syms, rate: 10, after: 0, resume: true})
	first := take(t, c)
	if len(first) != 1+turnNotifications {
		t.Fatalf("%d frames in the first turn", len(first))
	}
	c.Wrote(len(first), time.Now(), false)
	select {
	case <-rings.urgent:
	default:
		t.Fatal("the rest does not ring")
	}
	if rest := take(t, c); len(rest) != 5 || rest[4] != fmt.Sprintf("notification id=%d", turnNotifications+5) {
		t.Errorf("the rest: %v", rest)
	}
}

func TestAStreamThatWasToldOfTheGapGetsWhatIsLeft(t *testing.T) {
	s := newServer(t)
	for i := range 5 {
		send(t, s, fmt.Sprint(i))
	}
	if _, err := s.store.Prune(t.Context(), 2, time.Time{}); err != nil {
		t.Fatal(err)
	}
	c, rings := s.open(t, contentOptions{kind: pageStream, rate: 10, after: 1, resume: true})
	if !strings.Contains(string(c.hello), `"gap":true`) {
		t.Errorf("the hello: %s", c.hello)
	}
	// They are no longer in memory: others read them, and the stream goes on.
	want(t, take(t, c), "hello id=1")
	c.Wrote(1, time.Now(), false)
	<-rings.urgent
	want(t, take(t, c), "notification id=4", "notification id=5")
}

func TestAStreamIsToldToComeBackWhileTheDatabaseFails(t *testing.T) {
	s := newServer(t)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	res, err := http.Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	event, err := sse.NewReader(res.Body).Next()
	if err != nil || res.StatusCode != http.StatusOK || event.Name != "busy" || event.Retry < 10*time.Second {
		t.Errorf("%d %+v %v", res.StatusCode, event, err)
	}
}
