package watch

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const mostSuggestions = 3

// suggestion is what may have been meant by a symbol that nobody has, as the end
// of a sentence; "" when nothing is like it.
func suggestion(d *feed.Directory, sym quotes.Symbol) string {
	type near struct {
		in    quotes.Instrument
		apart int
	}
	meant := letters(sym)
	wrong := max(1, len(meant)/3) // letters that may be
	var found []near
	for _, in := range d.Search("", d.Len()) {
		if apart := distance(meant, letters(in.Symbol)); apart <= wrong && apart < len(meant) {
			found = append(found, near{in, apart})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Compare(a.apart, b.apart) })
	var names []string
	for _, f := range found[:min(len(found), mostSuggestions)] {
		if f.apart > found[0].apart {
			break
		}
		name := f.in.Symbol.String()
		if f.in.Name != "" {
			name += " (" + plain(f.in.Name) + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		for _, in := range d.Search(sym.String(), mostSuggestions) {
			names = append(names, in.Symbol.String())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, ", or ") + "?"
}

// letters is a symbol without its signs: BTC/USD is BTCUSD elsewhere.
func letters(sym quotes.Symbol) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, sym.String())
}

// distance is how many letters are to be added, taken away, replaced or swapped
// with their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differs)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
