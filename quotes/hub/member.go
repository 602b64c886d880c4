package hub

// Member is a reader of a Group. Add and Remove may be called by any number at
// once; Peek, Drop and Close belong to the goroutine that sweeps the group.
type Member[K comparable, V, O any] struct {
	group *Group[K, V, O]
	owner O

	// The sweeping goroutine's. What waits is a queue through the holdings.
	holdings    []holding[K, V, O]
	first, last int32 // of the queue
	free        int32 // the first hole in holdings
	closed      bool
}

// holding is one key of one member, or a hole without a place.
type holding[K comparable, V, O any] struct {
	place *place[K, V, O]
	tie   int32 // where in the place's ties
	next  int32 // in the queue, or the next hole
}

// none ends a queue.
const none int32 = -1

// Add adds keys. The newest value of each of them is there to take after the
// next Sweep, also of a key that the member had already; a key that is waiting
// keeps its place.
func (m *Member[K, V, O]) Add(keys ...K) {
	if len(keys) > 0 {
		m.group.ask(change[K, V, O]{member: m, keys: keys})
	}
}

// Remove removes keys; of a key that the member does not have it does nothing.
// No Peek that begins afterwards returns a value of them.
func (m *Member[K, V, O]) Remove(keys ...K) {
	if len(keys) > 0 {
		m.group.ask(change[K, V, O]{member: m, keys: keys, remove: true})
	}
}

// Peek appends to dst the newest value of each key that has one the member has
// not had, as of the last Sweep (or as of now if any member has asked for
// something since), the key that waited longest first. What it
// returned waits on until it is dropped: Peek again gives it again, in its
// newest form and at its place.
func (m *Member[K, V, O]) Peek(dst []*Frame[K, V]) []*Frame[K, V] {
	if m.group.asked.Load() {
		m.group.Sweep()
	}
	for i := m.first; i != none; i = m.holdings[i].next {
		dst = append(dst, m.holdings[i].place.frame)
	}
	return dst
}

// Drop says that the member has had the first n values of the last Peek. There
// must be no Sweep between the two.
func (m *Member[K, V, O]) Drop(n int) {
	for ; n > 0 && m.first != none; n-- {
		h := &m.holdings[m.first]
		h.place.ties[h.tie].waiting = false
		m.first = h.next
	}
	if m.first == none {
		m.last = none
	}
}

// Close ends the member; it has nothing to take any more. It may be called more
// than once.
func (m *Member[K, V, O]) Close() {
	if m.closed {
		return
	}
	m.closed = true
	m.first, m.last = none, none
	for _, h := range m.holdings {
		if h.place != nil {
			m.group.leave(h.place, h.tie)
		}
	}
	m.holdings = nil
}

func (m *Member[K, V, O]) add(keys []K) {
	if m.holdings == nil {
		m.holdings = make([]holding[K, V, O], 0, len(keys))
	}
	for _, key := range keys {
		p := m.group.place(key)
		i := m.find(p)
		if i == none {
			i = m.hold(p)
		}
		if t := &p.ties[m.holdings[i].tie]; p.frame != nil && !t.waiting {
			m.push(t)
		}
	}
}

func (m *Member[K, V, O]) remove(keys []K) {
	for _, key := range keys {
		p := m.group.places[key]
		if p == nil {
			continue
		}
		i := m.find(p)
		if i == none {
			continue
		}
		h := &m.holdings[i]
		if p.ties[h.tie].waiting {
			m.unqueue(i)
		}
		m.group.leave(p, h.tie)
		*h = holding[K, V, O]{next: m.free}
		m.free = i
	}
}

// find returns the holding of a place, none if there is none.
func (m *Member[K, V, O]) find(p *place[K, V, O]) int32 {
	for i := range m.holdings {
		if m.holdings[i].place == p {
			return int32(i)
		}
	}
	return none
}

// hold makes a holding of a place.
func (m *Member[K, V, O]) hold(p *place[K, V, O]) int32 {
	h := holding[K, V, O]{place: p, tie: int32(len(p.ties)), next: none}
	i := m.free
	if i == none {
		i = int32(len(m.holdings))
		m.holdings = append(m.holdings, h)
	} else {
		m.free = m.holdings[i].next
		m.holdings[i] = h
	}
	p.ties = append(p.ties, tie[K, V, O]{member: m, holding: i})
	return i
}

// push queues the holding of a tie that does not wait, and tells the owner when
// it is the first.
func (m *Member[K, V, O]) push(t *tie[K, V, O]) {
	t.waiting = true
	m.holdings[t.holding].next = none
	if m.last == none {
		m.first, m.last = t.holding, t.holding
		m.group.ready(m.owner)
		return
	}
	m.holdings[m.last].next = t.holding
	m.last = t.holding
}

// unqueue takes a holding out of the queue.
func (m *Member[K, V, O]) unqueue(i int32) {
	before := none
	for at := m.first; at != i; at = m.holdings[at].next {
		before = at
	}
	next := m.holdings[i].next
	if before == none {
		m.first = next
	} else {
		m.holdings[before].next = next
	}
	if m.last == i {
		m.last = before
	}
}
