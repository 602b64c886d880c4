package socket

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// wire is the connection below TLS and WebSocket. Every byte that comes is a
// sign of life, also those of a message that is long in coming; the time during
// which nobody reads is none of silence.
type wire struct {
	net.Conn
	silence time.Duration
	watched atomic.Bool
	heard   atomic.Pointer[time.Time]
}

// watch begins to measure the silence.
func (w *wire) watch() {
	w.hear()
	w.watched.Store(true)
}

func (w *wire) hear() {
	now := time.Now()
	w.heard.Store(&now)
}

// quiet is how long nothing has come.
func (w *wire) quiet() time.Duration { return time.Since(*w.heard.Load()) }

// Read fails with os.ErrDeadlineExceeded after too long a silence.
func (w *wire) Read(p []byte) (int, error) {
	if w.watched.Load() {
		if err := w.SetReadDeadline(time.Now().Add(w.silence)); err != nil {
			return 0, err
		}
	}
	n, err := w.Conn.Read(p)
	if n > 0 && w.watched.Load() {
		w.hear()
	}
	return n, err
}

// cut ends the connection, whoever uses it.
func (w *wire) cut() { _ = w.Close() } // what matters is that nobody waits for it any more

// ping asks for a sign of life whenever a third of the allowed silence is over.
// What comes of it shows in Read.
func (c *Conn) ping(ctx context.Context) {
	third := c.wire.silence / 3
	timer := time.NewTimer(third)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		if left := third - c.wire.quiet(); left > 0 {
			timer.Reset(left)
			continue
		}
		c.pingOnce(ctx, third)
		timer.Reset(third)
	}
}

// pingOnce sends a ping and waits for its answer, for a time.
func (c *Conn) pingOnce(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = c.ws.Ping(ctx) // an answer that does not come is silence, which Read finds
}
