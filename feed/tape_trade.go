package feed

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// haltGrace is how much later than a halt the time of a trade must be before
// the trade shows that the halt is over, although nobody said so: what was
// traded in the last moment is told a little later.
const haltGrace = 5 * time.Second

// last is the newest of some trades that may be a last price.
type last struct {
	price  decimal.NullDecimal
	time   time.Time // what is from before it is late
	at     time.Time // when it was traded, zero where that is not known
	ranges bool      // it has moved the day's range
}

// take says whether p becomes the newest. Of two of one time the one that is
// told later does.
func (l *last) take(p *print) bool {
	if p.time.Before(l.time) {
		return false
	}
	*l = last{quotes.Some(p.price), p.time, p.time, p.ranges}
	return true
}

// lastPrice is where a price comes from: the newest trade, and the newest of
// those that cannot be amended any more.
type lastPrice struct{ last, settled last }

// kept is a price after which any trade may come, however old it is.
func kept(l last) lastPrice {
	l = last{price: l.price, at: l.at}
	return lastPrice{last: l, settled: l}
}

func (t *Tape) trade(u Update) Outcome {
	if u.TradeID != 0 && t.recent.find(u.TradeID) >= 0 {
		return Duplicate
	}
	day := t.dayOf(u.Time)
	if day.Begin.Before(t.today.Begin) && !t.catchUp {
		return Late
	}
	p := print{
		id: u.TradeID, price: u.Price, size: u.Size, time: u.Time,
		eligible: u.MovesLast, ranges: u.MovesRange, counts: u.CountsVolume, extended: !inSession(u, &day),
	}
	var outcome Outcome
	if p.extended {
		outcome = t.extendedTrade(&p, day.Begin)
	} else {
		outcome = t.regularTrade(&p, day)
	}
	if outcome == Late {
		return Late
	}
	if !day.Begin.Before(t.today.Begin) {
		t.catchUp = false
	}
	if u.MovesLast && t.quote.Halted && u.Time.After(t.haltTime.Add(haltGrace)) {
		t.quote.Halted = false
		return Merged
	}
	return outcome
}

// inSession says that a trade belongs to the regular session of its day: by its
// time, or because the source says so, as of the closing auction, whose print
// comes after the close. Nothing before the open does.
func inSession(u Update, day *quotes.Day) bool {
	return !u.Time.Before(day.Open) && (u.Regular || u.Time.Before(day.Close))
}

// regularTrade merges a trade of the regular session. The first of a day that
// may be the last price begins the day in the quote; what comes before it waits.
func (t *Tape) regularTrade(p *print, day quotes.Day) Outcome {
	f := &t.shown
	if !day.Begin.Equal(f.begin) {
		switch {
		case day.Begin.Before(f.begin) && !t.anew:
			return Late
		case p.eligible:
			t.begin(day)
		default:
			if f = t.waiting(day.Begin); f == nil {
				return Late
			}
			p.ahead = true
		}
	}
	if t.quote.Basis == quotes.Rolling24h {
		// The figures are the source's own; a trade moves what it has told.
		p.ranges, p.counts = p.ranges && f.high.Valid, p.counts && f.volume.Valid
	}
	newest := p.eligible && t.regular.last.take(p)
	if !newest && !p.ranges && !p.counts {
		return late(p.eligible)
	}
	f.add(p)
	t.remember(p)
	if newest {
		t.anew, t.restored = false, restored{}
	}
	if p.ahead && t.quote.Price.Valid {
		return Unchanged // for the reader
	}
	t.show()
	return Merged
}

// extendedTrade merges a trade from before or after the regular session.
func (t *Tape) extendedTrade(p *print, begin time.Time) Outcome {
	if !begin.Equal(t.today.Begin) {
		return Late
	}
	p.ranges = false
	f := &t.shown
	if !begin.Equal(f.begin) {
		if f = t.waiting(begin); f == nil {
			return Late
		}
		p.ahead = true
	}
	newest := p.eligible && t.isExtended(p.time) && t.extended.last.take(p)
	if !newest && !p.counts {
		return late(p.eligible)
	}
	f.add(p)
	t.remember(p)
	if newest {
		t.quote.ExtendedPrice = quotes.Some(p.price)
	} else if p.ahead && t.quote.Price.Valid {
		return Unchanged // for the reader
	}
	t.show()
	return Merged
}

// late is the outcome of a trade that changes nothing.
func late(eligible bool) Outcome {
	if eligible {
		return Late
	}
	return Unchanged
}

// status notes a halt or a limit state, or the end of one.
func (t *Tape) status(u Update) Outcome {
	if u.Time.Before(t.statusTime) {
		return Late
	}
	t.statusTime = u.Time
	if u.Halted {
		t.haltTime = u.Time
	}
	if t.quote.Halted == u.Halted && t.quote.Limited == u.Limited {
		return Unchanged
	}
	t.quote.Halted, t.quote.Limited = u.Halted, u.Limited
	return Merged
}
