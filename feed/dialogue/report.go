package dialogue

import (
	"fmt"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// reportEvery is how often messages that were not understood are told.
const reportEvery = time.Minute

// Report tells the operator of messages that were not understood: of the first at
// once, and of those of each minute after it together. The zero Report is ready;
// one goroutine at a time uses it.
type Report struct {
	told  time.Time
	since int // messages that were not told
}

// Malformed notes one, and emits Reported when it is time to.
func (r *Report) Malformed(err error, now time.Time, emit func(feed.Update)) {
	r.since++
	if !r.told.IsZero() && now.Sub(r.told) < reportEvery {
		return
	}
	note := err.Error()
	if r.since > 1 {
		note = fmt.Sprintf("%d messages were not understood; the last: %s", r.since, note)
	}
	r.told, r.since = now, 0
	emit(feed.Update{Kind: feed.Reported, Time: now.UTC(), Note: note})
}
