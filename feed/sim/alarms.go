package sim

import (
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// alarms are the times at which something happens to a symbol beside its usual
// updates. None of them is left out, however late it comes.
type alarms struct {
	alarm int64 // the first of those below
	phase phase
	turn  int64 // the end of the phase
	cross int64 // of the auction
	shock int64 // of a fall or a leap out of nothing
	limit int64 // the end of a limit state, or of a part of a pause
}

func (a *alarms) set() { a.alarm = min(a.turn, a.cross, a.shock, a.limit) }

// wake begins the symbol's sessions at now.
func (t *ticker) wake(now int64) {
	t.cross, t.limit, t.shock = never, never, t.nextShock(now)
	t.phase = *t.hours.at(now)
	t.turn = t.phase.end
	t.bands.reset(t, now)
	t.arrival = never
	if t.open() {
		t.arrival = t.model.arrivals.first(now, t.activity(now), &t.pulse, t.rng)
	}
	t.set()
}

// open says whether there are usual updates.
func (t *ticker) open() bool { return t.phase.session != quotes.Closed && t.state != paused }

func (t *ticker) activity(now int64) float64 {
	activity, _ := t.hours.level(now)
	return activity
}

// follow draws the time of the update after the one at t.arrival, not before
// from. What lies beyond an alarm is drawn there.
func (t *ticker) follow(from int64) {
	if t.alarm <= from && t.model.arrivals.interval == 0 {
		t.arrival = never
		return
	}
	t.arrival = t.model.arrivals.next(t.arrival, from, t.activity(from), &t.pulse, t.rng)
}

// skip leaves out the updates before horizon.
func (t *ticker) skip(horizon int64) {
	if t.arrival < horizon {
		t.follow(horizon)
	}
}

// ring does what is due at now, one alarm at a time.
func (t *ticker) ring(now int64, factor float64, emit func(feed.Update)) {
	switch now {
	case t.turn:
		t.enter(now, factor, emit)
	case t.cross:
		t.cross = never
		t.auction(now, emit)
	case t.shock:
		t.shock = t.nextShock(now)
		t.jolt()
	case t.limit:
		t.endLimit(now, factor, emit)
	}
	t.set()
	if t.arrival == never && t.open() {
		t.arrival = t.model.arrivals.first(now, t.activity(now), &t.pulse, t.rng)
	}
}

// enter begins the next session.
func (t *ticker) enter(now int64, factor float64, emit func(feed.Update)) {
	before := t.phase
	t.phase = *t.hours.at(now)
	t.asOf = now // the rest of the session before, or the night, is not walked
	t.move(now, factor)
	t.lift(now, emit)
	t.turn = t.phase.end
	if t.phase.day != before.day {
		t.beginDay(now, emit)
	}
	t.bands.reset(t, now)
	t.arrival = never // that of the session before
	if !t.phase.always {
		switch {
		case t.phase.session == quotes.Regular:
			t.cross = now + t.venue.opening.delay(t.rng.ExpFloat64())
		case before.session == quotes.Regular:
			t.cross = now + t.venue.closing.delay(t.rng.ExpFloat64())
		}
	}
}

// beginDay is a new volume, the night's news, and a split where it is the symbol's turn.
func (t *ticker) beginDay(now int64, emit func(feed.Update)) {
	t.beginTally(now)
	if !t.phase.always {
		t.fair *= 1 + float64(t.own*math.Sqrt(overnight)*t.rng.NormFloat64())
	}
	if !t.model.split || t.model.splits(t.phase.date) != t.symbol {
		return
	}
	t.divide(t.splitRatio())
	emit(feed.Update{Symbol: t.symbol, Kind: feed.Day, Time: instant(now), PreviousClose: quotes.Some(t.price(t.last)), PreviousCloseDate: t.dayBefore()})
}

// splitRatio is what a split makes of a price: less where it is high, more
// where it is low.
func (t *ticker) splitRatio() float64 {
	switch price := t.units(); {
	case price >= 400:
		return 1.0 / 10
	case price >= 150:
		return 1.0 / 4
	case price >= 30:
		return 1.0 / 2
	}
	return 5
}

// divide makes all prices by a ratio other ones.
func (t *ticker) divide(ratio float64) {
	t.fair, t.base = float64(t.fair*ratio), float64(t.base*ratio)
	t.last = t.ticks(float64(float64(t.last) * ratio))
	t.setBid(t.ticks(float64(t.bidTicks) * ratio))
	t.setAsk(t.bidTicks + 1)
	t.amends = asItIs
	t.calibrate()
}

// auction is a large print at one price for all. Before that of the open, and
// after that of the close, the exchange says what the official price is, in a
// print that counts for nothing.
func (t *ticker) auction(now int64, emit func(feed.Update)) {
	official := func(price int64) {
		u := t.print(now, t.price(price), t.oddSize())
		u.MovesLast, u.MovesRange, u.CountsVolume, u.Regular = false, false, false, true
		emit(u)
	}
	price := t.ticks(t.fair)
	if t.phase.session == quotes.Regular {
		official(price)
	}
	emit(t.auctionPrint(now, price, auctionShare))
	if t.phase.session != quotes.Regular {
		official(price + 1)
	}
}

// auctionPrint is a trade of about a part of what is traded on a day.
func (t *ticker) auctionPrint(now, price int64, share float64) feed.Update {
	traded := t.model.rate * tradeShare * t.sizes.mean() * float64(t.phase.shut-t.phase.open) / float64(time.Second)
	size := max(lot, share*traded*math.Exp(0.5*t.rng.NormFloat64()))
	if t.sizeDecimals > 0 {
		size /= t.units()
	}
	u := t.print(now, t.price(price), t.shares(size))
	u.MovesRange, u.Regular = true, true
	t.last = price
	t.count(&u)
	return u
}

// auctionShare is the part of a day's volume that the opening auction has, and
// the closing one: 138,862 and 151,665 shares of IBM's 3.76 million.
const auctionShare = 0.035

// auctionTime is how long after the session's begin or end an auction's print
// comes: least and what is added on average, in seconds.
type auctionTime struct{ least, added float64 }

func (a auctionTime) delay(draw float64) int64 {
	return int64(min(float64(a.least+float64(a.added*draw)), 180) * float64(time.Second))
}
