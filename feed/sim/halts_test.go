package sim

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
)

// shocked plays one symbol for a while after a minute, when a shock comes, and
// returns what it says from there on.
func shocked(t *testing.T, c config, from time.Time, size float64, length time.Duration) (updates []feed.Update, reference float64) {
	t.Helper()
	m := newMarket(c, pick(0, "AAPL"), from.UnixNano())
	m.begin(context.Background(), from.UnixNano(), func(feed.Update) {})
	tick := &m.tickers[0]
	now := from.UnixNano()
	for range 60 {
		now += int64(time.Second)
		m.advance(context.Background(), now, func(feed.Update) {})
	}
	reference = tick.reference
	tick.shocked = tick.fair * size
	tick.fair += tick.shocked
	for end := now + int64(length); now < end; {
		now += int64(time.Second)
		m.advance(context.Background(), now, func(u feed.Update) { updates = append(updates, u) })
	}
	return updates, reference
}

func TestALeapOutOfTheBandEndsInAPauseAndAnAuction(t *testing.T) {
	from := time.Date(2026, time.March, 9, 15, 0, 0, 0, time.UTC)
	for _, size := range []float64{0.09, -0.09} {
		for seed := range uint64(20) {
			c := with(func(c *config) { c.seed, c.real = seed, seed%2 == 0 })
			updates, reference := shocked(t, c, from, size, 7*time.Minute)
			halted := slices.IndexFunc(updates, func(u feed.Update) bool { return u.Kind == feed.Status && u.Halted })
			if halted < 0 { // it has passed
				continue
			}
			lifted := halted + slices.IndexFunc(updates[halted:], func(u feed.Update) bool { return u.Kind == feed.Status && !u.Halted })
			if lifted < halted {
				t.Fatalf("seed %d: the pause does not end", seed)
			}
			if pause := updates[lifted].Time.Sub(updates[halted].Time); pause != 5*time.Minute {
				t.Errorf("seed %d: a pause of %v", seed, pause)
			}
			if limit := updates[halted].Time.Sub(from.Add(time.Minute)); limit < 15*time.Second || limit > 31*time.Second {
				t.Errorf("seed %d: halted %v after the leap", seed, limit)
			}
			for _, u := range updates[:halted] {
				price := u.Price.InexactFloat64() * 100
				if u.Kind == feed.Trade && u.MovesLast && u.Time.After(updates[halted].Time.Add(-14*time.Second)) && (price > reference*1.05 || price < reference*0.95) {
					t.Errorf("seed %d: a trade at %v, beyond the band about %.0f", seed, u.Price, reference)
				}
			}
			for _, u := range updates[halted:lifted] {
				if u.Kind != feed.Status {
					t.Errorf("seed %d: %s while halted", seed, text(u))
				}
			}
			if next := updates[lifted+1]; next.Kind != feed.Trade || !next.MovesLast || next.Size.InexactFloat64() < 500 {
				t.Errorf("seed %d: it reopens with %s", seed, text(next))
			}
			if len(updates) < lifted+20 {
				t.Errorf("seed %d: %d updates after the pause", seed, len(updates)-lifted)
			}
			return
		}
		t.Errorf("a leap of %v halts with no seed", size)
	}
}

func TestSomeLeapsPassWithinTheLimitState(t *testing.T) {
	from := time.Date(2026, time.March, 9, 15, 0, 0, 0, time.UTC)
	passed, oneSided, told := 0, 0, 0
	for seed := range uint64(20) {
		updates, _ := shocked(t, with(func(c *config) { c.seed = seed }), from, 0.07, time.Minute)
		if !slices.ContainsFunc(updates, func(u feed.Update) bool { return u.Kind == feed.Status && u.Halted }) {
			passed++
		}
		limit := slices.IndexFunc(updates, func(u feed.Update) bool { return u.Kind == feed.Status && u.Limited })
		if limit >= 0 && slices.ContainsFunc(updates[limit:], func(u feed.Update) bool { return u.Kind == feed.Status && !u.Limited }) {
			told++
		}
		if slices.ContainsFunc(updates, func(u feed.Update) bool { return u.Kind == feed.Quote && u.Bid.Valid && !u.Ask.Valid }) {
			oneSided++
		}
	}
	if passed == 0 || passed > 14 || oneSided < 15 || told < 18 {
		t.Errorf("of 20 leaps %d pass, %d have quotes without an offer, %d have limit states that begin and end", passed, oneSided, told)
	}
}

