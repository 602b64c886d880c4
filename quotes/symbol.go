package quotes

import (
	"errors"
	"fmt"
	"strings"
)

// MaxSymbolLen is the length of the longest symbol, in bytes.
const MaxSymbolLen = 24

// ErrSymbol is what every refusal of ParseSymbol wraps.
var ErrSymbol = errors.New("malformed symbol")

// Symbol is a ticker in its one spelling: upper case, 1 to 24 of
// "A-Z 0-9 . - _ / : = ^", first a letter, digit or "^", no part between
// slashes empty, "." or "..". The zero Symbol is no symbol; any other was
// parsed, so that whoever holds one need not check it again. Symbols compare
// with == and serve as map keys.
type Symbol struct{ name string }

// ParseSymbol takes a symbol in any case.
func ParseSymbol(s string) (Symbol, error) {
	if s == "" {
		return Symbol{}, fmt.Errorf("%w: it is empty", ErrSymbol)
	}
	if len(s) > MaxSymbolLen {
		return Symbol{}, fmt.Errorf("%w: %d characters, at most %d are allowed", ErrSymbol, len(s), MaxSymbolLen)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '^':
		case i > 0 && strings.IndexByte(".-_/:=", c) >= 0:
		case i == 0:
			return Symbol{}, fmt.Errorf("%w %q: it begins with a letter, a digit or ^", ErrSymbol, s)
		default:
			return Symbol{}, fmt.Errorf("%w %q: allowed are A-Z 0-9 . - _ / : = ^", ErrSymbol, s)
		}
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part == "." || part == ".." {
			return Symbol{}, fmt.Errorf("%w %q: a part between slashes is empty or one of . and .. alone", ErrSymbol, s)
		}
	}
	return Symbol{strings.ToUpper(s)}, nil
}

// MustSymbol is ParseSymbol for symbols written in the program; it panics on a
// malformed one.
func MustSymbol(s string) Symbol {
	sym, err := ParseSymbol(s)
	if err != nil {
		panic(err)
	}
	return sym
}

// ParseSymbols takes a comma list of symbols and returns each once, in the
// order of their first mention. Spaces around a symbol and empty places in the
// list do not count; a list of nothing is no error.
func ParseSymbols(list string) ([]Symbol, error) {
	var syms []Symbol
	seen := make(map[Symbol]bool)
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		sym, err := ParseSymbol(s)
		if err != nil {
			return nil, err
		}
		if !seen[sym] {
			seen[sym] = true
			syms = append(syms, sym)
		}
	}
	return syms, nil
}

// String returns the symbol in upper case, "" for the zero Symbol.
func (s Symbol) String() string { return s.name }

// IsZero says that s is no symbol.
func (s Symbol) IsZero() bool { return s.name == "" }

// Compare orders symbols by their text.
func (s Symbol) Compare(t Symbol) int { return strings.Compare(s.name, t.name) }

// MarshalText implements encoding.TextMarshaler.
func (s Symbol) MarshalText() ([]byte, error) { return []byte(s.name), nil }

// UnmarshalText implements encoding.TextUnmarshaler with ParseSymbol.
func (s *Symbol) UnmarshalText(text []byte) error {
	sym, err := ParseSymbol(string(text))
	if err == nil {
		*s = sym
	}
	return err
}
