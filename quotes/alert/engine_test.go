package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

var (
	acme  = quotes.MustSymbol("ACME")
	begin = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) // a Monday, 10:00 in New York
)

func optional(text string) decimal.NullDecimal {
	if text == "" {
		return decimal.NullDecimal{}
	}
	return quotes.Some(quotes.MustDecimal(text))
}

func acmeInstrument(quotes.Symbol) (quotes.Instrument, bool) {
	return quotes.Instrument{Exchange: "XNAS", TickSize: quotes.MustDecimal("0.01")}, true
}

// quoteAt makes a quote from words: "101" is the price; "x101", "bid99",
// "ask101", "high102", "low98", "close100", "vol5", "halted", "stale",
// "corrected", "pre", "post" and "+10m" (a later time) say more.
func quoteAt(version int64, words string) *quotes.StockQuote {
	q := &quotes.StockQuote{
		Symbol: acme, Session: quotes.Regular, Version: version, Time: begin.Add(time.Duration(version) * time.Second),
	}
	for _, word := range strings.Fields(words) {
		if strings.HasPrefix(word, "+") {
			d, err := time.ParseDuration(word[1:])
			if err != nil {
				panic(err)
			}
			q.Time = q.Time.Add(d)
			continue
		}
		number := optional(strings.TrimLeft(word, "abcdefghijklmnopqrstuvwxyz"))
		switch strings.TrimRight(word, "0123456789.") {
		case "":
			q.Price = number
		case "x":
			q.ExtendedPrice = number
		case "bid":
			q.Bid = number
		case "ask":
			q.Ask = number
		case "high":
			q.High = number
		case "low":
			q.Low = number
		case "close":
			q.PreviousClose = number
		case "vol":
			q.Volume = number
		case "halted":
			q.Halted = true
		case "stale":
			q.Stale = true
		case "corrected":
			q.Corrected = true
		case "pre":
			q.Session = quotes.Pre
		case "post":
			q.Session = quotes.Post
		default:
			panic(word)
		}
	}
	if q.ExtendedPrice.Valid && q.Price.Valid {
		q.SetExtendedChange(q.Price)
	}
	return q
}

// rule makes a rule: the condition, its level and its hysteresis.
func rule(c alert.Condition, level, back string) alert.Rule {
	return alert.Rule{Profile: 1, Symbol: acme, Condition: c, Level: optional(level), Hysteresis: optional(back)}.Completed()
}

func always(r alert.Rule) alert.Rule {
	r.Repeat, r.Cooldown = alert.Always, time.Second
	return r
}

// play lets an engine see quotes two seconds apart, from a rule set at the first
// of them, and tells at which it fired.
func play(t *testing.T, r alert.Rule, list ...string) (fired []int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{Instrument: acmeInstrument})
		for i, words := range list {
			if words == "restart" {
				e = restarted(t, m, i, list)
				continue
			}
			e.Observe(quoteAt(int64(i+1), words))
			if i == 0 {
				if _, err := e.Add(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
		}
		for _, f := range m.fired() {
			n := int(f.Quote.Version)
			if f.Late {
				n = -n
			}
			fired = append(fired, n)
		}
	})
	return fired
}

