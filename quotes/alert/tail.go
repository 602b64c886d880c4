package alert

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// batch is how many rows one read of the log's end takes.
const batch = 256

// Run keeps the entries in memory at the log's end until ctx ends, then it
// returns nil: it looks into the database after every Hint and at least once in
// the Poll interval, and lets retention remove the oldest. A database that
// fails does not end it: an outage is logged once, and the next look tries again.
func (l *Log) Run(ctx context.Context) error {
	tick := time.NewTicker(l.opts.Poll)
	defer tick.Stop()
	var down outage
	for {
		err := l.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			l.counts.readErrors.Add(1)
		}
		down.note(l.opts.Logger, err)
		select {
		case <-l.hint:
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look reads what is new and takes one step of retention.
func (l *Log) look(ctx context.Context) error {
	if err := l.catchUp(ctx); err != nil {
		return fmt.Errorf("read new notifications: %w", err)
	}
	if err := l.retain(ctx); err != nil {
		return fmt.Errorf("remove old notifications: %w", err)
	}
	return nil
}

// ageEvery is the longest time between two looks for notifications that have
// become too old.
const ageEvery = time.Minute

// retain takes one step of retention when it is time to.
func (l *Log) retain(ctx context.Context) error {
	l.mu.Lock()
	pruned, there := l.pruned, l.ring.last-l.pruned
	l.mu.Unlock()
	keep, now := l.opts.Keep, time.Now()
	byCount := keep >= 0 && there > int64(keep+max(keep/100, 1))
	byAge := l.opts.KeepFor > 0 && now.Sub(l.aged) >= min(ageEvery, l.opts.KeepFor)
	if !byCount && !byAge {
		return nil
	}
	var before time.Time
	if byAge {
		before = now.Add(-l.opts.KeepFor)
	}
	removed, err := l.store.Prune(ctx, keep, before)
	if err != nil {
		return err
	}
	if byAge && removed <= pruned {
		l.aged = now // otherwise there may be more
	}
	l.notePruned(removed)
	return nil
}

// catchUp reads what the database has above the last entry, unless a read that
// began after the call has done so meanwhile: a thousand streams that come back
// at once with a number that is still to be read cost one or two reads.
func (l *Log) catchUp(ctx context.Context) error {
	asked := l.begun.Load()
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	if l.fresh > asked {
		return nil
	}
	this := l.begun.Add(1)
	if err := l.read(ctx); err != nil {
		return err
	}
	l.fresh = this
	return nil
}

// read takes all rows above the last entry. The caller has the turn.
func (l *Log) read(ctx context.Context) error {
	if err := l.position(ctx); err != nil {
		return err
	}
	for {
		rows, err := l.store.After(ctx, l.Last(), batch)
		if err != nil {
			return err
		}
		l.push(rows)
		if len(rows) < batch {
			break
		}
	}
	l.mu.Lock()
	l.opened = true
	l.mu.Unlock()
	return nil
}

// position sets, before the first read, where it begins: so far below the
// newest number that the ring gets full.
func (l *Log) position(ctx context.Context) error {
	l.mu.Lock()
	opened := l.opened
	l.mu.Unlock()
	if opened {
		return nil
	}
	newest, pruned, err := l.store.Bounds(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pruned = pruned
	l.ring = newRing(l.opts.Ring, max(newest-int64(l.opts.Ring), pruned))
	return nil
}

// push encodes rows into the ring and rings the bells. The caller has the turn.
func (l *Log) push(rows []Notification) {
	if len(rows) == 0 {
		return
	}
	entries := make([]*Entry, len(rows))
	for i := range rows {
		entries[i], l.scratch = l.entry(l.scratch, &rows[i])
	}
	l.mu.Lock()
	for _, e := range entries {
		l.ring.push(e)
	}
	l.mu.Unlock()
	l.ringBells()
}

// ringBells tells every follower that the log grew, and waits for none.
func (l *Log) ringBells() {
	l.bellsMu.Lock()
	defer l.bellsMu.Unlock()
	for bell := range l.bells {
		ringBell(bell)
	}
}

// ringBell rings a bell that may have been rung already.
func ringBell(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

func (l *Log) notePruned(pruned int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pruned = max(l.pruned, pruned)
}

// outage makes two log lines of a spell of failures: its begin and its end.
type outage struct {
	since time.Time // zero while all is well
	tries int
}

func (o *outage) note(logger *slog.Logger, err error) {
	switch {
	case err != nil && o.since.IsZero():
		o.since = time.Now()
		o.tries = 1
		logger.Error("the notifications' database fails; trying again until it answers", "error", err)
	case err != nil:
		o.tries++
	case !o.since.IsZero():
		logger.Info("the notifications' database answers again",
			"after", time.Since(o.since).Round(time.Millisecond), "failures", o.tries)
		*o = outage{}
	}
}
