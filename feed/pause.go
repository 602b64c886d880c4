package feed

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// The pause before a failed source is called again: doubled from the first to
// the last, and spread by a fifth to either side so that many nodes do not call
// at once. A source that ran well for steadyRun begins with the first again.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	steadyRun  = time.Minute

	// The pause after a Failure that is Slow: never shorter than the first.
	firstSlowPause = time.Minute
	lastSlowPause  = 10 * time.Minute
	// longestAfter bounds Failure.After: a vendor's mistake is not for ever.
	longestAfter = time.Hour
)

// pauses are those between the calls of a source.
type pauses struct{ last, slow time.Duration }

// next is the pause after a failure of a call, which was a steady one or not.
func (p *pauses) next(err error, steady bool) time.Duration {
	if steady {
		*p = pauses{}
	}
	if f, ok := errors.AsType[*Failure](err); ok && f.Slow {
		p.slow = min(max(2*p.slow, firstSlowPause), lastSlowPause)
		pause := max(p.slow, min(f.After, longestAfter))
		return pause + time.Duration(0.2*rand.Float64()*float64(pause))
	}
	p.last = min(max(2*p.last, firstPause), lastPause)
	return time.Duration(float64(p.last) * (0.8 + 0.4*rand.Float64()))
}

// sleep waits for d and says whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
