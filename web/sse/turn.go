package sse

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"
)

// schedule finds the time for what a stream has to take.
func (l *loop) schedule(c *looped) {
	if !c.news || c.queued || c.phase != phaseOpen || c.rest != nil {
		return
	}
	rest := time.Duration(c.stream.rest.Load())
	next := c.turned + rest
	if c.urgent || c.owed > 0 || l.now >= next {
		c.queued = true
		l.queue = append(l.queue, c)
		return
	}
	if c.next == 0 {
		c.next = inStep(next, rest)
		l.wheel.set(c, c.next)
	}
}

const (
	// maxStep is the longest that a turn waits for others of the same moment,
	// where the stream's own rest is longer than shortRest.
	maxStep = 10 * time.Millisecond
	// shortRest is the longest rest of which all streams have their turns at the
	// same moments.
	shortRest = 50 * time.Millisecond
	// maxLate is how late a turn may be, for want of the processor, without
	// putting off the next one.
	maxLate = 25 * time.Millisecond
)

// inStep is the first moment from next on at which streams of that rest that
// wait for their pace have their turns together. Apart they would wake the loop,
// and the clients' machines, ten times as often, which costs a seventh of all.
// As the step divides the usual rests a stream waits for it only once; one whose
// rest it does not divide would wait each time, and keeps its own times.
func inStep(next, rest time.Duration) time.Duration {
	step := maxStep
	if rest <= shortRest {
		step = rest.Truncate(wheelTick)
	}
	if step <= wheelTick || rest%step != 0 {
		return next
	}
	return (next + step - 1).Truncate(step)
}

// turn takes what the content has and sends it, or what the last turn still owes.
func (l *loop) turn(c *looped) {
	defer l.contain(c)
	begun, paced := l.now, c.next != 0 && l.now >= c.next
	// On the wheel, a stream's pace is that of its times, not of the moments at
	// which it got its turns.
	if paced && l.now-c.next < maxLate {
		begun = c.next
	}
	whole := c.urgent || c.owed == 0
	c.news, c.urgent, c.next = false, false, 0
	content := c.stream.content
	frames, err := content.Take(l.batch.frames[:0])
	l.batch.frames = frames
	if err != nil {
		l.goodbye(c, ReasonError, contentError{err})
		return
	}
	given := len(frames)
	if given == 0 {
		c.owed = 0
		l.arm(c)
		return
	}
	if whole {
		c.turned = min(begun, l.now)
	} else {
		frames = frames[:min(int(c.owed), given)]
		l.batch.frames = frames
	}
	n, size := 0, int64(0)
	if c.rest == nil || l.flush(c, true) {
		n, size = l.send(c, &l.batch)
	}
	clear(l.batch.frames)
	if c.phase == phaseOver {
		return
	}
	if n > 0 {
		c.stream.book(&l.tally, tally{turns: 1, events: int64(n), bytes: size})
	}
	// A stream that had to wait for its pace goes on moving, most likely: it gets
	// its next turn unasked, which is cheaper than to tell it of every change.
	again := paced && n == given && c.rest == nil
	content.Wrote(n, l.clock, again)
	c.news, c.owed = n < given || again, int32(len(frames)-n)
	l.arm(c)
}

// contain lets a panic in a content end its stream and nothing else.
func (l *loop) contain(c *looped) {
	if p := recover(); p != nil {
		l.server.opts.Logger.Error("a stream's content has panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		l.end(c, ReasonError, fmt.Errorf("sse: a panic in the content: %v", p))
	}
}

// send sends the frames of a batch until the socket is full, and returns how many have left and
// how many bytes. Of the one that was cut, which counts as left, the stream keeps
// the rest.
func (l *loop) send(c *looped, b *batch) (n int, size int64) {
	frames := b.frames
	for n < len(frames) {
		piece, count := b.piece(n)
		sent := l.write(c, piece, n+count < len(frames))
		size += int64(sent)
		if sent == len(piece) && !c.socket.held() {
			n += count
			continue
		}
		for ; count > 0 && sent >= len(frames[n]); count-- {
			sent -= len(frames[n])
			n++
		}
		if sent > 0 {
			c.rest = slices.Clone(frames[n][sent:])
			n++
		} else {
			c.rest = full
		}
		break
	}
	return n, size
}

// full is the rest of a stream whose socket is full between two frames.
var full = []byte{}

// write gives the socket as much of p as it takes. An error ends the stream.
func (l *loop) write(c *looped, p []byte, more bool) (n int) {
	if c.sent == c.acked {
		c.taken = l.now // it had nothing to take until now
	}
	n, err := c.socket.send(p, more)
	c.sent += int64(n)
	if n > 0 {
		c.written = l.now
	}
	if err != nil {
		l.lost(c, err)
		return n
	}
	if (n < len(p) || c.socket.held()) && c.phase == phaseOpen {
		l.stall(c)
	}
	return n
}

// flush sends the rest, and says whether all of it is out.
func (l *loop) flush(c *looped, more bool) bool {
	n := 0
	if len(c.rest) > 0 || c.socket.held() {
		n = l.write(c, c.rest, more)
	}
	head := min(n, int(c.unbooked))
	c.unbooked -= int32(head)
	c.stream.book(&l.tally, tally{bytes: int64(n - head)})
	if c.phase == phaseOver {
		return false
	}
	if n < len(c.rest) || c.socket.held() {
		c.rest = c.rest[n:]
		return false
	}
	c.rest = nil
	return true
}
