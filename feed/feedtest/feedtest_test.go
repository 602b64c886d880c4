package feedtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// source is a feed.Source made of a function.
type source struct {
	name string
	run  func(ctx context.Context, emit func(feed.Update)) error
}

func (s source) Name() string { return s.name }

func (s source) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	return s.run(ctx, emit)
}

// drip emits a sound trade every 2 ms.
func drip(ctx context.Context, emit func(feed.Update)) error {
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for ctx.Err() == nil {
		emit(trade())
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return ctx.Err()
}

func trade() feed.Update {
	return feed.Update{
		Symbol: quotes.MustSymbol("AAA"), Kind: feed.Trade, Time: time.Now().UTC(),
		Price: decimal.New(1234, -2), Size: decimal.New(100, 0),
	}
}

// edited is drip with each update changed.
func edited(edit func(*feed.Update)) func(context.Context, func(feed.Update)) error {
	return func(ctx context.Context, emit func(feed.Update)) error {
		return drip(ctx, func(u feed.Update) {
			edit(&u)
			emit(u)
		})
	}
}

func specOf(run func(context.Context, func(feed.Update)) error) feed.Spec {
	list := []quotes.Instrument{
		{Symbol: quotes.MustSymbol("AAA"), Name: "Triple A", Decimals: 2, TimeZone: "UTC"},
		{Symbol: quotes.MustSymbol("BBB"), Name: "Triple B", Decimals: 2, TimeZone: "UTC"},
	}
	return feed.Spec{
		Source:      source{"drip", run},
		Instruments: func(context.Context) ([]quotes.Instrument, error) { return list, nil },
		Timeliness:  quotes.Simulated,
	}
}

func TestSoundSourcePasses(t *testing.T) {
	Run(t, Case{Open: func(*testing.T) feed.Spec { return specOf(drip) }, Updates: 50})
}

func TestSoundSourcePassesInRealTime(t *testing.T) {
	Run(t, Case{Open: func(*testing.T) feed.Spec { return specOf(drip) }, Updates: 3, RealTime: true})
}

func TestFinishedSourcePasses(t *testing.T) {
	Run(t, Case{Open: func(*testing.T) feed.Spec {
		return specOf(func(_ context.Context, emit func(feed.Update)) error {
			emit(trade())
			return nil
		})
	}})
}

func TestFaultInSpecIsFound(t *testing.T) {
	for want, spoil := range map[string]func(*feed.Spec){
		"name":               func(s *feed.Spec) { s.Source = source{"Drip!", drip} },
		"timeliness":         func(s *feed.Spec) { s.Timeliness = "" },
		"by how much":        func(s *feed.Spec) { s.Timeliness = quotes.Delayed },
		"yet their":          func(s *feed.Spec) { s.Delay = time.Second },
		"stale after":        func(s *feed.Spec) { s.StaleAfter = -1 },
		"has no instruments": withList(func(list []quotes.Instrument) []quotes.Instrument { return nil }),
		"sorted":             withList(func(list []quotes.Instrument) []quotes.Instrument { return append(list, list[0]) }),
		"no symbol":          withList(func(list []quotes.Instrument) []quotes.Instrument { list[0].Symbol = quotes.Symbol{}; return list }),
		"no name":            withList(func(list []quotes.Instrument) []quotes.Instrument { list[1].Name = ""; return list }),
		"19 decimals":        withList(func(list []quotes.Instrument) []quotes.Instrument { list[1].Decimals = 19; return list }),
		"tick size":          withList(func(list []quotes.Instrument) []quotes.Instrument { list[1].TickSize = decimal.New(-1, 0); return list }),
		"time zone":          withList(func(list []quotes.Instrument) []quotes.Instrument { list[0].TimeZone = "Mars/Phobos"; return list }),
		"no network": func(s *feed.Spec) {
			s.Instruments = func(context.Context) ([]quotes.Instrument, error) { return nil, errors.New("no network") }
		},
	} {
		t.Run(want, func(t *testing.T) {
			spec := specOf(drip)
			spoil(&spec)
			wantError(t, checkSpec(t.Context(), spec), want)
		})
	}
}

func withList(edit func([]quotes.Instrument) []quotes.Instrument) func(*feed.Spec) {
	return func(s *feed.Spec) {
		list, err := s.Instruments(context.Background())
		list = edit(list)
		s.Instruments = func(context.Context) ([]quotes.Instrument, error) { return list, err }
	}
}

func TestFaultInUpdatesIsFound(t *testing.T) {
	negative := quotes.Some(decimal.New(-1, 0))
	one, two, three := quotes.Some(decimal.New(1, 0)), quotes.Some(decimal.New(2, 0)), quotes.Some(decimal.New(3, 0))
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for want, run := range map[string]func(context.Context, func(feed.Update)) error{
		"did not list":           edited(func(u *feed.Update) { u.Symbol = quotes.MustSymbol("CCC") }),
		"no time":                edited(func(u *feed.Update) { u.Time = time.Time{} }),
		"not in UTC":             edited(func(u *feed.Update) { u.Time = u.Time.In(time.FixedZone("X", 3600)) }),
		"unknown kind":           edited(func(u *feed.Update) { u.Kind = 0 }),
		"price 0 is not above 0": edited(func(u *feed.Update) { u.Price = decimal.Decimal{} }),
		"size -1 is below 0":     edited(func(u *feed.Update) { u.Size = negative.Decimal }),
		"more than 18 digits":    edited(func(u *feed.Update) { u.Price = decimal.New(1, -19) }),
		"does not say of which":  edited(func(u *feed.Update) { u.Kind = feed.Cancel }),
		"bid -1 is not above 0":  edited(func(u *feed.Update) { u.Kind, u.Bid = feed.Quote, negative }),
		"ask size -1 is below 0": edited(func(u *feed.Update) { u.Kind, u.AskSize = feed.Quote, negative }),
		"volume -1 is below 0":   edited(func(u *feed.Update) { u.Kind, u.Volume = feed.Day, negative }),
		"low 2 is above high 1":  edited(func(u *feed.Update) { u.Kind, u.Low, u.High = feed.Day, two, one }),
		"open 3 is outside":      edited(func(u *feed.Update) { u.Kind, u.Low, u.High, u.Open = feed.Day, one, two, three }),
		"older than the one":     edited(func(u *feed.Update) { u.Time = start.Add(start.Sub(u.Time)) }),
		"run 0: failed: bored":   func(context.Context, func(feed.Update)) error { return errors.New("bored") },
		"not one update":         func(ctx context.Context, _ func(feed.Update)) error { <-ctx.Done(); return nil },
		"two goroutines": func(ctx context.Context, emit func(feed.Update)) error {
			done := make(chan error)
			go func() { done <- drip(ctx, emit) }()
			return errors.Join(drip(ctx, emit), <-done)
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantError(t, checkUpdates(t.Context(), specOf(run), Case{Updates: 20}.limits()), want)
			})
		})
	}
}

