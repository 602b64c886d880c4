package hub

// slot is what the hub holds for one key.
type slot[K comparable, V any] struct {
	key    K
	frame  *Frame[K, V] // the newest, nil until one is published
	at     uint64       // when it arrived, by the hub's clock
	count  uint64       // values published so far
	mark   *mark        // of the readers that have what there is, nil while none has
	recent node[*slot[K, V]]
	bells  bells
}

// mark stands for all readers that have the same value of a slot: all of them
// wait since the next one arrived. It is a thing of its own because a reader
// that held on to its last frame would keep that in memory.
type mark struct{ next uint64 } // when that one arrived, 0 while there is none

// link is one key of one reader. While it does not wait in the reader's queue
// its mark says whether there is something new.
type link[K comparable, V any] struct {
	slot    *slot[K, V]
	mark    *mark
	taken   uint64 // of slot.count, what the reader has had or skipped
	place   int    // in Reader.all
	waiting node[*link[K, V]]
}

// slot returns the slot of key, made if there is none.
func (h *Hub[K, V]) slot(key K) *slot[K, V] {
	s, ok := h.slots[key]
	if !ok {
		s = &slot[K, V]{key: key}
		s.recent.item = s
		h.slots[key] = s
	}
	return s
}

// release forgets a slot that nobody has published and nobody asks for any more.
func (h *Hub[K, V]) release(s *slot[K, V]) {
	if s.frame == nil && s.bells.empty() {
		delete(h.slots, s.key)
	}
}

// arrive makes f the newest of the slot at the time now.
func (s *slot[K, V]) arrive(f *Frame[K, V], now uint64) {
	s.frame, s.at = f, now
	s.count++
	if s.mark != nil {
		s.mark.next = now
		s.mark = nil
	}
}

// current returns the mark of those who have the newest value.
func (s *slot[K, V]) current() *mark {
	if s.mark == nil {
		s.mark = new(mark)
	}
	return s.mark
}
