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
//
// A slot is a list whose nodes stand close together in one array, apart from the
// streams: a walk along thousands of streams would wait for the memory of each.
type wheel struct {
	slots [wheelSlots]nodeID      // the first of each
	busy  [wheelSlots / 64]uint64 // which slots are not empty
	nodes []node                  // by their numbers, from 1 on
	free  nodeID                  // the first of those that nobody has
	due   []uint64                // scratch of expire: a bit for each node
	at    int64                   // the last tick that was looked at
	len   int
}

// nodeID is a node's number; 0 is none.
type nodeID int32

// node is a stream's place in the wheel, which it has from its first set until
// it is removed.
type node struct {
	c          *looped
	tick       int64 // that it is due at, 0 when it is not in the wheel
	prev, next nodeID
}

// set lets c be due at that time, never before it, or earlier if it was to be
// due before.
func (w *wheel) set(c *looped, due time.Duration) {
	tick := max(int64((due+wheelTick-1)/wheelTick), w.at+1)
	if c.node == 0 {
		c.node = w.node(c)
	}
	switch n := &w.nodes[c.node]; {
	case n.tick == 0:
		w.len++
	case n.tick <= tick:
		return
	default:
		w.unlink(c.node)
	}
	w.put(c.node, tick)
}

// node gives a stream a node.
func (w *wheel) node(c *looped) nodeID {
	id := w.free
	switch {
	case id != 0:
		w.free = w.nodes[id].next
	case len(w.nodes) == 0:
		w.nodes = make([]node, 1, 16)
		fallthrough
	default:
		id = nodeID(len(w.nodes))
		w.nodes = append(w.nodes, node{})
		if int(id)/64 >= len(w.due) {
			w.due = append(w.due, 0)
		}
	}
	w.nodes[id] = node{c: c}
	return id
}

// put adds a node to the slot of a tick.
func (w *wheel) put(id nodeID, tick int64) {
	slot, n := tick%wheelSlots, &w.nodes[id]
	n.tick, n.prev, n.next = tick, 0, w.slots[slot]
	if n.next != 0 {
		w.nodes[n.next].prev = id
	}
	w.slots[slot] = id
	w.busy[slot/64] |= 1 << (slot % 64)
}

// unlink takes a node out of its slot.
func (w *wheel) unlink(id nodeID) {
	n := w.nodes[id]
	if n.prev != 0 {
		w.nodes[n.prev].next = n.next
	} else {
		slot := n.tick % wheelSlots
		if w.slots[slot] = n.next; n.next == 0 {
			w.busy[slot/64] &^= 1 << (slot % 64)
		}
	}
	if n.next != 0 {
		w.nodes[n.next].prev = n.prev
	}
}

// remove takes c out if it is in, and its node from it.
func (w *wheel) remove(c *looped) {
	if c.node == 0 {
		return
	}
	if w.nodes[c.node].tick != 0 {
		w.unlink(c.node)
		w.len--
	}
	w.nodes[c.node] = node{next: w.free}
	w.free, c.node = c.node, 0
}

// expire takes out those that are due now and appends them to dst, in the order
// of their nodes. That is mostly the order in which they were opened, so that what
// the kernel has of the next is often beside what it has of the one before. It
// empties a slot as a whole, which looks at each node once and at no neighbour.
func (w *wheel) expire(now time.Duration, dst []*looped) []*looped {
	last := int64(now / wheelTick)
	first := max(w.at+1, last-wheelSlots+1)
	some := false
	for tick := first; tick <= last; tick++ {
		slot := tick % wheelSlots
		id := w.slots[slot]
		w.slots[slot] = 0
		w.busy[slot/64] &^= 1 << (slot % 64)
		for id != 0 {
			n := &w.nodes[id]
			next := n.next
			if n.tick <= last {
				n.tick = 0
				w.len--
				w.due[id/64] |= 1 << (id % 64)
				some = true
			} else { // in another turn of the wheel
				w.put(id, n.tick)
			}
			id = next
		}
	}
	w.at = max(w.at, last)
	if !some {
		return dst
	}
	for i, word := range w.due {
		for ; word != 0; word &= word - 1 {
			dst = append(dst, w.nodes[i*64+bits.TrailingZeros64(word)].c)
		}
		w.due[i] = 0
	}
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
