package feed

import (
	"context"
	"time"
)

const (
	// keepEvery is how often the quotes that have changed are stored. A save that
	// takes long makes the next one wait, so that saving takes no more than a
	// fiftieth of the time.
	keepEvery = 2 * time.Second
	keepShare = 50
	// saveTime bounds the last save, after the end.
	saveTime = time.Second
)

// keep stores what changes until ctx ends, and then once more.
func (m *Market) keep(ctx context.Context) {
	pause, failing := keepEvery, false
	var stored int64
	for running := true; running; {
		running = sleep(ctx, pause)
		began, limit := time.Now(), max(keepEvery, pause)
		if !running {
			limit = saveTime
		}
		changed, newest := m.Last(stored)
		if len(changed) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
		err := m.save(ctx, changed)
		cancel()
		switch {
		case err == nil:
			stored, failing = newest, false
		case !failing:
			failing = true // it is said once, and tried again
			m.log.Warn("the last quotes cannot be stored; after a restart there would be older ones", "error", err)
		}
		pause = max(keepEvery, keepShare*time.Since(began))
	}
}
