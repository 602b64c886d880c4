package quotes

import (
	"sync/atomic"
	"time"
)

// Versions gives the versions of quotes: max(last + 1, microseconds since
// 1970). Of two quotes of one symbol the higher version is the newer, over a
// restart too as long as the clock does not go back. The zero Versions is ready;
// all who publish into one system share one. Any number may call Next at once.
type Versions struct{ last atomic.Int64 }

// Next returns a version above every one that it returned before.
func (v *Versions) Next(now time.Time) int64 {
	for {
		last := v.last.Load()
		next := max(last+1, now.UnixMicro())
		if v.last.CompareAndSwap(last, next) {
			return next
		}
	}
}

// Newest is the last version that Next returned, 0 before the first.
func (v *Versions) Newest() int64 { return v.last.Load() }
