package alert

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// sample is a value, or one in percent of a base: value is a hundred times the
// difference to base then, so that no division rounds it.
type sample struct {
	value decimal.Decimal
	base  decimal.Decimal
	unit  measure
}

func (s sample) compare(level decimal.Decimal) int {
	if s.unit == percent {
		level = level.Mul(s.base)
	}
	return s.value.Cmp(level)
}

// price is the one that s was drawn from, or that of q where it was none.
func (s sample) price(q *quotes.StockQuote) decimal.NullDecimal {
	switch s.unit {
	case percent:
		return quotes.Some(s.value.Shift(-2).Add(s.base))
	case price:
		return quotes.Some(s.value)
	}
	return q.Price
}

func percentOf(price, base decimal.Decimal) sample {
	return sample{price.Sub(base).Shift(2), base, percent}
}

// source is what a series is drawn from.
type source int

const (
	fromPrice source = iota
	fromChange
	fromLowest  // the price against the lowest one of a window
	fromHighest // the price against the highest one of a window
	fromVolume
	fromSpread
)

// series names a row of values of one symbol; the rules of one share an index.
type series struct {
	source   source
	sessions Sessions
	window   int64 // nanoseconds
}

// series is the one that r watches. For a day's high or low it is the price,
// which arms the rule again.
func (r *Rule) series() series {
	s := series{sessions: r.Sessions}
	switch r.Condition {
	case PercentDay:
		s.source = fromChange
	case PercentWindow:
		s.source, s.window = fromLowest, int64(r.Window)
		if r.Level.Decimal.Sign() < 0 {
			s.source = fromHighest
		}
	case VolumeAbove:
		s.source = fromVolume
	case SpreadAbove:
		s.source = fromSpread
	}
	return s
}

// price are the price of q that counts and the one that its percents are of;
// false where q has none.
func (k series) price(q *quotes.StockQuote) (price, base decimal.NullDecimal, ok bool) {
	if k.sessions != RegularOnly && extended(q) && q.ExtendedPrice.Valid {
		if q.ExtendedChange.Valid {
			base = quotes.Some(q.ExtendedPrice.Decimal.Sub(q.ExtendedChange.Decimal))
		}
		return q.ExtendedPrice, base, true
	}
	return q.Price, q.PreviousClose, k.sessions != ExtendedOnly && q.Price.Valid
}

func extended(q *quotes.StockQuote) bool { return q.Session == quotes.Pre || q.Session == quotes.Post }

// whole is the value of q taken for itself; false where it has none. Values of
// a window have a memory and are none of a quote's.
func (k series) whole(q *quotes.StockQuote) (sample, bool) {
	switch k.source {
	case fromVolume:
		return sample{value: q.Volume.Decimal, unit: volume}, q.Volume.Valid
	case fromSpread:
		return k.spread(q)
	case fromPrice, fromChange:
		price, base, ok := k.price(q)
		return k.of(price, base, ok)
	}
	return sample{}, false
}

// of is the value of a price and the one that its percents are of.
func (k series) of(p, base decimal.NullDecimal, ok bool) (sample, bool) {
	if !ok || k.source == fromPrice {
		return sample{value: p.Decimal, unit: price}, ok
	}
	if !base.Valid || base.Decimal.Sign() <= 0 {
		return sample{}, false
	}
	return percentOf(p.Decimal, base.Decimal), true
}

// extreme is the value of a price that q's day has had in its regular session.
func (k series) extreme(p decimal.NullDecimal, q *quotes.StockQuote) (sample, bool) {
	if k.source > fromChange || k.sessions == ExtendedOnly || !p.Valid {
		return sample{}, false
	}
	return k.of(p, q.PreviousClose, true)
}

func (k series) spread(q *quotes.StockQuote) (sample, bool) {
	counts := k.sessions != ExtendedOnly && q.Session == quotes.Regular || k.sessions != RegularOnly && extended(q)
	if !counts || !q.Bid.Valid || !q.Ask.Valid {
		return sample{}, false
	}
	return sample{value: q.Ask.Decimal.Sub(q.Bid.Decimal), unit: spread}, true
}

// since is the value that q brings after the quote before: false where nothing
// that the series is drawn from has changed. What the session before has left in
// a quote is no news of this one.
func (k series) since(before, q *quotes.StockQuote) (sample, bool) {
	switch k.source {
	case fromVolume:
		if equal(before.Volume, q.Volume) {
			return sample{}, false
		}
	case fromSpread:
		if equal(before.Bid, q.Bid) && equal(before.Ask, q.Ask) && before.Session == q.Session {
			return sample{}, false
		}
	case fromPrice, fromChange:
		price, base, ok := k.news(before, q)
		return k.of(price, base, ok)
	}
	return k.whole(q)
}

// news is the price that q brings after the quote before.
func (k series) news(before, q *quotes.StockQuote) (price, base decimal.NullDecimal, ok bool) {
	if k.sessions != RegularOnly && extended(q) && q.ExtendedPrice.Valid && !equal(before.ExtendedPrice, q.ExtendedPrice) {
		return k.price(q)
	}
	if k.sessions == ExtendedOnly || equal(before.Price, q.Price) {
		return price, base, false
	}
	return q.Price, q.PreviousClose, q.Price.Valid
}

func equal(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Equal(b.Decimal))
}

// row is one series of a symbol with its rules.
type row struct {
	series series
	index  *index
	window *window // of a series with a window
	users  int     // watches of the row
	again  bool    // the next quote is looked at though it may bring nothing new
}

func newRow(k series) *row {
	r := &row{series: k, index: newIndex()}
	if k.window > 0 {
		r.window = newWindow(time.Duration(k.window))
	}
	return r
}

// sample is what q brings to the row after the quote before.
func (r *row) sample(before, q *quotes.StockQuote) (sample, bool) {
	switch {
	case r.window != nil && q.Corrected: // the wrong price is not to be part of it
		return r.restart(q)
	case r.window != nil:
		return r.windowed(before, q)
	case r.again:
		return r.series.whole(q)
	}
	return r.series.since(before, q)
}

// windowed is the price of q against those of the window before it. The price
// before held until then.
func (r *row) windowed(before, q *quotes.StockQuote) (sample, bool) {
	price, _, ok := r.series.news(before, q)
	if r.again {
		price, _, ok = r.series.price(q)
	}
	if !ok {
		return sample{}, false
	}
	if held, _, ok := r.series.price(before); ok && !r.window.empty() {
		r.window.add(held.Decimal, q.Time)
	}
	return r.inWindow(price.Decimal, q.Time), true
}

// restart is what the row begins anew with, when it is not known what was before
// q: the window begins with it.
func (r *row) restart(q *quotes.StockQuote) (sample, bool) {
	if r.window == nil {
		return r.series.whole(q)
	}
	r.window.clear()
	price, _, ok := r.series.price(q)
	if !ok {
		return sample{}, false
	}
	return r.inWindow(price.Decimal, q.Time), true
}

func (r *row) inWindow(price decimal.Decimal, at time.Time) sample {
	r.window.add(price, at)
	return percentOf(price, r.window.extreme(r.series.source == fromLowest))
}
