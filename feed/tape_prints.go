package feed

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"
)

// recentTrades is how many trades a tape can still correct, cancel and know
// again as duplicates.
const recentTrades = 64

// print is one trade as far as it can still change the quote.
type print struct {
	id          uint64
	price, size decimal.Decimal
	time        time.Time
	// What the trade's conditions allow.
	eligible, ranges, counts bool
	extended                 bool // outside of the regular session
	ahead                    bool // of a day that the quote does not show yet
	gone                     bool // taken back, or of a day that was left
}

// packed is a print as it is kept: without a pointer, and a quarter of the size.
// Numbers have at most quotes.MaxDigits digits, which an int64 holds.
type packed struct {
	price, size       int64 // coefficients
	time              int64 // nanoseconds since 1970
	priceExp, sizeExp int32
	marks             uint8
}

// The marks of a packed print, as the fields of a print.
const (
	eligibleMark = 1 << iota
	rangesMark
	countsMark
	extendedMark
	aheadMark
	goneMark
)

func pack(p *print) packed {
	k := packed{
		price: p.price.CoefficientInt64(), priceExp: p.price.Exponent(),
		size: p.size.CoefficientInt64(), sizeExp: p.size.Exponent(), time: p.time.UnixNano(),
	}
	for _, m := range [...]struct {
		is   bool
		mark uint8
	}{
		{p.eligible, eligibleMark}, {p.ranges, rangesMark}, {p.counts, countsMark},
		{p.extended, extendedMark}, {p.ahead, aheadMark}, {p.gone, goneMark},
	} {
		if m.is {
			k.marks |= m.mark
		}
	}
	return k
}

func (k *packed) print(id uint64) print {
	return print{
		id: id, price: decimal.New(k.price, k.priceExp), size: decimal.New(k.size, k.sizeExp), time: time.Unix(0, k.time).UTC(),
		eligible: k.marks&eligibleMark != 0, ranges: k.marks&rangesMark != 0, counts: k.marks&countsMark != 0,
		extended: k.marks&extendedMark != 0, ahead: k.marks&aheadMark != 0, gone: k.marks&goneMark != 0,
	}
}

// prints are the newest recentTrades trades, in the order they came.
type prints struct {
	ids  []uint64 // of ring's prints, apart because they are looked for with each trade
	ring []packed
	head int // the oldest, once the ring is full
}

// find returns where the print of a trade is, -1 when it is not known any more.
func (r *prints) find(id uint64) int { return slices.Index(r.ids, id) }

func (r *prints) at(i int) print { return r.ring[i].print(r.ids[i]) }

func (r *prints) put(i int, p *print) { r.ids[i], r.ring[i] = p.id, pack(p) }

// add remembers p and returns the print that is forgotten for it, if it matters
// to anybody.
func (r *prints) add(p *print) (old print, matters bool) {
	if len(r.ring) < recentTrades {
		r.grow()
		r.ids, r.ring = append(r.ids, p.id), append(r.ring, pack(p))
		return print{}, false
	}
	if k := &r.ring[r.head]; k.marks&goneMark == 0 && k.marks&(eligibleMark|rangesMark) != 0 {
		old, matters = k.print(r.ids[r.head]), true
	}
	r.put(r.head, p)
	r.head = (r.head + 1) % recentTrades
	return old, matters
}

// grow makes room for one more: for all that there will be, once it is more than a
// symbol has that is hardly traded, since one that is fills them in minutes.
func (r *prints) grow() {
	const few = 4
	switch len(r.ring) {
	case 0:
		r.ids, r.ring = slices.Grow(r.ids, few), slices.Grow(r.ring, few)
	case few:
		r.ids, r.ring = slices.Grow(r.ids, recentTrades-few), slices.Grow(r.ring, recentTrades-few)
	}
}

// each visits copies of the prints that count, oldest first.
func (r *prints) each(visit func(*print)) {
	for n := range r.ring {
		if i := (r.head + n) % len(r.ring); r.ring[i].marks&goneMark == 0 {
			p := r.at(i)
			visit(&p)
		}
	}
}

// leaveAhead takes back what is of a day that the quote does not show yet.
func (r *prints) leaveAhead() {
	for i := range r.ring {
		if r.ring[i].marks&aheadMark != 0 {
			r.ring[i].marks |= goneMark
		}
	}
}

// turn keeps only the prints of the day that begins there, and shows them.
func (r *prints) turn(begin time.Time) {
	old := prints{slices.Clone(r.ids), slices.Clone(r.ring), r.head}
	r.clear()
	for n := range old.ring {
		i := (old.head + n) % len(old.ring)
		if k := old.ring[i]; k.marks&aheadMark != 0 && k.time >= begin.UnixNano() {
			k.marks &^= aheadMark
			r.ids, r.ring = append(r.ids, old.ids[i]), append(r.ring, k)
		}
	}
}

func (r *prints) clear() { r.ids, r.ring, r.head = r.ids[:0], r.ring[:0], 0 }

// remember keeps a trade for as long as it can be amended.
func (t *Tape) remember(p *print) {
	old, matters := t.recent.add(p)
	if !matters {
		return
	}
	t.of(&old).settle(&old)
	switch {
	case !old.eligible:
	case !old.extended:
		t.regular.settled.take(&old)
	case t.isExtended(old.time):
		t.extended.settled.take(&old)
	}
}

// of are the figures that a trade counts in.
func (t *Tape) of(p *print) *figures {
	if p.ahead {
		return &t.ahead
	}
	return &t.shown
}

// amend corrects or cancels one of the recent trades, and draws from those that
// are left what the trade had decided.
func (t *Tape) amend(u Update) Outcome {
	if u.TradeID == 0 {
		return Unmatched
	}
	i := t.recent.find(u.TradeID)
	if i < 0 {
		return Unmatched
	}
	p := t.recent.at(i)
	if p.gone {
		return Unmatched
	}
	size := decimal.Zero
	if u.Kind == Correction {
		size = u.Size
	}
	if p.counts {
		t.of(&p).addVolume(size.Sub(p.size))
	}
	if u.Kind == Correction {
		p.price, p.size = u.Price, u.Size
	} else {
		p.gone = true
	}
	t.recent.put(i, &p)
	t.redraw()
	return Merged
}

// redraw computes the prices, open, high and low anew from what is settled and
// the recent trades.
func (t *Tape) redraw() {
	for _, f := range [...]*figures{&t.shown, &t.ahead} {
		f.open, f.high, f.low = f.settledOpen, f.settledHigh, f.settledLow
	}
	t.regular.last, t.extended.last = t.regular.settled, t.extended.settled
	t.recent.each(func(p *print) {
		if p.ranges {
			f := t.of(p)
			widen(&f.open, &f.high, &f.low, p.price)
		}
		switch {
		case !p.eligible:
		case !p.extended:
			t.regular.last.take(p)
		case t.isExtended(p.time):
			t.extended.last.take(p)
		}
	})
	t.quote.ExtendedPrice = t.extended.last.price
	if !t.quote.ExtendedPrice.Valid {
		t.clearExtended()
	}
	t.show()
}
