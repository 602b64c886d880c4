package sse

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// board is a content with a newest value per key and a log of urgent frames.
type board struct {
	stream *Stream
	closed chan Report

	mu      sync.Mutex
	log     [][]byte // frames that are never conflated
	waiting []string // keys, longest-waiting first
	newest  map[string]string
	given   []string // what the last Take gave; "" stands for a frame of the log
	lent    [][]byte // the frames of the log that it gave
	fail    error
	takes   int
	wrote   []time.Time
	again   bool // a Take comes unasked
}

func newBoard(st *Stream) *board {
	return &board{stream: st, newest: make(map[string]string), closed: make(chan Report, 1)}
}

// set gives key a new value.
func (b *board) set(key, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Contains(b.waiting, key) {
		b.waiting = append(b.waiting, key)
	}
	b.newest[key] = value
	if !b.again {
		b.stream.Ring(false)
	}
}

// say puts a frame on the log, urgently.
func (b *board) say(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.log = append(b.log, AppendEvent(nil, Event{Name: name, Data: []byte(`{}`)}))
	b.stream.Ring(true)
}

func (b *board) broken(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
	b.stream.Ring(false)
}

func (b *board) Take(dst [][]byte) ([][]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.takes++
	b.again = false
	if b.fail != nil {
		return dst, b.fail
	}
	b.given, b.lent = b.given[:0], b.lent[:0]
	for _, frame := range b.log {
		b.given, b.lent, dst = append(b.given, ""), append(b.lent, frame), append(dst, frame)
	}
	for _, key := range b.waiting {
		b.given = append(b.given, key)
		dst = append(dst, AppendEvent(nil, Event{Name: key, Data: []byte(b.newest[key])}))
	}
	b.log, b.waiting = nil, nil
	return dst, nil
}

func (b *board) Wrote(n int, now time.Time, again bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrote, b.again = append(b.wrote, now), again
	if n < len(b.lent) {
		b.log = append(append([][]byte(nil), b.lent[n:]...), b.log...)
	}
	var back []string
	for _, key := range b.given[n:] {
		if key != "" {
			back = append(back, key)
		}
	}
	for _, key := range b.waiting {
		if !slices.Contains(back, key) {
			back = append(back, key)
		}
	}
	b.waiting = back
}

func (b *board) Close(r Report) { b.closed <- r }

// stand is an HTTP server whose every stream is a board.
type stand struct {
	sse    *Server
	rate   float64
	shared bool // its clients speak HTTP/2
	boards chan *board
	opened chan *Stream
}

func newStand(opts Options, rate float64) *stand {
	return &stand{sse: New(opts), rate: rate, boards: make(chan *board, 2000), opened: make(chan *Stream, 2000)}
}

func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := s.sse.Open(w, r, s.rate, func(st *Stream, _ Desk) (Content, error) {
		b := newBoard(st)
		s.boards <- b
		s.opened <- st
		return b, nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// pipes is a listener without a network, for synctest bubbles.
type pipes struct {
	on     kind
	room   int // in a duct of the loop
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// servePipes runs an HTTP server until the test's end.
func servePipes(t *testing.T, h http.Handler) *pipes {
	t.Helper()
	p := &pipes{room: 64 << 10, conns: make(chan net.Conn), closed: make(chan struct{})}
	if s, ok := h.(*stand); ok && s.sse.sockets != nil {
		p.on = kind{loop: true, shared: s.shared}
		s.sse.sockets = ductSockets{}
	}
	srv := &http.Server{Handler: Outermost(h), ConnContext: ConnContext, Protocols: new(http.Protocols)}
	srv.Protocols.SetHTTP1(!p.on.shared)
	srv.Protocols.SetUnencryptedHTTP2(p.on.shared)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(p)
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return p
}

// client is one open stream seen from the other side.
type client struct {
	t      *testing.T
	on     kind
	conn   net.Conn
	status int
	header http.Header
	closes bool // the connection ends with the answer
	events *Reader
}

// get sends a request over a pipe and reads the answer's head.
func (p *pipes) get(t *testing.T) *client {
	t.Helper()
	if p.on.shared {
		return shared(t, p.dial())
	}
	c := request(t, p.dial())
	c.on = p.on
	return c
}

// shared is request over HTTP/2, with little room for what is not read.
func shared(t *testing.T, conn net.Conn) *client {
	t.Helper()
	tr := &http.Transport{
		Protocols:   new(http.Protocols),
		DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		HTTP2:       &http.HTTP2Config{MaxReceiveBufferPerStream: 4 << 10},
	}
	tr.Protocols.SetUnencryptedHTTP2(true)
	t.Cleanup(func() { _ = conn.Close() })
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://test/", nil) // the clean-up ends it
	if err != nil {
		t.Fatal(err)
	}
	res, err := tr.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, on: kind{loop: true, shared: true}, conn: conn, status: res.StatusCode, header: res.Header, events: NewReader(res.Body)}
}

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	if p.on.loop && !p.on.shared {
		here, there = ducts(p.room)
	}
	p.conns <- there
	return here
}

// slowConn takes at most size bytes every so often.
type slowConn struct {
	net.Conn
	size  int
	every time.Duration
}

func (c *slowConn) Read(p []byte) (int, error) {
	time.Sleep(c.every)
	return c.Conn.Read(p[:min(len(p), c.size)])
}

func request(t *testing.T, conn net.Conn) *client {
	t.Helper()
	return requestWith(t, conn, "")
}

// requestWith is request with header lines, each with its line end.
func requestWith(t *testing.T, conn net.Conn, header string) *client {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: test\r\n%s\r\n", header); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn, status: res.StatusCode, header: res.Header, closes: res.Close, events: NewReader(res.Body)}
}

// next returns the next event as "name data".
func (c *client) next() string {
	c.t.Helper()
	ev, err := c.events.Next()
	if err != nil {
		c.t.Fatalf("next event: %v", err)
	}
	return ev.Name + " " + string(ev.Data)
}

func (c *client) expect(events ...string) {
	c.t.Helper()
	for _, want := range events {
		if got := c.next(); got != want {
			c.t.Fatalf("event %q, want %q", got, want)
		}
	}
}

// expectAt is expect with the time since start at which the events arrive.
func (c *client) expectAt(start time.Time, at time.Duration, events ...string) {
	c.t.Helper()
	c.expect(events...)
	if got := time.Since(start); got < at || got > at+c.on.late() {
		c.t.Fatalf("%s arrived after %v, want %v", strings.Join(events, ", "), got, at)
	}
}

func drainNow(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's own is over in a clean-up
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		t.Error(err)
	}
}

func median(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)/2]
}
