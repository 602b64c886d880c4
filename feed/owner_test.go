package feed_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// puppetStale is the longest stale time that there is, so that how often a
// symbol trades does not matter.
const puppetStale = 15 * time.Minute

// puppet is a source that speaks or is mute, and fails, as it is told. It knows
// by itself when it is healthy.
type puppet struct {
	name string
	fail chan struct{}

	mu    *sync.Mutex // of the model
	mute  bool
	said  int
	spoke time.Time // in this run
	since time.Time // healthy since
	lost  bool
}

func (p *puppet) Name() string { return p.name }

func (p *puppet) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	p.say(emit)
	ticker := time.NewTicker(5 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.say(emit)
			continue
		case <-p.fail:
		case <-ctx.Done():
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost = p.lost || !p.since.IsZero()
		p.spoke, p.since = time.Time{}, time.Time{}
		return errors.New("told to fail")
	}
}

// say emits a price that only this source has.
func (p *puppet) say(emit func(feed.Update)) {
	p.mu.Lock()
	if p.mute {
		p.mu.Unlock()
		return
	}
	now := time.Now()
	if !p.healthy(now) {
		p.lost = p.lost || !p.since.IsZero()
		p.since = now
	}
	p.spoke = now
	p.said++
	price := fmt.Sprintf("%s.%06d", p.name[1:], p.said)
	p.mu.Unlock()
	emit(feed.Update{
		Symbol: quotes.MustSymbol("X"), Kind: feed.Trade, Time: now, Price: dec(price), Size: dec("1"),
		MovesLast: true, MovesRange: true, CountsVolume: true,
	})
}

func (p *puppet) healthy(now time.Time) bool {
	return !p.spoke.IsZero() && now.Sub(p.spoke) < puppetStale
}

// known says that the source is healthy, and not since this very moment, in which
// the market may not have heard of it.
func (p *puppet) known(now time.Time) bool { return p.healthy(now) && p.since.Before(now) }

// steady says that the source may take the symbol from a healthy owner.
func (p *puppet) steady(now time.Time) bool {
	return p.healthy(now) && (!p.lost || now.Sub(p.since) >= 30*time.Second)
}

// stage is a market of puppets, with what must hold whenever it publishes.
type stage struct {
	mu       sync.Mutex
	puppets  []*puppet
	owner    int // -1 before the first quote
	changes  int // of owner
	newest   int64
	problems []string
}

func (s *stage) publish(q *quotes.StockQuote) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, from := time.Now(), int(q.Source[1]-'1')
	if q.Version <= s.newest {
		return // overtaken
	}
	s.newest = q.Version
	for _, n := range []string{quotes.FormatDecimal(q.Price.Decimal), quotes.FormatDecimal(q.High.Decimal)} {
		if !strings.HasPrefix(n, q.Source[1:]+".") {
			s.problems = append(s.problems, fmt.Sprintf("a quote of %s has %s", q.Source, n))
		}
	}
	if from == s.owner {
		return
	}
	before := s.owner
	s.owner = from
	s.changes++
	if before >= 0 && s.puppets[before].known(now) {
		if from > before || !s.puppets[from].steady(now) {
			s.problems = append(s.problems, fmt.Sprintf("%d took the symbol from %d, which was healthy: %+v", from, before, s.puppets[from]))
		}
		return
	}
	for _, p := range s.puppets[:from] {
		if p.known(now) {
			s.problems = append(s.problems, fmt.Sprintf("%d took the symbol while %s was healthy", from, p.name))
		}
	}
}

// check is what must hold at any moment, but for the second between two looks
// at the clock.
func (s *stage) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for i, p := range s.puppets {
		switch {
		case s.owner < 0 && p.healthy(now):
			return fmt.Errorf("nothing is published while %s is healthy", p.name)
		case s.owner >= 0 && i != s.owner && p.healthy(now) && !s.puppets[s.owner].healthy(now.Add(-time.Second)):
			return fmt.Errorf("%d keeps the symbol although it is not healthy and %d is", s.owner, i)
		case i < s.owner && p.healthy(now) && p.steady(now.Add(-time.Second)):
			return fmt.Errorf("%d keeps the symbol although %d has been healthy for long", s.owner, i)
		}
	}
	if len(s.problems) > 0 {
		return errors.New(strings.Join(s.problems, "; "))
	}
	return nil
}

// act is one step of a play: what is done to which source, and for how long the
// play goes on after it.
type act struct {
	source  int
	what    string
	seconds int
}

