package finnhub

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/quotes"
)

func TestURLThatIsWrongSaysWhatToWrite(t *testing.T) {
	env := func(name string) (string, error) {
		return map[string]string{"FINNHUB_TOKEN": testToken}[name], nil
	}
	for raw, want := range map[string]string{
		"finnhub://host":                     "nothing but parameters",
		"finnhub:x":                          "nothing but parameters",
		"finnhub://?%zz":                     "write them like",
		"finnhub://?limit=-1":                "write a number of symbols",
		"finnhub://?limit=many":              "write a number of symbols",
		"finnhub://?symbols=":                "symbols is empty",
		"finnhub://?symbols=A%20B":           "malformed symbol",
		"finnhub://?symbols=A&symbols=B":     "symbols is there 2 times",
		"finnhub://?token=" + "abcdefghijkl": `no parameter "token"`,
	} {
		_, err := (feed.Schemes{"finnhub": Scheme()}).Open(raw, env)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", raw, err, want)
		}
	}
	u := &url.URL{Scheme: "finnhub"}
	if _, err := open(u, func(string) (string, error) { return "", nil }); err == nil || !strings.Contains(err.Error(), "set TICKBOARD_FINNHUB_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
}

// TestFiguresBelongToTheLastDayThatOpened: Finnhub's time of them may be that of
// the question.
func TestFiguresBelongToTheLastDayThatOpened(t *testing.T) {
	us := quotes.CalendarOf("XNYS")
	at := func(text string) time.Time {
		zone, err := time.LoadLocation(newYork)
		if err != nil {
			t.Fatal(err)
		}
		when, err := time.ParseInLocation("2006-01-02 15:04:05", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for asked, c := range map[string]struct {
		calendar *quotes.Calendar
		want     string
		regular  bool
	}{
		"2026-11-20 11:00:00": {us, "2026-11-20 11:00:00", false},
		"2026-11-20 15:59:59": {us, "2026-11-20 15:59:59", false},
		"2026-11-20 18:00:00": {us, "2026-11-20 16:00:00", true},
		"2026-11-20 23:00:00": {us, "2026-11-20 16:00:00", true},
		"2026-11-22 12:00:00": {us, "2026-11-20 16:00:00", true}, // a Sunday
		"2026-11-23 08:00:00": {us, "2026-11-20 16:00:00", true}, // before Monday's open
		"2026-11-23 09:30:00": {us, "2026-11-23 09:30:00", false},
		"2026-11-27 14:00:00": {us, "2026-11-27 13:00:00", true}, // an early close
		"2026-11-22 12:00:01": {quotes.AlwaysOpen, "2026-11-22 12:00:01", true},
	} {
		s, err := parseSnapshot([]byte(`{"c":261.74,"d":1.1,"dp":0.4,"h":263.310,"l":260.68,"o":261.07,"pc":259.45,"t":` + strconv.FormatInt(at(asked).Unix(), 10) + `}`))
		if err != nil {
			t.Fatal(err)
		}
		sym := quotes.MustSymbol("AAPL")
		when := at(c.want).UTC()
		want := []feed.Update{
			{
				Kind: feed.Day, Symbol: sym, Time: when, PreviousClose: quotes.Some(quotes.MustDecimal("259.45")), Open: quotes.Some(quotes.MustDecimal("261.07")),
				High: quotes.Some(quotes.MustDecimal("263.310")), Low: quotes.Some(quotes.MustDecimal("260.68")),
			},
			{Kind: feed.Trade, Symbol: sym, Time: when, Price: quotes.MustDecimal("261.74"), MovesLast: true, Regular: c.regular},
		}
		if diff := cmp.Diff(want, s.updates(sym, c.calendar), exactly); diff != "" {
			t.Errorf("asked at %s:\n%s", asked, diff)
		}
	}
}

func TestFiguresThatAreNoneAreNotTold(t *testing.T) {
	sym := quotes.MustSymbol("X")
	s, err := parseSnapshot([]byte(`{"c":0,"d":null,"dp":null,"h":0,"l":0,"o":0,"pc":0,"t":0}`))
	if got := s.updates(sym, quotes.AlwaysOpen); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
	for _, body := range []string{"", "[]", "{}", `{"c":"x"}`, `{"c":1,"t":99999999999999}`, `<html>`, `{"c":1`} {
		if s, err := parseSnapshot([]byte(body)); err == nil {
			t.Errorf("%s: %+v", body, s)
		}
	}
}

func TestFiguresAreTakenAgainAtTheTurnOfTheDay(t *testing.T) {
	us := quotes.CalendarOf("XNYS")
	for from, want := range map[string]string{
		"2026-11-20T15:00:00Z": "2026-11-23T09:01:00Z", // Friday's session to Monday's begin
		"2026-11-23T09:00:30Z": "2026-11-23T09:01:00Z",
		"2026-11-23T09:01:00Z": "2026-11-23T14:31:00Z", // the open
		"2026-11-23T22:00:00Z": "2026-11-24T09:01:00Z",
	} {
		now, err := time.Parse(time.RFC3339, from)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextRound(us, now).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", from, got, want)
		}
	}
	now := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	if got := nextRound(quotes.AlwaysOpen, now); !got.Equal(time.Date(2026, 11, 21, 0, 1, 0, 0, time.UTC)) {
		t.Errorf("of what never closes: %v", got)
	}
}

// TestNoMinuteHasMoreCallsThanAllowed over ten minutes of asking without a pause.
func TestNoMinuteHasMoreCallsThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCaller("http://unused", testToken)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var calls []time.Time
		for c.limit.Wait(ctx) == nil {
			calls = append(calls, time.Now())
		}
		if len(calls) < 400 {
			t.Errorf("only %d calls in ten minutes", len(calls))
		}
		for i := 60; i < len(calls); i++ {
			if took := calls[i].Sub(calls[i-60]); took < time.Minute {
				t.Fatalf("61 calls in %v", took)
			}
		}
	})
}

