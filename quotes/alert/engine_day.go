package alert

import (
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// figures are a day's high and low.
type figures struct {
	day       string // the trading day that they are of, "" where that is not known
	high, low decimal.NullDecimal
}

// figures are those of q. Before the open a quote still has those of the day
// before.
func (b *book) figures(q *quotes.StockQuote) figures {
	if q == nil {
		return figures{}
	}
	day := b.calendar.Day(q.Time)
	if q.Time.Before(day.Open) {
		day = b.calendar.Day(day.Begin.Add(-time.Second))
	}
	return figures{day.Date, q.High, q.Low}
}

// since are the high and low that are new in f after the figures before, and
// whether they are of a later day. Where the quote before had none, or the day
// is an earlier one, nothing can be said.
func (f figures) since(before figures) (high, low decimal.NullDecimal, anew bool) {
	// Right after an open the figures may still be those of the day before.
	same := f.day == before.day || equal(f.high, before.high) && equal(f.low, before.low)
	switch {
	case before.day == "" || !same && f.day < before.day:
		return high, low, false
	case !same:
		return f.high, f.low, true
	}
	if f.high.Valid && before.high.Valid && f.high.Decimal.GreaterThan(before.high.Decimal) {
		high = f.high
	}
	if f.low.Valid && before.low.Valid && f.low.Decimal.LessThan(before.low.Decimal) {
		low = f.low
	}
	return high, low, false
}

// turn lets rules begin anew when the quote of m is the first of a trading day.
func (b *book) turn(before *quotes.StockQuote, m moment) {
	date := b.calendar.Day(m.quote.Time).Date
	if date == b.date {
		return
	}
	b.date = date
	for _, id := range slices.Sorted(maps.Keys(b.watches)) {
		w := b.watches[id]
		w.row.index.drop(w)
		b.renew(w, before, m)
		w.row.index.put(w)
	}
}

// renew lets a rule begin anew that has fired on another trading day than that of
// m, if that is to end with the day. It is in no index. The quote before says on
// which side of the line it begins.
func (b *book) renew(w *watch, before *quotes.StockQuote, m moment) (renewed bool) {
	r := &w.rule
	daily := r.Repeat == Daily || r.Repeat == Always && (r.Condition == DayHigh || r.Condition == DayLow)
	if !daily || r.State.Phase != Spent || r.State.Day == b.calendar.Day(m.quote.Time).Date {
		return false
	}
	r.State.Phase = Fresh
	if before != nil {
		r.arm(before)
	}
	b.changed(w, m)
	return true
}

// catchUp looks at the first quote after a time in which nobody looked.
func (b *book) catchUp(q *quotes.StockQuote, now time.Time) {
	samples := make(map[*row]sample, len(b.rows))
	for _, r := range b.rows {
		if s, ok := r.restart(q); ok {
			samples[r] = s
		}
		r.again = q.Corrected
	}
	for _, id := range slices.Sorted(maps.Keys(b.watches)) {
		w := b.watches[id]
		w.row.index.drop(w)
		b.catch(w, q, now, samples)
		w.loaded = false
		if !w.gone {
			w.row.index.put(w)
		}
	}
	b.date = b.calendar.Day(q.Time).Date
}

// catch tells a rule what happened since its state, or the quote before q,
// whichever is newer. It is in no index.
func (b *book) catch(w *watch, q *quotes.StockQuote, now time.Time, samples map[*row]sample) {
	before, known := b.seen, figures{w.rule.State.Day, w.rule.State.High, w.rule.State.Low}
	if before != nil && before.Version > w.rule.State.At {
		known = b.figures(before)
		if w.loaded {
			m := moment{quote: before, now: now, late: true}
			b.renew(w, nil, m)
			if s, ok := w.row.series.whole(before); ok {
				b.walk(w, s, m)
			}
		}
	}
	m := moment{quote: q, now: now, late: true, mute: q.Corrected}
	renewed := !w.gone && b.renew(w, before, m)
	if !q.Corrected {
		b.missed(w, known, before, m)
	}
	if _, news := w.row.series.since(orNone(before), q); renewed && !news {
		return
	}
	m.late = w.loaded
	if s, ok := samples[w.row]; ok && !w.gone {
		b.walk(w, s, m)
	}
}

// missed tells a rule what the day's figures and the marks of the quote of m say
// of the time since the figures known and the quote before.
func (b *book) missed(w *watch, known figures, before *quotes.StockQuote, m moment) {
	if w.rule.isEvent() {
		if !w.gone && b.between(w.rule.Condition, known, before, m.quote) {
			b.fireEvent(w, m)
		}
		return
	}
	high, low, _ := b.figures(m.quote).since(known)
	for _, price := range [...]decimal.NullDecimal{high, low} {
		if s, ok := w.row.series.extreme(price, m.quote); ok {
			b.walk(w, s, m)
		}
	}
}

func orNone(q *quotes.StockQuote) *quotes.StockQuote {
	if q == nil {
		return &quotes.StockQuote{}
	}
	return q
}
