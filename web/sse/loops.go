package sse

import (
	"runtime"
	"sync"
)

// maxLoops keeps the bells of the loops so few that a publisher rings them
// itself. A loop sends some 200,000 turns a second.
const maxLoops = 8

// loops are the loops that run, at most one for each processor. A loop runs
// while it has streams. The zero loops are ready.
type loops struct {
	mu   sync.Mutex
	list []*loop // guarded by mu, as are their loads
}

// join adds a stream to the loop that has the fewest, or to a new one.
func (ls *loops) join(s *Server) (*loop, error) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var least *loop
	for _, l := range ls.list {
		if least == nil || l.load < least.load {
			least = l
		}
	}
	if least == nil || len(ls.list) < min(runtime.GOMAXPROCS(0), maxLoops) {
		l, err := newLoop(s)
		if err != nil {
			return nil, err
		}
		ls.list = append(ls.list, l)
		least = l
		go l.poller.run(l.pokeIO)
		go l.run()
	}
	least.load++
	return least, nil
}

// leave takes a stream from its loop, and ends the loop with its last one.
func (ls *loops) leave(l *loop) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l.load--; l.load > 0 {
		return
	}
	for i := range ls.list {
		if ls.list[i] == l {
			ls.list = append(ls.list[:i:i], ls.list[i+1:]...)
			break
		}
	}
	l.over.Store(true)
	l.bell.Ring()
}
