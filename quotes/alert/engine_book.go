package alert

import (
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// book is a symbol with its rules.
type book struct {
	engine *Engine
	symbol quotes.Symbol

	mu      sync.Mutex // guards all below, and the watches with all they hold
	newest  *quotes.StockQuote
	seen    *quotes.StockQuote // the last one that was not stale
	gap     bool               // the next one that is not stale is the first after a time in which nobody looked
	live    bool               // a quote of this process was not stale, and none since was
	watches map[RuleID]*watch  // rules that may fire
	leaving map[RuleID]*watch  // that have fired their one time, which is not stored yet
	events  []*watch           // those of them that wait for an event
	rows    []*row
	turned  bool // Demand is to be told whether there are watches

	asked    bool // calendar and tick are known
	calendar *quotes.Calendar
	tick     decimal.Decimal
	date     string // the trading day of the last quote that was compared
}

// watch is a rule that may fire.
type watch struct {
	rule   Rule
	back   decimal.Decimal // its hysteresis
	row    *row
	waits  [2]step // by direction: what it waits for in the row's index
	at     [2]int  // its places there, from 1; 0 is none
	loaded bool    // it was read at the start, and no quote has come since
	gone   bool    // it is retired

	queued bool    // it has changed, and the committer has not taken it yet
	firing *Firing // decided, and not committed yet
}

// moment is what a decision is made at.
type moment struct {
	quote *quotes.StockQuote
	now   time.Time
	late  bool
	mute  bool // nothing fires: the quote was corrected
}

// observe looks at the newest quote.
func (b *book) observe(q *quotes.StockQuote) {
	if len(b.watches) == 0 {
		b.note(q)
		return
	}
	now := time.Now()
	if q.Stale {
		if b.live {
			b.happened(Stale, moment{quote: q, now: now})
		}
		b.note(q)
		return
	}
	b.ask()
	if b.gap {
		b.catchUp(q, now)
	} else {
		b.follow(q, now)
	}
	b.note(q)
}

// note makes q the quote that the next one is compared with.
func (b *book) note(q *quotes.StockQuote) {
	if q.Stale {
		b.gap, b.live = true, false
		return
	}
	b.seen, b.gap, b.live = q, false, true
}

// ask gets the symbol's calendar and tick size, as soon as they are known, and
// for good with its first quote.
func (b *book) ask() {
	if b.asked {
		return
	}
	if b.calendar == nil {
		b.calendar = quotes.AlwaysOpen
	}
	in, ok := quotes.Instrument{}, false
	if b.engine.opts.Instrument != nil {
		in, ok = b.engine.opts.Instrument(b.symbol)
	}
	b.asked = ok || b.newest != nil
	if !ok {
		return
	}
	b.calendar, b.tick = quotes.CalendarOf(in.Exchange), in.TickSize
	for _, w := range b.watches {
		w.row.index.drop(w)
		w.back = w.rule.hysteresis(b.tick)
		w.row.index.put(w)
	}
}

// follow looks at a quote that comes right after the one before.
func (b *book) follow(q *quotes.StockQuote, now time.Time) {
	before := b.seen
	m := moment{quote: q, now: now, mute: q.Corrected}
	b.turn(before, m)
	if !q.Corrected && len(b.events) > 0 {
		b.tellEvents(before, m)
	}
	for i := len(b.rows) - 1; i >= 0; i-- { // a row may go while it is looked at
		r := b.rows[i]
		if s, ok := r.sample(before, q); ok {
			b.look(r, s, m)
		}
	}
}

// look walks the rules of a row that s has reached.
func (b *book) look(r *row, s sample, m moment) {
	var held []*watch
	for w := r.index.reached(s); w != nil; w = r.index.reached(s) {
		switch done := b.walk(w, s, m); {
		case w.gone:
		case done:
			r.index.put(w)
		default:
			held = append(held, w)
		}
	}
	for _, w := range held {
		r.index.put(w)
	}
	r.again = m.mute
}

// walk takes a rule, which is in no index, through the steps that s has reached,
// and says whether it waits for none of them any more: one that is met but must
// not fire yet does.
func (b *book) walk(w *watch, s sample, m moment) bool {
	for !w.gone {
		next, ok := w.reached(s)
		switch {
		case !ok:
			return true
		case !next.fires:
			w.rule.State.Phase = next.into
			b.changed(w, m)
		case !m.mute:
			b.fire(w, s.price(m.quote), m)
		default:
			if _, conditional := w.rule.met(); conditional {
				return false
			}
			w.rule.State.Phase = Fresh // the side is read anew
			b.changed(w, m)
		}
	}
	return true
}

// reached is a step that s has reached.
func (w *watch) reached(s sample) (step, bool) {
	list, n := w.rule.steps(w.back)
	for _, next := range list[:n] {
		if next.reached(s) {
			return next, true
		}
	}
	return step{}, false
}

// fire decides that a rule fires at a price, or lets the moment pass.
func (b *book) fire(w *watch, price decimal.NullDecimal, m moment) {
	r := &w.rule
	if r.expired(m.now) {
		b.retire(w)
		return
	}
	// A second firing never waits for the first one's commit: what waits is
	// bounded by the number of rules.
	passes := w.firing != nil || r.Repeat == Always && !r.State.Fired.IsZero() && m.now.Before(r.State.Fired.Add(r.Cooldown))
	if r.State.Phase = Spent; r.Repeat == Always && (r.Condition == Halted || r.Condition == Resumed || r.Condition == Stale) {
		r.State.Phase = Fresh
	}
	if !passes {
		r.State.Fired = time.UnixMicro(m.now.UnixMicro()).UTC()
		r.State.Count++
		w.firing = &Firing{Quote: m.quote, Price: price, Time: r.State.Fired, Late: m.late}
	}
	b.changed(w, m)
	if r.Repeat == Once {
		b.retire(w)
		if b.leaving == nil {
			b.leaving = make(map[RuleID]*watch)
		}
		b.leaving[r.ID] = w
	}
}

// changed notes where a state comes from, and hands it to the committer.
func (b *book) changed(w *watch, m moment) {
	b.mark(&w.rule.State, m.quote)
	if !w.queued {
		w.queued = true
		b.engine.queue.add(change{book: b, watch: w})
	}
}

// mark notes in a state the quote that it comes from.
func (b *book) mark(s *State, q *quotes.StockQuote) {
	f := b.figures(q)
	s.At, s.Day = q.Version, b.calendar.Day(q.Time).Date
	s.High, s.Low = decimal.NullDecimal{}, decimal.NullDecimal{}
	if f.day == s.Day {
		s.High, s.Low = f.high, f.low
	}
}

// happened fires the rules that wait for an event.
func (b *book) happened(c Condition, m moment) {
	for _, w := range slices.Clone(b.events) {
		if w.rule.Condition == c {
			w.row.index.drop(w)
			b.fireEvent(w, m)
			if !w.gone {
				w.row.index.put(w)
			}
		}
	}
}

// fireEvent fires a rule whose event has happened. It is in no index.
func (b *book) fireEvent(w *watch, m moment) {
	if w.rule.State.Phase == Spent {
		return
	}
	price := m.quote.Price
	switch w.rule.Condition {
	case DayHigh:
		price = m.quote.High
	case DayLow:
		price = m.quote.Low
	}
	b.fire(w, price, m)
}

// tellEvents fires what happened between two quotes.
func (b *book) tellEvents(before *quotes.StockQuote, m moment) {
	for _, c := range [...]Condition{Halted, Resumed, DayHigh, DayLow} {
		if b.between(c, b.figures(before), before, m.quote) {
			b.happened(c, m)
		}
	}
}

// between says whether an event has happened between the quote before, whose
// day's figures are f, and q.
func (b *book) between(c Condition, f figures, before, q *quotes.StockQuote) bool {
	switch c {
	case Halted:
		return before != nil && !before.Halted && q.Halted
	case Resumed:
		return before != nil && before.Halted && !q.Halted
	case DayHigh:
		high, _, anew := b.figures(q).since(f)
		return high.Valid && !anew
	case DayLow:
		_, low, anew := b.figures(q).since(f)
		return low.Valid && !anew
	}
	return false
}
