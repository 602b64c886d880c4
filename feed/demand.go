package feed

import (
	"slices"
	"sync"

	"github.com/tickboard/tickboard/quotes"
)

// Demand counts who watches which symbol, so that a source with a limit of
// subscriptions follows what people look at. The zero Demand is ready; any
// number may use it at once, and nothing of it blocks.
type Demand struct {
	mu      sync.Mutex
	counts  map[quotes.Symbol]int
	changed chan struct{} // closed and replaced when a symbol gains its first or loses its last watcher
}

// Add counts one more watcher for each symbol.
func (d *Demand) Add(syms ...quotes.Symbol) { d.count(syms, +1) }

// Remove takes back one Add for each symbol.
func (d *Demand) Remove(syms ...quotes.Symbol) { d.count(syms, -1) }

// Watches says whether anybody watches a symbol.
func (d *Demand) Watches(sym quotes.Symbol) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[sym] > 0
}

// Watched returns the symbols that anybody watches, sorted, and a channel that
// is closed when the answer has changed.
func (d *Demand) Watched() ([]quotes.Symbol, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changed == nil {
		d.changed = make(chan struct{})
	}
	syms := make([]quotes.Symbol, 0, len(d.counts))
	for sym := range d.counts {
		syms = append(syms, sym)
	}
	slices.SortFunc(syms, quotes.Symbol.Compare)
	return syms, d.changed
}

func (d *Demand) count(syms []quotes.Symbol, by int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	turned := false
	for _, sym := range syms {
		before := d.counts[sym]
		after := before + by
		switch {
		case after < 0:
			panic("feed: Demand.Remove of " + sym.String() + " without its Add")
		case after == 0:
			delete(d.counts, sym)
		default:
			if d.counts == nil {
				d.counts = make(map[quotes.Symbol]int)
			}
			d.counts[sym] = after
		}
		turned = turned || before == 0 || after == 0
	}
	if turned && d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}
