package feed_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// fake is a source that plays a script: what each call of Run does.
type fake struct {
	name  string
	lists []error // what asking for instruments answers, then nil
	runs  []func(ctx context.Context, emit func(feed.Update)) error

	mu     sync.Mutex
	calls  []time.Time
	listed int
}

func (f *fake) Name() string { return f.name }

func (f *fake) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	f.mu.Lock()
	n := len(f.calls)
	f.calls = append(f.calls, time.Now())
	f.mu.Unlock()
	return f.runs[min(n, len(f.runs)-1)](ctx, emit)
}

// called is how often Run was called.
func (f *fake) called() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

func (f *fake) spec(symbols ...string) feed.Spec {
	return feed.Spec{
		Source: f, Timeliness: quotes.Live, StaleAfter: 30 * time.Second,
		Instruments: func(context.Context) ([]quotes.Instrument, error) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.listed++; f.listed <= len(f.lists) {
				return nil, f.lists[f.listed-1]
			}
			var list []quotes.Instrument
			for _, sym := range symbols {
				list = append(list, quotes.Instrument{Symbol: quotes.MustSymbol(sym), Name: sym + " Incorporated"})
			}
			return list, nil
		},
	}
}

func untilDone(ctx context.Context, _ func(feed.Update)) error { <-ctx.Done(); return ctx.Err() }

func emits(price string, sym string) func(context.Context, func(feed.Update)) error {
	return func(ctx context.Context, emit func(feed.Update)) error {
		emit(feed.Update{
			Symbol: quotes.MustSymbol(sym), Kind: feed.Trade, Time: time.Now(), Price: dec(price), Size: dec("1"),
			MovesLast: true, MovesRange: true, CountsVolume: true,
		})
		return untilDone(ctx, emit)
	}
}

// market runs sources in a bubble and keeps what they publish.
type market struct {
	*feed.Market
	mu        sync.Mutex
	published []*quotes.StockQuote
}

func start(t *testing.T, specs ...feed.Spec) *market {
	m := &market{}
	m.Market = feed.NewMarket(feed.Options{Specs: specs, Logger: slog.New(slog.DiscardHandler), Publish: func(q *quotes.StockQuote) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.published = append(m.published, q)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
	return m
}

// last is what was published last.
func (m *market) last() *quotes.StockQuote {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.published[len(m.published)-1]
}

func (m *market) quotes() (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.published {
		text := q.Symbol.String() + " " + quotes.FormatDecimal(q.Price.Decimal) + " " + q.Source
		if q.Stale {
			text += " stale"
		}
		list = append(list, text)
	}
	return list
}

func TestAFailedSourceIsCalledAgainWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := func(context.Context, func(feed.Update)) error { return errors.New("connection reset") }
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{fails, fails, fails, fails, fails, fails, fails, fails, fails, untilDone}}
		m := start(t, f.spec("AAPL"))
		if state := m.States()[0]; state.Phase != feed.Waiting || state.LastError != "connection reset" {
			t.Errorf("after a failure: %+v", state)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		want := []float64{1, 2, 4, 8, 16, 32, 60, 60, 60}
		for i := range len(f.calls) - 1 {
			pause := f.calls[i+1].Sub(f.calls[i]).Seconds()
			if pause < 0.79*want[i] || pause > 1.21*want[i] {
				t.Errorf("pause %d is %.2f s, want %v s and a fifth to either side", i, pause, want[i])
			}
		}
		if state := m.States()[0]; len(f.calls) != 10 || state.Phase != feed.Running || state.Restarts != 9 {
			t.Errorf("%d calls, %+v", len(f.calls), state)
		}
	})
}

func TestASourceThatRanWellIsCalledAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lasts := func(ctx context.Context, _ func(feed.Update)) error {
			time.Sleep(2 * time.Minute)
			return errors.New("cut")
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{lasts, lasts, lasts, untilDone}}
		start(t, f.spec("AAPL"))
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		for i := range len(f.calls) - 1 {
			if pause := f.calls[i+1].Sub(f.calls[i]) - 2*time.Minute; pause > 1300*time.Millisecond {
				t.Errorf("pause %d is %v", i, pause)
			}
		}
		if len(f.calls) != 4 {
			t.Errorf("%d calls", len(f.calls))
		}
	})
}

func TestFinishedAndPermanentAreNotCalledAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		phase feed.Phase
	}{
		"finished":  {nil, feed.Finished},
		"permanent": {feed.Permanent(errors.New("wrong credentials")), feed.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{
					func(context.Context, func(feed.Update)) error { return c.err },
				}}
				m := start(t, f.spec("AAPL"))
				time.Sleep(time.Hour)
				synctest.Wait()
				if state := m.States()[0]; len(f.calls) != 1 || state.Phase != c.phase {
					t.Errorf("%d calls, %+v", len(f.calls), state)
				}
				if !m.Ready() {
					t.Error("a market of which nothing more is expected is ready")
				}
			})
		})
	}
}

