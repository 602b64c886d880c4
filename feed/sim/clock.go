package sim

import (
	"sync/atomic"
	"time"
)

// clock is the market's time: ours, or a virtual one that runs at its own speed
// from the start on. Times are in nanoseconds since 1970.
type clock struct {
	config
	wall   func() time.Time
	anchor atomic.Pointer[anchor] // nil before the start
}

// anchor is what the virtual time was at a moment of ours.
type anchor struct {
	wall time.Time
	at   int64
}

// begin starts the clock, and returns what it shows.
func (c *clock) begin() int64 {
	wall := c.wall()
	at := wall.UnixNano()
	if !c.start.IsZero() {
		at = c.start.UnixNano()
	}
	c.anchor.Store(&anchor{wall, at})
	return at
}

// set makes the clock show at, and go on from there.
func (c *clock) set(at int64) { c.anchor.Store(&anchor{c.wall(), at}) }

// now is what the clock shows. Our own time is not the monotonic one, which may
// stand still while the machine sleeps.
func (c *clock) now() int64 {
	wall := c.wall()
	if !c.virtual() {
		return wall.UnixNano()
	}
	a := c.anchor.Load()
	if a == nil {
		if c.start.IsZero() {
			return wall.UnixNano()
		}
		return c.start.UnixNano()
	}
	return min(a.at+int64(float64(wall.Sub(a.wall))*c.pace()), endTime.UnixNano())
}

// time is now for the tapes. Any number may call it at once.
func (c *clock) time() time.Time { return instant(c.now()) }

// pace is the market's time per time; where it is as fast as possible, set
// makes the leaps.
func (c *clock) pace() float64 {
	if c.speed == 0 {
		return 1
	}
	return c.speed
}

// until is how long to wait at now until the clock shows at.
func (c *clock) until(at, now int64) time.Duration {
	return time.Duration(float64(at-now) / c.pace())
}

func instant(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }
