package alert

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Demand is told which symbols have rules that may fire, so that the feeds send
// them though nobody looks.
type Demand interface {
	Add(syms ...quotes.Symbol)
	Remove(syms ...quotes.Symbol)
}

// EngineOptions are an Engine's settings. The zero value works.
type EngineOptions struct {
	// Instrument says what a symbol stands for: its exchange decides its trading
	// days, its tick size the default hysteresis. It is asked when a symbol with
	// rules has its first quote.
	Instrument func(quotes.Symbol) (quotes.Instrument, bool)
	// Demand may be nil.
	Demand Demand
	// Stored is called after notifications were stored, with those of the rules
	// that fired. It must not block.
	Stored func([]Notification)
	// MaxRules is how many rules a profile may have; 0 is any number.
	MaxRules int
	// Pace is the least time between two commits; 20 ms. The first firing after
	// a quiet is committed at once.
	Pace time.Duration
	// Logger takes the two lines of an outage of the database; slog.Default().
	Logger *slog.Logger
}

// Engine watches every quote for the rules. Any number may call its methods at
// once, but for Load, which comes before the first quote, and Run, which runs
// once.
//
// A quote is compared with the one before it of its symbol, by the quotes'
// versions; one that comes after a newer one is left out. A rule that watches a
// price looks when that price changes, so that every quote that changes it
// counts, however far it jumped. A stale quote meets no rule but Stale. One that
// is Corrected fires nothing: a rule for a level waits for the next quote, and a
// rule that crosses takes the corrected price for the one that came before.
//
// After Load, and after a symbol was stale, its next quote is compared with what
// was known before, and the day's high and low tell what happened in between.
type Engine struct {
	store RuleStore
	opts  EngineOptions

	mu    sync.RWMutex
	books map[quotes.Symbol]*book // guarded by mu; it only grows

	queue queue
	ends  expiries
	needs needs

	// turn has capacity 1: whoever put its token in commits, and alone has batch
	// and reread.
	turn   chan struct{}
	batch  []change         // taken from the queue and not committed yet
	reread map[ruleKey]bool // rules that the store knows otherwise

	seen int64 // Load's and then Run's: the newest change of a rule that was read

	counts engineCounts
}

// EngineStats are an Engine's figures. Those of type uint64 only grow.
type EngineStats struct {
	Rules   int    // that may fire
	Waiting int    // changes that are not committed yet
	Quotes  uint64 // observed
	Older   uint64 // left out, because a newer one of their symbol was there
	Fired   uint64 // firings stored
	LeftOut uint64 // firings whose rule had changed or gone
	Errors  uint64 // commits that failed and were tried again
}

type engineCounts struct{ quotes, older, fired, leftOut, errors atomic.Uint64 }

// NewEngine makes the Engine of the rules that store holds. Load reads them.
func NewEngine(store RuleStore, opts EngineOptions) *Engine {
	opts.Pace = cmp.Or(max(opts.Pace, 0), 20*time.Millisecond)
	opts.Logger = cmp.Or(opts.Logger, slog.Default())
	return &Engine{
		store: store, opts: opts,
		books: make(map[quotes.Symbol]*book), queue: newQueue(),
		turn: make(chan struct{}, 1), reread: make(map[ruleKey]bool),
	}
}

// rulesAtOnce is how many rules Load reads with one call.
const rulesAtOnce = 1000

// Load reads the rules. The quotes last are those stored by the process before,
// at most one a symbol and stale ones too: what has happened since to a rule's
// symbol fires with the first quote that is not stale, marked late.
func (e *Engine) Load(ctx context.Context, last []quotes.StockQuote) error {
	for i := range last {
		if last[i].Time.IsZero() {
			continue // it tells nothing of the market
		}
		b := e.book(last[i].Symbol)
		b.mu.Lock()
		b.seen, b.gap = &last[i], true
		b.mu.Unlock()
	}
	var err error // what changes while the rules are read, Run reads again
	if _, e.seen, err = e.store.RuleChanges(ctx, 0, 0); err != nil {
		return err
	}
	for after := RuleID(0); ; {
		rules, err := e.store.Rules(ctx, after, rulesAtOnce)
		if err != nil {
			return err
		}
		for i := range rules {
			after = rules[i].ID
			e.set(rules[i], true)
		}
		if len(rules) < rulesAtOnce {
			return nil
		}
	}
}