func TestTheDirectorySettlesWhenEverySourceHasListedOrEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &fake{name: "slow", lists: []error{errors.New("no answer")}, runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		bad := &fake{name: "bad", lists: []error{feed.Permanent(errors.New("no key"))}, runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m := start(t, slow.spec("AAPL"), bad.spec("MSFT"))
		select {
		case <-m.Directory().Settled():
			t.Fatal("settled before the slow source has listed")
		default:
		}
		if m.Ready() {
			t.Error("ready without a quote while one is expected")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		select {
		case <-m.Directory().Settled():
		default:
			t.Fatal("not settled")
		}
		if _, ok := m.Directory().Lookup(quotes.MustSymbol("MSFT")); ok || m.Directory().Len() != 1 {
			t.Error("the failed source's symbols are there")
		}
	})
}

func TestTheFirstSourceThatHasASymbolOwnsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &fake{name: "a", runs: []func(context.Context, func(feed.Update)) error{emits("1.00", "AAPL")}}
		later := func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(time.Second) // a has listed by then
			return emits("2.00", "AAPL")(ctx, emit)
		}
		b := &fake{name: "b", runs: []func(context.Context, func(feed.Update)) error{later}}
		c := &fake{name: "a", runs: []func(context.Context, func(feed.Update)) error{emits("3.00", "MSFT")}}
		m := start(t, a.spec("AAPL"), b.spec("AAPL", "MSFT"), c.spec("TSLA"))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"AAPL 1.00 a"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
		states := m.States()
		if states[2].Name != "a-2" || states[2].Updates[feed.Unlisted] != 1 || states[1].Updates[feed.Merged] != 1 {
			t.Errorf("%+v", states)
		}
	})
}

func TestASilentSymbolIsPublishedAsStaleOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{emits("1.00", "AAPL")}}
		m := start(t, f.spec("AAPL"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"AAPL 1.00 f", "AAPL 1.00 f stale"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
		if !m.Complete() {
			t.Error("the only symbol has a quote, and yet the market is not complete")
		}
		if a, b := m.published[0].Version, m.published[1].Version; a >= b {
			t.Errorf("versions %d, %d", a, b)
		}
	})
}

func TestASourceWithItsOwnClockIsNeitherAheadNorStaleByOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := 48 * time.Hour
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			for range 2 {
				emit(feed.Update{
					Symbol: quotes.MustSymbol("AAPL"), Kind: feed.Trade, Time: time.Now().Add(ahead), Price: dec("1.00"), Size: dec("1"),
					MovesLast: true, MovesRange: true, CountsVolume: true,
				})
				time.Sleep(20 * time.Second)
			}
			return untilDone(ctx, emit)
		}}}
		spec := f.spec("AAPL")
		begin := time.Now()
		spec.Clock = func() time.Time { // slower than ours
			return begin.Add(ahead + time.Since(begin)/2)
		}
		m := start(t, spec)
		time.Sleep(50 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"AAPL 1.00 f", "AAPL 1.00 f"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
		time.Sleep(35 * time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{"AAPL 1.00 f", "AAPL 1.00 f", "AAPL 1.00 f stale"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSearchRanksSymbolsBeforeNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
		m := start(t, f.spec("B", "AB", "BA", "INC", "XBX"))
		symbols := func(text string, limit int) (list []string) {
			for _, in := range m.Directory().Search(text, limit) {
				list = append(list, in.Symbol.String())
			}
			return list
		}
		for _, c := range []struct {
			text  string
			limit int
			want  []string
		}{
			{"b", 10, []string{"B", "BA", "AB", "XBX"}},
			{"inc", 10, []string{"INC", "AB", "B", "BA", "XBX"}},
			{"corpor", 2, []string{"AB", "B"}},
			{"", 2, []string{"AB", "B"}},
			{"zzz", 10, nil},
		} {
			if diff := cmp.Diff(c.want, symbols(c.text, c.limit)); diff != "" {
				t.Errorf("%q: %s", c.text, diff)
			}
		}
	})
}

func TestDemandTellsWhenTheFirstComesAndTheLastGoes(t *testing.T) {
	var d feed.Demand
	a, b := quotes.MustSymbol("A"), quotes.MustSymbol("B")
	_, changed := d.Watched()
	d.Add(b, a)
	select {
	case <-changed:
	default:
		t.Error("the first watcher was not told")
	}
	watched, changed := d.Watched()
	d.Add(a)
	d.Remove(a)
	select {
	case <-changed:
		t.Error("told although the set is the same")
	default:
	}
	d.Remove(a)
	<-changed
	after, _ := d.Watched()
	if join(watched) != "A B" || join(after) != "B" {
		t.Errorf("%v, then %v", watched, after)
	}
}

func join(syms []quotes.Symbol) string {
	var texts []string
	for _, s := range syms {
		texts = append(texts, s.String())
	}
	return strings.Join(texts, " ")
}

func TestOpenSaysWhatIsWrongWithAURL(t *testing.T) {
	schemes := feed.Schemes{"sim": {Usage: "sim://?seed=N", Open: func(u *url.URL, _ feed.Env) (feed.Spec, error) {
		if u.RawQuery != "" {
			return feed.Spec{}, errors.New("no such parameter")
		}
		return feed.Spec{Source: &fake{name: "sim"}}, nil
	}}}
	if _, err := schemes.Open("sim://", nil); err != nil {
		t.Error(err)
	}
	for in, says := range map[string]string{"nyse://": "sim://, which tickboard feeds explains", "AAPL": "sim://, which tickboard feeds explains", "sim://?x=1": "no such parameter", "://": "sim://, which tickboard feeds explains"} {
		if _, err := schemes.Open(in, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v; want it to say %q", in, err, says)
		}
	}
}
