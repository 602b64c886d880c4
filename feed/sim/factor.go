package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

const (
	day = 24 * time.Hour
	// factorSigma is the standard deviation of the common factor over a day.
	factorSigma = 0.0075
	// factorStep is how long the factor stays as it is.
	factorStep = time.Second
	// factorStream keeps the factor's randomness apart from every symbol's.
	factorStream = 0x9e3779b97f4a7c15
)

// factor is the sum of the returns that all symbols share. Each step's return
// follows from the seed and the step's number since 1970 alone, so that neither
// the symbols nor the moments at which it is asked have a part in it. It moves
// in the hours of New York.
type factor struct {
	seed  uint64
	step  int64
	level float64
	hours *hours
	pcg   *rand.PCG
	rng   *rand.Rand
}

func newFactor(seed uint64, h *hours, start int64) *factor {
	pcg := rand.NewPCG(0, 0)
	return &factor{
		seed: seed ^ factorStream, step: start / int64(factorStep), hours: h,
		pcg: pcg, rng: rand.New(pcg),
	}
}

// at returns the factor at a time, in nanoseconds since 1970, that is not
// before the one asked for last. Of a gap it walks one day at most.
func (f *factor) at(now int64) float64 {
	step := now / int64(factorStep)
	f.step = max(f.step, step-int64(day/factorStep))
	for f.step < step {
		f.step++
		at := f.step * int64(factorStep)
		f.hours.at(at)
		_, variance := f.hours.level(at)
		f.pcg.Seed(f.seed, uint64(f.step))
		f.level += float64(factorSigma * math.Sqrt(float64(variance*float64(factorStep))) * f.rng.NormFloat64())
	}
	return f.level
}
