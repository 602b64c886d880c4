package sse

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
	"time"
	"weak"
)

// serveShared is serve over HTTP/2.
func serveShared(t *testing.T, s *stand, h http.Handler) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(func() {
		drainNow(t, s.sse)
		srv.Close()
	})
	return srv
}

func ask(t *testing.T, srv *httptest.Server) *client {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return &client{t: t, events: NewReader(res.Body)}
}

// TestWaitingStreamHoldsNothingOfItsHandlers: nor of its request.
func TestWaitingStreamHoldsNothingOfItsHandlers(t *testing.T) {
	if systemSockets() == nil {
		t.Skip("streams keep their goroutine on this system, with all that stands on it")
	}
	s := newStand(Options{}, 10)
	held := make(chan weak.Pointer[[1000]byte], 1)
	asked := make(chan weak.Pointer[url.URL], 1)
	srv := serveShared(t, s, Outermost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mine := new([1000]byte)
		held <- weak.Make(mine)
		asked <- weak.Make(r.URL)
		s.ServeHTTP(w, r)
		runtime.KeepAlive(mine)
	})))
	c := ask(t, srv)
	b := <-s.boards
	b.set("A", "1")
	c.expect("A 1")
	mine, address := <-held, <-asked
	for deadline := time.Now().Add(10 * time.Second); mine.Value() != nil || address.Value() != nil; runtime.GC() {
		if time.Now().After(deadline) {
			t.Fatalf("the stream holds what its handler had (%v) or its request (%v)", mine.Value() != nil, address.Value() != nil)
		}
	}
	b.set("A", "2") // and lives
	c.expect("A 2")
}

func TestHTTP2StreamNeedsNoOutermost(t *testing.T) {
	s := newStand(Options{}, 10)
	c := ask(t, serveShared(t, s, s))
	b := <-s.boards
	b.set("A", "1")
	c.expect("A 1")
	b.say("note")
	c.expect("note {}")
	(<-s.opened).End("enough")
	c.expect(`bye {"reason":"enough"}`)
	if _, err := c.events.Next(); err != io.EOF {
		t.Errorf("after the goodbye: %v, want the end", err)
	}
	if r := <-b.closed; r.Reason != "enough" || r.Err != nil || r.Events != 2 {
		t.Errorf("report %+v", r)
	}
}

// TestEndsOfStreamsOfOneConnectionMeet: the client's, the server's and
// those of a drain, while data flows.
func TestEndsOfAThousandStreamsOfOneConnectionMeet(t *testing.T) {
	s := newStand(Options{Heartbeat: 20 * time.Millisecond}, 1000)
	srv := serveShared(t, s, Outermost(s))
	for round := range 10 {
		ctx, cancel := context.WithCancel(t.Context())
		bodies := make(chan io.ReadCloser, 100)
		for range 100 {
			go func() {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
				if err != nil {
					panic(err)
				}
				res, err := srv.Client().Do(req)
				if err != nil {
					t.Errorf("round %d: %v", round, err)
					bodies <- http.NoBody
					return
				}
				bodies <- res.Body
			}()
		}
		var open []io.ReadCloser
		for range 100 {
			open = append(open, <-bodies)
		}
		for i := range open {
			b, st := <-s.boards, <-s.opened
			go b.set("A", "1")
			if i%2 == 0 {
				go st.End("enough")
			}
		}
		cancel()
		for _, body := range open {
			_ = body.Close()
		}
	}
	drainNow(t, s.sse)
	if open := s.sse.Stats().Open; open > 0 {
		t.Errorf("%d streams are left", open)
	}
}
