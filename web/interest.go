package web

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// lookTime is how long a symbol is asked for after somebody looked at it
	// without a stream: a page without script comes back sooner.
	lookTime = time.Minute
	// mostLooks bounds the symbols that are asked for so, since who names many
	// must not take the places that a vendor has for those who stay.
	mostLooks = 200
	// lookSweep is how often what nobody looks at any more is given back.
	lookSweep = 5 * time.Second
)

// interest asks the sources for symbols that somebody looked at once, by a page,
// a widget or a call: a source that follows Demand would never say anything of a
// symbol that nobody streams. Any number may use it at once.
type interest struct {
	demand *feed.Demand

	mu    sync.Mutex
	until map[quotes.Symbol]time.Time
}

func newInterest(demand *feed.Demand) *interest {
	return &interest{demand: demand, until: make(map[quotes.Symbol]time.Time)}
}

// look asks for the symbols from now on for lookTime. Those that others watch
// anyway need nothing; past mostLooks a symbol is left out until others have
// had their time.
func (i *interest) look(now time.Time, syms ...quotes.Symbol) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.until)+len(syms) > mostLooks {
		i.expire(now)
	}
	for _, sym := range syms {
		if _, held := i.until[sym]; !held {
			if len(i.until) >= mostLooks || i.demand.Watches(sym) {
				continue
			}
			i.demand.Add(sym)
		}
		i.until[sym] = now.Add(lookTime)
	}
}

// run gives back what nobody looks at any more, and everything when ctx ends.
func (i *interest) run(ctx context.Context) {
	ticker := time.NewTicker(lookSweep)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			i.mu.Lock()
			i.expire(now)
			i.mu.Unlock()
		case <-ctx.Done():
			i.mu.Lock()
			i.demand.Remove(slices.Collect(maps.Keys(i.until))...)
			clear(i.until)
			i.mu.Unlock()
			return
		}
	}
}

// expire is called with mu held.
func (i *interest) expire(now time.Time) {
	for sym, until := range i.until {
		if !now.Before(until) {
			delete(i.until, sym)
			i.demand.Remove(sym)
		}
	}
}
