package web

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	// readTimeout bounds a read of notifications that are not in memory.
	readTimeout = 5 * time.Second
	// readsAtOnce bounds how many streams read the database at the same time.
	readsAtOnce = 4
)

// catchUp is a read of notifications that are no longer in memory, for one
// stream. The stream's goroutine may look at it once done says so; until then
// the follower is the reader's.
type catchUp struct {
	done    atomic.Bool
	entries []*alert.Entry
	err     error
}

// catchUps read for streams that are far behind, a few at a time and in their
// order, so that neither the streams' goroutines nor the database have to wait
// for many. The zero value is ready; any number may use it at once.
type catchUps struct {
	mu      sync.Mutex // guards all below
	waiting []reading
	readers int
}

// reading is a catchUp and whose it is.
type reading struct {
	c    *content
	into *catchUp
}

// read begins a read and rings the stream when it is done.
func (q *catchUps) read(c *content) *catchUp {
	r := reading{c, new(catchUp)}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
	if q.readers < readsAtOnce {
		q.readers++
		go q.run()
	}
	return r.into
}

// run reads until nobody waits.
func (q *catchUps) run() {
	for {
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.readers--
			q.waiting = nil
			q.mu.Unlock()
			return
		}
		r := q.waiting[0]
		q.waiting[0] = reading{}
		q.waiting = q.waiting[1:]
		q.mu.Unlock()
		r.run()
	}
}

func (r reading) run() {
	r.c.mu.Lock()
	closed := r.c.closed
	r.c.mu.Unlock()
	if closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	r.into.entries, r.into.err = r.c.follower.Take(ctx, make([]*alert.Entry, 0, turnNotifications))
	r.into.done.Store(true)
	r.c.stream.Ring(true)
}
