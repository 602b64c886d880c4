package sim

import (
	"math"
	"math/rand/v2"
)

// spread says how many ticks bid and ask are apart. Of stocks it is one tick
// and what two geometric draws add: on the real session IBM at $182 had spreads
// of 1 to 5 ticks in 13, 21, 20, 14 and 10 % of its quotes, which is that with a
// mean of 2.9 more. The cheaper and the more traded a stock is, the less is
// added: AIG at $49 and BAC at $14 had one tick in 96 and 98 %, SPY at $168, of
// which far more is traded, in 99 %.
type spread struct {
	scale float64 // of the exponential draws whose whole parts are geometric
	ticks float64 // the mean of a coin's; 0 for stocks
}

const (
	// What IBM was like: price, added ticks, and money traded on a day.
	widePrice    = 182
	wideAdded    = 2.9
	wideTurnover = 0.73e9
	// Added at least, and at most in parts of the price.
	leastAdded = 0.02
	mostAdded  = 1e-3
)

func newSpread(v *venue, ticks, price, turnover float64) spread {
	if v.spread > 0 {
		return spread{ticks: ticks * v.spread}
	}
	ratio := price / widePrice
	added := wideAdded * ratio * ratio * ratio * wideTurnover / turnover
	added = max(min(added, mostAdded*ticks), leastAdded)
	return spread{scale: -1 / math.Log(added/(2+added))}
}

func (s spread) draw(rng *rand.Rand) int64 {
	if s.ticks > 0 {
		return max(1, int64(float64(s.ticks*(0.5+rng.ExpFloat64()/2))+0.5))
	}
	return 1 + int64(s.scale*rng.ExpFloat64()) + int64(s.scale*rng.ExpFloat64())
}
