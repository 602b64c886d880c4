package dialogue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 10 * time.Second // of the tests

var a, b, c = quotes.MustSymbol("A"), quotes.MustSymbol("B"), quotes.MustSymbol("C")

// spoken is a protocol in words: "+A B" asks for symbols, "-A" takes one back;
// "ok A", "no A", "again A", "bad" and "end" are what a vendor says.
type spoken struct{ talk *Talk }

func (s spoken) Requests(add, remove []quotes.Symbol) [][]byte {
	var requests [][]byte
	for sign, syms := range map[string][]quotes.Symbol{"-": remove, "+": add} {
		if len(syms) > 0 {
			requests = append(requests, []byte(sign+strings.Trim(fmt.Sprint(syms), "[]")))
		}
	}
	return requests
}

func (s spoken) Take(msg []byte, _ time.Time) error {
	word, name, _ := strings.Cut(string(msg), " ")
	sym, _ := quotes.ParseSymbol(name)
	switch word {
	case "ok":
		s.talk.Subscriptions.Confirm(sym)
	case "no":
		s.talk.Subscriptions.Refuse(sym, "no")
		s.talk.Wake()
	case "again":
		s.talk.Again(sym)
	case "bad":
		return fmt.Errorf("%w: bad", frame.ErrMalformed)
	case "end":
		return errors.New("the end")
	}
	return nil
}

// vendor is a server that hands the test what it hears, and sends what it is
// given to send.
type vendor struct {
	heard chan string
	say   chan string
	url   string
}

func newVendor(t *testing.T) *vendor {
	t.Helper()
	v := &vendor{heard: make(chan string, 100), say: make(chan string)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case msg := <-v.say:
					if ws.Write(ctx, websocket.MessageText, []byte(msg)) != nil {
						return
					}
				}
			}
		}()
		for {
			_, msg, err := ws.Read(ctx)
			if err != nil {
				return
			}
			v.heard <- string(msg)
		}
	}))
	t.Cleanup(srv.Close)
	v.url = "ws" + strings.TrimPrefix(srv.URL, "http")
	return v
}

// run begins a dialogue and returns where its updates and its error come.
func (v *vendor) run(t *testing.T, o Options, demand *feed.Demand) (<-chan feed.Update, <-chan error) {
	t.Helper()
	o.URL = v.url
	if o.Open == nil {
		o.Open = func(t *Talk) Protocol { return spoken{t} }
	}
	updates, ended := make(chan feed.Update, 1000), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ended <- Run(ctx, o, demand, func(u feed.Update) {
			if u.Kind != feed.Received {
				updates <- u
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return updates, ended
}

// next waits for what comes next.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		t.Fatalf("no %T came", *new(T))
	}
	panic("not reached")
}

func (v *vendor) hears(t *testing.T, want string) {
	t.Helper()
	if got := next(t, v.heard); got != want {
		t.Fatalf("the vendor heard %q instead of %q", got, want)
	}
}

func says(t *testing.T, updates <-chan feed.Update, kind feed.Kind, sym quotes.Symbol, note string) {
	t.Helper()
	if u := next(t, updates); u.Kind != kind || u.Symbol != sym || !strings.Contains(u.Note, note) {
		t.Fatalf("%+v instead of kind %d of %q with %q", u, kind, sym, note)
	}
}

func TestItDialsWhenAnythingIsWanted(t *testing.T) {
	v := newVendor(t)
	var demand feed.Demand
	has := func(sym quotes.Symbol) bool { return sym != c }
	updates, _ := v.run(t, Options{Has: has}, &demand)
	demand.Add(c) // not the vendor's
	demand.Add(a, b)
	v.hears(t, "+A B")
	says(t, updates, feed.Asked, a, "")
	says(t, updates, feed.Asked, b, "")
	v.say <- "ok A"
	says(t, updates, feed.Subscribed, a, "")
	demand.Remove(a)
	v.hears(t, "-A")
	says(t, updates, feed.Released, a, "")
}

func TestWhatIsInTheURLIsAskedForUnwatched(t *testing.T) {
	v := newVendor(t)
	updates, _ := v.run(t, Options{Always: []quotes.Symbol{b}}, new(feed.Demand))
	v.hears(t, "+B")
	says(t, updates, feed.Asked, b, "")
}

func TestARequestWithoutAnAnswerIsAskedAgainAndThenGivenUp(t *testing.T) {
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(c)
	updates, _ := v.run(t, Options{Patience: 50 * time.Millisecond}, &demand)
	says(t, updates, feed.Asked, c, "")
	v.hears(t, "+C")
	v.say <- "ok C"
	says(t, updates, feed.Subscribed, c, "")
	demand.Add(a)
	says(t, updates, feed.Asked, a, "")
	v.hears(t, "+A")
	v.hears(t, "+A")
	says(t, updates, feed.Refused, a, "does not answer")
	demand.Add(b)
	v.hears(t, "+B")
}

// each asks for every symbol by itself.
type each struct{ spoken }

func (e each) Requests(add, remove []quotes.Symbol) (requests [][]byte) {
	for _, sym := range add {
		requests = append(requests, e.spoken.Requests([]quotes.Symbol{sym}, nil)...)
	}
	return requests
}

func TestPatienceBeginsWhenARequestIsSent(t *testing.T) {
	const patience, gap = 150 * time.Millisecond, 150 * time.Millisecond
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(a, b, c)
	updates, _ := v.run(t, Options{Patience: patience, Gap: gap, Open: func(t *Talk) Protocol { return each{spoken{t}} }}, &demand)
	for _, sym := range []string{"A", "B"} {
		v.hears(t, "+"+sym)
		v.say <- "ok " + sym
	}
	v.hears(t, "+C")
	began := time.Now()
	for next(t, updates).Kind != feed.Refused {
	}
	if took := time.Since(began); took < 2*patience {
		t.Errorf("it was given up after %v", took)
	}
}

// TestAVendorThatAnswersNothingIsLeft: with every symbol given up, an open
// connection would stay, and nothing would ever be asked for again.
func TestAVendorThatAnswersNothingIsLeft(t *testing.T) {
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(a)
	_, ended := v.run(t, Options{Patience: 50 * time.Millisecond}, &demand)
	v.hears(t, "+A")
	v.hears(t, "+A")
	if err := next(t, ended); !errors.Is(err, errUnanswered) {
		t.Errorf("the end is %v", err)
	}
}

// TestWhatIsNotWantedAnyMoreIsNotAskedForAgain: nobody would take it back.
func TestWhatIsNotWantedAnyMoreIsNotAskedForAgain(t *testing.T) {
	var demand feed.Demand
	emit := func(feed.Update) {}
	d := &dialogue{Options: Options{Patience: patience}, demand: &demand, talk: &Talk{Emit: emit, wake: make(chan struct{}, 1)}}
	d.talk.Subscriptions = feed.NewSubscriptions(0, nil, d.subscription)
	d.protocol = spoken{d.talk}
	ask := func() string {
		t.Helper()
		requests, _, err := d.requests()
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes.Join(requests, []byte(" ")))
	}
	demand.Add(a, b, c)
	if got := ask(); got != "+A B C" {
		t.Fatal(got)
	}
	d.talk.Again(a, b, c)
	demand.Remove(a)
	d.talk.Subscriptions.Confirm(c)
	if got := ask(); got != "-A +B" {
		t.Errorf("asked %q", got)
	}
}

