// Package hub fans the newest value of each key out to any number of readers.
// It holds state, not a log: a reader is a cursor that takes, whenever it has
// time, the newest value of each of its keys that it has not had yet, the key
// that waited longest first. A slow reader gets fewer, newer values and costs
// no memory; a publisher waits for nobody, and pays for the bells behind a key,
// not for its readers. It refuses what is not newer than what it holds, and it
// keeps no trace of a key that was only ever asked for.
//
//   - hub.go     Hub: publishing, the newest value, figures, the end
//   - frame.go   Frame: one published value and its encoding, made once
//   - reader.go  Reader: taking, waiting, changing keys
//   - group.go   Group: many readers that one goroutine serves
//   - member.go  Member: one of them
//   - slot.go    slot, link: what is held for a key, and of a key for a reader
//   - bell.go    Bell: how a reader learns that there is something to take
//   - waker.go   rings the bells of a key that has many, on no publisher's time
//   - list.go    a linked list whose nodes live in what they list
package hub

import (
	"errors"
	"sync"
)

// ErrClosed is what Next returns once its reader or the hub is closed.
var ErrClosed = errors.New("hub: closed")

// Hub holds the newest value of each key. One lock orders all that arrives; it
// is held for a few steps at a time and never while a bell rings or a value is
// encoded. Any number may call its methods at once.
type Hub[K comparable, V any] struct {
	encoder encoder[V]
	// wake is a method value that is made once, so that starting the waker
	// costs a publisher no allocation.
	wake func()

	mu       sync.Mutex // guards all below, and the readers, slots and links
	slots    map[K]*slot[K, V]
	recent   list[*slot[K, V]] // published slots, by their newest arrival
	arrivals uint64            // values published so far: the clock of the hub
	readers  map[*Reader[K, V]]struct{}
	waker    waker
	closed   bool
	counts   counts
}

// counts are the figures of a hub that only grow.
type counts struct{ refused, superseded, conflated int64 }

// Stats are the figures of a hub.
type Stats struct {
	Keys    int // keys that have a value
	Wanted  int // keys that readers ask for and nobody has published
	Readers int // open readers

	Published  int64 // values taken in
	Refused    int64 // values turned away: not newer, or after Close
	Superseded int64 // values replaced before any reader took them
	Conflated  int64 // values skipped by readers, summed over the readers
}

// New returns an empty hub. encode appends a value's wire form to dst and
// returns the result; it may run in any reader's goroutine, once for a value,
// and keeps neither dst nor the result. It may be nil if nobody calls Encoded.
func New[K comparable, V any](encode func(dst []byte, value V) []byte) *Hub[K, V] {
	h := &Hub[K, V]{
		slots:   make(map[K]*slot[K, V]),
		readers: make(map[*Reader[K, V]]struct{}),
	}
	h.encoder.encode = encode
	h.wake = h.ringMany
	return h
}

// Publish makes value the newest of key and tells the readers of key. It reports
// false, and changes nothing, when version is not above the version held or the
// hub is closed. It never waits for a reader; it allocates the frame and nothing
// else. The value must not change afterwards.
func (h *Hub[K, V]) Publish(key K, value V, version int64) (published bool) {
	f := &Frame[K, V]{key: key, value: value, version: version, encoder: &h.encoder}
	h.mu.Lock()
	s, ok := h.accept(f)
	if !ok {
		h.counts.refused++
		h.mu.Unlock()
		return false
	}
	var few [fewBells]Bell
	n, many := s.bells.few(few[:])
	start := many && h.waker.add(&s.bells)
	h.mu.Unlock()

	for _, b := range few[:n] {
		b.Ring()
	}
	if start {
		go h.wake()
	}
	return true
}

// accept puts a frame into its slot if it is newer than the one there.
func (h *Hub[K, V]) accept(f *Frame[K, V]) (*slot[K, V], bool) {
	if h.closed {
		return nil, false
	}
	s := h.slot(f.key)
	if s.frame != nil {
		if f.version <= s.frame.version {
			return nil, false
		}
		if s.mark == nil {
			h.counts.superseded++
		}
		h.recent.remove(&s.recent)
	}
	h.arrivals++
	s.arrive(f, h.arrivals)
	h.recent.pushBack(&s.recent)
	return s, true
}

// Latest returns the newest value of key, false if it has none. It goes on
// answering after Close.
func (h *Hub[K, V]) Latest(key K) (*Frame[K, V], bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.slots[key]
	if !ok || s.frame == nil {
		return nil, false
	}
	return s.frame, true
}

// Subscribe returns a reader of keys, which has the newest value of each of them
// to take. It rings bell, now if there is something to take and whenever there
// is something new; many readers may share a bell. With a nil bell the reader
// has one of its own, for Next. A reader of a closed hub is closed. Whoever
// subscribes must Close the reader.
func (h *Hub[K, V]) Subscribe(bell Bell, keys ...K) *Reader[K, V] {
	if bell == nil {
		bell = NewBell()
	}
	r := &Reader[K, V]{hub: h, bell: bell, links: make(map[K]*link[K, V], len(keys))}
	h.mu.Lock()
	if h.closed {
		r.closed.Store(true)
	} else {
		r.seen = h.arrivals
		h.readers[r] = struct{}{}
	}
	h.mu.Unlock()
	r.Add(keys...)
	return r
}

// Close closes every reader and refuses what is published from now on. It waits
// for nobody and may be called more than once.
func (h *Hub[K, V]) Close() {
	h.mu.Lock()
	readers := h.readers
	h.closed, h.readers = true, nil
	for r := range readers {
		r.shut()
	}
	h.mu.Unlock()
	for r := range readers {
		r.bell.Ring()
	}
}

// Stats returns the hub's figures.
func (h *Hub[K, V]) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Stats{
		Keys:       h.recent.len,
		Wanted:     len(h.slots) - h.recent.len,
		Readers:    len(h.readers),
		Published:  int64(h.arrivals),
		Refused:    h.counts.refused,
		Superseded: h.counts.superseded,
		Conflated:  h.counts.conflated,
	}
}
