package sse

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// begin sends the head and what the content has, without a ring.
func (l *loop) begin(c *looped) {
	c.phase = phaseOpen
	c.taken, c.check = l.now, l.now+l.patience()
	c.turned = l.now - maxRest
	if c.cause == nil {
		c.cause = l.poller.watch(c.socket, c)
	}
	if c.cause != nil {
		l.end(c, ReasonGone, c.cause)
		return
	}
	if c.stream.ending.Load() != nil {
		l.goodbye(c, *c.stream.ending.Load(), nil)
		return
	}
	if l.turn(c); c.phase == phaseOpen && c.unbooked > 0 {
		if l.flush(c, false); c.phase == phaseOpen {
			l.arm(c)
		}
	}
}

// look does what a notice about the socket asks for: read, and write again if it
// was full. It reports whether the stream goes on.
func (l *loop) look(c *looped) bool {
	more, err := c.socket.drain()
	switch {
	case err != nil && c.phase == phaseShut:
		l.end(c, c.reason, c.cause)
		return false
	case errors.Is(err, io.EOF):
		l.lost(c, nil)
		return false
	case err != nil:
		l.lost(c, err)
		return false
	case more:
		l.poke(c, pokeIO)
	}
	switch {
	case c.rest == nil:
	case c.phase == phaseBye:
		l.farewell(c)
	case l.flush(c, false):
		l.arm(c)
		l.schedule(c)
	}
	return c.phase != phaseOver
}

// stall notes that the socket is full: from here on it is watched closely
// whether the client takes anything.
func (l *loop) stall(c *looped) {
	l.measure(c)
	l.wheel.set(c, c.check)
}

// patience is the time between two looks at a client that has something to take.
func (l *loop) patience() time.Duration { return l.server.opts.WriteTimeout / 4 }

// measure looks whether the client took anything since the last look. What the
// socket takes says little: it may be full for long while the client reads.
func (l *loop) measure(c *looped) {
	unacked := int64(c.socket.unacked())
	if acked := c.sent - unacked; unacked == 0 && c.rest == nil || acked > c.acked {
		c.acked, c.taken = acked, l.now
	}
	c.check = l.now + l.patience()
	if c.acked < c.sent {
		c.check = min(c.check, c.taken+l.server.opts.WriteTimeout)
	}
}

// attend does what is due of a stream: its end, a look at the client, a turn, a
// heartbeat.
func (l *loop) attend(c *looped) {
	if c.phase >= phaseBye {
		if l.now >= c.leave {
			l.giveUp(c)
		} else {
			l.wheel.set(c, c.leave)
		}
		return
	}
	if l.now >= c.check {
		if l.measure(c); l.now-c.taken >= l.server.opts.WriteTimeout {
			l.end(c, ReasonTimeout, fmt.Errorf("write: %w", os.ErrDeadlineExceeded))
			return
		}
	}
	if l.schedule(c); c.queued {
		return // the turn arms it
	}
	if c.rest == nil && l.now >= c.written+l.server.opts.Heartbeat {
		l.heartbeat(c)
	}
	if c.phase == phaseOpen {
		l.arm(c)
	}
}

func (l *loop) heartbeat(c *looped) {
	frame := l.server.beats.frame(l.clock)
	n := l.write(c, frame, false)
	if n > 0 {
		c.stream.book(&l.tally, tally{heartbeats: 1, bytes: int64(n)})
	}
	if (n < len(frame) || c.socket.held()) && c.phase == phaseOpen {
		c.rest = append([]byte{}, frame[n:]...) // not nil, even where there is nothing of it
	}
}

// arm puts a stream into the wheel for what it waits for.
func (l *loop) arm(c *looped) {
	due := c.check
	if c.rest == nil {
		l.schedule(c)
		due = min(due, c.written+l.server.opts.Heartbeat)
		if c.next != 0 {
			due = min(due, c.next)
		}
	}
	l.wheel.set(c, due)
}
