package sse

import (
	"math/bits"
	"time"
)

const (
	// wheelTick is how fine the loops' clock is for all that waits. It divides
	// the rests of the usual rates, so that a stream keeps its pace on it.
	wheelTick = 5 * time.Millisecond

	wheelSlots = 4096 // some 20 s, more than the usual heartbeat
)

// wheel holds streams until they are due, each at most once, at a few steps for
// each whatever their number: one timer serves the loop. What is due after more
// than a turn of the wheel stays in its slot for further turns.
type wheel struct {
	slots [wheelSlots]*looped
	busy  [wheelSlots / 64]uint64 // which slots are not empty
	at    int64                   // the last tick that was looked at
	len   int
}

// place is where a stream is in the wheel.
type place struct {
	prev, next *looped
	tick       int64 // that it is due at, 0 when it is not in the wheel
}

// set lets c be due at that time, never before it, or earlier if it was to be
// due before.
func (w *wheel) set(c *looped, due time.Duration) {
	tick := max(int64((due+wheelTick-1)/wheelTick), w.at+1)
	if c.place.tick != 0 {
		if c.place.tick <= tick {
			return
		}
		w.remove(c)
	}
	w.put(c, tick)
	w.len++
}

func (w *wheel) put(c *looped, tick int64) {
	slot := tick % wheelSlots
	c.place = place{next: w.slots[slot], tick: tick}
	if c.place.next != nil {
		c.place.next.place.prev = c
	}
	w.slots[slot] = c
	w.busy[slot/64] |= 1 << (slot % 64)
}

// remove takes c out if it is in.
func (w *wheel) remove(c *looped) {
	if c.place.tick == 0 {
		return
	}
	slot := c.place.tick % wheelSlots
	if c.place.prev != nil {
		c.place.prev.place.next = c.place.next
	} else {
		w.slots[slot] = c.place.next
		if c.place.next == nil {
			w.busy[slot/64] &^= 1 << (slot % 64)
		}
	}
	if c.place.next != nil {
		c.place.next.place.prev = c.place.prev
	}
	c.place = place{}
	w.len--
}

// expire takes out those that are due now and appends them to dst. It empties a
// slot as a whole, which looks at each stream once and at no neighbour.
func (w *wheel) expire(now time.Duration, dst []*looped) []*looped {
	last := int64(now / wheelTick)
	first := max(w.at+1, last-wheelSlots+1)
	for tick := first; tick <= last; tick++ {
		slot := tick % wheelSlots
		c := w.slots[slot]
		w.slots[slot] = nil
		w.busy[slot/64] &^= 1 << (slot % 64)
		for c != nil {
			next, due := c.place.next, c.place.tick
			if due <= last {
				c.place = place{}
				w.len--
				dst = append(dst, c)
			} else { // in another turn of the wheel
				w.put(c, due)
			}
			c = next
		}
	}
	w.at = max(w.at, last)
	return dst
}

// next returns a time to call expire at, before which nothing is due; false when
// nothing is.
func (w *wheel) next() (time.Duration, bool) {
	if w.len == 0 {
		return 0, false
	}
	start := (w.at + 1) % wheelSlots
	word := start / 64
	some := w.busy[word] &^ (1<<(start%64) - 1)
	for range len(w.busy) {
		if some != 0 {
			break
		}
		word = (word + 1) % int64(len(w.busy))
		some = w.busy[word]
	}
	slot := word*64 + int64(bits.TrailingZeros64(some))
	ahead := (slot - start + wheelSlots) % wheelSlots
	return time.Duration(w.at+1+ahead) * wheelTick, true
}
