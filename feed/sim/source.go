package sim

import (
	"context"
	"errors"
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// beat is what a wait is rounded up to. Linux wakes a Go program that has
	// nothing else to do at whole milliseconds: a wait of 2.4 of them wakes it
	// after 2 and, for the rest, after 3. A wake is most of what a look costs.
	beat = time.Millisecond
	// margin is what a wait has above the whole ones, so that they are still
	// whole when it has begun; Linux is later than that at their end.
	margin = 40 * time.Microsecond
	// pause is the least time between two looks at the clock: what is due
	// within it goes out together.
	pause = 2*beat + margin
	// setback is how far the clock may be set back without a new beginning.
	setback = time.Second
	// rushStep is how much of the market's time goes out together where nothing
	// is waited for.
	rushStep = int64(time.Second)
)

// errSetBack ends a run whose updates would have to go back in time.
var errSetBack = errors.New("the clock was set back; the market begins anew")

// source is the simulated market as a feed.Source.
type source struct {
	config
	listings []listing
	clock    clock
}

func newSource(c config, listings []listing, wall func() time.Time) *source {
	return &source{config: c, listings: listings, clock: clock{config: c, wall: wall}}
}

// Name implements feed.Source.
func (s *source) Name() string { return "sim" }

// Run implements feed.Source. It emits the whole market at once and then
// follows the clock. A market has no demand; only one that does not wait has an
// end, after a day.
func (s *source) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	emit = spoil(s.faults, s.seed, s.staleAfter(), emit)
	now := s.clock.begin()
	m := newMarket(s.config, s.listings, now)
	m.begin(ctx, now, emit)
	if s.speed == 0 {
		return s.rush(ctx, m, now, emit)
	}
	return s.follow(ctx, m, now, emit)
}

// follow emits what is due by the clock.
func (s *source) follow(ctx context.Context, m *market, now int64, emit func(feed.Update)) error {
	timer := time.NewTimer(s.untilNext(m, now))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		before := now
		now = s.clock.now()
		if now < before-int64(setback) {
			return errSetBack
		}
		if now >= endTime.UnixNano() {
			return nil
		}
		m.advance(ctx, now, emit)
		timer.Reset(s.untilNext(m, now))
	}
}

// untilNext is how long to sleep after a look at the clock at now.
func (s *source) untilNext(m *market, now int64) time.Duration {
	wake := max(m.next(), now+int64(float64(pause)*s.clock.pace()))
	return roundUp(s.clock.until(wake, s.clock.now()))
}

// roundUp makes a wait one that the machine keeps with one wake.
func roundUp(wait time.Duration) time.Duration {
	if wait <= 0 {
		return wait
	}
	return (wait-margin+beat-1)/beat*beat + margin
}

// rush emits a day from now on without waiting.
func (s *source) rush(ctx context.Context, m *market, now int64, emit func(feed.Update)) error {
	for end := now + int64(day); now < end && ctx.Err() == nil; {
		now = min(max(now+rushStep, m.next()), end)
		s.clock.set(now)
		m.advance(ctx, now, emit)
	}
	return ctx.Err()
}
