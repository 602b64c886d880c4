//go:build unix

package sse

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// narrow is a dialer whose connections have small receive buffers from their
// first packet on.
var narrow = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<10)
	})
	if err != nil {
		return err
	}
	return failed
}}

// A reader that is slower than the market is never cut, and what it gets is not
// old: nothing queues but the kernel's own, small, buffers.
func TestReaderOfATrickleIsNotCutAndNotBehind(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, on kind) {
		t.Parallel()
		s := on.stand(Options{WriteTimeout: time.Second, Heartbeat: time.Hour}, 20)
		srv := serve(t, s)
		conn, err := narrow.DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c := request(t, &trickle{Conn: conn, size: 4 << 10, every: 40 * time.Millisecond})
		b := <-s.boards
		stop := make(chan struct{})
		var feeder sync.WaitGroup
		feeder.Go(func() { feed(b, 50, 300, stop) })
		var oldest time.Duration
		var seen int
		for start := time.Now(); time.Since(start) < 2*time.Second; seen++ {
			ev, err := c.events.Next()
			if err != nil {
				t.Errorf("cut after %v: %v", time.Since(start), err)
				break
			}
			sent, err := time.Parse(time.RFC3339Nano, string(bytes.TrimRight(ev.Data, "x")))
			if err != nil {
				t.Fatal(err)
			}
			oldest = max(oldest, time.Since(sent))
		}
		close(stop)
		feeder.Wait()
		_ = conn.Close()
		t.Logf("%d values, the oldest %v on arrival", seen, oldest)
		if r := <-b.closed; r.Reason != ReasonGone {
			t.Errorf("ended with %q: %v", r.Reason, r.Err)
		}
		if oldest > 2*time.Second {
			t.Errorf("a value was %v old on arrival", oldest)
		}
	})
}

// feed moves that many keys all the time, with values of about size bytes that
// begin with the time.
func feed(b *board, keys, size int, stop <-chan struct{}) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		now := time.Now().Format(time.RFC3339Nano)
		for i := range keys {
			b.set(fmt.Sprint("S", i), now+strings.Repeat("x", size))
		}
	}
}

// trickle takes at most size bytes each time.
type trickle struct {
	net.Conn
	size  int
	every time.Duration
}

func (c *trickle) Read(p []byte) (int, error) {
	<-time.After(c.every)
	return c.Conn.Read(p[:min(len(p), c.size)])
}
