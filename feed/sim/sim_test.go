package sim

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

func TestSource(t *testing.T) {
	for _, u := range []string{
		"sim://", "sim://?seed=1&rate=50", "sim://?rate=0.01", "sim://?rate=20&burst=0&count=20", "sim://?count=2000&burst=0", "sim://?count=1&named=0&burst=0",
		"sim://?hours=real&start=2026-03-09T13:29:55Z", "sim://?speed=20&split=1", "sim://?speed=max&hours=real&rate=0.05",
		"sim://?faults=gap,dup,silence,crossed&rate=4", "sim://?start=1990-01-01T00:00:00Z&speed=1.5",
	} {
		t.Run(u, func(t *testing.T) {
			feedtest.Run(t, feedtest.Case{Open: func(t *testing.T) feed.Spec { return opened(t, u) }})
		})
	}
}

func TestSourceInRealTime(t *testing.T) {
	feedtest.Run(t, feedtest.Case{
		Open:     func(t *testing.T) feed.Spec { return opened(t, "sim://?rate=1000&count=100") },
		RealTime: true,
	})
}

func opened(t *testing.T, rawURL string) feed.Spec {
	t.Helper()
	spec, err := feed.Schemes{"sim": Scheme()}.Open(rawURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestUniverseHasWhatPeopleLookFor(t *testing.T) {
	all := universe(0)
	count := make(map[string]int)
	bySymbol := make(map[string]listing)
	for _, l := range all {
		count[l.exchange+" "+l.currency]++
		bySymbol[l.symbol.String()] = l
		if l.close <= 100 || l.sigma < 0.009 || l.sigma > 0.05 || l.volume <= 0 || l.beta <= 0 {
			t.Errorf("%v moves implausibly: %+v", l.symbol, l)
		}
	}
	if us := count["XNAS USD"] + count["XNYS USD"]; us < 44 || count["BVMF BRL"] < 14 || count[" USD"] < 4 {
		t.Errorf("too few symbols: %v", count)
	}
	if len(bySymbol) != len(all) {
		t.Error("a symbol is there twice")
	}
	for _, s := range []string{"AAPL", "MSFT", "TSLA", "GOOGL", "NVDA", "AMZN", "META", "JPM", "PETR4", "VALE3", "ITUB4", "BTC/USD", "ETH/USD"} {
		if _, ok := bySymbol[s]; !ok {
			t.Errorf("%s is not there", s)
		}
	}
}

func TestAMarketOfSyntheticSymbolsAlone(t *testing.T) {
	spec := opened(t, "sim://?count=3&named=0&rate=20&burst=0")
	list, err := spec.Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, in := range list {
		names = append(names, in.Symbol.String())
	}
	if diff := cmp.Diff([]string{"SIM0000", "SIM0001", "SIM0002"}, names); diff != "" {
		t.Error(diff)
	}
	alone, beside := make(map[string][]string), make(map[string][]string)
	for raw, said := range map[string]map[string][]string{"sim://?count=3&named=0&rate=20&burst=0": alone, "sim://?count=3&rate=20&burst=0": beside} {
		synctest.Test(t, func(t *testing.T) {
			run(t, opened(t, raw), 5*time.Second, func(u feed.Update) {
				said[u.Symbol.String()] = append(said[u.Symbol.String()], text(u))
			})
		})
	}
	if len(alone) != 3 {
		t.Errorf("%d symbols were told", len(alone))
	}
	for name, updates := range alone {
		if diff := cmp.Diff(beside[name], updates); diff != "" || len(updates) < 90 {
			t.Errorf("%s moves otherwise without the named ones, %d updates: %s", name, len(updates), diff)
		}
	}
}

func TestSyntheticSymbolsHaveStableNames(t *testing.T) {
	spec := opened(t, "sim://?count=10002")
	list, err := spec.Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[quotes.Symbol]bool)
	for _, in := range list {
		names[in.Symbol] = true
	}
	for _, s := range []string{"SIM0000", "SIM0042", "SIM9999", "SIM10000", "SIM10001"} {
		if !names[quotes.MustSymbol(s)] {
			t.Errorf("%s is not there", s)
		}
	}
	if want := len(universe(0)) + 10002; len(names) != want {
		t.Errorf("%d symbols, want %d", len(names), want)
	}
}

func TestSilenceThatMakesStaleFollowsTheRateAndTheSpeed(t *testing.T) {
	for u, want := range map[string]time.Duration{
		"sim://?rate=2": 30 * time.Second, "sim://?rate=1000": 30 * time.Second, "sim://?rate=0.01": 100 * time.Minute,
		"sim://?speed=10": 5 * time.Minute, "sim://?speed=max": 30 * time.Second,
	} {
		if got := opened(t, u).StaleAfter; got != want {
			t.Errorf("%s: stale after %v, want %v", u, got, want)
		}
	}
}

func TestWholeMarketIsThereAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := opened(t, "sim://?count=10")
		start := time.Now()
		kinds := make(map[quotes.Symbol][]feed.Kind)
		run(t, spec, time.Nanosecond, func(u feed.Update) {
			if time.Since(start) != 0 || !u.Time.Equal(start) { // the clock begins at midnight: there is no past
				t.Errorf("%v: an update of %v after %v", u.Symbol, u.Time, time.Since(start))
			}
			kinds[u.Symbol] = append(kinds[u.Symbol], u.Kind)
		})
		if len(kinds) != len(universe(10)) {
			t.Errorf("%d symbols, want %d", len(kinds), len(universe(10)))
		}
		for sym, got := range kinds {
			if fmt.Sprint(got) != fmt.Sprint([]feed.Kind{feed.Break, feed.Day, feed.Quote, feed.Trade}) {
				t.Errorf("%v begins with %v", sym, got)
			}
		}
	})
}

func TestEachRunBeginsEachSymbolWithABreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spec := opened(t, "sim://")
		lastID := make(map[quotes.Symbol]uint64)
		for again := range 2 {
			first := make(map[quotes.Symbol]feed.Kind)
			run(t, spec, 10*time.Second, func(u feed.Update) {
				if _, ok := first[u.Symbol]; !ok {
					first[u.Symbol] = u.Kind
				}
				if u.Kind == feed.Trade {
					if u.TradeID <= lastID[u.Symbol] {
						t.Fatalf("%v: trade %d after %d", u.Symbol, u.TradeID, lastID[u.Symbol])
					}
					lastID[u.Symbol] = u.TradeID
				}
			})
			for sym, kind := range first {
				if kind != feed.Break {
					t.Errorf("run %d: %v begins with kind %d", again, sym, kind)
				}
			}
		}
	})
}

func TestUpdatesAreNotLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run(t, opened(t, "sim://?rate=10"), 30*time.Second, func(u feed.Update) {
			if late := time.Since(u.Time); late < 0 || late > pause {
				t.Fatalf("%v: emitted %v after its time", u.Symbol, late)
			}
		})
	})
}

func TestAWaitEndsWithOneWake(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{
		-5 * time.Millisecond:                   -5 * time.Millisecond,
		0:                                       0,
		time.Microsecond:                        margin,
		margin + 1:                              beat + margin,
		1500 * time.Microsecond:                 2*beat + margin,
		2 * time.Millisecond:                    2*beat + margin,
		pause:                                   pause,
		pause + 1:                               pause + beat,
		time.Second - 300*time.Microsecond:      time.Second + margin,
		time.Second + margin - time.Microsecond: time.Second + margin,
	} {
		if got := roundUp(wait); got != want {
			t.Errorf("a wait of %v is one of %v, want %v", wait, got, want)
		}
	}
}

func TestClockSetBackEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := newSource(usual(), universe(0)[:2], func() time.Time {
			if time.Since(start) > 10*time.Second {
				return time.Now().Add(-time.Hour)
			}
			return time.Now()
		})
		last := make(map[quotes.Symbol]time.Time)
		err := s.Run(t.Context(), nil, func(u feed.Update) {
			if u.Kind != feed.Break && u.Time.Before(last[u.Symbol]) {
				t.Errorf("%v goes back in time", u.Symbol)
			}
			last[u.Symbol] = u.Time
		})
		if err == nil || feed.IsPermanent(err) {
			t.Errorf("error %v, want one after which the market begins anew", err)
		}
	})
}

// run lets the source run for a while.
func run(t *testing.T, spec feed.Spec, d time.Duration, emit func(feed.Update)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := spec.Source.Run(ctx, &feed.Demand{}, emit); ctx.Err() == nil {
		t.Fatalf("ended by itself: %v", err)
	}
}
