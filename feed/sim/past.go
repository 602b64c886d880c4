package sim

import (
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// pastStep is the time between two trades of the day before the market began.
const pastStep = int64(15 * time.Minute)

// past draws some trades of the regular session until end, on a path from the
// open to the fair value, so that a chart has its day at once. They are not
// counted again in the day's volume. A synthetic symbol has no past.
func (t *ticker) past(open, end, opened int64) []feed.Update {
	steps := (end - open) / pastStep
	if t.synthetic || steps <= 0 {
		return nil
	}
	trades := make([]feed.Update, steps)
	sd := t.sigma / math.Sqrt(float64(t.phase.shut-t.phase.open)/float64(pastStep)) * float64(t.close)
	at := float64(opened)
	for i := range trades {
		t.tradeID++
		trades[i] = feed.Update{
			Symbol: t.symbol, Kind: feed.Trade, Time: instant(open + int64(i)*pastStep),
			TradeID: t.tradeID, Price: t.price(t.ticks(at)), Size: t.tradeSize(),
			MovesLast: true, MovesRange: true, Regular: true,
		}
		// A step of a Brownian bridge: what is left of the way, in the steps
		// that are left.
		at += float64((t.fair-at)/float64(len(trades)-i)) + float64(sd*t.rng.NormFloat64())
	}
	return trades
}
