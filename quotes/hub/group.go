package hub

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Group serves many readers from one goroutine, which costs each of them a few
// dozen bytes a key and the publishers one bell for all: it reads the hub as one
// reader of all their keys, and has an index from the keys to its members. The
// goroutine that answers the bell calls Sweep, and it alone takes for the
// members; everything else may be called by any number at once.
//
// A value costs a member nothing until the member looks for it, but for a look
// at one byte whether it is to be told. What the members have had is in the
// points: of a place one for each value, shared by all who had that value last.
//
// A group counts as one reader in the hub's figures; what its members skip is
// counted for each of them, when they take.
type Group[K comparable, V, O any] struct {
	union *Reader[K, V]
	ready func(O)

	// The sweeping goroutine's.
	places    map[K]*place[K, V]
	members   []*Member[K, V, O] // by their number, nil for one that is free
	asleep    []bool             // by the same: to be told of the next value
	free      []int32            // numbers
	arrivals  uint64             // of values and of keys that were added
	swept     []arrival[K, V]    // scratch of Sweep
	fresh     []K                // keys that the union is still to be told of
	conflated int64              // not yet in the hub's figures

	// The last Peek, and how much of it was dropped.
	peeked   []waiting
	peekedBy *Member[K, V, O]
	dropped  int

	asked   atomic.Bool // there are changes
	mu      sync.Mutex
	changes []change[K, V, O] // guarded by mu, in the order in which they were asked for
}

// place is one key of a group: its newest value and who wants it.
type place[K comparable, V any] struct {
	key   K
	frame *Frame[K, V] // nil until there is one
	count uint64       // of values so far, those that the group skipped as well
	point *point       // of the newest
	ties  []tie
}

// point is one value of a place, as those who had it last remember it.
type point struct {
	next  uint64 // when the value after it arrived, 0 while there is none
	count uint64 // of the place's values up to it
}

// tie is a member of a place.
type tie struct {
	member  int32
	holding int32 // where in the member's holdings
}

// waiting is a holding that has something to take.
type waiting struct {
	since   uint64
	holding int32
}

// arrival is a value, and how many before it the group has skipped.
type arrival[K comparable, V any] struct {
	frame   *Frame[K, V]
	skipped int64
}

// change is what a member asked for.
type change[K comparable, V, O any] struct {
	member *Member[K, V, O]
	keys   []K
	remove bool
}

// NewGroup returns a group without members. Its bell is rung when there is
// something to sweep; other groups and readers may share it. ready is called by
// the sweeping goroutine, within Sweep and Peek, when a member has something to
// take and its owner does not know that it is to look: it gets the owner, who
// then calls Peek. Whoever makes a group must Close it.
func NewGroup[K comparable, V, O any](h *Hub[K, V], bell Bell, ready func(owner O)) *Group[K, V, O] {
	return &Group[K, V, O]{
		union:  h.Subscribe(bell),
		ready:  ready,
		places: make(map[K]*place[K, V]),
	}
}

// Join returns a member for the keys, which after the next Sweep has the newest
// value of each of them to take. The owner must Close it, or the group is closed.
func (g *Group[K, V, O]) Join(owner O, keys ...K) *Member[K, V, O] {
	m := &Member[K, V, O]{group: g, owner: owner, number: none, free: none}
	m.Add(keys...)
	return m
}

// Close ends the group; its members have nothing to take any more.
func (g *Group[K, V, O]) Close() { g.union.Close() }

// sweepSize is how many values a Sweep takes from the hub under one lock.
const sweepSize = 256

// Sweep takes over what was published and asked for since the last Sweep, and
// says whether a value was among it. It costs a few steps for each member that
// has to be told of a value, and no lock.
func (g *Group[K, V, O]) Sweep() (news bool) {
	g.settle()
	for more := true; more; {
		more = g.take()
		news = news || len(g.swept) > 0
		for _, a := range g.swept {
			if p := g.places[a.frame.key]; p != nil {
				g.mark(p, a)
			}
		}
		clear(g.swept)
	}
	return news
}

