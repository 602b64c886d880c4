package sse

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// tiny is a dialer whose connections take very little that is not read.
var tiny = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		if err := syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096); err != nil {
			panic(err)
		}
	})
}}

// onWires runs a test with all that a loop's connections may be.
func onWires(t *testing.T, test func(*testing.T, wires)) {
	t.Helper()
	t.Run("TCP", func(t *testing.T) { t.Parallel(); test(t, wires{}) })
	t.Run("TLS", func(t *testing.T) { t.Parallel(); test(t, wires{tls: true}) })
}

type wires struct{ tls bool }

// serve is serve over them.
func (on wires) serve(t *testing.T, s *stand) *httptest.Server {
	t.Helper()
	if !on.tls {
		return serve(t, s)
	}
	srv := httptest.NewUnstartedServer(s)
	srv.Listener = Listen(srv.Listener)
	srv.Config.ConnContext = ConnContext
	srv.StartTLS()
	t.Cleanup(func() {
		drainNow(t, s.sse)
		srv.Close()
	})
	return srv
}

func (on wires) dial(t *testing.T, d *net.Dialer, srv *httptest.Server) net.Conn {
	t.Helper()
	conn, err := d.DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if on.tls {
		conn = tls.Client(conn, &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs, ServerName: "example.com"})
	}
	return conn
}

// tlsOf returns the server's TLS of the stream that a board is on.
func tlsOf(t *testing.T, b *board) *tlsSocket {
	t.Helper()
	s, ok := b.stream.carrier.(*looped).socket.(*tlsSocket)
	if !ok {
		t.Fatal("the connection was not taken over")
	}
	return s
}

func TestStreamWithTLSIsTakenOver(t *testing.T) {
	s := newStand(Options{Heartbeat: 50 * time.Millisecond}, 50)
	on := wires{tls: true}
	srv := on.serve(t, s)
	before := runtime.NumGoroutine()
	conn := on.dial(t, new(net.Dialer), srv)
	c := request(t, conn)
	b := <-s.boards
	big := pattern("A", 1, 100_000)
	b.set("A", big)
	if got := c.next(); got != "A "+big {
		for strings.HasPrefix(got, "heartbeat") {
			got = c.next()
		}
		if got != "A "+big {
			t.Errorf("%d bytes arrived", len(got))
		}
	}
	if got := c.next(); !strings.HasPrefix(got, "heartbeat") {
		t.Errorf("event %q", got)
	}
	tlsOf(t, b)
	if now := runtime.NumGoroutine(); now > before+4 { // a loop's two, and the rest of the handshake's
		t.Errorf("%d goroutines, %d before", now, before)
	}
	(<-s.opened).End("enough")
	for {
		ev, err := c.events.Next()
		if err == io.EOF { // which says that TLS was ended in order
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ev.Name == "bye" && string(ev.Data) != `{"reason":"enough"}` {
			t.Errorf("bye %s", ev.Data)
		}
	}
	if r := <-b.closed; r.Reason != "enough" || r.Err != nil {
		t.Errorf("report %+v", r)
	}
}

// A listener that is not wrapped costs a goroutine, and works.
func TestStreamWithTLSOfAnotherListener(t *testing.T) {
	s := newStand(Options{Heartbeat: time.Hour}, 50)
	srv := httptest.NewUnstartedServer(s)
	srv.Config.ConnContext = ConnContext
	srv.StartTLS()
	defer srv.Close()
	defer drainNow(t, s.sse)
	c := request(t, wires{tls: true}.dial(t, new(net.Dialer), srv))
	b := <-s.boards
	b.set("A", "1")
	c.expect("A 1")
	if _, ok := b.stream.carrier.(*goroutine); !ok {
		t.Errorf("the carrier is a %T", b.stream.carrier)
	}
}

// pattern is a value in which a missing or doubled byte shows.
func pattern(key string, n, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%s.%d.%d,", key, n, i)
	}
	return b.String()
}

func TestCutFrameGoesOnExactlyWhereItWasCut(t *testing.T) {
	t.Parallel()
	onWires(t, goesOnWhereItWasCut)
}

