package sse

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// repeat is a content that has the same frames turn after turn, and ends its
// stream when it has had enough of them.
type repeat struct {
	frames [][]byte
	stream *Stream
	left   int
	end    func()
	closed chan Report
}

func (c *repeat) Take(dst [][]byte) ([][]byte, error) { return append(dst, c.frames...), nil }

func (c *repeat) Wrote(int, time.Time, bool) {
	if c.left--; c.left > 0 {
		c.stream.Ring(false)
	} else {
		c.end()
	}
}

func (c *repeat) Close(r Report) { c.closed <- r }

func quoteFrames(n int) [][]byte {
	frames := make([][]byte, n)
	for i := range frames {
		frames[i] = AppendEvent(nil, Event{Name: "stock_quote", Data: bytes.Repeat([]byte("x"), 330)})
	}
	return frames
}

// nowhere is a ResponseWriter that can all a stream needs and does nothing.
type nowhere struct{ header http.Header }

func (w nowhere) Header() http.Header              { return w.header }
func (w nowhere) Write(p []byte) (int, error)      { return len(p), nil }
func (w nowhere) WriteHeader(int)                  {}
func (w nowhere) FlushError() error                { return nil }
func (w nowhere) SetWriteDeadline(time.Time) error { return nil }

func open(s *Server, w http.ResponseWriter, r *http.Request, turns, frames int, closed chan Report) error {
	return s.Open(w, r, 0, func(st *Stream, _ Desk) (Content, error) {
		return &repeat{quoteFrames(frames), st, turns, func() { st.End("done") }, closed}, nil
	})
}

// BenchmarkTurn is what a turn costs without HTTP and the kernel.
func BenchmarkTurn(b *testing.B) {
	for _, frames := range []int{1, 10, 200} {
		b.Run(fmt.Sprint(frames, " frames"), func(b *testing.B) {
			s, closed := New(Options{}), make(chan Report, 1)
			b.ReportAllocs()
			if err := open(s, nowhere{make(http.Header)}, httptest.NewRequest(http.MethodGet, "/", nil), b.N, frames, closed); err != nil {
				b.Fatal(err)
			}
			<-closed
		})
	}
}

// BenchmarkTurnOverTCP is a turn over HTTP/1.1 on the loopback, with what a
// client that only reads costs.
func BenchmarkTurnOverTCP(b *testing.B) {
	for _, frames := range []int{1, 10} {
		b.Run(fmt.Sprint(frames, " frames"), func(b *testing.B) {
			s, closed := New(Options{}), make(chan Report, 1)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := open(s, w, r, b.N, frames, closed); err != nil {
					b.Error(err)
				}
			}))
			srv.Config.ConnContext = ConnContext
			srv.Start()
			defer srv.Close()
			b.ReportAllocs()
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				b.Fatal(err)
			}
			if r := <-closed; r.Turns != int64(b.N) {
				b.Errorf("%+v", r)
			}
		})
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 330)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEvent(buf[:0], Event{ID: "1795339327123457", Name: "stock_quote", Data: data})
	}
}

func BenchmarkReader(b *testing.B) {
	body := bytes.Repeat(quoteFrames(1)[0], 1000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if events, err := readAll(NewReader(bytes.NewReader(body))); len(events) != 1000 {
			b.Fatal(err)
		}
	}
}
