package profile

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tickboard/tickboard/quotes"
)

// MaxName is the longest name of a list, in characters.
const MaxName = 60

// ListID is a list's number. Numbers are not given again.
type ListID int64

// List is a named list of symbols.
type List struct {
	ID      ListID
	Name    string
	Symbols []quotes.Symbol // each once
	Version int64           // one more with each change
	Created time.Time
	Share   string // the secret of its public link, "" without
}

// Edit is a change of a list's symbols that fits whatever others have changed
// meanwhile: first Remove goes, then Add comes, before the symbol Before or, where
// that is not there, those that are not on the list yet at its end.
type Edit struct {
	Add, Remove []quotes.Symbol
	Before      quotes.Symbol
}

// Apply returns the symbols after the edit.
func (e Edit) Apply(symbols []quotes.Symbol) []quotes.Symbol {
	next := without(symbols, e.Remove)
	if slices.Contains(next, e.Before) && !slices.Contains(e.Add, e.Before) {
		next = without(next, e.Add)
		return slices.Insert(next, slices.Index(next, e.Before), unique(e.Add)...)
	}
	return unique(append(next, e.Add...))
}

func without(symbols, gone []quotes.Symbol) []quotes.Symbol {
	return slices.DeleteFunc(slices.Clone(symbols), func(s quotes.Symbol) bool { return slices.Contains(gone, s) })
}

func unique(symbols []quotes.Symbol) []quotes.Symbol {
	seen := make(map[quotes.Symbol]bool, len(symbols))
	return slices.DeleteFunc(slices.Clone(symbols), func(s quotes.Symbol) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}

// ParseName takes a list's name without the spaces around it. An error wraps
// ErrInvalid.
func ParseName(text string) (string, error) {
	name := strings.TrimSpace(text)
	switch {
	case name == "":
		return "", fmt.Errorf("%w: a list needs a name", ErrInvalid)
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("%w: the name of a list is plain text of one line", ErrInvalid)
	case utf8.RuneCountInString(name) > MaxName:
		return "", fmt.Errorf("%w: the name of a list has at most %d characters", ErrInvalid, MaxName)
	}
	return name, nil
}

// Arrange puts the lists in an order. Those that it does not name stay behind what
// they stood behind.
func Arrange(lists []List, order []ListID) []List {
	is := func(id ListID) func(List) bool { return func(l List) bool { return l.ID == id } }
	next := make([]List, 0, len(lists))
	for _, id := range order {
		if i := slices.IndexFunc(lists, is(id)); i >= 0 && !slices.ContainsFunc(next, is(id)) {
			next = append(next, lists[i])
		}
	}
	for i, l := range lists {
		if slices.ContainsFunc(next, is(l.ID)) {
			continue
		}
		place := 0
		if i > 0 {
			place = slices.IndexFunc(next, is(lists[i-1].ID)) + 1
		}
		next = slices.Insert(next, place, l)
	}
	return next
}
