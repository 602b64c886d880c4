package sim

import (
	"math"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// The bands of the plan to address extraordinary market volatility (LULD, SEC
// release 34-67091 and its amendments) for the stocks of tier 1, which all of
// ours are: no trade is farther from the mean of the last five minutes. The
// reference moves only when that mean is one percent away.
const (
	meanOf        = int64(5 * time.Minute)
	referenceStep = 0.01
	limitState    = int64(15 * time.Second)
	pauseLength   = int64(5 * time.Minute)
	// The bands are twice as far in the first and the last minutes of a session.
	wideAfterOpen   = int64(15 * time.Minute)
	wideBeforeClose = int64(25 * time.Minute)
)

// A shock moves a symbol by leastShock to mostShock, every shockEvery on average.
const (
	shockEvery             = 10 * float64(day)
	leastShock, mostShock  = 0.06, 0.1
	shockPasses            = 0.3 // how often it passes within the limit state
	shockRecedes           = 0.6 // of it, at most, is taken back by the end of the pause
	reopenShare            = auctionShare / 5
	statusEvery            = int64(10 * time.Second) // while a pause lasts
	bandCheap, bandMinimum = 3, 0.75
)

// halt is where a symbol stands to its bands.
type halt uint8

const (
	free    halt = iota
	limited      // at a band: fifteen seconds to come back
	paused
)

// bands are the bounds of a symbol's price. Where there are none they are
// infinite.
type bands struct {
	state     halt
	reference float64
	low, high float64
	window    window
	pauseEnd  int64
	shocked   float64 // what the last shock added to the fair value
}

// window is the mean of a fair value over five minutes.
type window struct {
	sum float64
	n   int
	end int64
}

func (w *window) mean() float64 { return w.sum / float64(w.n) }

// reset begins the bands of a session at the fair value.
func (b *bands) reset(t *ticker, now int64) {
	*b = bands{reference: t.fair, low: math.Inf(-1), high: math.Inf(1)}
	if !t.banded() {
		b.window.end = never
		return
	}
	b.widen(t, now)
}

func (t *ticker) banded() bool {
	return t.national && !t.model.plain && t.phase.session == quotes.Regular
}

// widen sets the bands about the reference for the next five minutes.
func (b *bands) widen(t *ticker, now int64) {
	b.window = window{end: now + meanOf}
	price := b.reference / math.Pow10(int(t.decimals))
	part := 0.05
	switch {
	case price < bandMinimum:
		part = min(0.75, 0.15/price)
	case price <= bandCheap:
		part = 0.2
	}
	if p := &t.phase; !p.always && (now < p.open+wideAfterOpen || now >= p.shut-wideBeforeClose) {
		part *= 2
	}
	b.low, b.high = b.reference*(1-part), b.reference*(1+part)
}

// watch holds the fair value against the bands.
func (t *ticker) watch(now int64) {
	if now >= t.window.end {
		switch {
		case now >= t.window.end+meanOf: // it was not watched
			t.reference = t.fair
		case t.window.n > 0 && math.Abs(t.window.mean()/t.reference-1) >= referenceStep:
			t.reference = t.window.mean()
		}
		t.widen(t, now)
	}
	t.window.sum += t.fair
	t.window.n++
	if t.state == free && (t.fair < t.low || t.fair > t.high) {
		t.state, t.pauseEnd, t.limit = limited, now+limitState, now
		t.set()
	}
}

// pinned is the quote of a limit state: the side that would go beyond the band
// stands at it, and there is no other.
func (t *ticker) pinned(now int64) feed.Update {
	up := t.fair > t.reference
	at := int64(math.Ceil(t.low))
	if up {
		at = int64(t.high)
	}
	t.setBid(at)
	t.setAsk(at)
	u := t.standing(now)
	if up {
		u.Ask, u.AskSize = decimal.NullDecimal{}, decimal.NullDecimal{}
	} else {
		u.Bid, u.BidSize = decimal.NullDecimal{}, decimal.NullDecimal{}
	}
	return u
}

func (t *ticker) nextShock(now int64) int64 {
	if !t.national || t.model.plain {
		return never
	}
	return now + int64(shockEvery*t.rng.ExpFloat64())
}

// jolt is news that nobody expected.
func (t *ticker) jolt() {
	if t.phase.session != quotes.Regular || t.state != free {
		return
	}
	size := leastShock + (mostShock-leastShock)*t.rng.Float64()
	if t.rng.Float64() < 0.5 {
		size = -size
	}
	t.shocked = float64(t.fair * size)
	t.fair += t.shocked
}

// endLimit says that a limit state has begun, and ends it, in a pause where the
// price is still beyond its band; in a pause it says again that the symbol is
// halted, or ends it.
func (t *ticker) endLimit(now int64, factor float64, emit func(feed.Update)) {
	switch {
	case t.state == paused && now >= t.pauseEnd:
		t.reopen(now, factor, emit)
	case t.state == paused:
		t.status(now, emit)
		t.limit = min(now+statusEvery, t.pauseEnd)
	case t.state == limited && now < t.pauseEnd:
		t.status(now, emit)
		t.limit = t.pauseEnd
	default:
		if t.rng.Float64() < shockPasses {
			t.fair = min(max(t.fair, t.low*1.005), t.high*0.995)
		}
		if t.fair >= t.low && t.fair <= t.high {
			t.state, t.limit = free, never
			t.status(now, emit)
			return
		}
		t.state, t.pauseEnd, t.limit = paused, now+pauseLength, now+statusEvery
		t.arrival = never
		t.status(now, emit)
	}
}

// reopen ends a pause by an auction at the price that is fair by now.
func (t *ticker) reopen(now int64, factor float64, emit func(feed.Update)) {
	t.move(now, factor)
	t.fair -= float64(t.shocked * shockRecedes * t.rng.Float64())
	t.reset(t, now)
	t.limit = never
	t.status(now, emit)
	emit(t.auctionPrint(now, t.ticks(t.fair), reopenShare))
	emit(t.quote(now))
}

// lift ends whatever the bands have led to, because the session ends.
func (t *ticker) lift(now int64, emit func(feed.Update)) {
	if t.state != free {
		t.state = free
		t.status(now, emit)
	}
	t.limit = never
}

func (t *ticker) status(now int64, emit func(feed.Update)) {
	emit(feed.Update{Symbol: t.symbol, Kind: feed.Status, Time: instant(now), Halted: t.state == paused, Limited: t.state == limited})
}
