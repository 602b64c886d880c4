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
// A group counts as one reader in the hub's figures; what its members skip is
// counted for each of them.
type Group[K comparable, V, O any] struct {
	union *Reader[K, V]
	ready func(O)

	// The sweeping goroutine's.
	places    map[K]*place[K, V, O]
	swept     []arrival[K, V] // scratch of Sweep
	fresh     []K             // keys that the union is still to be told of
	conflated int64           // not yet in the hub's figures

	asked   atomic.Bool // there are changes
	mu      sync.Mutex
	changes []change[K, V, O] // guarded by mu, in the order in which they were asked for
}

// place is one key of a group: its newest value and who wants it. All that a
// value costs a member which waits already is a look at its tie.
type place[K comparable, V, O any] struct {
	key   K
	frame *Frame[K, V] // nil until there is one
	ties  []tie[K, V, O]
}

// tie is a member of a place.
type tie[K comparable, V, O any] struct {
	member  *Member[K, V, O]
	holding int32 // where in the member's holdings
	waiting bool  // in the member's queue
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
// the sweeping goroutine, within Sweep and Peek, when a member that had nothing
// to take has something: it gets the member's owner. Whoever makes a group must
// Close it.
func NewGroup[K comparable, V, O any](h *Hub[K, V], bell Bell, ready func(owner O)) *Group[K, V, O] {
	return &Group[K, V, O]{
		union:  h.Subscribe(bell),
		ready:  ready,
		places: make(map[K]*place[K, V, O]),
	}
}

// Join returns a member for the keys, which after the next Sweep has the newest
// value of each of them to take. The owner must Close it, or the group is closed.
func (g *Group[K, V, O]) Join(owner O, keys ...K) *Member[K, V, O] {
	m := &Member[K, V, O]{group: g, owner: owner, first: none, last: none, free: none}
	m.Add(keys...)
	return m
}

// Close ends the group; its members have nothing to take any more.
func (g *Group[K, V, O]) Close() { g.union.Close() }

// sweepSize is how many values a Sweep takes from the hub under one lock.
const sweepSize = 256

// Sweep takes over what was published and asked for since the last Sweep. It
// costs each member that has to be told of a value a few steps, and no lock.
func (g *Group[K, V, O]) Sweep() {
	g.settle()
	for more := true; more; {
		more = g.take()
		for _, a := range g.swept {
			if p := g.places[a.frame.key]; p != nil {
				g.mark(p, a)
			}
		}
		clear(g.swept)
	}
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

// mark lets the members of a place take its new value.
func (g *Group[K, V, O]) mark(p *place[K, V, O], a arrival[K, V]) {
	p.frame = a.frame
	g.conflated += a.skipped * int64(len(p.ties))
	for i := range p.ties {
		t := &p.ties[i]
		if t.waiting {
			g.conflated++
			continue
		}
		t.member.push(t)
	}
}

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
func (g *Group[K, V, O]) place(key K) *place[K, V, O] {
	p, ok := g.places[key]
	if !ok {
		p = &place[K, V, O]{key: key}
		g.places[key] = p
		g.fresh = append(g.fresh, key)
	}
	return p
}

// leave removes a tie and the place with its last one. The hole is filled from
// the end.
func (g *Group[K, V, O]) leave(p *place[K, V, O], at int32) {
	last := len(p.ties) - 1
	moved := p.ties[last]
	p.ties[at] = moved
	moved.member.holdings[moved.holding].tie = at
	p.ties[last] = tie[K, V, O]{}
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
