package alpaca

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
)

var (
	gme      = quotes.MustSymbol("GME")
	newYorks = quotes.CalendarOf("XNYS")
)

// clock is a moment in New York in January 2026, as "09 16:30".
func clock(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation(newYork)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01 02 15:04", "2026-01 "+text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// barOf is the bar of a day of January 2026 with a close; its other prices follow
// from that.
func barOf(day int, close string) string {
	return fmt.Sprintf(`{"t":"2026-01-%02dT05:00:00Z","o":%s1,"h":%s3,"l":%s0,"c":%s2,"v":%d000,"n":5,"vw":1.25}`, day, close, close, close, close, day)
}

func tradeOf(t *testing.T, at, price, conditions string) string {
	t.Helper()
	return fmt.Sprintf(`{"t":"%s","x":"V","p":%s,"s":10,"c":["@"%s],"i":7,"z":"C"}`, clock(t, at).Format(time.RFC3339), price, conditions)
}

// TestASnapshotGoesToTheDayOfItsBar is about previous closes that are two days
// old, or today's own: Thursday the 8th, Friday the 9th, Monday the 12th.
func TestASnapshotGoesToTheDayOfItsBar(t *testing.T) {
	const thursday, friday, monday = 8, 9, 12
	for name, c := range map[string]struct {
		now                    string
		trade, daily, previous string
		want                   []string
	}{
		"while it trades": {
			now: "12 11:00", trade: tradeOf(t, "12 10:59", "30.25", ""), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"12 15:59:00 GME day prev 20.2 of 2026-01-09 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 15:59:00 GME trade 1878 30.25 x 10 lR",
			},
		},
		"while it trades, the last an odd lot": {
			now: "12 11:00", trade: tradeOf(t, "12 10:59", "30.25", `,"I"`), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"12 15:59:00 GME day prev 20.2 of 2026-01-09 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 15:59:00 GME trade 0 30.2 x 0 lR",
				"12 15:59:00 GME trade 1878 30.25 x 10 R",
			},
		},
		"before the open: the bars are of Friday and Thursday": {
			now: "12 08:00", trade: tradeOf(t, "12 07:59", "25", `,"T"`), daily: barOf(friday, "20."), previous: barOf(thursday, "10."),
			want: []string{
				"09 21:00:00 GME day prev 10.2 of 2026-01-08 open 20.1 high 20.3 low 20.0 vol 9000",
				"09 21:00:00 GME trade 0 20.2 x 0 lR",
				"12 12:59:00 GME trade 1878 25 x 10 l",
			},
		},
		"before the open: a bar of today has prices of nothing but the early morning": {
			now: "12 08:00", trade: tradeOf(t, "12 07:59", "25", `,"T"`), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"09 21:00:00 GME day prev none open 20.1 high 20.3 low 20.0 vol 9000",
				"09 21:00:00 GME trade 0 20.2 x 0 lR",
				"12 12:59:00 GME trade 1878 25 x 10 l",
			},
		},
		"just open: the bar of today is not there yet": {
			now: "12 09:30", trade: tradeOf(t, "12 09:30", "26", ""), daily: barOf(friday, "20."), previous: barOf(thursday, "10."),
			want: []string{
				"09 21:00:00 GME day prev 10.2 of 2026-01-08 open 20.1 high 20.3 low 20.0 vol 9000",
				"09 21:00:00 GME trade 0 20.2 x 0 lR",
				"12 14:30:00 GME trade 1878 26 x 10 lR",
			},
		},
		"after the close: the price is the close and not the evening's": {
			now: "12 17:00", trade: tradeOf(t, "12 16:59", "31", `,"T"`), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"12 21:00:00 GME day prev 20.2 of 2026-01-09 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 21:00:00 GME trade 0 30.2 x 0 lR",
				"12 21:59:00 GME trade 1878 31 x 10 l",
			},
		},
		"in the night": {
			now: "13 02:00", trade: tradeOf(t, "12 19:59", "31", `,"T"`), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"12 21:00:00 GME day prev 20.2 of 2026-01-09 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 21:00:00 GME trade 0 30.2 x 0 lR",
				"13 00:59:00 GME trade 1878 31 x 10 l",
			},
		},
		"at the weekend": {
			now: "11 12:00", trade: tradeOf(t, "09 19:59", "21", `,"T"`), daily: barOf(friday, "20."), previous: barOf(thursday, "10."),
			want: []string{
				"09 21:00:00 GME day prev 10.2 of 2026-01-08 open 20.1 high 20.3 low 20.0 vol 9000",
				"09 21:00:00 GME trade 0 20.2 x 0 lR",
				"10 00:59:00 GME trade 1878 21 x 10 l",
			},
		},
		"both bars are of one day: there is no day before it": {
			now: "12 17:00", daily: barOf(monday, "30."), previous: barOf(monday, "30."),
			want: []string{
				"12 14:30:00 GME day prev none open 30.1 high 30.3 low 30.0 vol 12000",
				"12 14:30:00 GME trade 0 30.2 x 0 lR",
			},
		},
		"the bars are the wrong way round": {
			now: "12 17:00", daily: barOf(friday, "20."), previous: barOf(monday, "30."),
			want: []string{
				"09 14:30:00 GME day prev none open 20.1 high 20.3 low 20.0 vol 9000",
				"09 14:30:00 GME trade 0 20.2 x 0 lR",
			},
		},
		"a stock that did not trade on Friday": {
			now: "12 11:00", trade: tradeOf(t, "12 10:59", "30.25", ""), daily: barOf(monday, "30."), previous: barOf(thursday, "10."),
			want: []string{
				"12 15:59:00 GME day prev 10.2 of 2026-01-08 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 15:59:00 GME trade 1878 30.25 x 10 lR",
			},
		},
		"a stock that has not traded today": {
			now: "12 15:00", trade: tradeOf(t, "09 15:00", "20.2", ""), daily: barOf(friday, "20."), previous: barOf(thursday, "10."),
			want: []string{
				"09 20:00:00 GME day prev 10.2 of 2026-01-08 open 20.1 high 20.3 low 20.0 vol 9000",
				"09 20:00:00 GME trade 1878 20.2 x 10 lR",
			},
		},
		"a new listing": {
			now: "12 11:00", trade: tradeOf(t, "12 10:59", "30.25", ""), daily: barOf(monday, "30."), previous: "null",
			want: []string{
				"12 15:59:00 GME day prev none open 30.1 high 30.3 low 30.0 vol 12000",
				"12 15:59:00 GME trade 1878 30.25 x 10 lR",
			},
		},
		"a last trade that is older than the bar's day": {
			now: "12 11:00", trade: tradeOf(t, "09 15:59", "20", ""), daily: barOf(monday, "30."), previous: barOf(friday, "20."),
			want: []string{
				"12 14:30:00 GME day prev 20.2 of 2026-01-09 open 30.1 high 30.3 low 30.0 vol 12000",
				"12 14:30:00 GME trade 0 30.2 x 0 lR",
			},
		},
		"no bars": {
			now: "12 11:00", trade: tradeOf(t, "12 10:59", "30.25", ""), daily: "null", previous: "null",
			want: []string{"12 15:59:00 GME trade 1878 30.25 x 10 lR"},
		},
		"only the day before": {
			now: "12 08:00", daily: "null", previous: barOf(friday, "20."),
			want: []string{
				"09 14:30:00 GME day prev none open 20.1 high 20.3 low 20.0 vol 9000",
				"09 14:30:00 GME trade 0 20.2 x 0 lR",
			},
		},
		"a bar of a Sunday, which our calendar does not have": {
			now: "12 08:00", daily: barOf(11, "20."), previous: barOf(friday, "10."),
			want: []string{
				"11 14:30:00 GME day prev 10.2 of 2026-01-09 open 20.1 high 20.3 low 20.0 vol 11000",
				"11 14:30:00 GME trade 0 20.2 x 0 lR",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.trade == "" {
				c.trade = "null"
			}
			body := fmt.Sprintf(`{"GME":{"dailyBar":%s,"latestQuote":null,"latestTrade":%s,"minuteBar":null,"prevDailyBar":%s}}`, c.daily, c.trade, c.previous)
			snaps, err := parseSnapshots([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			s := snaps[gme]
			updates, err := s.updates(gme, newYorks, clock(t, c.now))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range updates {
				got = append(got, line(u))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAnAnswerWithSnapshots has what Alpaca leaves out for symbols without data.
func TestAnAnswerWithSnapshots(t *testing.T) {
	snaps, err := parseSnapshots([]byte(`{
		"AAPL":{"latestTrade":{"t":"2026-01-12T16:00:00.5Z","x":"V","p":189.840,"s":100,"c":[" "],"i":1,"z":"C","u":"corrected"},
		        "latestQuote":{"t":"2026-01-12T16:00:01Z","ax":"V","ap":189.85,"as":2,"bx":" ","bp":0,"bs":0,"c":["R"],"z":"C"}},
		"NONE":null,"EMPTY":{},"not a symbol":{"latestTrade":{"t":"2026-01-12T16:00:00.5Z"}},
		"NEW":{"news":[1,{"a":"b"}],"dailyBar":{"t":"2026-01-12T05:00:00Z","o":1,"h":1,"l":1,"c":0,"v":0}}}`))
	if err != nil || len(snaps) != 1 {
		t.Fatalf("%v, %v", snaps, err)
	}
	s := snaps[quotes.MustSymbol("AAPL")]
	updates, err := s.updates(quotes.MustSymbol("AAPL"), newYorks, clock(t, "12 11:01"))
	if err != nil || len(updates) != 2 {
		t.Fatalf("%v, %v", updates, err)
	}
	want := "12 16:00:00.5 AAPL trade 342 189.840 x 100 lR\n12 16:00:01 AAPL quote none x none, 189.85 x 2"
	if got := line(updates[0]) + "\n" + line(updates[1]); got != want {
		t.Errorf("%s", got)
	}
	for _, bad := range []string{"", "[]", `{"A":[]}`, `{"A":{"dailyBar":{"c":"x"}}}`, `{"A":{"dailyBar":{"t":"today"}}}`} {
		if _, err := parseSnapshots([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzSnapshots(f *testing.F) {
	f.Add([]byte(`{"GME":{"dailyBar":` + barOf(12, "30.") + `,"prevDailyBar":` + barOf(9, "20.") + `,"latestTrade":{"t":"2026-01-12T16:00:00.5Z","p":1,"s":1}}}`))
	f.Add([]byte(`{"A":{"dailyBar":{"t":"0001-01-01T00:00:01Z","c":1}}}`))
	now := time.Date(2026, 1, 12, 17, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		snaps, _ := parseSnapshots(body)
		for sym, s := range snaps {
			updates, _ := s.updates(sym, newYorks, now)
			for _, u := range updates {
				if u.Symbol != sym || u.Time.IsZero() || u.Time.Location() != time.UTC {
					t.Fatalf("%+v", u)
				}
			}
		}
	})
}

func TestAssets(t *testing.T) {
	list, err := parseAssets([]byte(`[
		{"id":"1","class":"us_equity","exchange":"NASDAQ","symbol":"MSFT","name":"Microsoft  Corporation Common Stock","status":"active","tradable":true,"attributes":["x"]},
		{"id":"2","class":"us_equity","exchange":"ARCA","symbol":"SPY","name":"SPDR S&P 500 ETF Trust","status":"active","min_order_size":null},
		{"id":"3","class":"us_equity","exchange":"NYSE","symbol":"BRK.B","name":"","status":"active"},
		{"id":"4","class":"us_equity","exchange":"OTC","symbol":"GONE","name":"Gone","status":"inactive"},
		{"id":"5","class":"crypto","exchange":"CRYPTO","symbol":"BTC/USD","name":"Bitcoin","status":"active"},
		{"id":"6","class":"us_equity","exchange":"NEW","symbol":"MSFT","name":"Again","status":"active"},
		{"id":"7","class":"us_equity","exchange":"BATS","symbol":"A B","name":"No symbol","status":"active"}]`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range list {
		got = append(got, strings.Join([]string{in.Symbol.String(), in.Name, in.Exchange, string(in.Type), in.Currency, in.TimeZone}, "|"))
	}
	want := []string{
		"BRK.B|BRK.B|XNYS|stock|USD|America/New_York",
		"MSFT|Microsoft Corporation Common Stock|XNAS|stock|USD|America/New_York",
		"SPY|SPDR S&P 500 ETF Trust|ARCX|etf|USD|America/New_York",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for alpaca, mic := range map[string]string{"NASDAQ": "XNAS", "NYSE": "XNYS", "ARCA": "ARCX", "BATS": "BATS", "AMEX": "XASE", "OTC": "OTCM"} {
		if mics[alpaca] != mic {
			t.Errorf("%s is %q", alpaca, mics[alpaca])
		}
	}
}

func TestRounds(t *testing.T) {
	for _, c := range []struct {
		feed, now, want string
	}{
		{"iex", "12 02:00", "12 04:01"},
		{"iex", "12 04:00", "12 04:01"},
		{"iex", "12 04:01", "12 09:31:30"},
		{"iex", "12 09:31", "12 09:31:30"},
		{"iex", "12 12:00", "13 04:01"},
		{"iex", "09 20:30", "12 04:01"}, // a weekend
		{"iex", "16 12:00", "20 04:01"}, // and a holiday behind it
		{"delayed_sip", "12 04:10", "12 04:16"},
		{"delayed_sip", "12 09:40", "12 09:46:30"},
		{"delayed_sip", "12 10:00", "13 04:16"},
	} {
		want := strings.TrimSuffix(c.want, ":30")
		at := clock(t, want)
		if want != c.want {
			at = at.Add(30 * time.Second)
		}
		if got := plans[c.feed].nextRound(clock(t, c.now)); !got.Equal(at) {
			t.Errorf("%s at %s: %v, want %v", c.feed, c.now, got, at)
		}
	}
	if got := plans["test"].nextRound(time.Now()); !got.IsZero() {
		t.Errorf("the test stream has a round at %v", got)
	}
}
