package web

import (
	"slices"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes"
)

func TestFilesOfListsAreRead(t *testing.T) {
	for _, c := range []struct {
		name, body, want string
		csv              bool
	}{
		{"words", "a, b;c\td\r\n\r\n e", "A, B, C, D, E", false},
		{"each once", "a b a", "A, B", false},
		{"a byte order mark", "\xef\xbb\xbfa", "A", false},
		{"a column by its name", "note,SYMBOL\nx,a\ny,b\n", "A, B", true},
		{"a column with semicolons", "ticker;note\na;x\nb;y\n", "A, B", true},
		{"a column with tabs", "note\tsymbol\nx\ta\n", "A", true},
		{"the first column", "a,1\nb,2\n", "A, B", true},
		{"one line", "a,b,,c", "A, B, C", true},
		{"quotes and line ends", "name,symbol\r\n\"x, \"\"y\"\"\nz\",a\r\n", "A", true},
		{"rows that are short or empty", "name,symbol\nx\n\n,\ny,a\n", "A", true},
	} {
		got, err := readSymbols([]byte(c.body), c.csv)
		if err != nil || join(got) != c.want {
			t.Errorf("%s: %s, %v", c.name, join(got), err)
		}
	}
	for _, c := range []struct {
		name, body, says string
		csv              bool
	}{
		{"nothing", " \n", "no symbols", false},
		{"a heading alone", "symbol,name\n", "no symbols", true},
		{"no symbol", "a\n\nb c@d", "line 3", false},
		{"no symbol in the column", "symbol\na\n<b>\n", "line 3", true},
		{"a heading that is none", "isin\nUS0378331005\nx y\n", "line 3", true},
		{"no text", "a\xff", "UTF-8", true},
	} {
		if got, err := readSymbols([]byte(c.body), c.csv); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %s, %v", c.name, join(got), err)
		}
	}
}

func FuzzFilesOfListsGiveSymbolsOnce(f *testing.F) {
	f.Add([]byte("symbol,name\nAAPL,\"x\n"), true)
	f.Add([]byte("AAPL; msft\n\xef\xbb\xbf"), false)
	f.Fuzz(func(t *testing.T, body []byte, csv bool) {
		got, err := readSymbols(body, csv)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("%v with %v", got, err)
		}
		seen := make(map[quotes.Symbol]bool)
		for _, sym := range got {
			if seen[sym] || sym.IsZero() {
				t.Fatalf("%s in %v", sym, got)
			}
			seen[sym] = true
		}
		if err != nil {
			return
		}
		names := make([]string, len(got))
		for i, sym := range got {
			names[i] = sym.String()
		}
		again, err := readSymbols([]byte(strings.Join(names, "\n")), false) // as it goes out
		if err != nil || !slices.Equal(got, again) {
			t.Fatalf("%v comes back as %v, %v", got, again, err)
		}
	})
}

func TestFilesOfListsAreHarmless(t *testing.T) {
	for text, want := range map[string]string{"": "", "Apple": "Apple", "=1+1": "'=1+1", "@x": "'@x", "+1": "'+1", "-1": "'-1"} {
		if got := harmless(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for name, want := range map[string]string{"Tech": "Tech", "../../etc/passwd": "-..-etc-passwd", `a"b\c:d`: "a-b-c-d", "...": ""} {
		if got := fileName(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
