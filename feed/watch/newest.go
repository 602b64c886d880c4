package watch

import (
	"sync"

	"github.com/tickboard/tickboard/quotes"
)

// newest holds the newest quote of each symbol that is watched, and which of
// them have not been shown: who shows slower than the market sees fewer, newer
// quotes. Any number may put at once.
type newest struct {
	wake chan struct{} // rung when there is something to take

	mu      sync.Mutex // guards all below
	quotes  map[quotes.Symbol]*quotes.StockQuote
	changed []quotes.Symbol // in the order in which they changed
	waits   map[quotes.Symbol]bool
}

func newNewest(syms []quotes.Symbol) *newest {
	n := &newest{
		wake: make(chan struct{}, 1), quotes: make(map[quotes.Symbol]*quotes.StockQuote), waits: make(map[quotes.Symbol]bool),
	}
	for _, sym := range syms {
		n.quotes[sym] = nil
	}
	return n
}

// put takes a quote, unless nobody watches its symbol or a newer one is there.
func (n *newest) put(q *quotes.StockQuote) {
	n.mu.Lock()
	defer n.mu.Unlock()
	old, watched := n.quotes[q.Symbol]
	if !watched || old != nil && old.Version >= q.Version {
		return
	}
	n.quotes[q.Symbol] = q
	if n.waits[q.Symbol] {
		return
	}
	n.waits[q.Symbol] = true
	n.changed = append(n.changed, q.Symbol)
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// take returns the quotes that have changed since the last take.
func (n *newest) take() []*quotes.StockQuote {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]*quotes.StockQuote, 0, len(n.changed))
	for _, sym := range n.changed {
		list = append(list, n.quotes[sym])
	}
	n.changed = n.changed[:0]
	clear(n.waits)
	return list
}

// of is the newest quote of a symbol, nil before there is one.
func (n *newest) of(sym quotes.Symbol) *quotes.StockQuote {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.quotes[sym]
}
