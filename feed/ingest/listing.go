package ingest

import (
	"fmt"
	"slices"
	"sync"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// maxSymbols bounds how many symbols the lines of a source may name: each is
// kept for as long as the program runs.
const maxSymbols = 100_000

// leastDecimals is how many decimals a price is shown with at least, where
// nobody says.
const leastDecimals = 2

// listing are the instruments that a source's lines have named. Any number may
// use it at once.
type listing struct {
	mu    sync.Mutex
	known map[quotes.Symbol]entry
}

type entry struct {
	quotes.Instrument
	declared bool // by a line of its own
}

func newListing() *listing { return &listing{known: make(map[quotes.Symbol]entry)} }

// note keeps what u says of its instrument, and returns the instrument when
// that is new, nil otherwise.
func (l *listing) note(u *feed.Update) (*quotes.Instrument, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, known := l.known[u.Symbol]
	switch {
	case !known && len(l.known) >= maxSymbols:
		return nil, fmt.Errorf("there are %d symbols already, which is the most that a feed takes", maxSymbols)
	case u.Kind == feed.Listed:
		e = entry{*u.Instrument, true}
	case known && e.declared:
		return nil, nil
	default:
		decimals := max(leastDecimals, e.Decimals, quotes.Decimals(u.Price), quotes.Decimals(u.Bid.Decimal), quotes.Decimals(u.Ask.Decimal), quotes.Decimals(u.PreviousClose.Decimal))
		if known && decimals == e.Decimals {
			return nil, nil
		}
		e = entry{unnamed(u.Symbol, decimals), false}
	}
	l.known[u.Symbol] = e
	return &e.Instrument, nil
}

// all are the instruments, sorted by symbol.
func (l *listing) all() []quotes.Instrument {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]quotes.Instrument, 0, len(l.known))
	for _, e := range l.known {
		list = append(list, e.Instrument)
	}
	slices.SortFunc(list, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
	return list
}

// unnamed is the instrument of a symbol of which nothing else is known.
func unnamed(sym quotes.Symbol, decimals int) quotes.Instrument {
	return quotes.Instrument{Symbol: sym, Name: sym.String(), Decimals: decimals, TimeZone: "UTC"}
}
