package hub

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
)

// Reader is a cursor over the newest values of its keys. Its methods may be
// called at once, but only one goroutine at a time may wait in Next.
type Reader[K comparable, V any] struct {
	hub    *Hub[K, V]
	bell   Bell
	closed atomic.Bool // set under hub.mu

	// Guarded by hub.mu.
	links     map[K]*link[K, V]
	all       []*link[K, V] // the same, for going through them
	queue     list[*link[K, V]]
	seen      uint64        // up to when queue knows what arrived
	fresh     []*link[K, V] // scratch of notice
	conflated int64
}

// Take appends to dst the newest value of each key that has one the reader has
// not had, the key that waited longest first, until dst is full: it never grows
// dst, and takes at most cap(dst)-len(dst). What does not fit waits for the next
// Take, ahead of all that becomes new later, and the bell is rung again. Take
// never blocks; a closed reader has nothing to take.
//
// It costs as much as there are keys or, if that is less, values published
// since the last Take, under the hub's lock: whoever has thousands of keys takes
// a few hundred at a time. The first to take a value allocates 8 bytes for it.
func (r *Reader[K, V]) Take(dst []*Frame[K, V]) []*Frame[K, V] {
	r.hub.mu.Lock()
	r.notice()
	for r.queue.head != nil && len(dst) < cap(dst) {
		f, skipped := r.pop()
		dst = append(dst, f)
		r.conflated += skipped
		r.hub.counts.conflated += skipped
	}
	more := r.queue.head != nil
	r.hub.mu.Unlock()
	if more {
		r.bell.Ring()
	}
	return dst
}

// Next waits until the bell rings and there is something to take, and takes it,
// as Take does. It returns ErrClosed once the reader or the hub is closed,
// whatever there may be to take, and the context's error when that ends first.
// The bell must be the reader's own: a ring wakes one who waits. It panics if
// dst has no room.
func (r *Reader[K, V]) Next(ctx context.Context, dst []*Frame[K, V]) ([]*Frame[K, V], error) {
	if len(dst) == cap(dst) {
		panic("hub: Next into a slice that has no room")
	}
	for {
		if r.closed.Load() {
			return dst, ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return dst, err
		}
		select {
		case <-r.bell:
		case <-ctx.Done():
			continue
		}
		if taken := r.Take(dst); len(taken) > len(dst) {
			return taken, nil
		}
	}
}

// Add adds keys. The newest value of each of them is there to take, also of a
// key that the reader had already; a key that is waiting keeps its place.
func (r *Reader[K, V]) Add(keys ...K) {
	r.hub.mu.Lock()
	if r.closed.Load() {
		r.hub.mu.Unlock()
		return
	}
	r.notice() // what waits already goes before what is added
	for _, key := range keys {
		r.queueNewest(r.link(key))
	}
	more := r.queue.head != nil
	r.hub.mu.Unlock()
	if more {
		r.bell.Ring()
	}
}

// Remove removes keys; of a key that the reader does not have it does nothing.
// No Take that begins afterwards returns a value of them.
func (r *Reader[K, V]) Remove(keys ...K) {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	for _, key := range keys {
		if l, ok := r.links[key]; ok {
			r.unlink(l)
		}
	}
}

// Keys returns the keys in no particular order, none once the reader is closed.
func (r *Reader[K, V]) Keys() []K {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	keys := make([]K, len(r.all))
	for i, l := range r.all {
		keys[i] = l.slot.key
	}
	return keys
}

// Conflated returns how many values of its keys the reader skipped because newer
// ones came before it took them.
func (r *Reader[K, V]) Conflated() int64 {
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	return r.conflated
}

// Close ends the reader: Next returns ErrClosed, Take nothing. It may be called
// more than once.
func (r *Reader[K, V]) Close() {
	r.hub.mu.Lock()
	delete(r.hub.readers, r)
	r.shut()
	r.hub.mu.Unlock()
	r.bell.Ring()
}

// shut marks the reader closed and gives back all it holds.
func (r *Reader[K, V]) shut() {
	r.closed.Store(true)
	for len(r.all) > 0 {
		r.unlink(r.all[len(r.all)-1])
	}
	r.links, r.all, r.fresh = nil, nil, nil
}

// link returns the link to key, made if there is none.
func (r *Reader[K, V]) link(key K) *link[K, V] {
	if l, ok := r.links[key]; ok {
		return l
	}
	s := r.hub.slot(key)
	l := &link[K, V]{slot: s, place: len(r.all)}
	l.waiting.item = l
	s.bells.add(r.bell)
	r.links[key] = l
	r.all = append(r.all, l)
	return l
}

// unlink gives up a link, and its slot if nobody else needs that.
func (r *Reader[K, V]) unlink(l *link[K, V]) {
	if l.waiting.listed {
		r.queue.remove(&l.waiting)
	}
	last := len(r.all) - 1
	r.all[l.place] = r.all[last]
	r.all[l.place].place = l.place
	r.all[last] = nil
	r.all = r.all[:last]
	delete(r.links, l.slot.key)
	l.slot.bells.remove(r.bell)
	r.hub.release(l.slot)
}

// queueNewest lets the newest value of a link be taken, had or not.
func (r *Reader[K, V]) queueNewest(l *link[K, V]) {
	switch {
	case l.slot.frame == nil:
		l.mark = l.slot.current()
	case !l.waiting.listed:
		l.taken = l.slot.count - 1
		r.queue.pushBack(&l.waiting)
	}
}

// pop takes the newest value of the link that waited longest, and says how many
// before it were skipped.
func (r *Reader[K, V]) pop() (f *Frame[K, V], skipped int64) {
	l := r.queue.head.item
	r.queue.remove(&l.waiting)
	skipped = int64(l.slot.count - l.taken - 1)
	l.mark, l.taken = l.slot.current(), l.slot.count
	return l.slot.frame, skipped
}

// walkCost is about how many of its own links a reader can look at in the time
// that it takes to look up one of the hub's recent slots.
const walkCost = 8

// notice queues the links whose slots got a value since it last looked, by the
// first that they got. All of them wait for less time than those in the queue:
// what had a value the last time was queued then.
func (r *Reader[K, V]) notice() {
	now := r.hub.arrivals
	if now == r.seen {
		return
	}
	if (now-r.seen)*walkCost < uint64(len(r.all)) {
		r.walkRecent()
	} else {
		r.walkOwn()
	}
	r.seen = now
	if len(r.fresh) > 1 {
		slices.SortFunc(r.fresh, func(a, b *link[K, V]) int { return cmp.Compare(a.mark.next, b.mark.next) })
	}
	for _, l := range r.fresh {
		r.queue.pushBack(&l.waiting)
	}
	clear(r.fresh)
	r.fresh = r.fresh[:0]
}

// walkOwn finds fresh links among all of the reader's.
func (r *Reader[K, V]) walkOwn() {
	for _, l := range r.all {
		if !l.waiting.listed && l.mark.next != 0 {
			r.fresh = append(r.fresh, l)
		}
	}
}

// walkRecent finds fresh links among the slots that got a value lately.
func (r *Reader[K, V]) walkRecent() {
	for n := r.hub.recent.tail; n != nil && n.item.at > r.seen; n = n.prev {
		if l, ok := r.links[n.item.key]; ok && !l.waiting.listed && l.mark.next != 0 {
			r.fresh = append(r.fresh, l)
		}
	}
}
