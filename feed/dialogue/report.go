package dialogue

import (
	"fmt"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// reportEvery is how often messages that were not understood are told.
const reportEvery = time.Minute

// report tells the first such message at once, and those of each minute after it
// together.
type report struct {
	told  time.Time
	since int // messages that were not told
}

func (r *report) malformed(err error, now time.Time, emit func(feed.Update)) {
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