func goesOnWhereItWasCut(t *testing.T, on wires) {
	const keys = 20
	s := newStand(Options{Heartbeat: time.Hour}, 50)
	srv := on.serve(t, s)
	c := request(t, on.dial(t, &tiny, srv))
	b := <-s.boards
	stop := make(chan struct{})
	var newest [keys]atomic.Int64
	var feeder sync.WaitGroup
	feeder.Go(func() {
		for n := 1; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(2 * time.Millisecond):
			}
			for i := range keys {
				key := fmt.Sprint("K", i)
				b.set(key, pattern(key, n, 500+137*i))
				newest[i].Store(int64(n))
			}
		}
	})
	last := make(map[string]int)
	read := func() {
		ev, err := c.events.Next()
		if err != nil {
			t.Fatal(err)
		}
		var n, i int
		if _, err := fmt.Sscanf(string(ev.Data), ev.Name+".%d.", &n); err != nil {
			t.Fatalf("%s: %.40q", ev.Name, ev.Data)
		}
		if _, err := fmt.Sscanf(ev.Name, "K%d", &i); err != nil {
			t.Fatal(err)
		}
		if want := pattern(ev.Name, n, 500+137*i); string(ev.Data) != want {
			t.Fatalf("%s number %d has %d bytes, want %d, or others", ev.Name, n, len(ev.Data), len(want))
		}
		if n < last[ev.Name] {
			t.Fatalf("%s went from %d back to %d", ev.Name, last[ev.Name], n)
		}
		last[ev.Name] = n
	}
	for i := range 600 {
		if i%50 == 0 {
			<-time.After(50 * time.Millisecond)
		}
		read()
	}
	close(stop)
	feeder.Wait()
	for i := range keys { // which may all have been read already
		for last[fmt.Sprint("K", i)] != int(newest[i].Load()) {
			read()
		}
	}
}

func TestClosedPeerIsNoticedWithoutAWrite(t *testing.T) {
	s := newStand(Options{Heartbeat: time.Hour, WriteTimeout: time.Hour}, 50)
	srv := serve(t, s)
	for name, hangUp := range map[string]func(*net.TCPConn) error{
		"close":       (*net.TCPConn).Close,
		"half closed": (*net.TCPConn).CloseWrite,
		"reset": func(c *net.TCPConn) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, srv)
			b := <-s.boards
			if err := hangUp(c.conn.(*net.TCPConn)); err != nil {
				t.Fatal(err)
			}
			if r := <-b.closed; r.Reason != ReasonGone {
				t.Errorf("report %+v", r)
			}
		})
	}
}

func TestWhatTheClientSendsIsDropped(t *testing.T) { onWires(t, dropsWhatTheClientSends) }

func dropsWhatTheClientSends(t *testing.T, on wires) {
	s := newStand(Options{Heartbeat: time.Hour}, 50)
	srv := on.serve(t, s)
	conn := on.dial(t, new(net.Dialer), srv)
	pipelined := "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
	if _, err := fmt.Fprint(conn, pipelined); err != nil {
		t.Fatal(err)
	}
	c := request(t, conn)
	b := <-s.boards
	garbage := bytes.Repeat([]byte("garbage\r\n"), 100_000)
	var writer sync.WaitGroup
	writer.Go(func() {
		if _, err := conn.Write(garbage); err != nil {
			t.Error(err)
		}
	})
	for i := range 20 {
		value := fmt.Sprint(i)
		b.set("A", value)
		c.expect("A " + value)
	}
	writer.Wait()
	(<-s.opened).End("enough")
	if _, err := conn.Write(garbage); err != nil {
		t.Error(err)
	}
	c.expect(`bye {"reason":"enough"}`) // no reset has eaten it
	if _, err := c.events.Next(); err != io.EOF {
		t.Errorf("after the bye: %v", err)
	}
	if n := len(s.boards); n != 0 {
		t.Errorf("%d streams more", n)
	}
}

func TestHeadIsWhatNetHTTPWouldSay(t *testing.T) {
	s := newStand(Options{}, 10)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Security-Policy", "default-src 'none'\r\nEvil: 1")
		w.Header().Set("Content-Length", "7")
		s.ServeHTTP(w, r)
	}))
	srv.Config.ConnContext = ConnContext
	srv.Start()
	defer srv.Close()
	defer drainNow(t, s.sse)
	c := connect(t, srv)
	if date, err := http.ParseTime(c.header.Get("Date")); err != nil || time.Since(date) > time.Minute {
		t.Errorf("date %q", c.header.Get("Date"))
	}
	if c.header.Get("Access-Control-Allow-Origin") != "*" || c.header.Get("Evil") != "" || c.header.Get("Content-Length") != "" || !c.closes {
		t.Errorf("head %v", c.header)
	}
}

func TestDrainWithStuckClientsIsFastAndReachesTheOthers(t *testing.T) {
	t.Parallel()
	onWires(t, drainsWithStuckClients)
}