func TestARefusalFreesAPlaceAndOthersAreAskedAgain(t *testing.T) {
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(a, b)
	updates, _ := v.run(t, Options{Limit: 1}, &demand)
	v.hears(t, "+A")
	says(t, updates, feed.Asked, a, "")
	says(t, updates, feed.Refused, b, "limit")
	v.say <- "no A"
	says(t, updates, feed.Refused, a, "no")
	v.hears(t, "+B")
	says(t, updates, feed.Asked, b, "")
	v.say <- "again B"
	v.hears(t, "+B")
}

func TestWhatIsNotUnderstoodIsToldAndAnErrorEnds(t *testing.T) {
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(a)
	updates, ended := v.run(t, Options{}, &demand)
	v.hears(t, "+A")
	says(t, updates, feed.Asked, a, "")
	v.say <- "bad"
	v.say <- "bad"
	v.say <- "ok A"
	says(t, updates, feed.Reported, quotes.Symbol{}, "bad")
	says(t, updates, feed.Subscribed, a, "")
	v.say <- "end"
	if err := next(t, ended); err == nil || err.Error() != "the end" {
		t.Error(err)
	}
}

func TestReportsOfAMinuteAreOne(t *testing.T) {
	var r Report
	var notes []string
	emit := func(u feed.Update) { notes = append(notes, u.Note) }
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for second := range 61 {
		r.Malformed(errors.New("bad"), now.Add(time.Duration(second)*time.Second), emit)
	}
	if len(notes) != 2 || notes[0] != "bad" || notes[1] != "60 messages were not understood; the last: bad" {
		t.Errorf("%q", notes)
	}
}

func TestRequestsKeepTheirGap(t *testing.T) {
	const gap = 30 * time.Millisecond
	v := newVendor(t)
	var demand feed.Demand
	demand.Add(a)
	v.run(t, Options{Gap: gap}, &demand)
	v.hears(t, "+A")
	began := time.Now()
	for _, sym := range []quotes.Symbol{b, c} {
		demand.Add(sym)
		v.hears(t, "+"+sym.String())
	}
	if took := time.Since(began); took < gap {
		t.Errorf("two requests went out in %v", took)
	}
}

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]string{"x://": "[]", "x://?symbols=btc/usd,ETH/USD,BTC/USD": "[BTC/USD ETH/USD]"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if syms, err := ParseURL(u, "x://"); err != nil || fmt.Sprint(syms) != want {
			t.Errorf("%s: %v, %v", raw, syms, err)
		}
	}
	for _, raw := range []string{"x://h", "x:///p", "x:o", "x://u@", "x://#f", "x://?a=b", "x://?symbols=", "x://?symbols=A&symbols=B", "x://?symbols=!", "x://?symbols=A;B", "x://?%"} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if syms, err := ParseURL(u, "x://"); err == nil || !strings.Contains(err.Error(), "symbols") && !strings.Contains(err.Error(), "x://") {
			t.Errorf("%s: %v, %v", raw, syms, err)
		}
	}
}
