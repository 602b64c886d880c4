package feed

import (
	"context"
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// keepEvery is how often the quotes that have changed are stored. A save that
	// takes long makes the next one wait, so that saving takes no more than a
	// fiftieth of the time.
	keepEvery = 2 * time.Second
	keepShare = 50
	// keepSoon is how often those of the symbols that Options.Soon names are,
	// however long that takes.
	keepSoon = 500 * time.Millisecond
	// saveTime bounds the last save, after the end.
	saveTime = time.Second
)

// keep stores what changes until ctx ends, and then once more.
func (m *Market) keep(ctx context.Context) {
	tick := time.NewTicker(keepSoon)
	defer tick.Stop()
	k := keeper{m: m}
	pause := keepEvery
	for due := time.Now().Add(pause); ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			k.save(ctx, saveTime, &k.stored, nil)
			return
		}
		began := time.Now()
		if began.Before(due) {
			if m.soon != nil {
				k.save(ctx, keepEvery, &k.soon, m.soon)
			}
			continue
		}
		k.save(ctx, pause, &k.stored, nil)
		pause = max(keepEvery, keepShare*time.Since(began))
		due = began.Add(pause)
	}
}

// keeper knows what it has stored.
type keeper struct {
	m            *Market
	stored, soon int64 // up to these versions: all, and those of Options.Soon
	failing      bool
}

// save stores the quotes that are newer than the version upTo, of all symbols or
// of some, and moves upTo.
func (k *keeper) save(ctx context.Context, limit time.Duration, upTo *int64, of func(quotes.Symbol) bool) {
	changed, newest := k.m.Last(max(*upTo, k.stored))
	if of != nil {
		changed = slices.DeleteFunc(changed, func(q *quotes.StockQuote) bool { return !of(q.Symbol) })
	}
	if len(changed) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	err := k.m.save(ctx, changed)
	cancel()
	switch {
	case err == nil:
		*upTo, k.failing = newest, false
	case !k.failing:
		k.failing = true // it is said once, and tried again
		k.m.log.Warn("the last quotes cannot be stored; after a restart there would be older ones", "error", err)
	}
}
