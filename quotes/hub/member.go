package hub

import (
	"cmp"
	"slices"
)

// Member is a reader of a Group. Add and Remove may be called by any number at
// once; Peek, Drop and Close belong to the goroutine that sweeps the group.
type Member[K comparable, V, O any] struct {
	group *Group[K, V, O]
	owner O

	// The sweeping goroutine's. What a Peek needs of the holdings stands close
	// together, for it is seldom in the processor's cache.
	holdings []holding[K, V]
	ties     []int32 // by holding: where in the place's ties; of a hole, the next hole
	free     int32   // the first hole
	number   int32   // in the group, none until it has its first key
	closed   bool
}

// holding is one key of one member, or a hole without a place.
type holding[K comparable, V any] struct {
	place *place[K, V]
	point *point // of the value that the member had last
}

// none is no number and no place.
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
// something since), the key that waited longest first. What it returned waits on
// until it is dropped: Peek again gives it again, in its newest form and at its
// place. A member that has nothing to take is told of what comes.
func (m *Member[K, V, O]) Peek(dst []*Frame[K, V]) []*Frame[K, V] {
	g := m.group
	if g.asked.Load() {
		g.Sweep()
	}
	g.peeked, g.peekedBy, g.dropped = g.peeked[:0], m, 0
	for i := range m.holdings {
		if h := &m.holdings[i]; h.point != nil && h.point.next != 0 {
			g.peeked = append(g.peeked, waiting{h.point.next, int32(i)})
		}
	}
	if len(g.peeked) == 0 {
		m.sleep()
		return dst
	}
	slices.SortFunc(g.peeked, func(a, b waiting) int { return cmp.Compare(a.since, b.since) })
	for _, w := range g.peeked {
		dst = append(dst, m.holdings[w.holding].place.frame)
	}
	return dst
}

// Drop says that the member has had the first n values of the last Peek. There
// must be no Sweep and no other member's Peek between the two. When nothing is
// left the member is told of what comes, unless again promises another Peek
// anyhow.
func (m *Member[K, V, O]) Drop(n int, again bool) {
	g := m.group
	if g.peekedBy != m || m.closed {
		return
	}
	had := g.peeked[g.dropped:]
	had = had[:min(n, len(had))]
	for _, w := range had {
		h := &m.holdings[w.holding]
		g.conflated += int64(h.place.count - h.point.count - 1)
		h.point = h.place.point
	}
	if g.dropped += len(had); g.dropped == len(g.peeked) && !again {
		m.sleep()
	}
}

// sleep lets the member be told of the next value.
func (m *Member[K, V, O]) sleep() {
	if m.number != none && !m.closed {
		m.group.asleep[m.number] = true
	}
}

// Close ends the member; it has nothing to take any more. It may be called more
// than once.
func (m *Member[K, V, O]) Close() {
	if m.closed {
		return
	}
	m.closed = true
	g := m.group
	for i, h := range m.holdings {
		if h.place != nil {
			g.leave(h.place, m.ties[i])
		}
	}
	m.holdings, m.ties = nil, nil
	if m.number != none {
		g.members[m.number], g.asleep[m.number] = nil, false
		g.free = append(g.free, m.number)
	}
}

func (m *Member[K, V, O]) add(keys []K) {
	g := m.group
	if m.holdings == nil {
		m.holdings = make([]holding[K, V], 0, len(keys))
		m.ties = make([]int32, 0, len(keys))
	}
	if m.number == none {
		g.number(m)
	}
	for _, key := range keys {
		p := g.place(key)
		i := m.find(p)
		if i == none {
			i = m.hold(p)
		}
		if h := &m.holdings[i]; p.frame != nil && h.point.next == 0 {
			g.arrivals++
			h.point = &point{next: g.arrivals, count: p.count - 1}
			g.wake(m.number)
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
		m.group.leave(p, m.ties[i])
		m.holdings[i], m.ties[i] = holding[K, V]{}, m.free
		m.free = i
	}
}

// find returns the holding of a place, none if there is none.
func (m *Member[K, V, O]) find(p *place[K, V]) int32 {
	for i := range m.holdings {
		if m.holdings[i].place == p {
			return int32(i)
		}
	}
	return none
}

// hold makes a holding of a place, which has had the newest value.
func (m *Member[K, V, O]) hold(p *place[K, V]) int32 {
	h, at := holding[K, V]{place: p, point: p.point}, int32(len(p.ties))
	i := m.free
	if i == none {
		i = int32(len(m.holdings))
		m.holdings, m.ties = append(m.holdings, h), append(m.ties, at)
	} else {
		m.free = m.ties[i]
		m.holdings[i], m.ties[i] = h, at
	}
	p.ties = append(p.ties, tie{member: m.number, holding: i})
	return i
}
