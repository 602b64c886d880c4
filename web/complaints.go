package web

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
)

// complaints are what net/http says by itself. Most is of clients that left or
// spoke nonsense. That nobody can connect is for the operator, once a minute, for
// net/http says so with every try.
type complaints struct {
	logger *slog.Logger
	last   atomic.Int64 // when that was said, in nanoseconds since 1970
}

// Write takes one complaint.
func (c *complaints) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	last, now := c.last.Load(), time.Now().UnixNano()
	if strings.Contains(text, "too many open files") && now-last >= int64(time.Minute) && c.last.CompareAndSwap(last, now) {
		c.logger.Warn("nobody can connect now: raise the file descriptors (ulimit -n, or LimitNOFILE= of a systemd unit), or lower --max-streams", "error", text)
	} else {
		c.logger.Log(context.Background(), slog.LevelDebug, text)
	}
	return len(line), nil
}