func TestInstrumentsAreReadAndChosen(t *testing.T) {
	const list = `[{"currency":"USD","description":"SPDR S&P 500 ETF","displaySymbol":"SPY","figi":"x","mic":"ARCX","symbol":"SPY","type":"ETP"},` +
		`{"currency":"USD","description":"  APPLE   INC ","mic":"XNAS","symbol":"AAPL","type":"Common Stock"},{"symbol":"NOT A SYMBOL"},` +
		`{"description":"","mic":"OOTC","symbol":"OTCX","type":"Warrant"},{"symbol":"AAPL","description":"again"}]`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(list)) }))
	defer server.Close()
	s := &source{calls: newCaller(server.URL, testToken)}
	want := []quotes.Instrument{
		{Symbol: quotes.MustSymbol("AAPL"), Name: "APPLE INC", Exchange: "XNAS", Currency: "USD", Type: quotes.Stock, Decimals: 2, TimeZone: newYork},
		{Symbol: quotes.MustSymbol("OTCX"), Name: "OTCX", Exchange: "OOTC", Decimals: 2, TimeZone: newYork},
		{Symbol: quotes.MustSymbol("SPY"), Name: "SPDR S&P 500 ETF", Exchange: "ARCX", Currency: "USD", Type: quotes.ETF, Decimals: 2, TimeZone: newYork},
	}
	got, err := s.instruments(t.Context())
	if diff := cmp.Diff(want, got, exactly); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, in := range got {
		if calendarOf(in).Always() {
			t.Errorf("%s never closes", in.Symbol)
		}
	}
	s.only = []quotes.Symbol{quotes.MustSymbol("SPY"), quotes.MustSymbol("BINANCE:BTCUSDT")}
	got, err = s.instruments(t.Context())
	want = []quotes.Instrument{{Symbol: s.only[1], Name: "BINANCE:BTCUSDT", Decimals: 2, TimeZone: "UTC"}, want[2]}
	if diff := cmp.Diff(want, got, exactly); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if !s.calendar(s.only[1]).Always() || s.calendar(s.only[0]).Always() || s.has(quotes.MustSymbol("AAPL")) {
		t.Error("the calendars or symbols are wrong")
	}
}

