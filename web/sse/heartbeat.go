package sse

import (
	"sync/atomic"
	"time"
)

// heartbeats makes the heartbeat's frame once a second for all streams. It is a
// named event, for a page's script does not see comments and has to notice
// silence.
type heartbeats struct{ last atomic.Pointer[beat] }

type beat struct {
	second int64
	frame  []byte
}

func (h *heartbeats) frame(now time.Time) []byte {
	second := now.Unix()
	if last := h.last.Load(); last != nil && last.second == second {
		return last.frame
	}
	data := append([]byte(nil), `{"status":"ok","time":"`...)
	data = now.UTC().AppendFormat(data, time.RFC3339)
	data = append(data, `"}`...)
	frame := AppendEvent(nil, Event{Name: "heartbeat", Data: data})
	h.last.Store(&beat{second, frame})
	return frame
}
