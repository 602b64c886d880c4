package sse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	minByeRetry = time.Second
	// minReturn is the least time over which the clients of a drain come back.
	minReturn = 4 * time.Second
)

// Drain lets every stream say `bye` and end, spread evenly over Options.Drain
// and in no order, and every Open from now on say `busy`, both with the reason
// "drain". It returns when no stream is left, or with an error when ctx ends
// before; then all that are left have been told to end.
func (s *Server) Drain(ctx context.Context) error {
	s.sayGoodbyes(ctx, s.refuseFromNow())
	select {
	case <-s.drained:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.streams) == 0 {
			return nil
		}
		return fmt.Errorf("sse: drain: %d streams still open: %w", len(s.streams), context.Cause(ctx))
	}
}

// refuseFromNow returns the open streams, shuffled.
func (s *Server) refuseFromNow() []*Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.draining && len(s.streams) == 0 {
		close(s.drained)
	}
	s.draining = true
	open := make([]*Stream, 0, len(s.streams))
	for st := range s.streams {
		open = append(open, st)
	}
	rand.Shuffle(len(open), func(i, j int) { open[i], open[j] = open[j], open[i] })
	return open
}

// sayGoodbyes ends one stream after the other, and all that are left when ctx
// ends.
func (s *Server) sayGoodbyes(ctx context.Context, streams []*Stream) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	began, hurry := time.Now(), false
	for i, st := range streams {
		at, retry := s.goodbye(i, len(streams))
		if wait := at - time.Since(began); wait > 0 && !hurry {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-s.drained:
				return
			case <-ctx.Done():
				hurry = true
			}
		}
		st.retry.Store(int64(retry))
		st.End(ReasonDrain)
	}
}

// goodbye returns when the i-th of n streams is told to end, from the begin of
// the drain, and what its retry is then. Both grow together, so that the clients
// come back evenly: retries drawn for themselves would add up with the times of
// the goodbyes to a peak of twice the mean in the middle.
func (s *Server) goodbye(i, n int) (at, retry time.Duration) {
	share := (float64(i) + rand.Float64()) / float64(n)
	at = time.Duration(float64(s.opts.Drain) * share)
	return at, minByeRetry + time.Duration(float64(s.returnTime())*share)
}

// returnTime is what a goodbye's retry may be above minByeRetry.
func (s *Server) returnTime() time.Duration { return max(s.opts.Drain, minReturn) }

// byeRetry is the `retry:` of the stream's goodbye: what a drain has given it,
// or drawn.
func (st *Stream) byeRetry() time.Duration {
	if retry := st.retry.Load(); retry != 0 {
		return time.Duration(retry)
	}
	return RandomRetry(minByeRetry, minByeRetry+st.server.returnTime())
}
