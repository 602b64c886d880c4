package sim

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// playFrom runs a market by hand from an instant on, in steps of a second.
func playFrom(c config, listings []listing, from time.Time, length time.Duration, emit func(feed.Update)) {
	now := from.UnixNano()
	m := newMarket(c, listings, now)
	m.begin(context.Background(), now, emit)
	for end := now + int64(length); now < end; {
		now += int64(time.Second)
		m.advance(context.Background(), now, emit)
	}
}

func realHours() config { return with(func(c *config) { c.real = true }) }

func TestADayHasItsSessionsAndAuctions(t *testing.T) {
	for symbol, most := range map[string]time.Duration{"IBM": 3 * time.Minute, "AAPL": 5 * time.Second} { // of an auction after the bell
		begin := time.Date(2026, time.March, 9, 7, 0, 0, 0, time.UTC) // 03:00 in New York
		open, shut := begin.Add(6*time.Hour+30*time.Minute), begin.Add(13*time.Hour)
		var opening, closing, before, after, thick int
		var officialOpen, officialClose bool
		playFrom(realHours(), pick(0, symbol), begin, 24*time.Hour, func(u feed.Update) {
			at := u.Time
			switch {
			case at.Before(begin): // the picture of Friday
				return
			case at.Before(begin.Add(time.Hour)) || !at.Before(begin.Add(17*time.Hour)):
				t.Fatalf("%s: %s at night", symbol, text(u))
			case u.Kind != feed.Trade:
				return
			}
			large := u.Size.InexactFloat64() > 5000 && u.Regular && u.MovesLast
			official := u.Regular && !u.MovesLast && !u.CountsVolume
			inSession := !at.Before(open) && at.Before(shut)
			switch {
			case !u.Regular && (inSession || u.MovesRange):
				t.Fatalf("%s: %s is not of the session", symbol, text(u))
			case u.Regular && at.Before(open), u.Regular && at.After(shut.Add(most)):
				t.Fatalf("%s: %s is of the session", symbol, text(u))
			case official && at.Before(shut):
				officialOpen = opening == 0
			case official:
				officialClose = closing == 1
			case large && !at.After(open.Add(most)):
				opening++
			case large && !at.Before(shut):
				closing++
			case at.Before(open):
				before++
			case !at.Before(shut):
				after++
			default:
				thick++
			}
		})
		if opening < 1 || closing != 1 || !officialOpen || !officialClose {
			t.Errorf("%s: %d and %d prints of auctions, official open before it %t, official close after it %t", symbol, opening, closing, officialOpen, officialClose)
		}
		if before < 20 || after < 20 || thick < 5*(before+after) {
			t.Errorf("%s: %d trades before, %d after the session, %d within", symbol, before, after, thick)
		}
	}
}

// What an open symbol is silent for is less than what makes it stale, whatever
// the session, halts and the demo's quietest hours.
func TestNoSymbolIsSilentForLong(t *testing.T) {
	for _, raw := range []string{"sim://", "sim://?hours=real", "sim://?rate=0.1", "sim://?burst=0&rate=0.5"} {
		c := configOf(t, raw)
		last := make(map[quotes.Symbol]time.Time)
		begin := time.Date(2026, time.March, 9, 13, 0, 0, 0, time.UTC)
		most := time.Duration(0)
		playFrom(c, pick(0, "AAPL", "IBM", "BTC/USD"), begin.Add(6*time.Hour), 2*time.Hour, func(u feed.Update) {
			if before, ok := last[u.Symbol]; ok && !before.Before(begin.Add(6*time.Hour)) {
				most = max(most, u.Time.Sub(before))
			}
			last[u.Symbol] = u.Time
		})
		if most > c.longestGap()+time.Second || most < time.Second/2 {
			t.Errorf("%s: silent for %v, stale after %v", raw, most, c.staleAfter())
		}
	}
}