func TestGoingBackAfterABreakIsSound(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sym := quotes.MustSymbol("AAA")
	last := make(map[quotes.Symbol]time.Time)
	for _, u := range []feed.Update{
		{Symbol: sym, Kind: feed.Trade, Time: now},
		{Symbol: sym, Kind: feed.Break, Time: now.Add(-time.Hour)},
		{Symbol: sym, Kind: feed.Trade, Time: now.Add(-time.Hour)},
	} {
		if err := checkOrder(last, u); err != nil {
			t.Error(err)
		}
	}
}

func TestLateEndIsFound(t *testing.T) {
	deaf := func(ctx context.Context, emit func(feed.Update)) error {
		for range 1000 {
			emit(trade())
		}
		return nil
	}
	drowsy := func(ctx context.Context, emit func(feed.Update)) error {
		emit(trade())
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
		return nil
	}
	for name, c := range map[string]struct {
		run   func(context.Context, func(feed.Update)) error
		check func(context.Context, feed.Spec, limits) error
	}{
		"busy":      {deaf, checkBusyStop},
		"cancelled": {deaf, checkCancelled},
		"resting":   {drowsy, checkRestingStop},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantError(t, c.check(t.Context(), specOf(c.run), Case{}.limits()), "had not returned 100ms after")
			})
		})
	}
}

func TestLeftGoroutineIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		noneLeft := leftovers()
		gone := make(chan struct{})
		go func() { <-gone }()
		wantError(t, noneLeft(), "left something behind")
		close(gone)
	})
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}
