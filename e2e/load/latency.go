//go:build linux

package main

import (
	"math/bits"
	"time"
)

// latencies counts durations in buckets of microseconds, each at most 3 % wide.
type latencies struct {
	counts [64 << subBits]int64
	total  int64
	worst  time.Duration
}

const subBits = 5

// add counts one; a clock that disagrees by a little makes none negative.
func (l *latencies) add(us int64) {
	us = max(us, 0)
	l.counts[bucket(uint64(us))]++
	l.total++
	l.worst = max(l.worst, time.Duration(us)*time.Microsecond)
}

func bucket(us uint64) int {
	if us < 1<<subBits {
		return int(us)
	}
	shift := bits.Len64(us) - subBits - 1
	return (shift+1)<<subBits + int(us>>shift) - 1<<subBits
}

// at is the duration that the share q of all is not above, to the upper end of
// its bucket; 0 when there is none.
func (l *latencies) at(q float64) time.Duration {
	rank := int64(q*float64(l.total)) + 1
	for i, n := range l.counts {
		if rank -= n; rank <= 0 && n > 0 {
			return min(time.Duration(upper(i))*time.Microsecond, l.worst)
		}
	}
	return l.worst
}

func upper(bucket int) uint64 {
	if bucket < 1<<(subBits+1) {
		return uint64(bucket)
	}
	shift := bucket>>subBits - 1
	return uint64(1<<subBits+bucket&(1<<subBits-1)+1)<<shift - 1
}
