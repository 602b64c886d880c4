package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
)

func TestMeanRateIsTheRate(t *testing.T) {
	for rate, symbols := range map[float64]int{0.05: 40, 2: 2} {
		listings := universe(0)[:symbols]
		n := -4 * len(listings) // what the beginning takes, beside the past
		play(config{seed: 9, rate: rate, burst: true}, listings, time.Second, day, func(feed.Update) { n++ })
		got := float64(n) / day.Seconds() / float64(len(listings))
		if math.Abs(got/rate-1) > 0.05 {
			t.Errorf("rate %v: %.4f updates per second and symbol", rate, got)
		}
	}
}

func TestMarketMovesTogetherAndAsFarAsItShould(t *testing.T) {
	const minutes = 24 * 60
	returns := make(map[string][]float64)
	mids := make(map[string]float64)
	seen := make(map[string]float64)
	minute := int64(0)
	play(config{seed: 4, rate: 0.5, burst: false}, pick(0, "AAPL", "MSFT", "BTC/USD"), time.Second, day, func(u feed.Update) {
		for ; minute < (u.Time.UnixNano()-start)/int64(time.Minute); minute++ {
			for sym, mid := range mids {
				if before := seen[sym]; before > 0 {
					returns[sym] = append(returns[sym], math.Log(mid/before))
				}
				seen[sym] = mid
			}
		}
		if u.Kind == feed.Quote {
			mids[u.Symbol.String()] = (u.Bid.Decimal.InexactFloat64() + u.Ask.Decimal.InexactFloat64()) / 2
		}
	})
	if r := correlation(returns["AAPL"], returns["MSFT"]); r < 0.12 || r > 0.6 {
		t.Errorf("correlation of AAPL and MSFT %.2f", r)
	}
	for sym, want := range map[string]float64{"AAPL": 0.016, "MSFT": 0.014, "BTC/USD": 0.03} {
		_, variance := moments(returns[sym])
		if sd := math.Sqrt(variance * minutes); math.Abs(sd/want-1) > 0.2 {
			t.Errorf("%s: standard deviation of a day %.4f, want about %.4f", sym, sd, want)
		}
	}
}

// The factor is drawn every four hours here: at its own pace a year takes too long.
func TestPricesStayPlausibleForAYear(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	factor := 0.0
	m := newMarket(with(func(c *config) { c.seed = 6 }), universe(20), start)
	m.begin(t.Context(), start, func(feed.Update) {})
	tickers := m.tickers
	most, least := 1.0, 1.0
	for step := range int64(365 * 6) {
		factor += factorSigma / math.Sqrt(6) * rng.NormFloat64()
		for i := range tickers {
			tickers[i].hours.at(start + step*int64(4*time.Hour))
			u := tickers[i].update(start+step*int64(4*time.Hour), factor)
			if u.Kind == feed.Trade && u.MovesLast {
				ratio := float64(u.Price.CoefficientInt64()) / float64(tickers[i].close)
				most, least = max(most, ratio), min(least, ratio)
			}
		}
	}
	t.Logf("%.2f to %.2f times the first previous close", least, most)
	if least < 0.5 || most > 2 {
		t.Errorf("prices from %.2f to %.2f times the first previous close", least, most)
	}
	if least > 0.9 || most < 1.1 {
		t.Errorf("prices stay within %.2f to %.2f times the first previous close for a year", least, most)
	}
}

func moments(xs []float64) (mean, variance float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	for _, x := range xs {
		variance += (x - mean) * (x - mean) / float64(len(xs))
	}
	return mean, variance
}

func correlation(xs, ys []float64) float64 {
	mx, vx := moments(xs)
	my, vy := moments(ys)
	sum := 0.0
	for i := range xs {
		sum += (xs[i] - mx) * (ys[i] - my) / float64(len(xs))
	}
	return sum / math.Sqrt(vx*vy)
}
