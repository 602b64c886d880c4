package sse

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// kind is a carrier to test.
type kind struct {
	name   string
	loop   bool
	shared bool // the connection is one of HTTP/2
}

var kinds = []kind{{name: "goroutine"}, {name: "loop", loop: true}, {name: "HTTP/2", loop: true, shared: true}}

// each runs a test with each carrier of HTTP/1.
func each(t *testing.T, test func(t *testing.T, on kind)) {
	t.Helper()
	for _, on := range kinds[:2] {
		t.Run(on.name, func(t *testing.T) {
			if on.loop && systemSockets() == nil {
				t.Skip("connections cannot be taken over on this system")
			}
			test(t, on)
		})
	}
}

// inBubbles runs a test with each carrier in a synctest bubble, without a network.
func inBubbles(t *testing.T, test func(t *testing.T, on kind)) {
	t.Helper()
	for _, on := range kinds {
		t.Run(on.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, on) })
		})
	}
}

// stand returns a stand whose streams have this carrier.
func (k kind) stand(opts Options, rate float64) *stand {
	s := newStand(opts, rate)
	s.shared = k.shared
	if !k.loop {
		s.sse.sockets = nil
	}
	return s
}

// late is how much later than asked for the carrier may do something.
func (k kind) late() time.Duration {
	if k.loop {
		return maxStep + wheelTick
	}
	return 0
}

// duct is what goes from a server to its client in memory, with a bound.
type duct struct {
	mu     sync.Mutex
	moved  *sync.Cond
	buf    bytes.Buffer
	room   int
	ended  bool     // the server sends no more
	gone   bool     // the client is gone
	sent   int      // bytes ever given
	full   bool     // a send was cut short
	stream *looped  // to be told, once it is watched
	conn   net.Conn // the server's side, closed with the duct
}

func newDuct(room int) *duct {
	d := &duct{room: room}
	d.moved = sync.NewCond(&d.mu)
	return d
}

// ductClient and ductServer are the sides of a connection; what the client sends
// goes through a pipe.
type ductClient struct {
	net.Conn
	d *duct
}

type ductServer struct {
	net.Conn
	d *duct
}

func ducts(room int) (client, server net.Conn) {
	here, there := net.Pipe()
	d := newDuct(room)
	d.conn = there
	return ductClient{here, d}, ductServer{there, d}
}

func (c ductClient) Read(p []byte) (int, error) {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	for c.d.buf.Len() == 0 && !c.d.ended && !c.d.gone {
		c.d.moved.Wait()
	}
	if c.d.gone {
		return 0, net.ErrClosed
	}
	n, err := c.d.buf.Read(p)
	if c.d.full && c.d.stream != nil {
		c.d.full = false
		c.d.stream.loop.pokeIO(c.d.stream)
	}
	c.d.moved.Broadcast()
	return n, err
}

func (c ductClient) Close() error {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	c.d.gone = true
	if c.d.stream != nil {
		c.d.stream.loop.pokeIO(c.d.stream)
	}
	c.d.moved.Broadcast()
	return c.Conn.Close()
}

// Write is net/http's, before the connection is taken over.
func (s ductServer) Write(p []byte) (int, error) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	defer s.d.moved.Broadcast()
	return s.d.buf.Write(p)
}

func (s ductServer) Close() error {
	s.d.end()
	return s.Conn.Close()
}

func (d *duct) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
	d.moved.Broadcast()
}

// narrow leaves no more room than that between a loop and its client.
func (c *client) narrow(room int) {
	if conn, ok := c.conn.(ductClient); ok {
		conn.d.mu.Lock()
		defer conn.d.mu.Unlock()
		conn.d.room = room
	}
}

// ductSockets lets loops take ducts over.
type ductSockets struct{}

func (ductSockets) able(_ http.ResponseWriter, r *http.Request) bool {
	_, ok := r.Context().Value(connKey{}).(ductServer)
	return ok
}

func (ductSockets) take(w http.ResponseWriter) (socket, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	return conn.(ductServer).d, nil
}

func (ductSockets) newPoller() (poller, error) { return ductPoller(make(chan struct{})), nil }

func (d *duct) fetch() {}

func (d *duct) send(p []byte, _ bool) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone || d.ended {
		return 0, net.ErrClosed
	}
	n := min(len(p), max(d.room-d.buf.Len(), 0))
	d.full = n < len(p)
	d.buf.Write(p[:n])
	d.sent += n
	d.moved.Broadcast()
	return n, nil
}

func (d *duct) held() bool { return false }

func (d *duct) drain() (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return false, io.EOF
	}
	return false, nil
}

func (d *duct) unacked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.buf.Len()
}

func (d *duct) shut() { d.end() }

