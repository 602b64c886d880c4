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

func (c *counts) turn(events int, bytes int64) {
	c.turns.Add(1)
	c.events.Add(int64(events))
	c.bytes.Add(bytes)
}

func (c *counts) beat(bytes int64) {
	c.heartbeats.Add(1)
	c.bytes.Add(bytes)
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
