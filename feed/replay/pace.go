package replay

import (
	"context"
	"time"
)

const (
	// nap is the shortest sleep. Rows that fall due in it go out together, up
	// to one nap late, so that a fast replay sets one timer for many rows.
	nap = 2 * time.Millisecond
	// shortestRound keeps a loop over next to nothing from spinning.
	shortestRound = 10 * time.Millisecond
)

// pace says when the rows of one round are due. Rows from before base are due
// at once; the first other one is due when it comes, and starts the clock.
type pace struct {
	speed float64 // 0 waits for nothing
	base  time.Time

	start time.Time // when base was played, zero before
	now   time.Time // the clock as it was last read
}

// wait returns when a row of the time t is due, or with ctx's error.
func (p *pace) wait(ctx context.Context, t time.Time) error {
	since := t.Sub(p.base)
	if since < 0 {
		return nil
	}
	if !p.started() {
		p.now = time.Now()
		p.start = p.now
	}
	if p.speed == 0 {
		return nil
	}
	return p.until(ctx, p.start.Add(time.Duration(float64(since)/p.speed)))
}

// rest ends a round: it waits until the round was not too short.
func (p *pace) rest(ctx context.Context) error {
	if p.speed == 0 {
		return nil
	}
	return p.until(ctx, p.start.Add(shortestRound))
}

// started says that a row was not from before base.
func (p *pace) started() bool { return !p.start.IsZero() }

// until reads the clock only for what was not yet due when it last did.
func (p *pace) until(ctx context.Context, due time.Time) error {
	if !due.After(p.now) {
		return nil
	}
	p.now = time.Now()
	left := due.Sub(p.now)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(max(left, nap))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case p.now = <-timer.C:
		return nil
	}
}
