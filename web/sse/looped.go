package sse

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"time"
)

// phase is how far a stream of a loop is.
type phase uint8

const (
	phaseNone phase = iota // not served yet
	phaseOpen              // turns and heartbeats
	phaseBye               // its goodbye is on its way, nothing else will be
	phaseShut              // all was sent; the client is to close
	phaseOver
)

// looped carries a stream on a connection that was taken over, in turns of its
// loop. The goroutine of the loop alone uses it, but for pokes.
type looped struct {
	loop   *loop
	stream *Stream
	socket socket
	w      http.ResponseWriter // until serve
	pokes  poke                // guarded by loop.mu
	phase  phase

	news   bool // the content has something to take
	urgent bool // which does not wait for the pace
	queued bool // in the loop's queue

	// rest is what is left of the frame that was cut, or of the stream's own
	// frames; while there is any the socket is full. The first unbooked bytes of
	// it are the response's head.
	rest     []byte
	unbooked int

	// owed are the frames of the last turn that did not leave: as many follow as
	// soon as there is room, without a rest.
	owed int

	// All since the loop's epoch.
	turned  time.Duration // when the last turn began
	next    time.Duration // when the one that waits for the pace is to begin, 0 for none
	written time.Duration // when anything was written last
	taken   time.Duration // when it was last seen that the client took something, or had nothing to take
	check   time.Duration // when that is looked at again
	leave   time.Duration // when an ending stream is closed at the latest

	sent  int64 // bytes given to the socket
	acked int64 // how many of them the client had taken when that was looked at
	place place

	reason string // of the end, once it is under way
	cause  error
}

func newLooped(l *loop, w http.ResponseWriter) *looped { return &looped{loop: l, w: w} }

func (c *looped) desk() Desk { return c.loop.desk }

func (c *looped) release() { c.loop.server.loops.leave(c.loop) }

func (c *looped) wake(ending bool) {
	if ending {
		c.loop.poke(c, pokeEnd)
	} else {
		c.loop.poke(c, pokeRate)
	}
}

func (c *looped) ring(urgent bool) {
	if urgent {
		c.loop.poke(c, pokeUrgent)
	} else {
		c.loop.poke(c, pokeRing)
	}
}

func (c *looped) ready(urgent bool) {
	c.news = true
	c.urgent = c.urgent || urgent
	c.loop.schedule(c)
}

// serve takes the connection over and leaves it to the loop. The head waits for
// the first turn, to be sent with it.
func (c *looped) serve(st *Stream) {
	c.stream = st
	w := c.w
	c.w = nil
	c.socket, c.cause = c.loop.server.sockets.take(w)
	c.rest = appendHead(w.Header(), time.Now())
	c.unbooked = len(c.rest)
	c.loop.poke(c, pokeServe)
}

// appendHead returns the response's head with the headers that are set: no
// length and no chunks, the answer ends with the connection.
func appendHead(h http.Header, now time.Time) []byte {
	setHeaders(h)
	for _, name := range []string{"Content-Length", "Transfer-Encoding", "Keep-Alive"} {
		h.Del(name)
	}
	h.Set("Connection", "close")
	h.Set("Date", now.UTC().Format(http.TimeFormat))
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&head) // to memory
	head.WriteString("\r\n")
	return head.Bytes()
}

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
		l.flush(c, false)
		l.arm(c)
	}
}

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
	c.next = inStep(next, rest)
	l.wheel.set(c, c.next)
}

// maxStep is the longest that a turn waits for others of the same moment.
const maxStep = 25 * time.Millisecond

// inStep is the first moment from next on at which streams of that rest that
// wait for their pace have their turns together. Apart they would wake the loop,
// and the clients' machines, ten times as often, which costs a seventh of all.
// As it divides the usual rests a stream waits for it only once.
func inStep(next, rest time.Duration) time.Duration {
	step := min(maxStep, (rest / 2).Truncate(wheelTick))
	if step <= wheelTick {
		return next
	}
	return (next + step - 1).Truncate(step)
}