// take takes the next values from the hub, and says whether there are more.
func (g *Group[K, V, O]) take() (more bool) {
	g.swept = g.swept[:0]
	r := g.union
	r.hub.mu.Lock()
	defer r.hub.mu.Unlock()
	r.notice()
	for r.queue.head != nil && len(g.swept) < sweepSize {
		f, skipped := r.pop()
		g.swept = append(g.swept, arrival[K, V]{f, skipped})
	}
	r.hub.counts.conflated += g.conflated
	g.conflated = 0
	return r.queue.head != nil
}

// mark gives a place its new value, and tells the members that sleep.
func (g *Group[K, V, O]) mark(p *place[K, V], a arrival[K, V]) {
	p.frame = a.frame
	p.count += uint64(a.skipped) + 1
	g.arrivals++
	p.point.next = g.arrivals
	p.point = &point{count: p.count}
	for _, t := range p.ties {
		if g.asleep[t.member] {
			g.wake(t.member)
		}
	}
}

// wake tells a member's owner to look.
func (g *Group[K, V, O]) wake(number int32) {
	if g.asleep[number] {
		g.asleep[number] = false
		g.ready(g.members[number].owner)
	}
}

// number gives a member a number.
func (g *Group[K, V, O]) number(m *Member[K, V, O]) {
	if n := len(g.free); n > 0 {
		m.number = g.free[n-1]
		g.free = g.free[:n-1]
	} else {
		m.number = int32(len(g.members))
		g.members = append(g.members, nil)
		g.asleep = append(g.asleep, false)
	}
	g.members[m.number], g.asleep[m.number] = m, true
}

// lineHoldings is how many holdings stand in one line of the processor's cache.
const lineHoldings = 4

// Fetch brings what a Peek of each of these members needs into the processor's
// cache. For many members that were not looked at for long it makes the Peeks
// that follow cheaper by much more than its own cost, for the processor waits
// for the memory of all of them at once.
func (g *Group[K, V, O]) Fetch(members []*Member[K, V, O]) {
	for _, m := range members {
		for i := 0; i < len(m.holdings); i += lineHoldings {
			touch(m.holdings[i].point)
		}
	}
}

// touch is a use of what was read, so that it is read.
//
//go:noinline
func touch(*point) {}

// ask notes a change for the sweeping goroutine.
func (g *Group[K, V, O]) ask(c change[K, V, O]) {
	g.mu.Lock()
	g.changes = append(g.changes, c)
	g.asked.Store(true)
	g.mu.Unlock()
	g.union.bell.Ring()
}

// settle makes the changes that were asked for.
func (g *Group[K, V, O]) settle() {
	if !g.asked.Load() {
		return
	}
	g.mu.Lock()
	changes := g.changes
	g.changes = nil
	g.asked.Store(false)
	g.mu.Unlock()
	for _, c := range changes {
		switch {
		case c.member.closed:
		case c.remove:
			c.member.remove(c.keys)
		default:
			c.member.add(c.keys)
		}
	}
	if len(g.fresh) > 0 {
		g.union.Add(g.fresh...)
		g.fresh = g.fresh[:0]
	}
}

// place returns the place of key, made if there is none.
func (g *Group[K, V, O]) place(key K) *place[K, V] {
	p, ok := g.places[key]
	if !ok {
		p = &place[K, V]{key: key, point: new(point)}
		g.places[key] = p
		g.fresh = append(g.fresh, key)
	}
	return p
}

// leave removes a tie and the place with its last one. The hole is filled from
// the end.
func (g *Group[K, V, O]) leave(p *place[K, V], at int32) {
	last := len(p.ties) - 1
	moved := p.ties[last]
	p.ties[at] = moved
	g.members[moved.member].ties[moved.holding] = at
	p.ties = p.ties[:last]
	switch {
	case last == 0:
		delete(g.places, p.key)
		g.union.Remove(p.key)
		g.fresh = slices.DeleteFunc(g.fresh, func(k K) bool { return k == p.key })
	case cap(p.ties) > 64 && last < cap(p.ties)/4:
		p.ties = slices.Clone(p.ties)
	}
}
