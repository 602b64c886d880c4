package sse

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"
)

// slowWrite is how long a piece of a turn may take before the rest of the turn
// goes back to the content, which knows newer by then.
const slowWrite = 250 * time.Millisecond

// goroutine carries a stream on its handler's goroutine until the stream's end,
// through http.ResponseController: over HTTP/1.1, HTTP/2 and TLS alike, where there
// are no loops.
type goroutine struct {
	server *Server
	stream *Stream // nil until serve
	w      http.ResponseWriter
	r      *http.Request
	rc     *http.ResponseController
	rings  Bells
	woken  Bell
	common Desk // nil where there is none

	timer   *time.Timer
	turned  time.Time // when the last turn began
	written time.Time // when the last write of any kind ended
	back    bool      // frames went back to the content

	mu       sync.Mutex
	ending   bool      // the stream is to end
	deadline time.Time // of the write that is under way; zero when none is
}

func newGoroutine(s *Server, w http.ResponseWriter, r *http.Request) *goroutine {
	g := &goroutine{
		server: s,
		w:      w,
		r:      r,
		rc:     http.NewResponseController(w),
		rings:  Bells{Paced: make(Bell, 1), Urgent: make(Bell, 1)},
		woken:  make(Bell, 1),
	}
	g.common = s.newDesk(g.rings)
	return g
}

// desk is one of its own: a bell that served several goroutines would wake one
// of them.
func (g *goroutine) desk() Desk { return g.common }

func (g *goroutine) release() {
	if g.common != nil {
		g.common.Close()
	}
}

func (g *goroutine) ring(urgent bool) {
	if urgent {
		g.rings.Urgent.Ring()
	} else {
		g.rings.Paced.Ring()
	}
}

// ready has nothing to do: a turn follows every Sweep.
func (g *goroutine) ready(bool) {}

