package alert

import (
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// set watches for r from the newest quote on.
func (b *book) set(r Rule, loaded bool, now time.Time) {
	if w := b.leaving[r.ID]; w != nil && w.rule.Version >= r.Version {
		return // it was read before its one firing was stored
	}
	if old := b.watches[r.ID]; old != nil {
		o := &old.rule
		if o.Version > r.Version || o.Version == r.Version && o.State.Count >= r.State.Count {
			return
		}
		if r.Since <= old.rule.Version {
			o.Version, o.Cooldown, o.Note, o.Expires, o.Deliver = r.Version, r.Cooldown, r.Note, r.Expires, r.Deliver
			return
		}
		b.retire(old)
	}
	if r.Done(now) {
		return
	}
	b.ask()
	w := &watch{rule: r, back: r.hysteresis(b.tick), loaded: loaded}
	b.join(w)
	if q := b.seen; !loaded && !b.gap && q != nil {
		m := moment{quote: q, now: now, mute: q.Corrected}
		w.row.again = w.row.again || m.mute
		b.renew(w, q, m)
		if s, ok := w.row.series.whole(q); ok {
			b.walk(w, s, m)
		}
	}
	if !w.gone {
		w.row.index.put(w)
	}
}

// join gives w its place, but for the index.
func (b *book) join(w *watch) {
	k := w.rule.series()
	i := slices.IndexFunc(b.rows, func(r *row) bool { return r.series == k })
	if i < 0 {
		i = len(b.rows)
		r := newRow(k)
		if b.seen != nil && !b.gap {
			r.restart(b.seen)
		}
		b.rows = append(b.rows, r)
	}
	w.row = b.rows[i]
	w.row.users++
	if b.watches == nil {
		b.watches = make(map[RuleID]*watch)
	}
	b.watches[w.rule.ID] = w
	b.engine.needs.turn(b)
	if w.rule.isEvent() {
		b.events = append(b.events, w)
	}
}

// retire ends the watch for a rule. What it has decided is committed all the
// same.
func (b *book) retire(w *watch) {
	w.gone = true
	w.row.index.drop(w)
	delete(b.watches, w.rule.ID)
	b.engine.needs.turn(b)
	if i := slices.Index(b.events, w); i >= 0 {
		b.events = slices.Delete(b.events, i, i+1)
	}
	if w.row.users--; w.row.users == 0 {
		b.rows = slices.DeleteFunc(b.rows, func(r *row) bool { return r == w.row })
	}
}

// begin gives r the state of a rule that is set at the newest quote. While
// nobody looks it is not known what happened before it was set and what after,
// so it knows no day's figures then.
func (b *book) begin(r *Rule) {
	b.ask()
	if b.seen == nil {
		return
	}
	b.mark(&r.State, b.seen)
	if b.gap {
		r.State = State{Count: r.State.Count, At: b.seen.Version + 1} // newer than the quote
		return
	}
	r.arm(b.seen)
}

// arm gives a rule that crosses its side of the line.
func (r *Rule) arm(q *quotes.StockQuote) {
	s, ok := r.series().whole(q)
	if !ok {
		return
	}
	list, n := r.steps(r.Hysteresis.Decimal) // which a fresh rule does not heed
	for _, next := range list[:n] {
		if !next.fires && next.reached(s) {
			r.State.Phase = next.into
			return
		}
	}
}
