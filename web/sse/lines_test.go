package sse

import (
	"testing"
	"unsafe"
)

// line is one of the processor's cache.
const line = 64

// TestWhatATurnNeedsIsInFewLines: the allocator puts what is a whole number of
// lines at the start of one, so that a turn waits for as few as can be.
func TestWhatATurnNeedsIsInFewLines(t *testing.T) {
	var c looped
	var st Stream
	for _, x := range []struct {
		what            string
		size, hot, want uintptr
	}{
		{"looped", unsafe.Sizeof(c), unsafe.Offsetof(c.leave), 2 * line},
		{"Stream", unsafe.Sizeof(st), unsafe.Offsetof(st.server), line},
	} {
		if x.size%line != 0 || x.size > 3*line || x.hot > x.want {
			t.Errorf("%s has %d bytes, of which every turn needs %d, want whole lines and at most %d", x.what, x.size, x.hot, x.want)
		}
	}
}
