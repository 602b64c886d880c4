package sim

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// TestTheRateIsWhatIsShown: each update changes the quote, so that a rate for load is
// what is published.
func TestTheRateIsWhatIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, seconds = 20, 30
		spec := opened(t, "sim://?burst=0&rate=20&count=50")
		tapes := make(map[quotes.Symbol]*feed.Tape)
		list, err := spec.Instruments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range list {
			tapes[in.Symbol] = feed.NewTape(spec, "sim", in)
		}
		start, shown := time.Now(), 0
		run(t, spec, seconds*time.Second, func(u feed.Update) {
			if outcome := tapes[u.Symbol].Apply(u, time.Now()); outcome == feed.Merged && time.Now().After(start) {
				shown++
			}
		})
		if want := float64(rate * seconds * len(list)); math.Abs(float64(shown)/want-1) > 0.005 {
			t.Errorf("%d changes in %d s, want %.0f", shown, seconds, want)
		}
	})
}

// A tape takes a day of the market as it is: nothing is late, doubled or
// unmatched, no symbol is ever stale, the closing print is the day's last price
// and the next day's previous close.
func TestATapeTakesADayAsItIs(t *testing.T) {
	for _, raw := range []string{"sim://?hours=real&rate=0.5", "sim://?rate=0.5"} {
		t.Run(raw, func(t *testing.T) {
			c := configOf(t, raw)
			spec := opened(t, raw)
			listings := pick(0, "AAPL", "BTC/USD", "IBM", "VALE3")
			tapes := make(map[quotes.Symbol]*feed.Tape)
			for _, l := range listings {
				tapes[l.symbol] = feed.NewTape(spec, "sim", l.instrument())
			}
			outcomes := make(map[feed.Outcome]int)
			last := make(map[quotes.Symbol]feed.Update) // regular trades that may be last
			closes := make(map[quotes.Symbol]string)
			begun, ended, turned := c.real, false, false
			begin := time.Date(2026, time.March, 9, 7, 30, 0, 0, time.UTC)
			tick := begin
			playFrom(c, listings, begin, 31*time.Hour, func(u feed.Update) {
				for ; !tick.After(u.Time); tick = tick.Add(time.Second) {
					for _, l := range listings {
						tapes[l.symbol].Turn(tick)
						if tapes[l.symbol].Stale(tick) {
							t.Errorf("%v is stale at %v", l.symbol, tick)
						}
					}
				}
				now := u.Time
				if now.Before(begin) {
					now = begin // of the picture
				}
				outcomes[tapes[u.Symbol].Apply(u, now)]++
				q := tapes[u.Symbol].Quote(1)
				switch at := u.Time.Sub(begin); {
				case u.Kind == feed.Trade && u.Regular && u.MovesLast:
					last[u.Symbol] = u
				case at > 17*time.Hour && at < 24*time.Hour && c.real && u.Symbol.String() != "BTC/USD":
					t.Errorf("%s at night", text(u))
				case at > 15*time.Hour && u.Symbol.String() == "IBM" && !ended: // 18:30 in New York
					ended = true
					if q.Session != quotes.Post && c.real || !q.Price.Decimal.Equal(last[u.Symbol].Price) || q.ExtendedPrice.Valid != c.real {
						t.Errorf("in the evening: %s, last %v, extended %v, the closing print is %s", q.Session, q.Price, q.ExtendedPrice, text(last[u.Symbol]))
					}
					if usual := 4.4e6; q.Volume.Decimal.InexactFloat64() < usual/2 || q.Volume.Decimal.InexactFloat64() > 2*usual {
						t.Errorf("a volume of %v, usual are %.0f", q.Volume.Decimal, usual)
					}
					closes[u.Symbol] = quotes.FormatDecimal(q.Price.Decimal)
				case at > 24*time.Hour && u.Symbol.String() == "IBM" && !c.real && !begun: // 07:30 UTC of the next day
					begun = true
					if volume := q.Volume.Decimal.InexactFloat64(); volume < 4e5 || volume > 4e6 {
						t.Errorf("a volume of %.0f in a third of a day", volume)
					}
				case at > 30*time.Hour+30*time.Minute && u.Symbol.String() == "IBM" && !turned: // 10:00 in New York
					turned = true
					if c.real && quotes.FormatDecimal(q.PreviousClose.Decimal) != closes[u.Symbol] {
						t.Errorf("on the next day: previous close %v, it closed at %s", q.PreviousClose.Decimal, closes[u.Symbol])
					}
				}
			})
			if !begun || !ended || !turned || outcomes[feed.Merged] < 50_000 {
				t.Errorf("evening %t, next day %t, %v", ended, turned, outcomes)
			}
			for _, bad := range []feed.Outcome{feed.Late, feed.Duplicate, feed.Nonsense, feed.Unlisted, feed.Unmatched} {
				if outcomes[bad] > 0 {
					t.Errorf("%d updates are %v", outcomes[bad], bad)
				}
			}
		})
	}
}
