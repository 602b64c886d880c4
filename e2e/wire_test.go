package e2e

import (
	"io"
	"net"
	"sync"
	"testing"
)

// wire is a way to a server that can be cut, as when a laptop loses its network:
// the server goes on.
type wire struct {
	URL    string
	target string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
}

// wire is a way to s, which ends with the test.
func (s *server) wire(t testing.TB) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{URL: "http://" + listener.Addr().String(), target: s.host(), conns: make(map[net.Conn]struct{})}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() { listener.Close(); w.set(true); all.Wait() })
	return w
}

// carry takes bytes both ways until one end or the wire is gone.
func (w *wire) carry(near net.Conn) {
	defer near.Close()
	if !w.keep(near) {
		return
	}
	defer w.drop(near)
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(near, far)
		near.Close()
	})
	_, _ = io.Copy(far, near)
	far.Close()
	back.Wait()
}

func (w *wire) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.cut {
		w.conns[conn] = struct{}{}
	}
	return !w.cut
}

func (w *wire) drop(conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, conn)
}

// set cuts the wire with all that goes over it, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for conn := range w.conns {
			conn.Close()
		}
	}
}