func TestTheMarketIsWholeWhateverTheHour(t *testing.T) {
	for name, at := range map[string]time.Time{
		"before the open": time.Date(2026, time.March, 9, 12, 0, 0, 0, time.UTC),
		"at the bell":     time.Date(2026, time.March, 9, 13, 30, 0, 0, time.UTC),
		"in the session":  time.Date(2026, time.March, 9, 18, 0, 0, 0, time.UTC),
		"after it":        time.Date(2026, time.March, 9, 21, 0, 0, 0, time.UTC),
		"at night":        time.Date(2026, time.March, 10, 3, 0, 0, 0, time.UTC),
		"on Sunday":       time.Date(2026, time.March, 8, 15, 0, 0, 0, time.UTC),
		"on Christmas":    time.Date(2026, time.December, 25, 15, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			all := universe(5)
			m := newMarket(realHours(), all, at.UnixNano())
			kinds := make(map[quotes.Symbol][feed.Break + 1]int)
			last := make(map[quotes.Symbol]time.Time)
			regular := make(map[quotes.Symbol]time.Time)
			m.begin(t.Context(), at.UnixNano(), func(u feed.Update) {
				n := kinds[u.Symbol]
				n[u.Kind]++
				kinds[u.Symbol] = n
				if u.Time.Before(last[u.Symbol]) || u.Time.After(at) {
					t.Errorf("%v: %v after %v", u.Symbol, u.Time, last[u.Symbol])
				}
				last[u.Symbol] = u.Time
				if u.Regular {
					regular[u.Symbol] = u.Time
				}
			})
			for _, l := range all {
				n := kinds[l.symbol]
				if n[feed.Break] != 1 || n[feed.Day] != 1 || n[feed.Quote] != 1 || n[feed.Trade] == 0 {
					t.Errorf("%v begins with %v", l.symbol, n)
				}
				day := phaseAt(quotes.CalendarOf(l.exchange), at.UnixNano())
				want := min(day.shut, at.UnixNano())
				if at.UnixNano() < day.open {
					want = phaseAt(quotes.CalendarOf(l.exchange), day.day-1).shut
				}
				if got := regular[l.symbol].UnixNano(); got != want {
					t.Errorf("%v: last regular trade at %v, want %v", l.symbol, instant(got), instant(want))
				}
			}
		})
	}
}

func TestSymbolsBesideItChangeNothingInRealHoursEither(t *testing.T) {
	begin := time.Date(2026, time.March, 9, 13, 20, 0, 0, time.UTC)
	ofAll := func(listings []listing) (list []string) {
		playFrom(realHours(), listings, begin, 20*time.Minute, func(u feed.Update) {
			if u.Symbol.String() == "AAPL" {
				list = append(list, text(u))
			}
		})
		return list
	}
	alone := ofAll(pick(0, "AAPL"))
	if len(alone) < 1000 {
		t.Fatalf("only %d updates", len(alone))
	}
	if diff := cmp.Diff(alone, ofAll(universe(0))); diff != "" {
		t.Error(diff)
	}
}

func TestCoursesHaveAMeanOfOne(t *testing.T) {
	for name, c := range map[string]*course{"exchange": exchangeCourse(), "demo": demoCourse()} {
		sum := 0.0
		for i := range 1000 {
			sum += c.at((float64(i)+0.5)/1000) / 1000
		}
		if math.Abs(sum-1) > 0.02 || math.Abs(c.until(1)-1) > 1e-9 || c.until(0) != 0 || c.at(0) < c.at(0.5) || c.at(1) < c.at(0.5) {
			t.Errorf("%s: mean %.3f, at the end %v, %v", name, sum, c.until(1), c)
		}
	}
	if least := demoCourse().at(0.5); least < 0.7 {
		t.Errorf("the demo's quietest hour has %.2f of the mean", least)
	}
}

func TestASleepOverTheCloseLeavesOutNoAuctionAndNoOldTrade(t *testing.T) {
	begin := time.Date(2026, time.March, 9, 18, 0, 0, 0, time.UTC)
	awake := begin.Add(20 * time.Hour) // 10:00 on the next day
	m := newMarket(realHours(), pick(0, "AAPL", "IBM", "PETR4"), begin.UnixNano())
	m.begin(t.Context(), begin.UnixNano(), func(feed.Update) {})
	var official, auctions, usual int
	var last time.Time
	m.advance(t.Context(), awake.UnixNano(), func(u feed.Update) {
		if u.Time.Before(last) {
			t.Fatalf("%v after %v", u.Time, last)
		}
		last = u.Time
		switch old := u.Time.Before(awake.Add(-time.Second)); {
		case !old:
			usual++
		case u.Kind == feed.Trade && !u.CountsVolume:
			official++
		case u.Kind == feed.Trade && u.Regular && u.MovesLast:
			auctions++
		default:
			t.Errorf("%s was not left out", text(u))
		}
	})
	if official != 6 || auctions != 6 || usual == 0 {
		t.Errorf("%d official prints, %d auctions, %d updates of the last second", official, auctions, usual)
	}
}
