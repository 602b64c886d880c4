package feed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// shelf is a Cache.
type shelf struct {
	mu    sync.Mutex
	lists map[string][]quotes.Instrument
}

func (s *shelf) LoadInstruments(_ context.Context, source string) ([]quotes.Instrument, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists[source], nil
}

func (s *shelf) SaveInstruments(_ context.Context, source string, list []quotes.Instrument) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[source] = list
	return nil
}

func (s *shelf) has(source string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var syms []quotes.Symbol
	for _, in := range s.lists[source] {
		syms = append(syms, in.Symbol)
	}
	slices.SortFunc(syms, quotes.Symbol.Compare)
	return join(syms)
}

func shelfOf(source string, symbols ...string) *shelf {
	s := &shelf{lists: make(map[string][]quotes.Instrument)}
	for _, sym := range symbols {
		s.lists[source] = append(s.lists[source], quotes.Instrument{Symbol: quotes.MustSymbol(sym), Name: sym + " of old"})
	}
	return s
}

// startWith is start with more options, and an end.
func startWith(t *testing.T, o feed.Options) (m *market, end func()) {
	m = &market{}
	o.Logger = slog.New(slog.DiscardHandler)
	o.Publish = func(q *quotes.StockQuote) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.published = append(m.published, q)
	}
	m.Market = feed.NewMarket(o)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = m.Run(ctx) })
	end = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(end)
	synctest.Wait()
	return m, end
}

func settled(m *market) bool {
	select {
	case <-m.Directory().Settled():
		return true
	default:
		return false
	}
}

func listed(m *market) string {
	var syms []quotes.Symbol
	for _, in := range m.Directory().Search("", 100) {
		syms = append(syms, in.Symbol)
	}
	return join(syms)
}

func TestASourceThatCannotListRunsWithTheCachedList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := shelfOf("f", "A", "OLD")
		f := &fake{name: "f", lists: []error{errors.New("no answer"), errors.New("still none")}, runs: []func(context.Context, func(feed.Update)) error{emits("1.00", "A")}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A", "B")}, Cache: cache})
		if !settled(m) || listed(m) != "A OLD" || m.States()[0].Phase != feed.Running || m.States()[0].LastError != "list instruments: no answer" {
			t.Errorf("with the cached list: %v %q %+v", settled(m), listed(m), m.States()[0])
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if listed(m) != "A B" || cache.has("f") != "A B" || m.States()[0].Listed != 2 {
			t.Errorf("with the new list: %q, cached %q, %+v", listed(m), cache.has("f"), m.States()[0])
		}
		if diff := cmp.Diff([]string{"A 1.00 f"}, m.quotes()); diff != "" || f.called() != 1 {
			t.Errorf("%d calls %s", f.called(), diff)
		}
	})
}

func TestWithoutACachedListStreamsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", lists: []error{errors.New("no answer")}, runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A")}, Cache: shelfOf("another", "A")})
		if settled(m) || m.States()[0].Phase != feed.Waiting || f.called() != 0 {
			t.Errorf("%v %+v", settled(m), m.States()[0])
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !settled(m) || m.States()[0].Phase != feed.Running {
			t.Errorf("%v %+v", settled(m), m.States()[0])
		}
	})
}

func TestASourceThatIsSlowToListRunsWithTheCachedListMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		spec := f.spec("A", "B")
		quick := spec.Instruments
		spec.Instruments = func(ctx context.Context) ([]quotes.Instrument, error) {
			time.Sleep(20 * time.Second)
			return quick(ctx)
		}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{spec}, Cache: shelfOf("f", "A")})
		if settled(m) {
			t.Error("uses the cached list at once")
		}
		time.Sleep(2100 * time.Millisecond)
		synctest.Wait()
		if !settled(m) || listed(m) != "A" || f.called() != 1 {
			t.Errorf("%v %q, %d calls", settled(m), listed(m), f.called())
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if listed(m) != "A B" || f.called() != 1 {
			t.Errorf("%q, %d calls", listed(m), f.called())
		}
	})
}

