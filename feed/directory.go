package feed

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// mostAdded bounds the instruments that one source may have beside its list.
const mostAdded = 100_000

// Directory holds the instruments that the sources of a Market have listed. Of
// an instrument that several have, what the first in the market's order says of
// it is shown. Names given from outside win over the sources'. Any number may
// use it at once.
type Directory struct {
	mu      sync.RWMutex
	names   map[quotes.Symbol]quotes.Instrument
	sources []listedBy
	all     map[quotes.Symbol]*listing
	sorted  []*listing    // by symbol; without what is in added
	added   []*listing    // since sorted was made, in no order
	changed int64         // how often anything was listed
	settled chan struct{} // closed once every source has listed or ended
}

// listedBy is what the directory knows of one source.
type listedBy struct {
	listed, ended bool
	count         int
	// beside are the instruments that came one by one; a new list does not
	// take them away.
	beside  map[quotes.Symbol]quotes.Instrument
	changed int64 // how often beside has changed
}

// listing is one symbol.
type listing struct {
	symbol quotes.Symbol
	by     []*quotes.Instrument // by source, nil where it has none
	upper  string               // the shown name in upper case
}

func newDirectory(sources int, names []quotes.Instrument) *Directory {
	d := &Directory{
		names: make(map[quotes.Symbol]quotes.Instrument, len(names)), sources: make([]listedBy, sources),
		all: make(map[quotes.Symbol]*listing), settled: make(chan struct{}),
	}
	for _, in := range names {
		d.names[in.Symbol] = in
	}
	d.settle()
	return d
}

// Lookup returns the instrument of a symbol.
func (d *Directory) Lookup(sym quotes.Symbol) (quotes.Instrument, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if l := d.all[sym]; l != nil {
		return *l.shown(), true
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
	d.order()
	d.mu.RLock()
	defer d.mu.RUnlock()
	text = strings.ToUpper(strings.TrimSpace(text))
	var ranks [5][]*listing
	for _, l := range d.sorted {
		rank := l.match(text)
		if rank > 0 && len(ranks[rank]) < limit {
			ranks[rank] = append(ranks[rank], l)
			if rank == 2 && text == "" && len(ranks[rank]) == limit {
				break // nothing that follows comes before these
			}
		}
	}
	hits := slices.Concat(ranks[:]...)
	found := make([]quotes.Instrument, 0, min(limit, len(hits)))
	for _, l := range hits[:min(limit, len(hits))] {
		found = append(found, *l.shown())
	}
	return found
}

// shown is what the first source that has it says; a listing that nobody has is
// not in the directory.
func (l *listing) shown() *quotes.Instrument {
	for _, in := range l.by {
		if in != nil {
			return in
		}
	}
	return nil
}

// match ranks a listing for a text in upper case, 0 is no match.
func (l *listing) match(text string) int {
	symbol := l.symbol.String()
	switch {
	case symbol == text:
		return 1
	case strings.HasPrefix(symbol, text):
		return 2
	case strings.HasPrefix(l.upper, text), strings.Contains(l.upper, " "+text):
		return 3
	case strings.Contains(symbol, text), strings.Contains(l.upper, text):
		return 4
	}
	return 0
}

// list takes the list of a source, in place of an earlier one.
func (d *Directory) list(source int, instruments []quotes.Instrument) {
	d.mu.Lock()
	defer d.mu.Unlock()
	by := &d.sources[source]
	by.listed, by.count = true, 0
	d.changed++
	for _, l := range d.all {
		l.by[source] = nil
	}
	for _, in := range instruments {
		d.put(source, in)
	}
	for _, in := range by.beside {
		d.put(source, in)
	}
	for sym, l := range d.all {
		if l.shown() == nil {
			delete(d.all, sym)
		} else {
			l.upper = strings.ToUpper(l.shown().Name)
		}
	}
	d.sorted, d.added = nil, d.added[:0:0]
	for _, l := range d.all {
		d.added = append(d.added, l)
	}
	d.settle()
}

// add takes one more instrument of a source, or another description of one that
// it has; one that says nothing does not replace one that does, which may be of
// before a restart. It says whether there was room.
func (d *Directory) add(source int, in quotes.Instrument) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	by := &d.sources[source]
	known, ok := by.beside[in.Symbol]
	if ok && (sameInstrument(known, in) || isBare(in) && !isBare(known)) {
		return true
	}
	if !ok && len(by.beside) >= mostAdded {
		return false
	}
	if by.beside == nil {
		by.beside = make(map[quotes.Symbol]quotes.Instrument)
	}
	by.beside[in.Symbol] = in
	by.changed++
	d.changed++
	before := len(d.all)
	l := d.put(source, in)
	l.upper = strings.ToUpper(l.shown().Name)
	if len(d.all) > before {
		d.added = append(d.added, l)
	}
	return true
}

