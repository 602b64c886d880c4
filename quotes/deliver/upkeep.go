package deliver

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// upkeepEvery is the time between two looks for what is old and how much waits.
const upkeepEvery = 10 * time.Second

// upkeep removes a step of what is old, and counts what waits.
func (r *Runner) upkeep(ctx context.Context) error {
	now := time.Now()
	if _, err := r.outbox.PruneOutbox(ctx, now.Add(-r.opts.KeepDelivered), now.Add(-r.opts.KeepDead)); err != nil {
		return fmt.Errorf("remove old deliveries: %w", err)
	}
	waiting, since, err := r.outbox.Backlog(ctx)
	if err != nil {
		return fmt.Errorf("count deliveries: %w", err)
	}
	r.count(func(s *Stats) { s.Waiting, s.Oldest = waiting, since })
	return nil
}

// Stats are a Runner's figures. Those of type uint64 only grow, and are this
// process' own.
type Stats struct {
	Running   int       // tries under way
	Waiting   int       // rows that wait, of all processes, some seconds ago
	Oldest    time.Time // when the oldest of them was made; zero when none waits
	Delivered uint64
	Failed    uint64 // tries that failed
	Dead      uint64 // rows that were given up after a try
	Cut       uint64 // tries that a stop cut short
	Closed    uint64 // channels that were turned off or removed
}

// Stats returns the present figures.
func (r *Runner) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Running = len(r.rows)
	return s
}

func (r *Runner) count(change func(*Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.stats)
}

// outage makes two log lines of a spell of failures: its begin and its end.
type outage struct {
	since time.Time // zero while all is well
	tries int
}

func (o *outage) note(logger *slog.Logger, err error) {
	switch {
	case err != nil && o.since.IsZero():
		*o = outage{since: time.Now(), tries: 1}
		logger.Error("the deliveries' database fails; trying again until it answers", "error", err)
	case err != nil:
		o.tries++
	case !o.since.IsZero():
		logger.Info("the deliveries' database answers again", "after", time.Since(o.since).Round(time.Millisecond), "failures", o.tries)
		*o = outage{}
	}
}
