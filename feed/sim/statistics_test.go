package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func TestMeanRateIsTheRate(t *testing.T) {
	for rate, length := range map[float64]time.Duration{0.05: 5 * time.Hour, 2: 10 * time.Minute, 50: 20 * time.Second} {
		listings := universe(0)
		n := -3 * len(listings) // what the beginning takes
		play(config{seed: 9, rate: rate, burst: true}, listings, time.Second, length, func(feed.Update) { n++ })
		got := float64(n) / length.Seconds() / float64(len(listings))
		if math.Abs(got/rate-1) > 0.06 {
			t.Errorf("rate %v: %.4f updates per second and symbol", rate, got)
		}
	}
}

// The index of dispersion is the variance of the events per second over their
// mean: 1 for a Poisson process, 17 to 104 measured on real sessions.
func TestBurstsAreOverDispersed(t *testing.T) {
	const seconds = 600
	counts := make(map[quotes.Symbol]*[seconds + 1]float64)
	play(config{seed: 9, rate: 2, burst: true}, universe(0), time.Second, seconds*time.Second, func(u feed.Update) {
		if counts[u.Symbol] == nil {
			counts[u.Symbol] = new([seconds + 1]float64)
		}
		if u.Time.UnixNano() > start {
			counts[u.Symbol][(u.Time.UnixNano()-start-1)/int64(time.Second)]++
		}
	})
	sum := 0.0
	for _, perSecond := range counts {
		mean, variance := moments(perSecond[:seconds])
		sum += variance / mean
	}
	index := sum / float64(len(counts))
	t.Logf("index of dispersion %.1f", index)
	if index < 3 {
		t.Errorf("index of dispersion %.2f, want above 3", index)
	}
}

func TestTradesBounceBetweenBidAndAsk(t *testing.T) {
	last := make(map[quotes.Symbol]float64)
	changes := make(map[quotes.Symbol][]float64)
	var trades, quoted int
	// Coins are left out: they move by more than their spread from one trade to the next.
	stocks := slices.DeleteFunc(universe(0), func(l listing) bool { return l.kind != quotes.Stock })
	play(config{seed: 2, rate: 2, burst: true}, stocks, time.Second, 20*time.Minute, func(u feed.Update) {
		switch u.Kind {
		case feed.Quote:
			quoted++
		case feed.Trade:
			trades++
			price := u.Price.InexactFloat64()
			if before, ok := last[u.Symbol]; ok {
				changes[u.Symbol] = append(changes[u.Symbol], price-before)
			}
			last[u.Symbol] = price
		}
	})
	sum := 0.0
	for sym, list := range changes {
		r := correlation(list[:len(list)-1], list[1:])
		sum += r
		if r >= 0.05 {
			t.Errorf("%v: lag-1 autocorrelation of price changes %.2f", sym, r)
		}
	}
	mean := sum / float64(len(changes))
	share := float64(trades) / float64(trades+quoted)
	t.Logf("autocorrelation %.2f, trades %.3f", mean, share)
	if mean > -0.1 {
		t.Errorf("mean lag-1 autocorrelation %.2f, want clearly below 0", mean)
	}
	if math.Abs(share-tradeShare) > 0.02 {
		t.Errorf("%.3f of the updates are trades", share)
	}
}

func TestSizesHaveTheirShape(t *testing.T) {
	var lots, shares int
	play(config{seed: 2, rate: 20, burst: true}, pick(0, "AAPL", "BTC/USD"), time.Second, 5*time.Minute, func(u feed.Update) {
		switch {
		case u.Kind != feed.Trade:
		case u.Symbol.String() == "BTC/USD":
			if u.Size.Exponent() != -8 || u.Size.InexactFloat64() > 100 {
				t.Fatalf("size %v", u.Size)
			}
		default:
			shares++
			if u.Size.CoefficientInt64() == lot {
				lots++
			}
			if u.Size.Exponent() != 0 {
				t.Fatalf("size %v", u.Size)
			}
		}
	})
	if part := float64(lots) / float64(shares); part < 0.5 || part > 0.8 {
		t.Errorf("%.2f of the trades are of one lot", part)
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
	var tickers []ticker
	for _, l := range universe(20) {
		tickers = append(tickers, newTicker(&l, newLots(), 6, start, factor))
		tickers[len(tickers)-1].snapshot(t.Context(), start, func(feed.Update) {})
	}
	most, least := 1.0, 1.0
	for step := range int64(365 * 6) {
		factor += factorSigma / math.Sqrt(6) * rng.NormFloat64()
		for i := range tickers {
			u := tickers[i].update(start+step*int64(4*time.Hour), factor)
			if u.Kind == feed.Trade {
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