// restarted is the engine of the next process: the quote before was stored.
func restarted(t *testing.T, m *ruleMemory, i int, list []string) *alert.Engine {
	t.Helper()
	e := alert.NewEngine(m, alert.EngineOptions{Instrument: acmeInstrument})
	if err := e.Load(t.Context(), []quotes.StockQuote{*quoteAt(int64(i), list[i-1])}); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestRulesFireExactlyThere names the quotes, from 1, that fire; below zero late.
func TestRulesFireExactlyThere(t *testing.T) {
	above, up, both := rule(alert.Above, "100", "0.5"), rule(alert.CrossesUp, "100", "0.5"), rule(alert.Crosses, "100", "0.5")
	daily := above
	daily.Repeat = alert.Daily
	extended, all := up, up
	extended.Sessions, all.Sessions = alert.ExtendedOnly, alert.AllSessions
	window := rule(alert.PercentWindow, "5", "1")
	window.Window = 5 * time.Minute
	fallen := window
	fallen.Level = optional("-5")
	expiring := above
	expiring.Expires = time.Date(2000, 1, 1, 0, 0, 3, 0, time.UTC) // a bubble begins with 2000
	for _, c := range []struct {
		name   string
		rule   alert.Rule
		quotes []string
		want   []int
	}{
		{"above, not at", above, []string{"99", "100", "100.00", "100.00000001"}, []int{4}},
		{"above at once", above, []string{"101"}, []int{1}},
		{"above once", above, []string{"99", "101", "98", "101"}, []int{2}},
		{"below, not at", rule(alert.Below, "100", ""), []string{"101", "100", "99.99999999", "101", "90"}, []int{3}},
		{"above, back to the hysteresis", always(above), []string{"99", "101", "99.51", "101", "99.5", "101"}, []int{2, 6}},
		{"above without hysteresis", always(rule(alert.Above, "100", "0")), []string{"99", "101", "100", "100.01", "100"}, []int{2, 4}},
		{"default hysteresis is five ticks", always(rule(alert.Above, "100", "")), []string{"99", "101", "99.96", "101", "99.95", "101"}, []int{2, 6}},
		{"up at the line", up, []string{"99", "100"}, []int{2}},
		{"up from the line is no crossing", up, []string{"100", "101", "99.999", "100"}, []int{4}},
		{"up set above", up, []string{"101", "102", "99", "101"}, []int{4}},
		{"jumped over", up, []string{"1", "1000"}, []int{2}},
		{"up again only after the way back", always(up), []string{"99", "100", "99.6", "100", "99.5", "100"}, []int{2, 6}},
		{"down", rule(alert.CrossesDown, "100", "0.5"), []string{"99", "101", "100"}, []int{3}},
		{"both ways", always(both), []string{"99", "101", "99", "100", "100.4", "100", "100.5", "100"}, []int{2, 3, 4, 8}},
		{"both ways without hysteresis", always(rule(alert.Crosses, "100", "0")), []string{"99", "100", "101", "100", "99"}, []int{2, 4}},
		{"stale fires nothing", above, []string{"99", "101 stale", "99"}, nil},
		{"after stale", above, []string{"99", "101 stale", "101"}, []int{3}},
		{"what happened while stale is late", above, []string{"99 high99", "99 high99 stale", "99 high101"}, []int{-3}},
		{"corrected fires nothing", above, []string{"99", "101 corrected", "99"}, nil},
		{"after corrected, though nothing is new", above, []string{"99", "101 corrected", "101"}, []int{3}},
		{"a wrong print has no way back", always(rule(alert.CrossesDown, "100", "0")), []string{"99", "101", "99 corrected", "99.5", "101", "99"}, []int{6}},
		{"daily", daily, []string{"99", "101", "98", "101", "99 +24h", "101 +24h", "99 +24h", "101 +24h"}, []int{2, 6}},
		{"daily, still above", daily, []string{"99", "101", "102 +24h", "103 +24h"}, []int{2, 3}},
		{"daily over a restart", daily, []string{"99", "101", "restart", "99", "101", "102 +24h"}, []int{2, 6}},
		{"expired", expiring, []string{"99", "99.5", "101"}, nil},
		{"expires later", expiring, []string{"99", "101"}, []int{2}},
		{"regular heeds no extended price", up, []string{"99", "99 x101 post", "100 x101 post"}, []int{3}},
		{"extended heeds no regular price", extended, []string{"99 x99 pre", "101", "99 x100 post"}, []int{3}},
		{"an old close is no news in the morning", all, []string{"99 x99 post", "99 x101 pre", "99", "101"}, []int{2}},
		{"all sessions go on from each other", all, []string{"99", "99 x99.5 post", "99 x100 post"}, []int{3}},
		{"percent of the close", rule(alert.PercentDay, "5", ""), []string{"104.99999999 close100", "105 close100"}, []int{2}},
		{"percent of an odd close", rule(alert.PercentDay, "10", ""), []string{"3.66 close3.33", "3.663 close3.33"}, []int{2}},
		{"percent down", rule(alert.PercentDay, "-5", ""), []string{"95.01 close100", "95 close100"}, []int{2}},
		{"percent, with its way back", always(rule(alert.PercentDay, "5", "1")), []string{"100 close100", "105 close100", "104.5 close100", "105 close100", "104 close100", "105 close100"}, []int{2, 6}},
		{"window", window, []string{"100", "104.99", "105"}, []int{3}},
		{"window, past", window, []string{"100", "103 +6m", "106 +12m"}, nil},
		{"window, the price held until now", window, []string{"100", "105 +1h"}, []int{2}},
		{"window, exact to a sixtieth", window, []string{"100", "102 +1s", "105 +5m"}, []int{3}},
		{"window down", fallen, []string{"100", "95.01", "95"}, []int{3}},
		{"day's high", rule(alert.DayHigh, "", ""), []string{"99 high99 low99", "98 high99 low98", "100 high100 low98"}, []int{3}},
		{"day's low", rule(alert.DayLow, "", ""), []string{"99 high99 low99", "98 high99 low98", "100 high100 low98"}, []int{2}},
		{"a new day is no new high", rule(alert.DayHigh, "", ""), []string{"99 high99 low99", "105 high105 low105 +24h", "106 high106 low105 +24h"}, []int{3}},
		{"day's high, with its way back", always(rule(alert.DayHigh, "", "1")), []string{"99 high99", "100 high100", "101 high101", "99 high101", "102 high102"}, []int{2, 5}},
		{"volume", rule(alert.VolumeAbove, "1000", ""), []string{"99 vol999", "99 vol1000", "99 vol1001"}, []int{3}},
		{"volume each day", always(rule(alert.VolumeAbove, "1000", "")), []string{"99 vol999", "99 vol1001", "99 vol5 +24h", "99 vol2000 +24h"}, []int{2, 4}},
		{"spread", rule(alert.SpreadAbove, "0.10", ""), []string{"bid99 ask99.10", "bid99 ask99.11"}, []int{2}},
		{"spread of another session", rule(alert.SpreadAbove, "0.10", ""), []string{"bid99 ask99.10", "bid99 ask99.11 post"}, nil},
		{"halted", rule(alert.Halted, "", ""), []string{"99", "99 halted", "99"}, []int{2}},
		{"resumed", rule(alert.Resumed, "", ""), []string{"99", "99 halted", "99"}, []int{3}},
		{"halted again", always(rule(alert.Halted, "", "")), []string{"99", "99 halted", "99", "99 halted"}, []int{2, 4}},
		{"stale", always(rule(alert.Stale, "", "")), []string{"99", "99 stale", "98 stale", "99", "99 stale"}, []int{2, 5}},
		{"stale at the start is no news", rule(alert.Stale, "", ""), []string{"99", "restart", "99 stale", "99", "99 stale"}, []int{5}},

		{"crossed during a restart", up, []string{"99", "restart", "101"}, []int{-3}},
		{"crossed and back during a restart", up, []string{"99 high99 low99", "restart", "99 high100 low99"}, []int{-3}},
		{"the high was there before", up, []string{"99 high105 low99", "restart", "99 high105 low98"}, nil},
		{"another day's high", up, []string{"99 high105 low99", "restart", "99 high101 low98 +24h"}, []int{-3}},
		{"the low in a restart", rule(alert.Below, "98", ""), []string{"99 high105 low99", "restart", "99 high105 low97"}, []int{-3}},
		{"percent in a restart", rule(alert.PercentDay, "5", ""), []string{"99 high101 low99 close100", "restart", "99 high105 low99 close100"}, []int{-3}},
		{"a high in a restart", rule(alert.DayHigh, "", ""), []string{"99 high105 low99", "restart", "99 high106 low99"}, []int{-3}},
		{"halted in a restart", rule(alert.Halted, "", ""), []string{"99", "restart", "99 halted"}, []int{-3}},
		{"not again after a restart", always(up), []string{"99 high99 low99", "101 high101 low99", "restart", "101 high101 low99", "102 high102 low99"}, []int{2}},
		{"once is once", up, []string{"99", "101", "restart", "98", "101"}, []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, play(t, c.rule, c.quotes...)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", c.quotes, diff)
			}
		})
	}
}

func ExampleRule_Text() {
	r := rule(alert.PercentWindow, "-5", "")
	r.Window = time.Hour
	fmt.Println(r.Text())
	// Output: down 5% within an hour
}
