package sim

import (
	"math"
	"math/rand/v2"

	"github.com/shopspring/decimal"
)

const (
	lot = 100
	// oneLot is the part of the trades in shares that are of exactly one lot.
	oneLot = 0.6
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

// tradeSize draws the size of a trade: in shares lognormal with a mass at one
// lot, in coins lognormal in money. price is in units of the currency.
func tradeSize(l *lots, v *venue, price float64, rng *rand.Rand) decimal.Decimal {
	if v.sizeDecimals > 0 {
		return coinSize(v, coinTrade*math.Exp(1.4*rng.NormFloat64())/price)
	}
	if rng.Float64() < oneLot {
		return l.shares(lot)
	}
	n := int64(120 * math.Exp(1.1*rng.NormFloat64()))
	if n > lot && rng.Float64() < 0.7 {
		n -= n % lot
	}
	return l.shares(min(max(n, 1), 1000*lot))
}

// quoteSize draws how much is wanted or offered at the best price.
func quoteSize(l *lots, v *venue, price float64, rng *rand.Rand) decimal.Decimal {
	if v.sizeDecimals > 0 {
		return coinSize(v, 8*coinTrade*math.Exp(1.1*rng.NormFloat64())/price)
	}
	return l.shares(lot * (1 + int64(3*rng.ExpFloat64())))
}

func coinSize(v *venue, coins float64) decimal.Decimal {
	units := coins * math.Pow10(int(v.sizeDecimals))
	return decimal.New(max(1, int64(units)), -v.sizeDecimals)
}