func drainsWithStuckClients(t *testing.T, on wires) {
	const n = 50
	s := newStand(Options{Heartbeat: time.Hour}, 50)
	srv := on.serve(t, s)
	var stuck []*board
	for range n {
		request(t, on.dial(t, &tiny, srv))
		b := <-s.boards
		b.set("A", strings.Repeat("x", 1<<20))
		stuck = append(stuck, b)
	}
	for s.sse.Stats().Events < n { // until each has had a part of its megabyte
		<-time.After(time.Millisecond)
	}
	c := request(t, on.dial(t, new(net.Dialer), srv))
	<-s.boards
	start := time.Now()
	drainNow(t, s.sse)
	if took := time.Since(start); took > goodbyeTimeout+time.Second {
		t.Errorf("it took %v", took)
	}
	c.expect(`bye {"reason":"drain"}`)
	for _, b := range stuck {
		if r := <-b.closed; r.Reason != ReasonDrain || r.Err == nil {
			t.Fatalf("report %+v", r)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func TestTenThousandOpeningsAndEndsLeaveNoDescriptor(t *testing.T) {
	const rounds, at = 10_000, 8
	s := newStand(Options{}, 50)
	go func() {
		for range s.opened {
		}
	}()
	defer close(s.opened)
	srv := serve(t, s)
	keep := connect(t, srv) // so that the loops live on
	<-s.boards
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	var clients sync.WaitGroup
	for range at {
		clients.Go(func() {
			for i := range rounds / at {
				conn, err := net.Dial("tcp", srv.Listener.Addr().String())
				if err != nil {
					t.Error(err)
					return
				}
				_, err = fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: test\r\n\r\n")
				if err == nil {
					b := <-s.boards
					switch i % 3 {
					case 0:
						b.set("A", "1")
					case 1:
						b.stream.End("enough")
					}
				}
				if i%2 == 0 {
					var head [12]byte
					_, err = io.ReadFull(conn, head[:])
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	for deadline := time.Now().Add(5 * time.Second); s.sse.Stats().Open > 1 && time.Now().Before(deadline); {
		<-time.After(10 * time.Millisecond)
	}
	if got := s.sse.Stats(); got.Open != 1 || got.Opened != rounds+1 {
		t.Errorf("stats %+v", got)
	}
	for deadline := time.Now().Add(5 * time.Second); descriptors(t) > before+4 && time.Now().Before(deadline); {
		<-time.After(10 * time.Millisecond)
	}
	if after := descriptors(t); after > before+4 { // a second loop may have come
		t.Errorf("%d descriptors, %d before", after, before)
	}
	if after := runtime.NumGoroutine(); after > goroutines+6 {
		t.Errorf("%d goroutines, %d before", after, goroutines)
	}
	_ = keep.conn.Close()
}

// A client of 32 KB a second whose kernel takes little and whose 50 symbols move
// all the time: what arrives is not old, and each symbol has its turn.
func TestSlowReaderGetsYoungQuotesOfAllSymbols(t *testing.T) {
	t.Parallel()
	onWires(t, givesSlowReadersYoungQuotes)
}

func givesSlowReadersYoungQuotes(t *testing.T, on wires) {
	const keys = 50
	const lasting = 3 * time.Second
	s := newStand(Options{Heartbeat: time.Hour}, 20)
	srv := on.serve(t, s)
	c := request(t, &trickle{Conn: on.dial(t, &tiny, srv), size: 1 << 10, every: 31 * time.Millisecond})
	b := <-s.boards
	stop := make(chan struct{})
	var feeder sync.WaitGroup
	feeder.Go(func() { feed(b, keys, 330, stop) })
	defer feeder.Wait()
	defer close(stop)
	var ages []time.Duration
	seen := make(map[string]time.Time)
	var longest time.Duration
	for start := time.Now(); time.Since(start) < lasting; {
		ev, err := c.events.Next()
		if err != nil {
			t.Fatal(err)
		}
		sent, err := time.Parse(time.RFC3339Nano, string(bytes.TrimRight(ev.Data, "x")))
		if err != nil {
			t.Fatal(err)
		}
		ages = append(ages, time.Since(sent))
		if before, ok := seen[ev.Name]; ok {
			longest = max(longest, time.Since(before))
		}
		seen[ev.Name] = time.Now()
	}
	for _, at := range seen {
		longest = max(longest, time.Since(at))
	}
	// A round is the time for a value of every symbol at the pace that the
	// reader really had.
	median, round := median(ages), lasting*keys/time.Duration(len(ages))
	t.Logf("%d values, median age %v, longest wait for a symbol %v, a round %v", len(ages), median, longest, round)
	if len(seen) != keys || median > round || longest > 3*round {
		t.Errorf("%d symbols, median age %v, longest wait %v, a round %v", len(seen), median, longest, round)
	}
}
