package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func TestAFastMarketIsTheSameMarket(t *testing.T) {
	of := func(raw string, length time.Duration) (list []string) {
		synctest.Test(t, func(t *testing.T) {
			run(t, opened(t, raw), length, func(u feed.Update) { list = append(list, text(u)) })
		})
		return list
	}
	const from = "sim://?start=2026-03-09T13:29:30Z&hours=real"
	slow := of(from, time.Minute)
	fast := of(from+"&speed=60", time.Second+time.Microsecond)
	if len(slow) < 3000 || len(fast) < len(slow)*9/10 {
		t.Fatalf("%d updates, fast %d", len(slow), len(fast))
	}
	n := min(len(slow), len(fast))
	if diff := cmp.Diff(slow[:n], fast[:n]); diff != "" {
		t.Error(diff)
	}
}

func TestAFastMarketIsNotLateByItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := opened(t, "sim://?speed=100&start=2026-03-09T13:29:00Z")
		begun := time.Now()
		var last time.Time
		run(t, spec, 10*time.Second, func(u feed.Update) {
			now := spec.Clock()
			if want := time.Date(2026, time.March, 9, 13, 29, 0, 0, time.UTC).Add(100 * time.Since(begun)); !now.Equal(want) {
				t.Fatalf("the clock shows %v, want %v", now, want)
			}
			if time.Since(begun) > 0 {
				if late := now.Sub(u.Time); late < 0 || late > 100*pause {
					t.Fatalf("%v: emitted %v after its time", u.Symbol, late)
				}
			}
			last = u.Time
		})
		if played := last.Sub(time.Date(2026, time.March, 9, 13, 29, 0, 0, time.UTC)); played < 990*time.Second || played > 1000*time.Second {
			t.Errorf("%v of the market were played in 10 s", played)
		}
	})
}

func TestADayAtFullSpeedEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := opened(t, "sim://?speed=max&rate=0.02&start=2026-03-09T00:00:00Z")
		begun := time.Now()
		n := 0
		var last time.Time
		err := spec.Source.Run(t.Context(), nil, func(u feed.Update) {
			if ahead := u.Time.Sub(spec.Clock()); ahead > 0 {
				t.Fatalf("%v: %v ahead of the clock", u.Symbol, ahead)
			}
			last = u.Time
			n++
		})
		if err != nil || time.Since(begun) != 0 {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if want := 0.02 * 86400 * float64(len(universe(0))); float64(n) < want*0.85 || float64(n) > want*1.1 {
			t.Errorf("%d updates, want about %.0f", n, want)
		}
		if left := time.Date(2026, time.March, 10, 0, 0, 0, 0, time.UTC).Sub(last); left < 0 || left > 10*time.Minute {
			t.Errorf("the last one is %v before the day's end", left)
		}
		time.Sleep(time.Hour)
		if now := spec.Clock(); !now.Equal(time.Date(2026, time.March, 10, 1, 0, 0, 0, time.UTC)) {
			t.Errorf("an hour after the end the clock shows %v", now)
		}
	})
}

func TestTheClockIsOursWithoutSpeedAndStart(t *testing.T) {
	if opened(t, "sim://?hours=real").Clock != nil {
		t.Error("a market of our time has a clock of its own")
	}
	for raw, want := range map[string]string{
		"sim://": "open around the clock", "sim://?hours=real": "in the hours of the exchanges",
		"sim://?speed=2": "open around the clock, on a clock of its own",
	} {
		spec := opened(t, raw)
		if spec.Note != want || spec.Timeliness != quotes.Simulated {
			t.Errorf("%s: %s, %q", raw, spec.Timeliness, spec.Note)
		}
		if always := spec.Calendar != nil && spec.Calendar(quotes.Instrument{Exchange: "XNYS"}).Always(); always == (raw == "sim://?hours=real") {
			t.Errorf("%s: never closes %t", raw, always)
		}
	}
}

func TestTimeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := usual()
		c.speed, c.rate, c.start = 10_000, 0.01, endTime.Add(-time.Hour)
		if err := newSource(c, universe(0)[:2], time.Now).Run(t.Context(), nil, func(u feed.Update) {
			if u.Time.After(endTime) {
				t.Errorf("an update of %v", u.Time)
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestOneStockIsSplitWhenADayBegins(t *testing.T) {
	for name, c := range map[string]struct {
		config
		begin  time.Time
		length time.Duration
	}{
		"demo": {with(func(c *config) { c.split = true }), time.Date(2026, time.March, 9, 23, 55, 0, 0, time.UTC), 10 * time.Minute},
		"real": {with(func(c *config) { c.split, c.real, c.rate = true, true, 1 }), time.Date(2026, time.March, 9, 7, 59, 0, 0, time.UTC), 5 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			splits := 0
			for c.seed = range 2 {
				splits += countSplits(t, c.config, c.begin, c.length)
			}
			if splits != 2 {
				t.Errorf("%d splits in two markets", splits)
			}
		})
	}
}

func countSplits(t *testing.T, c config, begin time.Time, length time.Duration) (splits int) {
	t.Helper()
	last := make(map[quotes.Symbol]float64)
	var split quotes.Symbol
	var adjusted float64
	playFrom(c, universe(0), begin, length, func(u feed.Update) {
		switch {
		case u.Kind == feed.Day && u.PreviousClose.Valid && u.Time.After(begin):
			splits++
			split, adjusted = u.Symbol, u.PreviousClose.Decimal.InexactFloat64()
			if ratio := adjusted / last[u.Symbol]; ratio > 0.51 && ratio < 4.9 {
				t.Errorf("%v: split from %v to %v", u.Symbol, last[u.Symbol], adjusted)
			}
		case u.Kind == feed.Trade && u.Symbol == split && u.MovesLast:
			if ratio := u.Price.InexactFloat64() / adjusted; ratio < 0.8 || ratio > 1.25 {
				t.Errorf("%v trades at %v after a split to %v", u.Symbol, u.Price, adjusted)
			}
		}
		if u.Kind == feed.Trade && u.MovesLast && u.Regular {
			last[u.Symbol] = u.Price.InexactFloat64()
		}
	})
	return splits
}
