package sim

import (
	"math"
	"math/rand/v2"
	"time"
)

// Events come in clusters: each brings branching more of them on average, most
// of which follow within 1/decay seconds. Over times longer than a cluster the
// index of dispersion is 1/(1-branching)².
const (
	branching = 0.8
	decay     = 150
)

// never is a time that does not come.
const never = math.MaxInt64

// arrivals says when updates come: evenly, or as a Hawkes process with an
// exponential kernel. It is shared by all symbols.
type arrivals struct {
	interval int64   // of the even drip in nanoseconds, 0 for bursts
	base     float64 // clusters per second
	longest  float64 // seconds from an update to the next
}

func newArrivals(c *config) arrivals {
	a := arrivals{base: c.rate * (1 - branching), longest: c.longestGap().Seconds()}
	if !c.burst {
		a.interval = int64(float64(time.Second)/c.rate + 0.5)
	}
	return a
}

// pulse is where one symbol's arrivals stand.
type pulse struct {
	// excess is the rate per second, above that of new clusters, right after
	// the last arrival.
	excess float64
	// quiet says that the next arrival is there only because nothing else came
	// for the longest time.
	quiet bool
}

// first returns the time of the first arrival after start.
func (a *arrivals) first(start int64, activity float64, p *pulse, rng *rand.Rand) int64 {
	*p = pulse{}
	if a.interval > 0 {
		return start + 1 + rng.Int64N(a.interval)
	}
	return a.next(start, start, activity, p, rng)
}

// next returns the time of the arrival after the one at last, and not before
// from. Activity is how busy it is there, 1 on average.
//
// The process is drawn exactly, without refusing any draw: the next event is
// the first of one of the constant rate and one of the decaying (Dassios and
// Zhao, "Exact simulation of Hawkes process with exponentially decaying
// intensity", Electronic Communications in Probability 18, 2013).
func (a *arrivals) next(last, from int64, activity float64, p *pulse, rng *rand.Rand) int64 {
	if a.interval > 0 {
		missed := max(0, from-last-1) / a.interval
		return last + (missed+1)*a.interval
	}
	if from > last {
		p.excess = 0
	}
	wait := rng.ExpFloat64() / (a.base * activity)
	p.quiet = wait > a.longest
	wait = min(wait, a.longest)
	if p.excess > 0 {
		if left := 1 - decay*rng.ExpFloat64()/p.excess; left > 0 {
			if soon := -math.Log(left) / decay; soon < wait {
				wait, p.quiet = soon, false
			}
		}
		p.excess *= math.Exp(-decay * wait)
	}
	if !p.quiet {
		p.excess += branching * decay
	}
	return from + 1 + int64(wait*float64(time.Second))
}
