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

// prints are the newest recentTrades trades, in the order they came.
type prints struct {
	ids  []uint64 // of ring's prints, apart because they are looked for with each trade
	ring []print
	head int // the oldest, once the ring is full
}

// find returns the print of a trade, nil when it is not known any more.
func (r *prints) find(id uint64) *print {
	if i := slices.Index(r.ids, id); i >= 0 {
		return &r.ring[i]
	}
	return nil
}

// add remembers p and returns the print that is forgotten for it.
func (r *prints) add(p *print) (old print, full bool) {
	if len(r.ring) < recentTrades {
		r.ids, r.ring = append(r.ids, p.id), append(r.ring, *p)
		return print{}, false
	}
	old = r.ring[r.head]
	r.ids[r.head], r.ring[r.head] = p.id, *p
	r.head = (r.head + 1) % recentTrades
	return old, true
}

// each visits the prints that count, oldest first.
func (r *prints) each(visit func(*print)) {
	for i := range r.ring {
		if p := &r.ring[(r.head+i)%len(r.ring)]; !p.gone {
			visit(p)
		}
	}
}

// turn keeps only the prints of the day that begins there, and shows them.
func (r *prints) turn(begin time.Time) {
	old := slices.Concat(r.ring[r.head:], r.ring[:r.head])
	r.clear()
	for i := range old {
		if p := &old[i]; p.ahead && !p.time.Before(begin) {
			p.ahead = false
			r.add(p)
		}
	}
}

func (r *prints) clear() { r.ids, r.ring, r.head = r.ids[:0], r.ring[:0], 0 }

// remember keeps a trade for as long as it can be amended.
func (t *Tape) remember(p *print) {
	old, full := t.recent.add(p)
	if !full || old.gone {
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
	p := t.recent.find(u.TradeID)
	if p == nil || p.gone {
		return Unmatched
	}
	size := decimal.Zero
	if u.Kind == Correction {
		size = u.Size
	}
	if p.counts {
		t.of(p).addVolume(size.Sub(p.size))
	}
	if u.Kind == Correction {
		p.price, p.size = u.Price, u.Size
	} else {
		p.gone = true
	}
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
