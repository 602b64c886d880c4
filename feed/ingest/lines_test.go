package ingest

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesAreBoundedAndNumbered(t *testing.T) {
	full := strings.Repeat("x", maxLine)
	type got struct {
		number int
		text   string // "!" for one that is too long
	}
	for name, c := range map[string]struct {
		input string
		want  []got
	}{
		"nothing":      {"", nil},
		"empty lines":  {"\n \r\n\t\n", nil},
		"no end":       {"a", []got{{1, "a"}}},
		"ends":         {"a\r\n\n  b \nc", []got{{1, "a"}, {3, "b"}, {4, "c"}}},
		"longest":      {full + "\r\n" + full, []got{{1, full}, {2, full}}},
		"too long":     {"a\n" + full + "x\nb\n", []got{{1, "a"}, {2, "!"}, {3, "b"}}},
		"far too long": {strings.Repeat(full, 3) + "\nb\n" + full + full, []got{{1, "!"}, {2, "b"}, {3, "!"}}},
	} {
		for kind, r := range map[string]io.Reader{"whole": strings.NewReader(c.input), "bytes": iotest.OneByteReader(strings.NewReader(c.input))} {
			l := newLines(r)
			for _, want := range c.want {
				text, err := l.next()
				if want.text == "!" {
					if !errors.Is(err, errTooLong) || l.number != want.number {
						t.Errorf("%s, %s: line %d: %v, want it too long", name, kind, l.number, err)
					}
					continue
				}
				if err != nil || string(text) != want.text || l.number != want.number {
					t.Errorf("%s, %s: line %d: %d bytes, %v; want line %d", name, kind, l.number, len(text), err, want.number)
				}
			}
			for range 2 {
				if text, err := l.next(); !errors.Is(err, io.EOF) {
					t.Errorf("%s, %s: at the end %.20q, %v", name, kind, text, err)
				}
			}
		}
	}
}

// TestLineThatIsCutDoesNotCount: what comes after it is not known.
func TestLineThatIsCutDoesNotCount(t *testing.T) {
	cut := errors.New("cut")
	l := newLines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(cut)))
	if text, err := l.next(); string(text) != "a" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	for range 2 {
		if text, err := l.next(); !errors.Is(err, cut) {
			t.Errorf("%q, %v, want that it was cut", text, err)
		}
	}
}
