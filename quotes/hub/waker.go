package hub

import "runtime"

// waker rings the bells of slots that have many, in a goroutine that lives only
// while there are such slots to announce: waking 10,000 readers takes 2 ms,
// which are not the publisher's. There is at most one, and a slot is in its
// queue at most once. The hub's lock guards it.
type waker struct {
	queue   list[*bells]
	current *bells // being rung, from the end down to next
	next    int
	running bool
}

// add queues the bells of a slot and reports whether the caller must start the
// goroutine.
func (w *waker) add(bs *bells) (start bool) {
	if !bs.wake.listed {
		bs.wake.item = bs
		w.queue.pushBack(&bs.wake)
	}
	start = !w.running
	w.running = true
	return start
}

// batch fills dst with the next bells to ring, false when there are none left
// and the goroutine must end. Bells come and go between two calls: from the end
// down, none is missed, as a removal moves only the last one and what is added
// is rung by who adds it.
func (w *waker) batch(dst []Bell) (n int, more bool) {
	if w.current == nil {
		first := w.queue.head
		if first == nil {
			w.running = false
			return 0, false
		}
		w.queue.remove(first)
		w.current, w.next = first.item, len(first.item.rungs)
	}
	w.next = min(w.next, len(w.current.rungs))
	for n < len(dst) && w.next > 0 {
		w.next--
		dst[n] = w.current.rungs[w.next].bell
		n++
	}
	if w.next == 0 {
		w.current = nil
	}
	return n, true
}

// ringMany is the waker's goroutine. It copies few bells at a time, so that a
// publisher never waits long for the lock, and lets those that it woke run
// before it wakes more, so that nobody waits behind 10,000 goroutines for a
// processor.
func (h *Hub[K, V]) ringMany() {
	var some [64]Bell
	for {
		h.mu.Lock()
		n, more := h.waker.batch(some[:])
		h.mu.Unlock()
		if !more {
			return
		}
		for _, b := range some[:n] {
			b.Ring()
		}
		runtime.Gosched()
	}
}
