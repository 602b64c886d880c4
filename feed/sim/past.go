package sim

import (
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// pastStep is the time between two trades of the day before the market began.
const pastStep = int64(15 * time.Minute)

// past emits some trades of the day so far, on a path from the open to the fair
// value of now, so that a chart has its day at once. The day's figures hold them
// already. A synthetic symbol has no past.
func (t *ticker) past(now, opened, low, high int64, emit func(feed.Update)) {
	begin := now - now%int64(day)
	steps := (now - begin) / pastStep
	if t.synthetic {
		return
	}
	sd := t.sigma * math.Sqrt(float64(pastStep)/float64(day)) * float64(t.close)
	at := float64(opened)
	for i := range steps {
		ticks := min(max(int64(at+0.5), low), high)
		t.tradeID++
		emit(feed.Update{
			Symbol: t.symbol, Kind: feed.Trade, Time: instant(begin + i*pastStep),
			TradeID: t.tradeID, Price: t.price(ticks), Size: tradeSize(t.lots, &t.venue, t.units(), t.rng),
			MovesLast: true, MovesRange: true,
		})
		// A step of a Brownian bridge: what is left of the way, in the steps
		// that are left.
		at += float64((t.fair-at)/float64(steps-i)) + float64(sd*t.rng.NormFloat64())
	}
}
