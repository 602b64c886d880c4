package sse

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// relay is the socket of a relayed stream. Its room is one piece, and none while
// one is being written, so that what waits can still be taken anew.
type relay struct {
	stream *looped
	bell   Bell                // the handler's goroutine is to look
	w      http.ResponseWriter // that goroutine's, but for a deadline while it writes

	mu      sync.Mutex // guards the rest
	piece   *[]byte    // to be written, of pieces; nil for nothing
	writing int        // how many bytes are being written
	refused bool       // the loop waits for room
	ending  bool       // nothing comes after the piece
	err     error      // what broke the stream; io.EOF when its client is gone or it was ended
}

// pieces are *[]byte: a stream that waits has none.
var pieces = sync.Pool{New: func() any { return new([]byte) }}

func (r *relay) fetch() {}

func (r *relay) send(p []byte, _ bool) (n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return 0, r.err
	}
	if waits := r.waiting(); r.writing == 0 && (waits == 0 || waits+len(p) <= maxPiece) {
		n = min(len(p), maxPiece)
	}
	r.refused = n < len(p)
	if n > 0 {
		if r.piece == nil {
			r.piece = pieces.Get().(*[]byte)
		}
		*r.piece = append(*r.piece, p[:n]...)
		r.bell.Ring()
	}
	return n, nil
}

// waiting is called with mu held.
func (r *relay) waiting() int {
	if r.piece == nil {
		return 0
	}
	return len(*r.piece)
}

func (r *relay) held() bool { return false }

// drain has nothing to read, for the request has ended.
func (r *relay) drain() (more bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return false, r.err
}

func (r *relay) unacked() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.waiting() + r.writing
}

func (r *relay) shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ending = true
	r.bell.Ring()
}

// close also cuts a write that is under way. After it net/http's writer is no
// longer used by the loop.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ending = true
	r.drop()
	if r.writing > 0 {
		// Where this fails the connection is gone, and the write fails too.
		_ = http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(-time.Second))
	}
	r.bell.Ring()
}

// drop is called with mu held.
func (r *relay) drop() {
	if r.piece != nil {
		release(r.piece)
		r.piece = nil
	}
}

func release(piece *[]byte) {
	*piece = (*piece)[:0]
	pieces.Put(piece)
}

// serve writes what the loop hands over, until there will be no more.
//
// It waits with as little on its stack as can be: Go gives half of a stack of 8 KB
// back where less than 1,248 bytes of it are in use, and net/http has 700 of them.
// A select would take more than the rest.
func (r *relay) serve(ctx context.Context) {
	stop := context.AfterFunc(ctx, r.gone)
	defer r.leave(stop)
	for more := r.flush() == nil; more; more = r.write() {
		<-r.bell
	}
}

// gone says that the client is.
func (r *relay) gone() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over()
}

// over is called with mu held, when nothing can be written any more.
func (r *relay) over() {
	r.drop()
	r.ending = true
	r.err = firstOf(r.err, io.EOF)
	r.bell.Ring()
	r.stream.loop.pokeIO(r.stream)
}

// write writes the piece, if there is one, and says whether there may be more.
func (r *relay) write() (more bool) {
	piece, more := r.take()
	if piece == nil {
		return more
	}
	_, err := r.w.Write(*piece) //nolint:gosec // events of a content, which says of itself that it is no HTML
	if err == nil {
		err = r.flush()
	}
	release(piece)
	return r.wrote(err)
}

func (r *relay) take() (piece *[]byte, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = r.waiting()
	piece, r.piece = r.piece, nil
	return piece, !r.ending
}

func (r *relay) wrote(err error) (more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = 0
	if err != nil {
		r.err = firstOf(r.err, err)
		return false
	}
	if r.refused {
		r.refused = false
		r.stream.loop.pokeIO(r.stream)
	}
	return !r.ending
}

func (r *relay) flush() error { return http.NewResponseController(r.w).Flush() }

// leave gives the response back to net/http, which ends the answer under a
// deadline and clears that afterwards, and tells the loop.
func (r *relay) leave(stop func() bool) {
	stop()
	_ = http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(goodbyeTimeout))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = 0
	r.over()
}