func TestSymbolIsFoundInWhatFinnhubSays(t *testing.T) {
	var among []quotes.Symbol
	for _, text := range []string{"A", "API", "KEY", "TO", "BINANCE:BTCUSDT", "BRK.B"} {
		among = append(among, quotes.MustSymbol(text))
	}
	for text, want := range map[string]string{
		"Invalid symbol BINANCE:BTCUSDT":     "BINANCE:BTCUSDT",
		"You don't have access to brk.b.":    "BRK.B",
		`Cannot subscribe to "A": no access`: "A",
		"Subscribing to too many symbols":    "",
		"An error of AAPL":                   "",
		"Invalid API key":                    "",
		"API limit reached":                  "",
		"This is a key that may not":         "",
		"No access to KEY":                   "KEY",
	} {
		if sym, ok := named(text, among); sym.String() != want || ok != (want != "") {
			t.Errorf("%s: %q", text, sym)
		}
	}
}

// TestTradesDoNotWaitLongForTheirSnapshot, which the limit of calls may delay: the
// break has been told then, and is not told again.
func TestTradesDoNotWaitLongForTheirSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kinds []feed.Kind
		sym := quotes.MustSymbol("A")
		c := &session{
			source: &source{}, emit: func(u feed.Update) { kinds = append(kinds, u.Kind) },
			gates: map[quotes.Symbol]*gate{sym: {since: time.Now()}}, due: map[quotes.Symbol]time.Time{},
		}
		c.subs = feed.NewSubscriptions(0, nil, c.emit)
		c.subs.Follow([]quotes.Symbol{sym})
		trade := feed.Update{Kind: feed.Trade, Symbol: sym}
		c.deliver(trade)
		c.next(time.Now().Add(holdTime - 1))
		if diff := cmp.Diff([]feed.Kind{feed.Asked}, kinds); diff != "" {
			t.Errorf("before the time: %s", diff)
		}
		c.next(time.Now().Add(holdTime))
		c.deliver(trade)
		figures := snapshot{last: quotes.Some(quotes.MustDecimal("1")), previous: quotes.Some(quotes.MustDecimal("2")), time: time.Now()}
		if err := c.tell(sym, figures, nil); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]feed.Kind{feed.Asked, feed.Break, feed.Trade, feed.Subscribed, feed.Trade, feed.Day, feed.Trade}, kinds); diff != "" {
			t.Error(diff)
		}
		if at := c.due[sym]; !at.After(time.Now()) {
			t.Errorf("the next snapshot is due at %v", at)
		}
	})
}

func TestFailedSnapshotIsAskedForAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := quotes.MustSymbol("A"), quotes.MustSymbol("B")
		later := time.Now().Add(retryAfter)
		for _, c := range []struct {
			name     string
			status   int
			ends     bool
			dueOfB   time.Time
			reported int
		}{
			{"a fault", http.StatusBadGateway, false, time.Now(), 1},
			{"too many calls", http.StatusTooManyRequests, false, later, 1},
			{"a symbol that the plan lacks", http.StatusForbidden, false, time.Now(), 1},
			{"a wrong key", http.StatusUnauthorized, true, time.Now(), 0},
		} {
			reports := 0
			s := &session{
				source: &source{}, emit: func(u feed.Update) {
					if u.Kind == feed.Reported {
						reports++
					}
				},
				gates: map[quotes.Symbol]*gate{a: {}, b: {}}, due: map[quotes.Symbol]time.Time{a: time.Now(), b: time.Now()},
			}
			err := s.tell(a, snapshot{}, rest.Refused(&rest.StatusError{Status: c.status}, adviceToken))
			if (err != nil) != c.ends || !s.due[b].Equal(c.dueOfB) || reports != c.reported || !c.ends && !s.due[a].Equal(later) {
				t.Errorf("%s: %v, due %v, %d reports", c.name, err, s.due, reports)
			}
		}
	})
}