func TestARealMarketIsAskedForItsListOnceADay(t *testing.T) {
	for timeliness, want := range map[quotes.Timeliness]string{quotes.Live: "A B", quotes.Replayed: "A"} {
		synctest.Test(t, func(t *testing.T) {
			cache := shelfOf("f")
			spec := (&fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}).spec()
			spec.Timeliness = timeliness
			var asked atomic.Int32
			spec.Instruments = func(context.Context) ([]quotes.Instrument, error) {
				time := asked.Add(1)
				if time == 2 {
					return nil, errors.New("not today")
				}
				name := map[int32]string{1: "A", 3: "B"}[time] // A rests
				return []quotes.Instrument{{Symbol: quotes.MustSymbol(name), Name: name}}, nil
			}
			m, _ := startWith(t, feed.Options{Specs: []feed.Spec{spec}, Cache: cache})
			time.Sleep(24*time.Hour - time.Second)
			synctest.Wait()
			if listed(m) != "A" || asked.Load() != 1 {
				t.Errorf("%s, the first day: %q, asked %d times", timeliness, listed(m), asked.Load())
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if listed(m) != want {
				t.Errorf("%s, the second day: %q, want %q", timeliness, listed(m), want)
			}
		})
	}
}

func TestASymbolThatTheNewListLacksIsNotTakenAndItsQuoteIsStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", lists: []error{errors.New("no answer")}, runs: []func(context.Context, func(feed.Update)) error{
			func(ctx context.Context, emit func(feed.Update)) error {
				_ = emits("1.00", "OLD")(cancelled(), emit)
				time.Sleep(10 * time.Second)
				return emits("2.00", "OLD")(ctx, emit)
			},
		}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A")}, Cache: shelfOf("f", "OLD")})
		time.Sleep(11 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"OLD 1.00 f", "OLD 1.00 f stale"}, m.quotes()); diff != "" || m.States()[0].Updates[feed.Unlisted] != 1 || m.States()[0].Symbols != 0 {
			t.Errorf("%s %+v", diff, m.States()[0])
		}
	})
}

func TestInstrumentsThatCameOneByOneAreThereAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := shelfOf("f")
		one := quotes.Instrument{Symbol: quotes.MustSymbol("NEW"), Name: "Newcomer"}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{says(feed.Update{Kind: feed.Listed, Instrument: &one})}}
		_, end := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A")}, Cache: cache})
		end()
		again := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{again.spec("B")}, Cache: cache})
		if listed(m) != "B NEW" {
			t.Errorf("%q", listed(m))
		}
	})
}

func storedQuote(sym, price, source string) quotes.StockQuote {
	return quotes.StockQuote{
		Symbol: quotes.MustSymbol(sym), Price: some(price), Time: time.Now().Add(-time.Minute), Version: time.Now().Add(time.Hour).UnixMicro(),
		Session: quotes.Regular, Timeliness: quotes.Live, Source: source,
	}
}

func TestARestartShowsTheLastQuotesUntilTheSourceSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		later := func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(5 * time.Second)
			return emits("2.00", "A")(ctx, emit)
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{later}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A", "B")}, Last: []quotes.StockQuote{
			storedQuote("A", "1.00", "f"), storedQuote("B", "7.00", "another"), storedQuote("C", "8.00", "f"),
		}})
		if diff := cmp.Diff([]string{"A 1.00 f stale"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
		if st := m.States()[0]; st.Restored != 1 || st.Symbols != 1 || !m.Ready() {
			t.Errorf("%+v", st)
		}
		if v := m.last().Version; v <= time.Now().Add(time.Hour).UnixMicro() {
			t.Errorf("the version went back to %d", v)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"A 1.00 f stale", "A 2.00 f"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestStoredQuotesDoNotCompleteTheMarket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(time.Second)
			for sym, price := range map[string]string{"A": "2.00", "B": "8.00"} {
				emit(feed.Update{
					Symbol: quotes.MustSymbol(sym), Kind: feed.Trade, Time: time.Now(), Price: dec(price), Size: dec("1"),
					MovesLast: true, MovesRange: true, CountsVolume: true,
				})
			}
			return untilDone(ctx, emit)
		}}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A", "B")}, Last: []quotes.StockQuote{
			storedQuote("A", "1.00", "f"), storedQuote("B", "7.00", "f"),
		}})
		if !m.Ready() || m.Complete() {
			t.Errorf("ready %t, complete %t with stored quotes alone", m.Ready(), m.Complete())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !m.Complete() {
			t.Error("not complete, though the source has spoken of all its symbols")
		}
	})
}

func TestAReplayBeginsAnewAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(time.Second)
			emit(feed.Update{
				Symbol: quotes.MustSymbol("A"), Kind: feed.Trade, Time: time.Now().AddDate(-1, 0, 0), Price: dec("2.00"), Size: dec("1"),
				MovesLast: true, MovesRange: true, CountsVolume: true,
			})
			return untilDone(ctx, emit)
		}}}
		spec := f.spec("A")
		spec.Timeliness = quotes.Replayed
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{spec}, Last: []quotes.StockQuote{storedQuote("A", "1.00", "f")}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"A 1.00 f stale", "A 2.00 f"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAHealthySourceTakesOverFromAStoredQuote(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		b := &fake{name: "b", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(time.Second)
			return emits("2.00", "A")(ctx, emit)
		}}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{a.spec("A"), b.spec("A")}, Last: []quotes.StockQuote{storedQuote("A", "1.00", "a")}})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"A 1.00 a stale", "A 2.00 b"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNamesFromOutsideWin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A", "B")}, Names: []quotes.Instrument{
			{Symbol: quotes.MustSymbol("A"), Name: "Agilent", Exchange: "XNYS", TimeZone: "America/New_York"},
			{Symbol: quotes.MustSymbol("C"), Name: "Citigroup"},
		}})
		a, _ := m.Directory().Lookup(quotes.MustSymbol("A"))
		if a.Name != "Agilent" || a.Exchange != "XNYS" || a.TimeZone != "America/New_York" || listed(m) != "A B" {
			t.Errorf("%+v %q", a, listed(m))
		}
		if found := m.Directory().Search("agil", 5); len(found) != 1 {
			t.Errorf("%v", found)
		}
	})
}

func TestTheDirectoryGrowsByManyWithoutWaiting(t *testing.T) {
	const many = 100_000
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			for i := range many + 10 {
				in := quotes.Instrument{Symbol: quotes.MustSymbol(fmt.Sprint("S", many-i%many)), Name: fmt.Sprint("Company ", i)}
				emit(feed.Update{Kind: feed.Listed, Instrument: &in})
			}
			return untilDone(ctx, emit)
		}}}
		m, _ := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A")}})
		if n := m.Directory().Len(); n != many+1 {
			t.Fatalf("%d instruments", n)
		}
		if found := m.Directory().Search("", 3); len(found) != 3 || found[0].Symbol.String() != "A" || found[1].Symbol.String() != "S1" || found[2].Symbol.String() != "S10" {
			t.Errorf("%v", found)
		}
		if found := m.Directory().Search("company 77", 3); len(found) != 3 {
			t.Errorf("%v", found)
		}
	})
}

func TestWhatChangesIsStoredEveryTwoSecondsAndAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var saves []string
		var fail atomic.Bool
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			_ = emits("1.00", "A")(cancelled(), emit)
			_ = emits("2.00", "B")(cancelled(), emit)
			time.Sleep(5 * time.Second)
			fail.Store(true)
			_ = emits("3.00", "B")(cancelled(), emit)
			time.Sleep(4 * time.Second)
			fail.Store(false)
			<-ctx.Done()
			return emits("4.00", "A")(ctx, emit)
		}}}
		_, end := startWith(t, feed.Options{Specs: []feed.Spec{f.spec("A", "B")}, Save: func(_ context.Context, list []*quotes.StockQuote) error {
			if fail.Load() {
				return errors.New("disk full")
			}
			text := time.Since(began).String()
			for _, q := range list {
				text += " " + q.Symbol.String() + " " + quotes.FormatDecimal(q.Price.Decimal)
			}
			saves = append(saves, text)
			return nil
		}})
		time.Sleep(11500 * time.Millisecond)
		end()
		if diff := cmp.Diff([]string{"2s A 1.00 B 2.00", "10s B 3.00", "11.5s A 4.00"}, saves); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsNeededSoonIsStoredTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var saves []string
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			for i := range 6 {
				_ = emits(fmt.Sprint(i+1, ".00"), "A")(cancelled(), emit)
				_ = emits(fmt.Sprint(i+1, ".50"), "B")(cancelled(), emit)
				time.Sleep(710 * time.Millisecond)
			}
			return untilDone(ctx, emit)
		}}}
		_, end := startWith(t, feed.Options{
			Specs: []feed.Spec{f.spec("A", "B")}, Soon: func(sym quotes.Symbol) bool { return sym.String() == "B" },
			Save: func(_ context.Context, list []*quotes.StockQuote) error {
				text := time.Since(began).String()
				for _, q := range list {
					text += " " + q.Symbol.String() + " " + quotes.FormatDecimal(q.Price.Decimal)
				}
				saves = append(saves, text)
				return nil
			},
		})
		time.Sleep(5200 * time.Millisecond)
		end()
		want := []string{"500ms B 1.50", "1s B 2.50", "1.5s B 3.50", "2s A 3.00 B 3.50", "2.5s B 4.50", "3s B 5.50", "4s A 6.00 B 6.50"}
		if diff := cmp.Diff(want, saves); diff != "" {
			t.Error(diff)
		}
	})
}
