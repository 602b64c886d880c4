package sse

import "net/http"

// A carrier moves the bytes of one stream. Handlers and contents never see it,
// so that a new one needs none of them changed. What the others rely on:
//
//   - serve owns the stream's content from then on: it writes the head, then a
//     first turn without waiting for a ring, then by the bells, the stream's rest
//     and the heartbeat; it ends the stream at the first error, and last of all
//     calls Stream.finish once. It may return before the stream's end, and uses
//     neither the request nor its context after that.
//   - A turn is Take, write, Wrote. Frames that no longer went out go back by a
//     Wrote with fewer of them.
//   - An ending stream says bye and is given goodbyeTimeout for it.
//
// The second carrier to come takes HTTP/1.1 connections over and serves many
// from one loop. Its bells answer the loop's own, so that a publisher rings once
// for all of its streams; wake puts the stream on the loop's list.
type carrier interface {
	// bells returns what the stream's content is to ring.
	bells() Bells

	// serve carries the stream.
	serve(*Stream)

	// wake says that the stream's rest has changed, or that it is to end. It
	// does not block and any number may call it at once, also before serve and
	// after the end.
	wake(ending bool)
}

// carrierFor chooses the carrier for an answer. It writes nothing.
func (s *Server) carrierFor(w http.ResponseWriter, r *http.Request) (carrier, error) {
	return newGoroutine(s, w, r)
}