// play runs the acts in a bubble. It returns how often the owner changed.
func play(mute []bool, acts []act) (changes int, err error) {
	s := &stage{owner: -1}
	var specs []feed.Spec
	for i := range mute {
		p := &puppet{name: fmt.Sprint("p", i+1), fail: make(chan struct{}), mu: &s.mu, mute: mute[i]}
		s.puppets = append(s.puppets, p)
		specs = append(specs, feed.Spec{
			Source: p, Timeliness: quotes.Live, StaleAfter: puppetStale,
			Instruments: func(context.Context) ([]quotes.Instrument, error) {
				return []quotes.Instrument{{Symbol: quotes.MustSymbol("X"), Name: "X"}}, nil
			},
		})
	}
	m := feed.NewMarket(feed.Options{Specs: specs, Publish: s.publish, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = m.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for _, a := range acts {
		s.puppets[a.source].obey(a.what)
		for passed := 0; passed < a.seconds; {
			step := 1
			if passed >= 100 {
				step = 25
			}
			time.Sleep(time.Duration(step) * time.Second)
			passed += step
			synctest.Wait()
			if err := s.check(); err != nil {
				return 0, err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, _ := m.Last(0); len(last) > 1 || len(last) == 1 && last[0].Version != s.newest {
		return 0, fmt.Errorf("what is to be stored is %v", last)
	}
	return s.changes, nil
}

func (p *puppet) obey(what string) {
	if what == "fail" {
		select {
		case p.fail <- struct{}{}:
		default: // it is not running
		}
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = what == "mute" || p.mute && what != "speak"
}

func TestTheFirstHealthySourceOwnsASymbolWithoutFlapping(t *testing.T) {
	changes := 0
	rapid.Check(t, func(rt *rapid.T) {
		mute := rapid.SliceOfN(rapid.Bool(), 2, 3).Draw(rt, "mute")
		acts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) act {
			return act{
				rapid.IntRange(0, len(mute)-1).Draw(rt, "source"),
				rapid.SampledFrom([]string{"fail", "fail", "mute", "speak", "speak", "wait"}).Draw(rt, "what"),
				rapid.SampledFrom([]int{1, 1, 3, 10, 29, 30, 40, 70, 1000}).Draw(rt, "seconds"),
			}
		}), 10, 40).Draw(rt, "acts")
		var n int
		var err error
		synctest.Test(t, func(*testing.T) { n, err = play(mute, acts) })
		if changes += n; err != nil {
			rt.Fatal(err)
		}
	})
	if changes < 200 {
		t.Errorf("%d changes of owner prove little", changes)
	}
}

func TestAnotherSourceTakesOverAtOnceAndGivesBackLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := make(chan struct{})
		a := &fake{name: "a", runs: []func(context.Context, func(feed.Update)) error{
			func(ctx context.Context, emit func(feed.Update)) error {
				_ = emits("1.00", "AAPL")(withEnd(ctx, down), emit)
				return errors.New("cut")
			},
			emits("1.50", "AAPL"),
		}}
		b := &fake{name: "b", runs: []func(context.Context, func(feed.Update)) error{emits("2.00", "AAPL")}}
		m := start(t, withoutStale(a.spec("AAPL")), withoutStale(b.spec("AAPL")))
		close(down)
		synctest.Wait()
		sources := func() (list []string) {
			for _, text := range m.quotes() {
				if fields := strings.Fields(text); len(list) == 0 || list[len(list)-1] != fields[1]+" "+fields[2] {
					list = append(list, fields[1]+" "+fields[2])
				}
			}
			return list
		}
		if got := sources(); got[len(got)-1] != "2.00 b" {
			t.Fatalf("after the failure: %v", got)
		}
		time.Sleep(30 * time.Second) // of which a was healthy for 29 at most
		synctest.Wait()
		if got := sources(); got[len(got)-1] != "2.00 b" {
			t.Errorf("given back too early: %v", got)
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if got := sources(); got[len(got)-1] != "1.50 a" {
			t.Errorf("not given back: %v", got)
		}
	})
}

// withEnd is ctx, ended by a channel too.
func withEnd(ctx context.Context, end <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		select {
		case <-end:
		case <-ctx.Done():
		}
	}()
	return ctx
}

func withoutStale(spec feed.Spec) feed.Spec {
	spec.StaleAfter = 0
	return spec
}

func TestWhatIsToBeStoredIsWhatChangedSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := make(chan string)
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			for sym := range next {
				_ = emits("1.00", sym)(cancelled(), emit)
			}
			return untilDone(ctx, emit)
		}}}
		m := start(t, f.spec("A", "B"))
		var seen int64
		changed := func() string {
			synctest.Wait()
			list, newest := m.Last(seen)
			seen = newest
			var texts []string
			for _, q := range list {
				texts = append(texts, q.Symbol.String())
			}
			return strings.Join(texts, " ")
		}
		next <- "A"
		next <- "B"
		got := []string{changed(), changed()}
		time.Sleep(time.Second)
		next <- "B"
		got = append(got, changed())
		close(next)
		if diff := cmp.Diff([]string{"A B", "", "B"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// BenchmarkTake is the way of an update from a source to what is published.
func BenchmarkTake(b *testing.B) {
	for _, symbols := range []int{10, 10_000} {
		b.Run(fmt.Sprint(symbols), func(b *testing.B) {
			var names []string
			var syms []quotes.Symbol
			for i := range symbols {
				names = append(names, fmt.Sprint("S", i))
				syms = append(syms, quotes.MustSymbol(names[i]))
			}
			prices := []feed.Update{
				{Kind: feed.Trade, Price: dec("189.84"), Size: dec("100"), MovesLast: true, MovesRange: true, CountsVolume: true},
				{Kind: feed.Quote, Bid: some("189.83"), BidSize: some("200"), Ask: some("189.85"), AskSize: some("300")},
				{Kind: feed.Trade, Price: dec("189.85"), Size: dec("7"), MovesLast: true, MovesRange: true, CountsVolume: true},
				{Kind: feed.Quote, Bid: some("189.84"), BidSize: some("200"), Ask: some("189.86"), AskSize: some("100")},
			}
			done := make(chan struct{})
			f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
				now := time.Now()
				for i := range symbols { // each has its tape
					u := prices[0]
					u.Symbol, u.Time = syms[i], now
					emit(u)
				}
				b.ResetTimer()
				for i := range b.N {
					u := prices[i/symbols%len(prices)]
					u.Symbol, u.Time = syms[i%symbols], now
					emit(u)
				}
				b.StopTimer()
				close(done)
				return untilDone(ctx, emit)
			}}}
			m := feed.NewMarket(feed.Options{Specs: []feed.Spec{f.spec(names...)}, Publish: func(*quotes.StockQuote) {}, Logger: slog.New(slog.DiscardHandler)})
			ctx, cancel := context.WithCancel(b.Context())
			var running sync.WaitGroup
			running.Go(func() { _ = m.Run(ctx) })
			b.ReportAllocs()
			<-done
			cancel()
			running.Wait()
		})
	}
}
