package sse

import (
	"fmt"
	"os"
	"slices"
)

// lost ends a stream whose connection is broken.
func (l *loop) lost(c *looped, err error) {
	if c.phase >= phaseBye {
		l.end(c, c.reason, firstOf(c.cause, err))
		return
	}
	l.end(c, ReasonGone, err)
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// goodbye says bye and lets the stream end when that is out.
func (l *loop) goodbye(c *looped, reason string, cause error) {
	c.phase, c.reason, c.cause = phaseBye, reason, cause
	c.leave = l.now + goodbyeTimeout
	bye := farewell("bye", reason, c.stream.byeRetry())
	c.rest = append(slices.Clip(c.rest), bye...)
	l.wheel.set(c, c.leave)
	l.farewell(c)
}

// farewell sends what is left of the goodbye and, when it is out, waits for the
// client to close: a close before that, with something of the client unread,
// would be a reset that eats the goodbye.
func (l *loop) farewell(c *looped) {
	if l.flush(c, true) {
		c.phase = phaseShut
		c.socket.shut()
	}
}

// giveUp closes a stream that had its time for the goodbye.
func (l *loop) giveUp(c *looped) {
	err := c.cause
	if c.phase == phaseBye && err == nil {
		err = fmt.Errorf("write: %w", os.ErrDeadlineExceeded)
	}
	l.end(c, c.reason, err)
}

// end closes the connection and the stream.
func (l *loop) end(c *looped, reason string, err error) {
	if c.phase == phaseOver {
		return
	}
	c.phase = phaseOver
	c.rest = nil
	l.wheel.remove(c)
	if c.socket != nil {
		l.poller.forget(c.socket)
		c.socket.close()
	}
	l.server.counts.add(&l.tally)
	c.stream.finish(reason, err)
	l.server.loops.leave(l)
}
