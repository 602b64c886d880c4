package feed

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/tickboard/tickboard/quotes"
)

// Directory holds the instruments that the sources of a Market have listed. Of
// an instrument that several have, the first source in the market's order owns
// the symbol. Any number may use it at once.
type Directory struct {
	mu      sync.RWMutex
	lists   []map[quotes.Symbol]quotes.Instrument // one a source, nil until it has listed
	ended   []bool                                // sources that will never list
	all     []quotes.Instrument                   // what is owned, sorted by symbol
	settled chan struct{}                         // closed once every source has listed or ended
}

func newDirectory(sources int) *Directory {
	d := &Directory{
		lists:   make([]map[quotes.Symbol]quotes.Instrument, sources),
		ended:   make([]bool, sources),
		settled: make(chan struct{}),
	}
	if sources == 0 {
		close(d.settled)
	}
	return d
}

// Lookup returns the instrument of a symbol.
func (d *Directory) Lookup(sym quotes.Symbol) (quotes.Instrument, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, list := range d.lists {
		if in, ok := list[sym]; ok {
			return in, true
		}
	}
	return quotes.Instrument{}, false
}

// Settled is closed once every source has given its list, or has ended for good
// without one: from then on a symbol that Lookup does not know is unknown.
func (d *Directory) Settled() <-chan struct{} { return d.settled }

// Len is the number of instruments.
func (d *Directory) Len() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return len(d.all)
}

// Search finds at most limit instruments by symbol or name: first the symbol
// itself, then symbols that begin with the text, then names with a word that
// begins with it, then whatever contains it. An empty text lists the first ones
// by symbol. Case does not count.
func (d *Directory) Search(text string, limit int) []quotes.Instrument {
	d.mu.RLock()
	defer d.mu.RUnlock()
	text = strings.ToUpper(strings.TrimSpace(text))
	type hit struct {
		rank int
		at   int
	}
	var hits []hit
	for i, in := range d.all {
		if rank := match(in, text); rank > 0 {
			hits = append(hits, hit{rank, i})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	found := make([]quotes.Instrument, 0, min(limit, len(hits)))
	for _, h := range hits[:min(limit, len(hits))] {
		found = append(found, d.all[h.at])
	}
	return found
}

// match ranks an instrument for a text in upper case, 0 is no match.
func match(in quotes.Instrument, text string) int {
	symbol, name := in.Symbol.String(), strings.ToUpper(in.Name)
	switch {
	case symbol == text:
		return 1
	case strings.HasPrefix(symbol, text):
		return 2
	case strings.HasPrefix(name, text), strings.Contains(name, " "+text):
		return 3
	case strings.Contains(symbol, text), strings.Contains(name, text):
		return 4
	}
	return 0
}

// list takes the list of a source, in place of an earlier one.
func (d *Directory) list(source int, instruments []quotes.Instrument) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make(map[quotes.Symbol]quotes.Instrument, len(instruments))
	for _, in := range instruments {
		list[in.Symbol] = in
	}
	d.lists[source] = list
	d.merge()
	d.settle()
}

// end says that a source will not list any more.
func (d *Directory) end(source int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[source] = true
	d.settle()
}

func (d *Directory) settle() {
	for i := range d.lists {
		if d.lists[i] == nil && !d.ended[i] {
			return
		}
	}
	select {
	case <-d.settled:
	default:
		close(d.settled)
	}
}

func (d *Directory) merge() {
	seen := make(map[quotes.Symbol]bool)
	d.all = d.all[:0:0]
	for _, list := range d.lists {
		for sym, in := range list {
			if !seen[sym] {
				seen[sym] = true
				d.all = append(d.all, in)
			}
		}
	}
	slices.SortFunc(d.all, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
}

// instrument returns what a source itself has listed of a symbol, and whether
// the source owns it.
func (d *Directory) instrument(source int, sym quotes.Symbol) (in quotes.Instrument, listed, owned bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	in, listed = d.lists[source][sym]
	for _, list := range d.lists[:source] {
		if _, ok := list[sym]; ok {
			return in, listed, false
		}
	}
	return in, listed, listed
}
