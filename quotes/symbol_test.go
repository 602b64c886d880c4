package quotes_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
)

func TestParseSymbol(t *testing.T) {
	for in, want := range map[string]string{
		"aapl": "AAPL", "BRK.B": "BRK.B", "btc/usd": "BTC/USD", "^GSPC": "^GSPC", "ES=F": "ES=F",
		"BINANCE:BTCUSDT": "BINANCE:BTCUSDT", "A-B_C": "A-B_C", "7203.T": "7203.T",
		"A..B": "A..B", strings.Repeat("a", 24): strings.Repeat("A", 24),
	} {
		got, err := quotes.ParseSymbol(in)
		if err != nil || got.String() != want {
			t.Errorf("ParseSymbol(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "AAPL ", "A B", ".A", "-A", "/A", "A/", "A//B", "A/./B", "A/..", "A\x00", "ÄPFEL", "A%2FB",
		"A,B", "<B>", strings.Repeat("a", 25), "İ", "ſ",
	} {
		if got, err := quotes.ParseSymbol(in); !errors.Is(err, quotes.ErrSymbol) {
			t.Errorf("ParseSymbol(%q) = %q, %v; want an ErrSymbol", in, got, err)
		}
	}
}

func TestParseSymbolsKeepsTheOrderAndDropsRepeats(t *testing.T) {
	got, err := quotes.ParseSymbols(" msft,AAPL,, aapl ,btc/usd,")
	want := []quotes.Symbol{quotes.MustSymbol("MSFT"), quotes.MustSymbol("AAPL"), quotes.MustSymbol("BTC/USD")}
	if err != nil || !cmp.Equal(want, got, cmp.Comparer(func(a, b quotes.Symbol) bool { return a == b })) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := quotes.ParseSymbols("AAPL,a b"); !errors.Is(err, quotes.ErrSymbol) {
		t.Errorf("a malformed symbol in a list: %v", err)
	}
}

func FuzzParseSymbol(f *testing.F) {
	for _, s := range []string{"AAPL", "btc/usd", "../x", "", "^A", "A/.", "%2e%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sym, err := quotes.ParseSymbol(s)
		if err != nil {
			if !sym.IsZero() {
				t.Fatalf("%q was refused and yet gave %q", s, sym)
			}
			return
		}
		if again, err := quotes.ParseSymbol(sym.String()); err != nil || again != sym {
			t.Fatalf("%q gave %q, which parses to %q, %v", s, sym, again, err)
		}
		if !strings.EqualFold(s, sym.String()) || strings.ContainsAny(sym.String(), "%?#&<>\"'\\ ") {
			t.Fatalf("%q gave %q", s, sym)
		}
	})
}
