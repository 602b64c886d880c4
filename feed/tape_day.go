package feed

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// figures are the numbers of one trading day.
type figures struct {
	begin time.Time // the day's; zero is no day

	previousClose, open, high, low, volume decimal.NullDecimal

	closeDate string // of previousClose, "" where that is not known
	adjusted  bool   // the source gave previousClose anew (Adjustment)

	// What the source itself says of the day, and what those trades say that
	// cannot be amended any more.
	settledOpen, settledHigh, settledLow decimal.NullDecimal
}

// add counts a trade.
func (f *figures) add(p *print) {
	if p.ranges {
		widen(&f.open, &f.high, &f.low, p.price)
	}
	if p.counts {
		f.addVolume(p.size)
	}
}

// settle notes a trade that cannot be amended any more.
func (f *figures) settle(p *print) {
	if p.ranges {
		widen(&f.settledOpen, &f.settledHigh, &f.settledLow, p.price)
	}
}

func (f *figures) addVolume(size decimal.Decimal) {
	sum := f.volume.Decimal.Add(size)
	if over := sum.NumDigits() - quotes.MaxDigits; over > 0 {
		sum = sum.Truncate(max(0, -sum.Exponent()-int32(over)))
	}
	if sum.Sign() < 0 {
		sum = decimal.Zero
	}
	f.volume = quotes.Some(sum)
}

func widen(open, high, low *decimal.NullDecimal, price decimal.Decimal) {
	if !open.Valid {
		*open = quotes.Some(price)
	}
	if !high.Valid || price.GreaterThan(high.Decimal) {
		*high = quotes.Some(price)
	}
	if !low.Valid || price.LessThan(low.Decimal) {
		*low = quotes.Some(price)
	}
}

// tell takes the source's own figures of the day, and says whether they are new.
func (f *figures) tell(u Update) bool {
	changed := f.tellDate(u)
	for _, n := range [...]struct{ from, into, settled *decimal.NullDecimal }{
		{&u.PreviousClose, &f.previousClose, nil}, {&u.Open, &f.open, &f.settledOpen},
		{&u.High, &f.high, &f.settledHigh}, {&u.Low, &f.low, &f.settledLow}, {&u.Volume, &f.volume, nil},
	} {
		if !n.from.Valid {
			continue
		}
		if n.settled != nil {
			*n.settled = *n.from
		}
		if !same(*n.from, *n.into) {
			*n.into, changed = *n.from, true
		}
	}
	return changed
}

// tellDate takes the date of a previous close. Where the source does not say it,
// it is that of the same number alone.
func (f *figures) tellDate(u Update) bool {
	date := u.PreviousCloseDate
	if date == "" && f.previousClose.Valid && f.previousClose.Decimal.Equal(u.PreviousClose.Decimal) {
		date = f.closeDate
	}
	if !u.PreviousClose.Valid || date == f.closeDate {
		return false
	}
	f.closeDate = date
	return true
}

// dayFigures merges what the source says of the day of u's time. Of a day whose
// first regular trade is not known it waits for that: no quote mixes two days.
func (t *Tape) dayFigures(u Update) Outcome {
	begin := t.dayOf(u.Time).Begin
	f := &t.shown
	if !begin.Equal(f.begin) {
		if begin.Before(f.begin) && !t.anew || begin.Before(t.today.Begin) && !t.catchUp {
			return Late
		}
		if f = t.waiting(begin); f == nil {
			return Late
		}
	}
	known, date := t.known(f)
	if u.PreviousCloseDate != "" && u.PreviousCloseDate < date {
		u.PreviousClose = decimal.NullDecimal{} // of a day before the one whose close is known
	}
	t.adjust(u, f, known)
	changed := f.tell(u)
	if l := &t.regular.last; f == &t.shown && l.ranges {
		widen(&f.open, &f.high, &f.low, l.price.Decimal) // the source has not counted it yet
	}
	if !changed || f == &t.ahead && t.quote.Price.Valid && !t.quote.ExtendedPrice.Valid {
		return Unchanged // for the reader
	}
	t.show()
	return Merged
}

// waiting are the figures of a day that the quote does not show yet, nil when
// those of a later day wait already.
func (t *Tape) waiting(begin time.Time) *figures {
	if !t.ahead.begin.Equal(begin) {
		if t.ahead.begin.After(begin) {
			return nil
		}
		t.await(figures{begin: begin})
	}
	return &t.ahead
}

