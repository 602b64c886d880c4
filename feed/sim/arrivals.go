package sim

import (
	"math/rand/v2"
	"time"
)

// How a burst differs from the calm between two of them: it comes with
// busyRate times the mean rate, the calm with calmRate times.
const (
	calmRate = 0.35
	busyRate = 8
	// busyShare is the part of the time that bursts take, so that the mean
	// over both is the rate: calmRate·(1-busyShare) + busyRate·busyShare = 1.
	busyShare = (1 - calmRate) / (busyRate - calmRate)
)

// arrivals says when updates come: evenly, or as a Poisson process of two
// states (MMPP), whose events per second vary far more than a drip's. It is
// shared by all symbols.
type arrivals struct {
	interval int64 // of the even drip in nanoseconds, 0 for bursts
	// The rates of updates, and those of leaving the state, per nanosecond.
	calm, busy, leaveCalm, leaveBusy float64
}

func newArrivals(rate float64, burst bool) arrivals {
	if !burst {
		return arrivals{interval: int64(float64(time.Second)/rate + 0.5)}
	}
	perNano := rate / float64(time.Second)
	// A burst lasts a second on average, longer where that would be no more
	// than a few updates.
	length := max(1, 2/rate) * float64(time.Second)
	return arrivals{
		calm: calmRate * perNano, busy: busyRate * perNano,
		leaveBusy: 1 / length, leaveCalm: busyShare / (1 - busyShare) / length,
	}
}

// first returns the time of the first update after start and whether it comes
// within a burst.
func (a arrivals) first(start int64, rng *rand.Rand) (at int64, busy bool) {
	if a.interval > 0 {
		return start + 1 + rng.Int64N(a.interval), false
	}
	return a.next(start, rng.Float64() < busyShare, rng)
}

// next returns the time of the update after the one at now.
func (a arrivals) next(now int64, busy bool, rng *rand.Rand) (int64, bool) {
	if a.interval > 0 {
		return now + a.interval, false
	}
	wait := 0.0
	for {
		rate, leave := a.calm, a.leaveCalm
		if busy {
			rate, leave = a.busy, a.leaveBusy
		}
		both := rate + leave
		wait += rng.ExpFloat64() / both
		if rng.Float64()*both < rate {
			return now + 1 + int64(wait), busy
		}
		busy = !busy
	}
}

// after leaves out what would come before horizon: it returns the time of the
// first update from there on.
func (a arrivals) after(horizon, next int64, busy bool, rng *rand.Rand) (int64, bool) {
	if a.interval > 0 {
		missed := (horizon - next + a.interval - 1) / a.interval
		return next + missed*a.interval, false
	}
	return a.next(horizon, busy, rng)
}
