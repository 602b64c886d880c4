package sse

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// The reasons for which a stream ends by itself. Stream.End brings others.
const (
	ReasonGone    = "gone"          // the client left
	ReasonTimeout = "write_timeout" // the client took nothing for Options.WriteTimeout
	ReasonError   = "error"         // the content failed
	ReasonDrain   = "drain"         // the server goes down
	ReasonLimit   = "limit"         // refused: there are Options.MaxStreams streams already
	ReasonAddress = "address_limit" // refused: its address has Options.MaxPerAddress already
	ReasonRate    = "rate_limit"    // refused: more than Options.MaxPerSecond are new
)

// Content is what one stream carries. One goroutine at a time calls its methods,
// and none may block or keep what it is given after it has returned: many
// streams may share that goroutine.
type Content interface {
	// Take appends the frames to write now, oldest first, and returns the
	// extended slice. A frame is the bytes of whole events; it is shared and
	// neither side changes it, ever. What one call gives is bounded, and when
	// more waits the content rings again. Take is also called when nothing rang,
	// and is then cheap. An error ends the stream with a goodbye.
	Take(dst [][]byte) ([][]byte, error)

	// Wrote says that of the frames of the Take before, the first n have left.
	// The others never will: they are for the next Take to give again, in their
	// newest form, which comes without a ring. Again says that there will be
	// another Take in any case, so that what comes until then needs no ring.
	Wrote(n int, now time.Time, again bool)

	// Close is called once, at the stream's end, and is the last call.
	Close(Report)
}

// Bell tells a stream that something waits. A bell that was rung and not yet
// answered stays rung.
type Bell chan struct{}

// Ring rings the bell. It never blocks and any number may call it at once.
func (b Bell) Ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// Desk is what the contents of all streams have in common that one goroutine
// serves, so that what comes for many is looked at once. That goroutine alone
// calls its methods and those of its contents.
type Desk interface {
	// Sweep is called after a bell of the desk rang, ahead of the turns that
	// follow. It calls Ready of the streams whose contents have something new to
	// take, says whether anything was new, for a bell may ring once more than
	// there is news, and does not block.
	Sweep() (news bool)

	// Fetch is a hint that the Takes of these contents are next, for a desk that
	// can make them cheaper together. Some of them may have ended.
	Fetch(contents []Content)

	// Close is called once, when there is no stream left and none will come, and
	// is the last call.
	Close()
}

// Bells are what a desk lets others ring. The two may be one.
type Bells struct {
	Paced  Bell // for what may wait until the stream's pace allows a turn
	Urgent Bell // for what may not
}

// Report is what became of a stream.
type Report struct {
	Reason     string        // one of the constants of this package, or what Stream.End was given
	Err        error         // what a write or the content said, nil where the end was wanted
	Duration   time.Duration // from its admission
	Turns      int64         // writes of frames
	Events     int64         // frames of the content that were written
	Heartbeats int64
	Bytes      int64 // all that was written after the response's head
}

// Stream is one open stream. Its methods may be called by any number at once,
// from its opening on and after its end too, when they do nothing.
//
// What every turn needs of it stands first, in one line of the processor's
// cache: thousands of streams never find each other's there.
type Stream struct {
	content Content      // the carrier's
	rest    atomic.Int64 // nanoseconds from one turn to the next
	ending  atomic.Pointer[string]
	tally   tally // the carrier's: what was written

	server  *Server
	carrier carrier
	remote  string
	address netip.Prefix // what the limit per address counts it by
	opened  time.Time
	retry   atomic.Int64 // nanoseconds, of the goodbye, where a drain has chosen it

	_ [24]byte // up to the end of a line
}

// maxRest keeps the rest of a rate close to zero within what a Duration holds.
const maxRest = time.Hour

// SetRate sets the pace: at most that many turns a second. It holds from the
// rest on that the stream is in. A rate that is not above 0 is no limit.
func (st *Stream) SetRate(perSecond float64) {
	st.rest.Store(int64(restOf(perSecond)))
	st.carrier.wake(false)
}

func restOf(perSecond float64) time.Duration {
	if !(perSecond > 0) {
		return 0
	}
	rest := float64(time.Second) / perSecond
	return time.Duration(min(rest, float64(maxRest)))
}

// End lets the stream say `bye` with that reason and a random retry, and ends
// it. It does not wait for the end. The first reason counts. A reason is one of
// a few constant words, for it labels a metric.
func (st *Stream) End(reason string) {
	if st.ending.CompareAndSwap(nil, &reason) {
		st.carrier.wake(true)
	}
}

// Ring says that the content's Take has something to give: a turn follows as
// soon as the stream's pace allows one or, if it is urgent, at once, and that
// takes along all that waits. It never blocks.
func (st *Stream) Ring(urgent bool) { st.carrier.ring(urgent) }

// Ready is a Ring by the stream's desk, in its Sweep.
func (st *Stream) Ready(urgent bool) { st.carrier.ready(urgent) }

// finish is the carrier's last call: the stream is over.
func (st *Stream) finish(reason string, err error) {
	report := Report{
		Reason: reason, Err: err, Duration: time.Since(st.opened),
		Turns: st.tally.turns, Events: st.tally.events, Heartbeats: st.tally.heartbeats, Bytes: st.tally.bytes,
	}
	defer st.server.forget(st) // last: a drain waits for it
	st.server.ended(st, report)
	st.content.Close(report)
}