// wake also shortens a write that is under way when the stream is to end, so
// that a client that takes nothing does not hold up a shutdown.
func (g *goroutine) wake(ending bool) {
	g.woken.Ring()
	if !ending {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending = true
	if soon := time.Now().Add(goodbyeTimeout); soon.Before(g.deadline) {
		g.deadline = soon
		// Where this fails the connection is gone, and the write fails too.
		_ = g.rc.SetWriteDeadline(soon)
	}
}

func (g *goroutine) serve(st *Stream) {
	g.stream = st
	g.timer = time.NewTimer(g.server.opts.Heartbeat)
	reason, err := ReasonError, errors.New("sse: a panic in the content")
	defer func() {
		g.timer.Stop()
		g.leave()
		st.finish(reason, err)
		g.release()
	}()
	reason, err = g.outcome(g.run())
}

// What ends a run, beside errors of a write.
var (
	errGone  = errors.New("client gone")
	errAsked = errors.New("asked to end")
)

// contentError is what a Take returned.
type contentError struct{ err error }

func (e contentError) Error() string { return "take: " + e.err.Error() }
func (e contentError) Unwrap() error { return e.err }

// book books what was written.
func (g *goroutine) book(f tally) {
	var t tally
	g.stream.book(&t, f)
	g.server.counts.add(&t)
}

// outcome names the end that run came to.
func (g *goroutine) outcome(err error) (reason string, cause error) {
	var failed contentError
	switch asked := g.stream.ending.Load(); {
	case errors.As(err, &failed):
		return ReasonError, err
	case errors.Is(err, errAsked):
		return *asked, nil
	case asked != nil: // its goodbye did not get through
		return *asked, err
	case errors.Is(err, errGone):
		return ReasonGone, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ReasonTimeout, err
	}
	return ReasonGone, err
}

// step is what a stream does next.
type step int

const (
	stepTurn step = iota
	stepHeartbeat
	stepBye
	stepGone
)

func (g *goroutine) run() error {
	if err := g.head(); err != nil {
		return err
	}
	for next := stepTurn; ; next = g.wait() {
		var err error
		switch next {
		case stepTurn:
			err = g.turn()
		case stepHeartbeat:
			err = g.heartbeat()
		case stepBye:
			return g.bye(*g.stream.ending.Load())
		case stepGone:
			return errGone
		}
		if err != nil {
			return err
		}
	}
}

// wait sleeps until there is something to do.
func (g *goroutine) wait() step {
	for {
		if g.stream.ending.Load() != nil {
			return stepBye
		}
		now := time.Now()
		beat := g.written.Add(g.server.opts.Heartbeat)
		if !now.Before(beat) {
			return stepHeartbeat
		}
		rested := g.turned.Add(time.Duration(g.stream.rest.Load()))
		paced, until := g.rings.Paced, beat
		if now.Before(rested) {
			// The bell keeps its ring: during a rest it is not worth a wake.
			paced, until = nil, earlier(rested, beat)
		} else if g.back {
			return stepTurn
		}
		g.timer.Reset(until.Sub(now))
		select {
		case <-g.r.Context().Done():
			return stepGone
		case <-g.rings.Urgent:
			return stepTurn
		case <-paced:
			return stepTurn
		case <-g.woken:
		case <-g.timer.C:
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// head sends the response's head, before the content has given anything.
func (g *goroutine) head() error {
	if _, err := g.arm(); err != nil {
		return err
	}
	if shrink(g.r) {
		g.w.Header().Set("Connection", "close")
	}
	writeHead(g.w)
	return g.flush()
}

// turn writes what the content has, if anything.
func (g *goroutine) turn() error {
	g.answer()
	if g.common != nil {
		g.common.Sweep()
	}
	b := g.server.batch()
	defer g.server.release(b)
	frames, err := g.stream.content.Take(b.frames[:0])
	b.frames = frames
	if err != nil {
		return g.apologize(err)
	}
	g.back = false
	if len(frames) == 0 {
		return nil
	}
	g.turned = time.Now()
	n, bytes, err := g.writeFrames(b)
	if err != nil {
		return err
	}
	g.back = n < len(frames)
	g.book(tally{turns: 1, events: int64(n), bytes: bytes})
	g.stream.content.Wrote(n, g.written, false)
	return nil
}

// answer takes back both rings, for a turn takes all that waits. What comes
// after it rings again.
func (g *goroutine) answer() {
	select {
	case <-g.rings.Paced:
	default:
	}
	select {
	case <-g.rings.Urgent:
	default:
	}
}

// writeFrames writes the frames of one turn, piece by piece, and returns how
// many have left. It stops where a piece was slow.
func (g *goroutine) writeFrames(b *batch) (n int, bytes int64, err error) {
	for n < len(b.frames) {
		piece, count := b.piece(n)
		took, err := g.write(piece)
		if err != nil {
			return n, bytes, err
		}
		n += count
		bytes += int64(len(piece))
		if took > slowWrite {
			break
		}
	}
	return n, bytes, nil
}

// write writes p and flushes it, and has a new deadline for each maxPiece of it,
// so that a client that takes anything at all is not cut.
func (g *goroutine) write(p []byte) (took time.Duration, err error) {
	for len(p) > 0 {
		n := min(len(p), maxPiece)
		start, err := g.arm()
		if err != nil {
			return took, err
		}
		if _, err := g.w.Write(p[:n]); err != nil {
			return took, g.explain(err, start)
		}
		if err := g.flush(); err != nil {
			return took, g.explain(err, start)
		}
		took += g.written.Sub(start)
		p = p[n:]
	}
	return took, nil
}

// explain finds the deadline behind an error that does not say so: HTTP/2 only
// knows that the stream is closed.
func (g *goroutine) explain(err error, start time.Time) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) && time.Since(start) >= g.server.opts.WriteTimeout {
		return fmt.Errorf("%w: %w", os.ErrDeadlineExceeded, err)
	}
	return err
}

// flush sends what was written and takes the deadline off: over HTTP/2 one that
// passes while the stream is idle resets it.
func (g *goroutine) flush() error {
	if err := g.rc.Flush(); err != nil {
		return err
	}
	g.written = time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deadline = time.Time{}
	return g.rc.SetWriteDeadline(time.Time{})
}

// arm sets the deadline of the write to come and returns the time.
func (g *goroutine) arm() (now time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now = time.Now()
	limit := g.server.opts.WriteTimeout
	if g.ending {
		limit = min(limit, goodbyeTimeout)
	}
	g.deadline = now.Add(limit)
	return now, g.rc.SetWriteDeadline(g.deadline)
}

// leave gives the response back to net/http, which ends the answer under a
// deadline and clears that afterwards.
func (g *goroutine) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deadline = time.Time{}
	_ = g.rc.SetWriteDeadline(time.Now().Add(goodbyeTimeout))
}

func (g *goroutine) heartbeat() error {
	frame := g.server.beats.frame(time.Now())
	if _, err := g.write(frame); err != nil {
		return err
	}
	g.book(tally{heartbeats: 1, bytes: int64(len(frame))})
	return nil
}

// bye says goodbye and returns errAsked when that got through.
func (g *goroutine) bye(reason string) error {
	frame := farewell("bye", reason, g.stream.byeRetry())
	if _, err := g.write(frame); err != nil {
		return err
	}
	g.book(tally{bytes: int64(len(frame))})
	return errAsked
}

// apologize says goodbye because the content failed. What the client makes of
// it no longer matters.
func (g *goroutine) apologize(cause error) error {
	g.mu.Lock()
	g.ending = true
	g.mu.Unlock()
	_ = g.bye(ReasonError)
	return contentError{cause}
}