// isBare says that an instrument tells no more than its symbol.
func isBare(in quotes.Instrument) bool {
	return in.Name == in.Symbol.String() && in.Exchange == "" && in.Currency == "" && in.Type == "" && in.TickSize.IsZero()
}

// sameInstrument says that a and b say the same.
func sameInstrument(a, b quotes.Instrument) bool {
	same := a.TickSize.Equal(b.TickSize)
	a.TickSize, b.TickSize = decimal.Decimal{}, decimal.Decimal{}
	return same && a == b
}

// put notes that a source has an instrument, under the name from outside.
func (d *Directory) put(source int, in quotes.Instrument) *listing {
	l := d.all[in.Symbol]
	if l == nil {
		l = &listing{symbol: in.Symbol, by: make([]*quotes.Instrument, len(d.sources))}
		d.all[in.Symbol] = l
	}
	if name, ok := d.names[in.Symbol]; ok {
		in = named(in, name)
	}
	if l.by[source] == nil {
		d.sources[source].count++
	}
	l.by[source] = &in
	return l
}

// named is an instrument with what is known of it from outside.
func named(in, name quotes.Instrument) quotes.Instrument {
	in.Name = cmp.Or(name.Name, in.Name)
	in.Currency = cmp.Or(name.Currency, in.Currency)
	in.Type = cmp.Or(name.Type, in.Type)
	in.Decimals = cmp.Or(name.Decimals, in.Decimals)
	if name.Exchange != "" && name.Exchange != in.Exchange {
		in.Exchange = name.Exchange
		in.TimeZone = cmp.Or(name.TimeZone, in.TimeZone)
	}
	return in
}

// order brings what was added into its place.
func (d *Directory) order() {
	d.mu.RLock()
	ordered := len(d.added) == 0
	d.mu.RUnlock()
	if ordered {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	slices.SortFunc(d.added, bySymbol)
	merged := make([]*listing, 0, len(d.sorted)+len(d.added))
	rest := d.added
	for _, l := range d.sorted {
		for len(rest) > 0 && bySymbol(rest[0], l) < 0 {
			merged, rest = append(merged, rest[0]), rest[1:]
		}
		merged = append(merged, l)
	}
	merged = append(merged, rest...)
	d.sorted, d.added = merged, nil
}

func bySymbol(a, b *listing) int { return a.symbol.Compare(b.symbol) }

// end says that a source will not list any more.
func (d *Directory) end(source int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sources[source].ended = true
	d.settle()
}

func (d *Directory) settle() {
	for _, by := range d.sources {
		if !by.listed && !by.ended {
			return
		}
	}
	select {
	case <-d.settled:
	default:
		close(d.settled)
	}
}

// count is how many instruments a source has.
func (d *Directory) count(source int) int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.sources[source].count
}

// changes counts the changes of all lists.
func (d *Directory) changes() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.changed
}

// beside returns the instruments that a source has told one by one, and the
// number of changes to them; nothing where that is the number already known.
func (d *Directory) beside(source int, known int64) (list []quotes.Instrument, changes int64) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	by := &d.sources[source]
	if by.changed == known {
		return nil, known
	}
	return slices.Collect(maps.Values(by.beside)), by.changed
}

// symbols are those of a source.
func (d *Directory) symbols(source int) []quotes.Symbol {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var syms []quotes.Symbol
	for sym, l := range d.all {
		if l.by[source] != nil {
			syms = append(syms, sym)
		}
	}
	return syms
}

// instrument returns what a source itself has listed of a symbol.
func (d *Directory) instrument(source int, sym quotes.Symbol) (quotes.Instrument, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if l := d.all[sym]; l != nil && l.by[source] != nil {
		return *l.by[source], true
	}
	return quotes.Instrument{}, false
}
