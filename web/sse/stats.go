package sse

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are a server's figures since its start, but for Open and Addresses.
type Stats struct {
	Open       int              // streams now
	Addresses  int              // that the limit per address counts streams of now
	Opened     int64            // streams that got their content
	Refused    map[string]int64 // `busy` answers by reason
	Ended      map[string]int64 // streams by the reason of their end
	Turns      int64            // writes of frames
	Events     int64            // frames of contents
	Heartbeats int64
	Bytes      int64 // bodies, without what HTTP adds
}

// Stats returns the figures of the moment. The maps are the caller's.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	open, addresses := len(s.streams), len(s.limits.addresses)
	s.mu.Unlock()
	st := s.counts.snapshot()
	st.Open, st.Addresses = open, addresses
	return st
}

type counts struct {
	opened, turns, events, heartbeats, bytes atomic.Int64

	mu             sync.Mutex
	refused, ended map[string]int64
}

// tally are figures on their way to the counts, of one goroutine.
type tally struct{ turns, events, heartbeats, bytes int64 }

// add books a tally and empties it.
func (c *counts) add(t *tally) {
	if *t == (tally{}) {
		return
	}
	c.turns.Add(t.turns)
	c.events.Add(t.events)
	c.heartbeats.Add(t.heartbeats)
	c.bytes.Add(t.bytes)
	*t = tally{}
}

func (t *tally) plus(f tally) {
	t.turns += f.turns
	t.events += f.events
	t.heartbeats += f.heartbeats
	t.bytes += f.bytes
}

// book adds figures to the stream's and to the tally.
func (st *Stream) book(to *tally, f tally) {
	st.tally.plus(f)
	to.plus(f)
}

func (c *counts) refuse(reason string) { c.count(&c.refused, reason) }

func (c *counts) end(reason string) { c.count(&c.ended, reason) }

func (c *counts) count(m *map[string]int64, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *m == nil {
		*m = make(map[string]int64)
	}
	(*m)[reason]++
}

func (c *counts) snapshot() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{
		Opened:     c.opened.Load(),
		Refused:    maps.Clone(c.refused),
		Ended:      maps.Clone(c.ended),
		Turns:      c.turns.Load(),
		Events:     c.events.Load(),
		Heartbeats: c.heartbeats.Load(),
		Bytes:      c.bytes.Load(),
	}
}
