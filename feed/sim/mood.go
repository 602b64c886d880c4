package sim

import (
	"math"
	"math/rand/v2"
)

const (
	// moodStep is how many seconds lie between two draws of the mood, which
	// glides from one to the next.
	moodStep = 20
	// The mood's part in the rate of events and in the variance of returns: the
	// standard deviations of their logarithms.
	moodActivity = 0.2
	moodVariance = 0.6
	// moodStream keeps the mood's randomness apart from every symbol's.
	moodStream = 0xd1b54a32d192ed03
)

// mood is how busy and how nervous all symbols are together, beyond what the
// hour says. It follows from the seed and the second alone.
type mood struct {
	seed     uint64
	pcg      *rand.PCG
	rng      *rand.Rand
	step     int64
	from, to float64
}

func newMood(seed uint64) *mood {
	pcg := rand.NewPCG(0, 0)
	return &mood{seed: seed ^ moodStream, pcg: pcg, rng: rand.New(pcg), step: -1}
}

// at returns what to multiply the rate of events and the variance with.
func (m *mood) at(second int64) (activity, variance float64) {
	if step := second / moodStep; step != m.step {
		m.step = step
		m.from, m.to = m.draw(step), m.draw(step+1)
	}
	f := float64(second%moodStep) / moodStep
	z := (float64((1-f)*m.from) + float64(f*m.to)) / math.Sqrt(float64((1-f)*(1-f))+float64(f*f))
	return math.Exp(moodActivity*z - moodActivity*moodActivity/2), math.Exp(moodVariance*z - moodVariance*moodVariance/2)
}

func (m *mood) draw(step int64) float64 {
	m.pcg.Seed(m.seed, uint64(step))
	return m.rng.NormFloat64()
}
