//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestChunksGiveTheContentHoweverTheyAreCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var content, coded strings.Builder
		for _, part := range rapid.SliceOfN(rapid.StringN(1, 40, 200), 1, 8).Draw(t, "parts") {
			content.WriteString(part)
			fmt.Fprintf(&coded, "%x\r\n%s\r\n", len(part), part)
		}
		var c chunks
		var got strings.Builder
		for rest := coded.String(); rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "read")
			p, ok := c.decode([]byte(rest[:n]))
			if !ok {
				t.Fatalf("refused at %q", rest)
			}
			got.Write(p)
			rest = rest[n:]
		}
		if got.String() != content.String() {
			t.Fatalf("%q, want %q", got.String(), content.String())
		}
	})
}

func TestBadChunksAreRefused(t *testing.T) {
	for _, bad := range []string{"x\r\n", "\r\n", "0\r\n\r\n", "1\r\nab", "1\n", "fffffffff\r\n"} {
		var c chunks
		if p, ok := c.decode([]byte(bad)); ok {
			t.Errorf("%q: %q", bad, p)
		}
	}
}