func TestAPauseEndsWithTheSession(t *testing.T) {
	shut := time.Date(2026, time.March, 9, 20, 0, 0, 0, time.UTC)
	for seed := range uint64(20) {
		updates, _ := shocked(t, with(func(c *config) { c.seed, c.real = seed, true }), shut.Add(-3*time.Minute), 0.2, 10*time.Minute)
		var status []string
		for _, u := range updates {
			if u.Kind == feed.Status && !u.Halted && !u.Limited {
				status = append(status, u.Time.Sub(shut).String())
			}
		}
		if len(status) == 0 {
			continue
		}
		if diff := cmp.Diff([]string{"0s"}, status); diff != "" {
			t.Errorf("seed %d: lifted, from the close: %s", seed, diff)
		}
		return
	}
	t.Error("no seed halts")
}

func TestBandsAreThoseOfThePlan(t *testing.T) {
	open := time.Date(2026, time.March, 9, 13, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		after time.Duration
		ticks float64
		part  float64
	}{
		{time.Minute, 10_000, 0.10}, {15 * time.Minute, 10_000, 0.05}, {3 * time.Hour, 301, 0.05}, {3 * time.Hour, 300, 0.2},
		{3 * time.Hour, 75, 0.2}, {3 * time.Hour, 50, 0.3}, {3 * time.Hour, 10, 0.75}, {6*time.Hour + 5*time.Minute, 10_000, 0.10},
	} {
		now := open.Add(c.after).UnixNano()
		m := newMarket(realHours(), pick(0, "KO"), now)
		tick := &m.tickers[0]
		tick.phase = *tick.hours.at(now)
		tick.fair = c.ticks
		tick.reset(tick, now)
		if got := tick.high/c.ticks - 1; got < c.part-1e-9 || got > c.part+1e-9 || tick.low >= c.ticks {
			t.Errorf("%v after the open at %v ticks: band of %.3f, want %.3f", c.after, c.ticks, got, c.part)
		}
	}
}

func TestShocksComeNowAndThen(t *testing.T) {
	from := time.Date(2026, time.March, 9, 12, 0, 0, 0, time.UTC)
	halts := 0
	c := with(func(c *config) { c.rate = 0.05 })
	playFrom(c, universe(0), from, day, func(u feed.Update) {
		if u.Kind == feed.Status && !u.Halted {
			halts++
		}
		if u.Kind == feed.Status && (u.Symbol.String() == "VALE3" || u.Symbol.String() == "BTC/USD") {
			t.Errorf("%v has price bands", u.Symbol)
		}
	})
	if halts < 2 || halts > 15 {
		t.Errorf("%d halts in a day", halts)
	}
}

func TestAnEvenDripHasNothingOutOfTheOrdinary(t *testing.T) {
	playFrom(with(func(c *config) { c.rate, c.burst = 0.02, false }), universe(5), time.Date(2026, time.March, 9, 22, 0, 0, 0, time.UTC), 6*time.Hour, func(u feed.Update) {
		switch u.Kind {
		case feed.Break, feed.Day:
		case feed.Quote:
			if !u.Bid.Valid || !u.Ask.Valid || !u.Bid.Decimal.LessThan(u.Ask.Decimal) {
				t.Fatal(text(u))
			}
		case feed.Trade:
			if !u.MovesLast || !u.MovesRange {
				t.Fatal(text(u))
			}
		default:
			t.Fatal(text(u))
		}
	})
}
