package binance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/quotes"
)

func TestURL(t *testing.T) {
	for raw, want := range map[string]string{
		"binance://":                          "[]",
		"binance://?symbols=btcusdt,ETHUSDT":  "[BTCUSDT ETHUSDT]",
		"binance:":                            "[]",
		"binance://?symbols=":                 "the parameter symbols is empty; write it like binance://",
		"binance://?symbols=,":                "the parameter symbols is empty; write it like binance://",
		"binance://?symbols=BTC+USDT":         "parameter symbols: malformed symbol",
		"binance://?symbols=A&symbols=B":      "the parameter symbols is there twice",
		"binance://?symbol=BTCUSDT":           `there is no parameter "symbol"; write it like binance://`,
		"binance://?symbols=%zz":              "malformed parameters; write it like binance://",
		"binance://BTCUSDT":                   "only parameters may follow the scheme; write it like binance://",
		"binance:///BTCUSDT":                  "only parameters may follow the scheme; write it like binance://",
		"binance:BTCUSDT":                     "only parameters may follow the scheme; write it like binance://",
		"binance://?symbols=" + tooMany():     "342 symbols; one connection carries 341",
		"binance://?symbols=BTCUSDT#fragment": "only parameters may follow the scheme; write it like binance://",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		syms, err := parse(u)
		if got := fmt.Sprint(syms, err); !strings.HasPrefix(got, want) && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, %v, want %s", raw, syms, err, want)
		}
	}
}

func tooMany() string {
	var list []string
	for i := range limit + 1 {
		list = append(list, fmt.Sprintf("X%d", i))
	}
	return strings.Join(list, ",")
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ stream, rest, wantStream, wantREST string }{
		{"", "", streamURL, restURL},
		{"http://127.0.0.1:1", "", "ws://127.0.0.1:1/stream", "http://127.0.0.1:1/api/v3"},
		{"wss://stream.example", "https://api.example", "wss://stream.example/stream", "https://api.example/api/v3"},
		{"", "https://api.example", streamURL, "https://api.example/api/v3"},
	} {
		spec, err := open(&url.URL{Scheme: name}, func(setting string) (string, error) {
			return map[string]string{"BINANCE_URL": c.stream, "BINANCE_REST_URL": c.rest}[setting], nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := spec.Source.(*Source); s.stream != c.wantStream || s.rest != c.wantREST {
			t.Errorf("%+v: %s and %s", c, s.stream, s.rest)
		}
	}
	for _, bad := range []string{"BINANCE_URL", "BINANCE_REST_URL"} {
		_, err := open(&url.URL{Scheme: name}, func(setting string) (string, error) {
			return map[string]string{bad: "example.com"}[setting], nil
		})
		if err == nil || !strings.Contains(err.Error(), "TICKBOARD_"+bad) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// restOf makes a source whose REST interface is h.
func restOf(t *testing.T, h http.HandlerFunc, only ...quotes.Symbol) *Source {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &Source{rest: server.URL, only: only}
}

func TestInstruments(t *testing.T) {
	btc, eth := quotes.MustSymbol("BTCUSDT"), quotes.MustSymbol("ETHUSDT")
	h := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exchangeInfo([]quotes.Symbol{eth, btc, btc}))
	}
	s := restOf(t, h)
	list, err := s.instruments(t.Context())
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	want := quotes.Instrument{
		Symbol: btc, Name: "BTC / USDT", Currency: "USDT", Type: quotes.Crypto, Decimals: 2,
		TickSize: quotes.MustDecimal("0.01000000"), TimeZone: "UTC",
	}
	if diff := cmp.Diff(want, list[0], sameText); diff != "" {
		t.Error(diff)
	}
	if !s.has(btc) || s.has(quotes.MustSymbol("OLDUSDT")) {
		t.Error("what is listed is not what it has")
	}
	s = restOf(t, h, eth, quotes.MustSymbol("ETH/USDT"))
	if list, err = s.instruments(t.Context()); err != nil || len(list) != 1 || list[0].Symbol != eth {
		t.Errorf("of the URL's: %+v, %v", list, err)
	}
	s = restOf(t, h, quotes.MustSymbol("ETH/USDT"))
	if _, err = s.instruments(t.Context()); !feed.IsPermanent(err) || !strings.Contains(err.Error(), "write them as Binance does") {
		t.Errorf("none of the URL's: %v", err)
	}
	s = restOf(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"symbols":[]}`) })
	if _, err = s.instruments(t.Context()); err == nil || feed.IsPermanent(err) {
		t.Errorf("an empty list: %v", err)
	}
}

// lone makes a session without a connection, which has asked for the symbols.
func lone(s *Source, syms ...quotes.Symbol) (*session, *[]feed.Update) {
	var updates []feed.Update
	ss := &session{
		source: s, decoder: newDecoder(), changed: make(chan struct{}, 1), gates: make(map[quotes.Symbol]*dialogue.Gate),
		emit: func(u feed.Update) { updates = append(updates, u) },
	}
	ss.subs = feed.NewSubscriptions(limit, nil, ss.emit)
	ss.subs.Follow(syms)
	for _, sym := range syms {
		ss.gates[sym] = new(dialogue.Gate)
	}
	updates = nil
	return ss, &updates
}

// brief writes updates as "KIND SYMBOL".
func brief(updates []feed.Update) string {
	var list []string
	for _, u := range updates {
		list = append(list, fmt.Sprintf("%d %s", u.Kind, u.Symbol))
	}
	return strings.Join(list, ", ")
}

func TestSymbolWithoutStatisticsIsFoundAndRefused(t *testing.T) {
	a, b, c := quotes.MustSymbol("AUSDT"), quotes.MustSymbol("BUSDT"), quotes.MustSymbol("CUSDT")
	s := restOf(t, func(w http.ResponseWriter, r *http.Request) {
		var names []string
		if err := json.Unmarshal([]byte(r.URL.Query().Get("symbols")), &names); err != nil {
			t.Error(err)
		}
		if slices.Contains(names, "BUSDT") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"code":-1121,"msg":"Invalid symbol."}`)
			return
		}
		fmt.Fprintf(w, `[{"symbol":"%s","openPrice":"1","highPrice":"2","lowPrice":"0.5","lastPrice":"1.5","lastQty":"1","volume":"9","bidPrice":"1","bidQty":"1","askPrice":"2","askQty":"1","closeTime":1723161602000,"lastId":5}]`, names[0])
	})
	ss, updates := lone(s, a, b, c)
	if err := ss.repair(t.Context(), []quotes.Symbol{a, b, c}); err != nil {
		t.Fatal(err)
	}
	snapshot := func(sym quotes.Symbol) string {
		return fmt.Sprintf("%d %s, %d %s, %d %s, %d %s", feed.Break, sym, feed.Day, sym, feed.Trade, sym, feed.Quote, sym)
	}
	if got, want := brief(*updates), snapshot(a)+fmt.Sprintf(", %d %s, ", feed.Refused, b)+snapshot(c); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestStreamGoesOnWithoutSnapshots(t *testing.T) {
	btc := quotes.MustSymbol("BTCUSDT")
	s := restOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	ss, updates := lone(s, btc)
	ss.deliver(feed.Update{Kind: feed.Trade, Symbol: btc, TradeID: 3})
	if err := ss.repair(t.Context(), []quotes.Symbol{btc}); err != nil {
		t.Fatal(err)
	}
	ss.deliver(feed.Update{Kind: feed.Trade, Symbol: btc, TradeID: 4})
	ss.deliver(feed.Update{Kind: feed.Trade, Symbol: quotes.MustSymbol("ETHUSDT"), TradeID: 4}) // was taken back
	want := fmt.Sprintf("%d , %d BTCUSDT, %d BTCUSDT, %d BTCUSDT", feed.Reported, feed.Break, feed.Trade, feed.Trade)
	if got := brief(*updates); got != want || !strings.Contains((*updates)[0].Note, "no snapshot") {
		t.Errorf("%s (%q), want %s", got, (*updates)[0].Note, want)
	}
}

