package sse

import (
	"bytes"
	"net/http"
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
//
// What every turn needs stands first, in two lines of the processor's cache, and
// all of it takes three: thousands of streams never find each other's there.
type looped struct {
	stream *Stream
	socket socket
	node   nodeID // in the wheel
	phase  phase
	pokes  poke // guarded by loop.mu
	news   bool // the content has something to take
	urgent bool // which does not wait for the pace
	queued bool // in the loop's queue

	// owed are the frames of the last turn that did not leave: as many follow as
	// soon as there is room, without a rest.
	owed int32

	// All since the loop's epoch.
	turned  time.Duration // when the last turn began
	next    time.Duration // when the one that waits for the pace is to begin, 0 for none
	check   time.Duration // when it is looked at whether the client takes anything
	written time.Duration // when anything was written last
	taken   time.Duration // when it was last seen that the client took something, or had nothing to take

	sent  int64 // bytes given to the socket
	acked int64 // how many of them the client had taken when that was looked at

	// rest is what is left of the frame that was cut, or of the stream's own
	// frames; while there is any the socket is full. The first unbooked bytes of
	// it are the response's head.
	rest     []byte
	unbooked int32

	// What few turns need.
	leave  time.Duration // when an ending stream is closed at the latest
	loop   *loop
	w      http.ResponseWriter // until serve
	reason string              // of the end, once it is under way
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
	c.unbooked = int32(len(c.rest))
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
