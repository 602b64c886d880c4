package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/store"
)

// market is a symbol that trades whether anybody looks or not.
type market struct {
	price, high, low int64
	version          int64
}

func (m *market) trade() {
	m.price = max(1, m.price+rand.Int64N(7)-3)
	m.high, m.low = max(m.high, m.price), min(m.low, m.price)
	m.version++
}

func (m *market) quote() *quotes.StockQuote {
	whole := func(n int64) decimal.NullDecimal { return quotes.Some(decimal.New(n, 0)) }
	return &quotes.StockQuote{
		Symbol: quotes.MustSymbol("A"), Price: whole(m.price), High: whole(m.high), Low: whole(m.low), Session: quotes.Regular,
		Time: when.UTC().Add(time.Duration(m.version) * time.Millisecond), Version: m.version,
	}
}

// TestEndsAtAnyMomentDoubleAndLoseNoFiring: a hundred times the engine and all
// that it has not committed is dropped, often in the middle of a commit; trades
// come while there is none. Each line that the market has reached has fired
// once, and no other.
func TestEndsAtAnyMomentDoubleAndLoseNoFiring(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	m := &market{price: 1000, high: 1000, low: 1000, version: 1}
	levels := setLevels(t, path, m)
	for range 100 {
		live(t, path, m)
		for range rand.IntN(5) {
			m.trade()
		}
	}
	db := open(t, path)
	e := revive(t, db)
	m.trade()
	e.Observe(m.quote())
	if err := e.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	past, err := db.History(t.Context(), alert.PastQuery{Profile: 7, Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	times, late := make(map[alert.RuleID]int), 0
	for _, p := range past {
		times[p.Rule]++
		if p.Late {
			late++
		}
	}
	reached := 0
	for id, level := range levels {
		want := 0
		if level > 1000 && level <= m.high || level < 1000 && level >= m.low {
			want, reached = 1, reached+1
		}
		if times[id] != want {
			t.Errorf("the line at %d has fired %d times, want %d; the market went from %d to %d", level, times[id], want, m.low, m.high)
		}
	}
	if newest, _, err := db.Bounds(t.Context()); err != nil || int(newest) != reached {
		t.Errorf("%d notifications, %v; want %d", newest, err, reached)
	}
	t.Logf("%d lines were reached, %d told late", reached, late)
}

// TestTwoProcessesFireARuleOnce: both watch the same rules in one database, and
// each sees the same quotes.
func TestTwoProcessesFireARuleOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		first, second := open(t, address), open(t, address)
		for n := range int64(50) {
			addRule(t, first, alert.Rule{
				Profile: 7, Symbol: quotes.MustSymbol("A"), Condition: alert.Above, Level: quotes.Some(decimal.New(1000+n, 0)),
			}.Completed())
		}
		engines := []*alert.Engine{revive(t, first), revive(t, second)}
		var all sync.WaitGroup
		for _, e := range engines {
			all.Go(func() {
				for n := range int64(50) {
					q := &market{price: 1001 + n, high: 1001 + n, low: 1000, version: 2 + n}
					e.Observe(q.quote())
					if err := e.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		past, err := first.History(t.Context(), alert.PastQuery{Profile: 7, Limit: 1000})
		if err != nil || len(past) != 50 {
			t.Errorf("50 rules have fired %d times, %v", len(past), err)
		}
		if fired := engines[0].Stats().Fired + engines[1].Stats().Fired; fired != 50 {
			t.Errorf("the engines count %d", fired)
		}
	})
}

// setLevels sets a rule at each line around the price.
func setLevels(t *testing.T, path string, m *market) map[alert.RuleID]int64 {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.AddProfile(db, 7); err != nil {
		t.Fatal(err)
	}
	e := alert.NewEngine(db, alert.EngineOptions{})
	e.Observe(m.quote())
	levels := make(map[alert.RuleID]int64)
	for n := int64(5); n <= 300; n += 5 {
		for _, r := range []alert.Rule{
			{Condition: alert.CrossesUp, Level: quotes.Some(decimal.New(1000+n, 0))},
			{Condition: alert.CrossesDown, Level: quotes.Some(decimal.New(1000-n, 0))},
		} {
			r.Profile, r.Symbol = 7, quotes.MustSymbol("A")
			stored, err := e.Add(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			levels[stored.ID] = r.Level.Decimal.IntPart()
		}
	}
	if err := errors.Join(e.Flush(t.Context()), db.SaveQuotes(t.Context(), []*quotes.StockQuote{m.quote()}), db.Close()); err != nil {
		t.Fatal(err)
	}
	return levels
}

func revive(t *testing.T, db *store.DB) *alert.Engine {
	t.Helper()
	last, err := db.LoadQuotes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := alert.NewEngine(db, alert.EngineOptions{})
	if err := e.Load(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	return e
}

// live is one life of the process: quotes come while others commit and keep the
// last one, until all of that is cut off.
func live(t *testing.T, path string, m *market) {
	t.Helper()
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	e := revive(t, db)
	ctx, cut := context.WithCancel(t.Context())
	var newest struct {
		sync.Mutex
		quote *quotes.StockQuote
	}
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			newest.Lock()
			q := newest.quote
			newest.Unlock()
			if e.Flush(ctx) == nil && q != nil {
				_ = db.SaveQuotes(ctx, []*quotes.StockQuote{q}) // it may be cut off
			}
		}
	})
	for range 1 + rand.IntN(200) {
		m.trade()
		q := m.quote()
		e.Observe(q)
		newest.Lock()
		newest.quote = q
		newest.Unlock()
	}
	if rand.IntN(2) == 0 {
		_ = e.Flush(ctx)
	}
	cut()
	all.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
