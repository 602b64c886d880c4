package sim

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// pause is the least time between two looks at the clock: what is due
	// within it goes out together.
	pause = 2 * time.Millisecond
	// setback is how far the clock may be set back without a new beginning.
	setback = time.Second
)

// errSetBack ends a run whose updates would have to go back in time.
var errSetBack = errors.New("the clock was set back; the market begins anew")

// source is the simulated market as a feed.Source.
type source struct {
	config
	listings []listing
	clock    func() time.Time
	ran      atomic.Bool
}

// Name implements feed.Source.
func (s *source) Name() string { return "sim" }

// Run implements feed.Source. It emits the whole market at once and then
// follows the clock. A market has no demand and no end.
func (s *source) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := s.clock().UnixNano()
	m := newMarket(s.config, s.listings, now)
	m.begin(ctx, now, s.ran.Swap(true), emit)

	timer := time.NewTimer(s.untilNext(m, now))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		before := now
		now = s.clock().UnixNano() // not the monotonic clock, which may stand still while the machine sleeps
		if now < before-int64(setback) {
			return errSetBack
		}
		m.advance(ctx, now, emit)
		timer.Reset(s.untilNext(m, now))
	}
}

// untilNext is how long to sleep after a look at the clock at now.
func (s *source) untilNext(m *market, now int64) time.Duration {
	wake := max(m.next(), now+int64(pause))
	return time.Duration(wake - s.clock().UnixNano())
}
