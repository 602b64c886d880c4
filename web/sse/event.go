package sse

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Event is one event on the wire.
type Event struct {
	ID    string        // "" for none
	Name  string        // "" for the browser's default, "message"
	Retry time.Duration // how long a client waits before it connects again, in whole milliseconds; 0 for none
	Data  []byte        // one line, in this project JSON
}

// AppendEvent appends ev in its wire format, with LF line ends and one data
// line, and returns the extended buffer.
//
// No field can break out of its line. A CR or LF in Data or Name becomes a
// space, which leaves JSON what it was: between its tokens they are white space,
// inside its strings they cannot occur. An ID with a CR, LF or NUL is left out,
// for a client would come back with a number that was never given.
func AppendEvent(dst []byte, ev Event) []byte {
	if ms := ev.Retry.Milliseconds(); ms > 0 {
		dst = append(dst, "retry: "...)
		dst = strconv.AppendInt(dst, ms, 10)
		dst = append(dst, '\n')
	}
	if ev.ID != "" && !strings.ContainsAny(ev.ID, "\x00\r\n") {
		dst = appendField(dst, "id: ", ev.ID)
	}
	if ev.Name != "" {
		dst = appendField(dst, "event: ", ev.Name)
	}
	dst = appendField(dst, "data: ", ev.Data)
	return append(dst, '\n')
}

func appendField[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	start := len(dst)
	dst = append(dst, value...)
	for i := start; i < len(dst); i++ {
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return append(dst, '\n')
}

// RandomRetry draws a wait between low and high, both included, in whole
// milliseconds: each client gets its own, so that a restart is no stampede.
func RandomRetry(low, high time.Duration) time.Duration {
	low, high = low.Truncate(time.Millisecond), high.Truncate(time.Millisecond)
	if high <= low {
		return low
	}
	return low + time.Duration(rand.Int64N(int64((high-low)/time.Millisecond)+1))*time.Millisecond
}