func (d *duct) close() {
	d.end()
	_ = d.conn.Close()
}

// ductPoller has nothing to wait for: the ducts poke by themselves.
type ductPoller chan struct{}

func (ductPoller) watch(s socket, c *looped) error {
	d, ok := s.(*duct)
	if !ok {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stream = c
	if d.gone {
		c.loop.pokeIO(c)
	}
	return nil
}

func (ductPoller) forget(s socket) {
	if d, ok := s.(*duct); ok {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.stream = nil
	}
}

func (p ductPoller) run(func(*looped)) { <-p }
func (p ductPoller) close()            { close(p) }

// counter is a desk that makes the streams of its boards ready.
type counter struct {
	bells  Bells
	boards []*board
	urgent bool
	closed chan struct{}
}

func (d *counter) Fetch([]Content) {}

func (d *counter) Sweep() (news bool) {
	for _, b := range d.boards {
		b.stream.Ready(d.urgent)
	}
	return len(d.boards) > 0
}

func (d *counter) Close() { close(d.closed) }

// counted opens a stream of one write a second whose desk is a counter.
func (k kind) counted(t *testing.T) (*client, *board, *counter) {
	t.Helper()
	desks := make(chan *counter, 1)
	s := k.stand(Options{Heartbeat: time.Hour, Desk: func(b Bells) Desk {
		d := &counter{bells: b, closed: make(chan struct{})}
		desks <- d
		return d
	}}, 1)
	c := servePipes(t, s).get(t)
	return c, <-s.boards, <-desks
}

// TestARingWithoutNewsHoldsNothingUp: a publisher of several values rings again
// while the loop that takes all of them wakes.
func TestARingWithoutNewsHoldsNothingUp(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		c, b, d := on.counted(t)
		start := time.Now()
		synctest.Wait()
		d.bells.Paced.Ring()
		synctest.Wait()
		b.mu.Lock()
		b.waiting, b.newest["A"] = []string{"A"}, "1"
		b.mu.Unlock()
		d.boards = []*board{b}
		d.bells.Paced.Ring()
		c.expect("A 1")
		if took := time.Since(start); took > 0 {
			t.Errorf("it came after %v", took)
		}
		_ = c.conn.Close()
		<-b.closed
		<-d.closed
	})
}

// TestWhatComesWhileALoopLooksKeepsTheBellRung: on a silent market nothing else
// would wake the loop for it.
func TestWhatComesWhileALoopLooksKeepsTheBellRung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Desk: func(b Bells) Desk { return &counter{bells: b} }})
		s.sockets = ductSockets{}
		l, err := newLoop(s)
		if err != nil {
			t.Fatal(err)
		}
		l.rung = true
		l.collect()
		l.poke(&looped{loop: l}, pokeServe)
		l.sweep()
		if len(l.bell) == 0 {
			t.Error("a stream waits in the inbox, and the bell is silent")
		}
	})
}

func TestDeskMakesStreamsReady(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		c, b, d := on.counted(t)
		synctest.Wait()
		d.boards = []*board{b}
		start := time.Now()
		set := func(value string) {
			b.mu.Lock()
			b.waiting, b.newest["A"] = []string{"A"}, value
			b.mu.Unlock()
		}
		set("1")
		d.bells.Paced.Ring()
		c.expectAt(start, 0, "A 1")
		synctest.Wait()
		set("2")
		d.bells.Paced.Ring()
		c.expectAt(start, time.Second, "A 2")
		synctest.Wait()
		set("3")
		d.urgent = true
		d.bells.Urgent.Ring()
		c.expectAt(start, time.Second, "A 3")
		_ = c.conn.Close()
		<-b.closed
		<-d.closed
	})
}

// deaf is a duct whose client is gone before anything was sent.
type deaf struct{ duct }

func (*deaf) send([]byte, bool) (int, error) { return 0, io.ErrClosedPipe }
func (*deaf) close()                         {}

// TestAStreamWhoseHeadCannotBeSentIsNotWaitedFor: it is over, and its loop lets go
// of it.
func TestAStreamWhoseHeadCannotBeSentIsNotWaitedFor(t *testing.T) {
	s := New(Options{})
	s.sockets = ductSockets{}
	l, err := newLoop(s)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan Report, 1)
	c := &looped{loop: l, socket: &deaf{}, rest: []byte("head"), unbooked: 4}
	c.stream = &Stream{server: s, carrier: c, content: &repeat{closed: closed}}
	l.begin(c)
	if r := <-closed; r.Reason != ReasonGone {
		t.Errorf("report %+v", r)
	}
	if l.wheel.len > 0 || c.node != 0 {
		t.Errorf("%d in the wheel, the stream's place is %d", l.wheel.len, c.node)
	}
}