// await makes f the figures that wait. The trades that those before it counted
// cannot be amended any more.
func (t *Tape) await(f figures) {
	t.ahead = f
	t.recent.leaveAhead()
}

// begin begins a day in the quote: what is known of it already counts, and if
// the source has given no previous close the last price is that.
func (t *Tape) begin(day quotes.Day) {
	f := figures{begin: day.Begin}
	if t.ahead.begin.Equal(day.Begin) {
		f, t.ahead = t.ahead, figures{}
	} else if t.ahead.begin.Before(day.Begin) {
		t.await(figures{})
	}
	if !f.previousClose.Valid && t.closed(day) {
		f.previousClose, f.closeDate = t.quote.Price, t.dayOf(t.shown.begin).Date
	}
	before := t.price()
	if t.before = (last{}); !t.shown.begin.IsZero() && day.Begin.After(t.shown.begin) {
		t.before = before
	}
	t.shown, t.regular = f, lastPrice{}
	t.recent.turn(day.Begin)
}

// closed says that the last price is the close of the day before day: it was
// followed to it. Where there is no close, it never is.
func (t *Tape) closed(day quotes.Day) bool {
	return t.quote.Basis == quotes.PreviousClose && !t.anew && !t.shown.begin.IsZero() &&
		t.restored.closed(t.shown.begin, t.dayOf(day.Begin.Add(-1)).Begin)
}

// price is that of the newest trade. Of a day all whose trades were taken back
// it is the close before it, as the source or we know it.
func (t *Tape) price() last {
	switch {
	case t.regular.last.price.Valid:
		return t.regular.last
	case t.before.price.Valid && t.quote.Basis == quotes.PreviousClose && t.shown.previousClose.Valid:
		return last{price: t.shown.previousClose, at: t.before.at}
	}
	return t.before
}

// show puts the price and the day's figures into the quote. While there is no price at all
// they are those of the day that waits.
func (t *Tape) show() {
	f, q := &t.shown, &t.quote
	q.Price = t.price().price
	if !q.Price.Valid && !t.ahead.begin.IsZero() {
		f = &t.ahead
	}
	q.PreviousClose, q.Open, q.High, q.Low, q.Volume = f.previousClose, f.open, f.high, f.low, f.volume
	q.PreviousCloseDate, q.PreviousCloseAdjusted = f.closeDate, f.adjusted
	if in := [2]decimal.NullDecimal{q.Price, q.PreviousClose}; !same(in[0], t.changeOf[0]) || !same(in[1], t.changeOf[1]) {
		t.changeOf = in
		q.SetChange()
	}
	if q.ExtendedPrice.Valid {
		q.SetExtendedChange(t.extendedBase())
	}
}

// Adjustment is a previous close that a source gave anew, by more than 1 % away
// from what was known: the close of a split share is told in the new shares.
type Adjustment struct{ From, To decimal.Decimal }

// Adjusted returns the adjustment that the last Day updates have brought, once.
// The tape believes the source: this is for the log.
func (t *Tape) Adjusted() (Adjustment, bool) {
	a := t.adjustment
	t.adjustment = Adjustment{}
	return a, !a.From.IsZero()
}

// known is the previous close of the day of f and its date, as far as they are
// known: of a day that waits, the last price.
func (t *Tape) known(f *figures) (closing decimal.NullDecimal, date string) {
	if f == &t.ahead && !f.previousClose.Valid && t.closed(quotes.Day{Begin: f.begin}) {
		return t.quote.Price, t.dayOf(t.shown.begin).Date
	}
	return f.previousClose, f.closeDate
}

// adjust notes whether the previous close that u gives for the day of f is an
// adjustment of the known one.
func (t *Tape) adjust(u Update, f *figures, known decimal.NullDecimal) {
	if t.quote.Basis != quotes.PreviousClose || !u.PreviousClose.Valid || known.Decimal.Sign() <= 0 {
		return
	}
	from, to := known.Decimal, u.PreviousClose.Decimal
	if to.Sub(from).Abs().Shift(2).GreaterThan(from) {
		t.adjustment = Adjustment{from, to}
		f.adjusted = true
	}
}
