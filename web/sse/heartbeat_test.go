package sse

import (
	"testing"
	"time"
)

func TestStreamsShareTheHeartbeatOfASecond(t *testing.T) {
	var h heartbeats
	at := time.Date(2026, 11, 20, 15, 42, 7, 0, time.FixedZone("", 3600))
	first := h.frame(at)
	if want := "event: heartbeat\ndata: {\"status\":\"ok\",\"time\":\"2026-11-20T14:42:07Z\"}\n\n"; string(first) != want {
		t.Errorf("%q, want %q", first, want)
	}
	if again := h.frame(at.Add(999 * time.Millisecond)); &again[0] != &first[0] {
		t.Error("made twice in one second")
	}
	if later := h.frame(at.Add(time.Second)); &later[0] == &first[0] {
		t.Error("not made anew")
	}
}