// book returns that of a symbol, made when there is none.
func (e *Engine) book(sym quotes.Symbol) *book {
	e.mu.RLock()
	b := e.books[sym]
	e.mu.RUnlock()
	if b != nil {
		return b
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if b = e.books[sym]; b == nil {
		b = &book{engine: e, symbol: sym, gap: true}
		e.books[sym] = b
	}
	return b
}

// all are the books that there are.
func (e *Engine) all() []*book {
	e.mu.RLock()
	defer e.mu.RUnlock()
	list := make([]*book, 0, len(e.books))
	for _, b := range e.books {
		list = append(list, b)
	}
	return list
}

// Observe looks at a quote, which must not be changed any more. It never waits
// for the database; what it decides is committed by Run. The same quote again
// does nothing.
func (e *Engine) Observe(q *quotes.StockQuote) {
	if q.Time.IsZero() {
		return // it tells nothing of the market
	}
	b := e.book(q.Symbol)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.newest == q {
		return
	}
	e.counts.quotes.Add(1)
	if b.newest != nil && q.Version <= b.newest.Version {
		e.counts.older.Add(1)
		return
	}
	b.newest = q
	b.observe(q)
}

// Add sets a new rule: it checks it (the error wraps ErrRule then), stores it
// (or the error may wrap ErrRules) and watches for it from the newest quote on.
func (e *Engine) Add(ctx context.Context, r Rule) (Rule, error) {
	now := time.Now()
	r = r.Completed()
	if err := r.Validate(now); err != nil {
		return Rule{}, err
	}
	r.Created, r.State = now, State{}
	stored, err := e.store.AddRule(ctx, e.begin(r), e.opts.MaxRules)
	if err != nil {
		return Rule{}, err
	}
	e.set(stored, false)
	return stored, nil
}

// Update changes old, as the store has it, into r, as RuleStore.UpdateRule does.
// Where what the rule waits for changes, or whether it is paused, it begins anew,
// as if it had just been set.
func (e *Engine) Update(ctx context.Context, old, r Rule) (Rule, error) {
	r = r.Completed()
	return e.update(ctx, r, r.StartsAnew(&old))
}

// Rearm changes a rule as Update does, and lets it begin anew in any case: one
// that had fired its one time is armed again.
func (e *Engine) Rearm(ctx context.Context, r Rule) (Rule, error) {
	return e.update(ctx, r.Completed(), true)
}

func (e *Engine) update(ctx context.Context, r Rule, anew bool) (Rule, error) {
	if err := r.Validate(time.Now()); err != nil {
		return Rule{}, err
	}
	if anew {
		r.State = State{Count: r.State.Count}
		r = e.begin(r)
	}
	stored, err := e.store.UpdateRule(ctx, r, anew)
	if err != nil {
		return Rule{}, err
	}
	e.set(stored, false)
	return stored, nil
}

// Delete removes a profile's rule.
func (e *Engine) Delete(ctx context.Context, profile int64, sym quotes.Symbol, id RuleID) error {
	if err := e.store.DeleteRule(ctx, profile, id); err != nil {
		return err
	}
	e.remove(sym, id)
	return nil
}

// Restore brings back a profile's rule that was deleted after a time, in the state
// that it had: what the newest quote meets then fires.
func (e *Engine) Restore(ctx context.Context, profile int64, id RuleID, deletedAfter time.Time) (Rule, error) {
	stored, err := e.store.RestoreRule(ctx, profile, id, deletedAfter, e.opts.MaxRules)
	if err != nil {
		return Rule{}, err
	}
	e.set(stored, false)
	return stored, nil
}

// Set watches for a rule as the store holds it, in place of an older version of
// it. Run does so for what others have stored.
func (e *Engine) Set(r Rule) { e.set(r, false) }

// Armed says whether a symbol has rules that may fire.
func (e *Engine) Armed(sym quotes.Symbol) bool {
	e.mu.RLock()
	b := e.books[sym]
	e.mu.RUnlock()
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.watches) > 0
}

func (e *Engine) set(r Rule, loaded bool) {
	now := time.Now()
	b := e.book(r.Symbol)
	b.mu.Lock()
	b.set(r, loaded, now)
	b.mu.Unlock()
	e.ends.add(&r)
	e.queue.ring() // Demand may have changed
}

func (e *Engine) remove(sym quotes.Symbol, id RuleID) {
	b := e.book(sym)
	b.mu.Lock()
	if w := b.watches[id]; w != nil {
		b.retire(w)
	}
	b.mu.Unlock()
	e.queue.ring()
}

// begin gives r the state of a rule that is set now, at the newest quote.
func (e *Engine) begin(r Rule) Rule {
	b := e.book(r.Symbol)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begin(&r)
	return r
}

// Stats returns the present figures.
func (e *Engine) Stats() EngineStats {
	s := EngineStats{
		Quotes: e.counts.quotes.Load(), Older: e.counts.older.Load(), Fired: e.counts.fired.Load(),
		LeftOut: e.counts.leftOut.Load(), Errors: e.counts.errors.Load(), Waiting: e.queue.len(),
	}
	for _, b := range e.all() {
		b.mu.Lock()
		s.Rules += len(b.watches)
		b.mu.Unlock()
	}
	return s
}