func TestGateLosesNothingBetweenSnapshotAndStream(t *testing.T) {
	var got []feed.Update
	emit := func(u feed.Update) { got = append(got, u) }
	then := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	g := new(dialogue.Gate)
	for id := range uint64(5) {
		g.Pass(feed.Update{Kind: feed.Trade, TradeID: id, Time: then.Add(time.Duration(id))}, emit)
	}
	g.Pass(feed.Update{Kind: feed.Quote}, emit)
	if len(got) > 0 {
		t.Fatalf("before the snapshot came %v", got)
	}
	release(g, []feed.Update{{Kind: feed.Break}, {Kind: feed.Trade, TradeID: 2, Time: then.Add(time.Minute)}}, 2, emit)
	g.Pass(feed.Update{Kind: feed.Trade, TradeID: 5}, emit)
	var ids []uint64
	for _, u := range got {
		if u.Kind == feed.Trade {
			ids = append(ids, u.TradeID)
		}
	}
	if !slices.Equal(ids, []uint64{2, 3, 4, 5}) || got[0].Kind != feed.Break || len(got) != 6 {
		t.Errorf("trades %v of %s", ids, brief(got))
	}
	if !got[1].Time.Equal(then.Add(2)) {
		t.Errorf("the snapshot's trade is of %v, which the stream knows better", got[1].Time)
	}
}

func TestUnansweredSubscriptionEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ss, _ := lone(&Source{}, quotes.MustSymbol("BTCUSDT"))
		time.Sleep(answerTime)
		if err := ss.checkAnswers(); err != nil {
			t.Errorf("in time: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if err := ss.checkAnswers(); err == nil || !strings.Contains(err.Error(), "BTCUSDT") {
			t.Errorf("late: %v", err)
		}
	})
}

func TestURLSymbolsThatAreNotTradedAreRefused(t *testing.T) {
	btc, old := quotes.MustSymbol("BTCUSDT"), quotes.MustSymbol("OLDUSDT")
	s := &Source{only: []quotes.Symbol{btc, old}, listed: map[quotes.Symbol]bool{btc: true}}
	ss, updates := lone(s)
	ss.refuseUnlisted()
	if got := brief(*updates); got != fmt.Sprintf("%d OLDUSDT", feed.Refused) || (*updates)[0].Note == "" {
		t.Errorf("%s", got)
	}
}

func TestRequestsNameAllStreamsInLowerCase(t *testing.T) {
	got := streams([]quotes.Symbol{quotes.MustSymbol("BTCUSDT")})
	if want := []string{"btcusdt@trade", "btcusdt@bookTicker", "btcusdt@miniTicker"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
