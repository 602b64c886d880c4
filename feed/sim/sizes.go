package sim

import (
	"math"

	"github.com/shopspring/decimal"
)

const (
	lot = 100
	// coinTrade is the median of a trade in coins, in units of the currency.
	coinTrade = 400
)

// lots are the decimals of the usual sizes, made once and shared.
type lots [64]decimal.Decimal

func newLots() *lots {
	var l lots
	for i := range l {
		l[i] = decimal.New(int64(i)*lot, 0)
	}
	return &l
}

func (l *lots) shares(n int64) decimal.Decimal {
	if n%lot == 0 && n/lot < int64(len(l)) {
		return l[n/lot]
	}
	return decimal.New(n, 0)
}

// sizes say how much is traded at once. The cheaper a share, the more.
type sizes struct {
	oneLot      float64 // the part of trades of exactly one lot
	more, sigma float64 // what the others have above it, lognormal: the median, and of the logarithm
	odd         float64 // the part of all trades that are of less than a lot
}

// sizeClasses are those of BAC, AIG and IBM on the real session, by price.
var sizeClasses = [...]struct {
	price float64
	sizes
}{
	{14, sizes{oneLot: 0.42, more: 450, sigma: 1.2}},
	{49, sizes{oneLot: 0.72, more: 170, sigma: 1.1}},
	{182, sizes{oneLot: 0.77, more: 110, sigma: 1.1}},
}

// newSizes are those of a price, between the classes by its logarithm. Odd lots
// were not on the tape before December 2013; today they are most of the trades
// of an expensive share and few of a cheap one's.
func newSizes(v *venue, price float64) sizes {
	low, high := sizeClasses[0], sizeClasses[1]
	if price > high.price {
		low, high = high, sizeClasses[2]
	}
	f := min(max(math.Log(price/low.price)/math.Log(high.price/low.price), 0), 1)
	s := sizes{
		oneLot: low.oneLot + f*(high.oneLot-low.oneLot),
		more:   low.more + f*(high.more-low.more),
		sigma:  low.sigma + f*(high.sigma-low.sigma),
	}
	if v.national {
		s.odd = min(max(0.1*math.Log2(price/10), 0.1), 0.6)
	}
	return s
}

// mean is about the mean of a trade.
func (s *sizes) mean() float64 {
	return (1-s.odd)*(lot+(1-s.oneLot)*s.more*math.Exp(s.sigma*s.sigma/2)) + s.odd*lot/3
}

// tradeSize draws the size of a trade: in shares lognormal with a mass at one
// lot, in coins lognormal in money. price is in units of the currency.
func (t *ticker) tradeSize() decimal.Decimal {
	if t.sizeDecimals > 0 {
		return coinSize(&t.venue, coinTrade*math.Exp(1.4*t.rng.NormFloat64())/t.units())
	}
	if t.rng.Float64() < t.sizes.oneLot {
		return t.lots.shares(lot)
	}
	n := lot + 1 + int64(t.sizes.more*math.Exp(t.sizes.sigma*t.rng.NormFloat64()))
	if t.rng.Float64() < 0.7 {
		n += lot - n%lot
	}
	return t.lots.shares(min(n, 2000*lot))
}

// oddSize draws a size below a lot.
func (t *ticker) oddSize() decimal.Decimal {
	return decimal.New(min(max(int64(20*math.Exp(1.2*t.rng.NormFloat64())), 1), lot-1), 0)
}

// quoteSize draws how much is wanted or offered at the best price.
func (t *ticker) quoteSize() decimal.Decimal {
	if t.sizeDecimals > 0 {
		return coinSize(&t.venue, 8*coinTrade*math.Exp(1.1*t.rng.NormFloat64())/t.units())
	}
	return t.lots.shares(lot * (1 + int64(3*t.rng.ExpFloat64())))
}

func coinSize(v *venue, coins float64) decimal.Decimal {
	units := coins * math.Pow10(int(v.sizeDecimals))
	return decimal.New(max(1, int64(units)), -v.sizeDecimals)
}