// turn takes what the content has and sends it, or what the last turn still owes.
func (l *loop) turn(c *looped) {
	defer l.contain(c)
	begun := l.now
	// On the wheel, a stream's pace is that of its times, not of the moments at
	// which it got its turns.
	if c.next != 0 && l.now-c.next < maxStep {
		begun = c.next
	}
	all := c.urgent || c.owed == 0
	c.news, c.urgent, c.next = false, false, 0
	content := c.stream.content
	frames, err := content.Take(l.frames[:0])
	l.frames = frames
	if err != nil {
		l.goodbye(c, ReasonError, contentError{err})
		return
	}
	given := len(frames)
	if given == 0 {
		c.owed = 0
		return
	}
	if all {
		c.turned = min(begun, l.now)
	} else {
		frames = frames[:min(c.owed, given)]
	}
	n, size := 0, int64(0)
	if c.rest == nil || l.flush(c, true) {
		n, size = l.send(c, frames)
	}
	clear(l.frames)
	if c.phase == phaseOver {
		return
	}
	if n > 0 {
		c.stream.book(&l.tally, tally{turns: 1, events: int64(n), bytes: size})
	}
	content.Wrote(n, l.clock)
	c.news, c.owed = n < given, len(frames)-n
	l.arm(c)
}

// contain lets a panic in a content end its stream and nothing else.
func (l *loop) contain(c *looped) {
	if p := recover(); p != nil {
		l.server.opts.Logger.Error("a stream's content has panicked", slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		l.end(c, ReasonError, fmt.Errorf("sse: a panic in the content: %v", p))
	}
}

// send sends frames until the socket is full, and returns how many have left and
// how many bytes. Of the one that was cut, which counts as left, the stream keeps
// the rest.
func (l *loop) send(c *looped, frames [][]byte) (n int, size int64) {
	for n < len(frames) {
		piece, count := l.piece(frames[n:])
		sent := l.write(c, piece, n+count < len(frames))
		size += int64(sent)
		if sent == len(piece) {
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

// piece joins the first frames to one piece of at most maxPiece, or takes one
// that is larger, and returns it with their number.
func (l *loop) piece(frames [][]byte) (piece []byte, count int) {
	size := len(frames[0])
	for count = 1; count < len(frames) && size+len(frames[count]) <= maxPiece; count++ {
		size += len(frames[count])
	}
	if count == 1 {
		return frames[0], 1
	}
	l.buf = l.buf[:0]
	for _, frame := range frames[:count] {
		l.buf = append(l.buf, frame...)
	}
	return l.buf, count
}

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
	if n < len(p) && c.phase == phaseOpen {
		l.stall(c)
	}
	return n
}

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

// flush sends the rest, and says whether all of it is out.
func (l *loop) flush(c *looped, more bool) bool {
	n := 0
	if len(c.rest) > 0 {
		n = l.write(c, c.rest, more)
	}
	head := min(n, c.unbooked)
	c.unbooked -= head
	c.stream.book(&l.tally, tally{bytes: int64(n - head)})
	if c.phase == phaseOver {
		return false
	}
	if n < len(c.rest) {
		c.rest = c.rest[n:]
		return false
	}
	c.rest = nil
	return true
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

// look does what a notice about the socket asks for: read, and write again if it
// was full. It reports whether the stream goes on.
func (l *loop) look(c *looped) bool {
	more, err := c.socket.drain()
	switch {
	case err != nil && c.phase == phaseShut:
		l.end(c, c.reason, c.cause)
		return false
	case err == io.EOF:
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
	if l.schedule(c); !c.queued && c.rest == nil && l.now >= c.written+l.server.opts.Heartbeat {
		l.heartbeat(c)
	}
	if c.phase == phaseOpen {
		l.arm(c)
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

func (l *loop) heartbeat(c *looped) {
	frame := l.server.beats.frame(l.clock)
	n := l.write(c, frame, false)
	if n > 0 {
		c.stream.book(&l.tally, tally{heartbeats: 1, bytes: int64(n)})
	}
	if n < len(frame) && c.phase == phaseOpen {
		c.rest = slices.Clone(frame[n:])
	}
}

// arm puts a stream into the wheel for what it waits for.
func (l *loop) arm(c *looped) {
	due := c.check
	if c.rest == nil {
		l.schedule(c)
		due = min(due, c.written+l.server.opts.Heartbeat)
	}
	l.wheel.set(c, due)
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
