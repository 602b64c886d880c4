package sse

import "net/http"

// A carrier moves the bytes of one stream. Handlers and contents never see it.
// What the others rely on:
//
//   - serve owns the stream's content from then on: it writes the head, then a
//     first turn without waiting for a ring, then by rings, the stream's rest
//     and the heartbeat; it ends the stream at the first error, and last of all
//     calls Stream.finish once. It may return before the stream's end, and uses
//     neither the request nor its context after that.
//   - A turn is Take, write, Wrote. Frames that no longer went out go back by a
//     Wrote with fewer of them.
//   - An ending stream says bye and is given goodbyeTimeout for it.
type carrier interface {
	// desk returns what the stream's content shares with others, nil where the
	// options name none.
	desk() Desk

	// serve carries the stream.
	serve(*Stream)

	// release gives up a carrier that is not to serve.
	release()

	// wake says that the stream's rest has changed, or that it is to end. It
	// does not block and any number may call it at once, also before serve and
	// after the end.
	wake(ending bool)

	// ring is Stream.Ring, under the same conditions.
	ring(urgent bool)

	// ready is Stream.Ready, called by the goroutine that serves.
	ready(urgent bool)
}

// carrierFor chooses the carrier for an answer. It writes nothing. Whoever asks
// calls its serve or its release.
func (s *Server) carrierFor(w http.ResponseWriter, r *http.Request) (carrier, error) {
	if !canStream(w) {
		return nil, ErrUnsupported
	}
	shared := r.ProtoMajor == 2 // its connection, with other answers
	if s.sockets != nil && (shared || s.sockets.able(w, r)) {
		if l, err := s.loops.join(s); err == nil {
			if shared {
				return newRelayed(l, w, r), nil
			}
			return newLooped(l, w), nil
		}
	}
	return newGoroutine(s, w, r), nil
}

// newDesk returns the desk of those who are served with the same bells.
func (s *Server) newDesk(b Bells) Desk {
	if s.opts.Desk == nil {
		return nil
	}
	return s.opts.Desk(b)
}
