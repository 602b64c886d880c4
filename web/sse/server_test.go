package sse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// serve starts a real server, and drains and stops it at the test's end.
func serve(t *testing.T, s *stand) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(s)
	srv.Config.ConnContext = ConnContext
	srv.Start()
	t.Cleanup(func() {
		drainNow(t, s.sse)
		srv.Close()
	})
	return srv
}

func connect(t *testing.T, srv *httptest.Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return request(t, conn)
}

func TestHeadLeavesBeforeAnyValue(t *testing.T) {
	each(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := connect(t, serve(t, s)) // returns when the head is there
		<-s.boards                   // nothing was set
		want := map[string]string{
			"Content-Type":      "text/event-stream; charset=utf-8",
			"Cache-Control":     "no-store",
			"X-Accel-Buffering": "no",
			"Content-Length":    "",
		}
		for name, value := range want {
			if got := c.header.Get(name); got != value {
				t.Errorf("%s: %q, want %q", name, got, value)
			}
		}
		if c.status != http.StatusOK || !c.closes {
			t.Errorf("status %d, closes: %v", c.status, c.closes)
		}
	})
}

func TestFirstTakeNeedsNoRing(t *testing.T) {
	s := New(Options{})
	h := func(w http.ResponseWriter, r *http.Request) {
		_ = s.Open(w, r, 1, func(st *Stream, _ Desk) (Content, error) {
			b := newBoard(st)
			b.log = [][]byte{AppendEvent(nil, Event{Name: "hello"})}
			return b, nil
		})
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		servePipes(t, http.HandlerFunc(h)).get(t).expectAt(start, 0, "hello ")
	})
}

func TestErrorOfOpenIsTheCallersToAnswer(t *testing.T) {
	s := New(Options{})
	failure := errors.New("no such symbol")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := s.Open(w, r, 1, func(*Stream, Desk) (Content, error) { return nil, failure })
		if !errors.Is(err, failure) {
			t.Errorf("error %v", err)
		}
		http.Error(w, "sorry", http.StatusNotFound)
	}))
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if got := s.Stats(); res.StatusCode != http.StatusNotFound || got.Open != 0 || got.Opened != 0 {
		t.Errorf("status %d, stats %+v", res.StatusCode, got)
	}
}

func TestWriterThatCannotStreamIsAnErrorAndNothingIsWritten(t *testing.T) {
	s := New(Options{})
	w := httptest.NewRecorder() // has no deadlines
	err := s.Open(w, httptest.NewRequest(http.MethodGet, "/", nil), 1, func(*Stream, Desk) (Content, error) {
		t.Error("open was called")
		return nil, nil
	})
	if !errors.Is(err, ErrUnsupported) || !errors.Is(s.Busy(w, "limit"), ErrUnsupported) {
		t.Errorf("error %v", err)
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 || s.Stats().Open != 0 {
		t.Errorf("wrote %q %v", w.Body, w.Header())
	}
}

func TestStreamOverTheLimitIsToldBusy(t *testing.T) {
	each(t, func(t *testing.T, on kind) {
		s := on.stand(Options{MaxStreams: 1}, 10)
		srv := serve(t, s)
		first := connect(t, srv)
		<-s.boards
		second := connect(t, srv)
		if !second.closes {
			t.Error("who was refused keeps the connection")
		}
		if second.status != http.StatusOK || second.header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
			t.Errorf("status %d, %v", second.status, second.header)
		}
		second.expect(`busy {"reason":"limit"}`)
		if retry := second.events.Retry(); retry < 10*time.Second || retry > 30*time.Second {
			t.Errorf("retry %v", retry)
		}
		if _, err := second.events.Next(); err != io.EOF {
			t.Errorf("after busy: %v, want the end", err)
		}
		if got := s.sse.Stats(); got.Refused["limit"] != 1 || got.Open != 1 || got.Opened != 1 {
			t.Errorf("stats %+v", got)
		}
		_ = first.conn.Close()
		for s.sse.Stats().Open > 0 {
			runtime.Gosched()
		}
		connect(t, srv)
		<-s.boards // a place is free again
	})
}

func TestReaderThatNeverReadsIsDroppedAndHoldsUpNobody(t *testing.T) {
	each(t, func(t *testing.T, on kind) {
		s := on.stand(Options{WriteTimeout: time.Second}, 50)
		srv := serve(t, s)
		connect(t, srv)
		stuck := <-s.boards
		var healthy []*board
		var readers sync.WaitGroup
		var mu sync.Mutex
		var worst time.Duration
		for range 10 {
			c := connect(t, srv)
			healthy = append(healthy, <-s.boards)
			readers.Go(func() {
				for {
					ev, err := c.events.Next()
					if err != nil {
						return
					}
					sent, err := time.Parse(time.RFC3339Nano, strings.Trim(string(ev.Data), `"`))
					if err != nil {
						continue // the goodbye
					}
					mu.Lock()
					worst = max(worst, time.Since(sent))
					mu.Unlock()
				}
			})
		}
		big := strings.Repeat("x", 200<<10)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var report Report
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for report.Reason == "" {
			stuck.set("A", big)
			now := `"` + time.Now().Format(time.RFC3339Nano) + `"`
			for _, b := range healthy {
				b.set("A", now)
			}
			select {
			case report = <-stuck.closed:
			case <-tick.C:
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		drainNow(t, s.sse)
		readers.Wait()
		if report.Reason != ReasonTimeout {
			t.Errorf("the stuck stream ended with %q: %v", report.Reason, report.Err)
		}
		if worst > 500*time.Millisecond {
			t.Errorf("a healthy reader waited %v", worst)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
			t.Errorf("the heap grew by %d bytes", grown)
		}
		if got := s.sse.Stats(); got.Ended[ReasonTimeout] != 1 || got.Ended[ReasonDrain] != 10 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestDrainOfAThousandBusyStreams(t *testing.T) {
	each(t, func(t *testing.T, on kind) {
		const n = 1000
		s := on.stand(Options{Logger: slog.New(slog.DiscardHandler), Heartbeat: time.Hour}, 20) // to open them may take a while
		srv := serve(t, s)
		var byes, others sync.Map
		var readers sync.WaitGroup
		var boards []*board
		for range n {
			c := connect(t, srv)
			boards = append(boards, <-s.boards)
			readers.Go(func() {
				for {
					ev, err := c.events.Next()
					switch {
					case err != nil:
						return
					case ev.Name == "bye" && string(ev.Data) == `{"reason":"drain"}`:
						byes.Store(c, ev.Retry)
					case ev.Name != "A":
						others.Store(ev.Name, true)
					}
				}
			})
		}
		stop := make(chan struct{})
		var feeder sync.WaitGroup
		feeder.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					boards[i%n].set("A", "1")
				}
			}
		})
		start := time.Now()
		drainNow(t, s.sse)
		took := time.Since(start)
		close(stop)
		feeder.Wait()
		readers.Wait() // the server ends the answers too

		retries := make(map[time.Duration]bool)
		count := 0
		byes.Range(func(_, retry any) bool {
			count++
			retries[retry.(time.Duration)] = true
			if d := retry.(time.Duration); d < time.Second || d > 5*time.Second {
				t.Errorf("retry %v", d)
			}
			return true
		})
		t.Logf("drained in %v", took)
		if count != n || len(retries) < n/2 || took > 2*time.Second {
			t.Errorf("%d goodbyes with %d retries in %v", count, len(retries), took)
		}
		others.Range(func(name, _ any) bool { t.Errorf("event %q", name); return true })
		connect(t, srv).expect(`busy {"reason":"drain"}`)
		if got := s.sse.Stats(); got.Open != 0 || got.Ended[ReasonDrain] != n || got.Refused[ReasonDrain] != 1 {
			t.Errorf("stats %+v", got)
		}
	})
}

func TestDrainSaysWhenItsTimeIsUp(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		s := on.stand(Options{}, 10)
		c := servePipes(t, s).get(t)
		b := <-s.boards
		c.narrow(0)
		b.set("A", tooMuch) // nobody reads it
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := s.sse.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "1 streams") {
			t.Errorf("error %v", err)
		}
		if err := s.sse.Drain(t.Context()); err != nil { // may be called again
			t.Error(err)
		}
		<-b.closed
	})
}

func TestHTTP2StreamOutlivesDeadlinesWhileIdleAndIsCutWhenStuck(t *testing.T) {
	for _, on := range kinds {
		if on.shared == on.loop { // those that HTTP/2 can have
			t.Run(on.name, func(t *testing.T) { t.Parallel(); outlivesDeadlines(t, on) })
		}
	}
}

func outlivesDeadlines(t *testing.T, on kind) {
	s := on.stand(Options{WriteTimeout: 150 * time.Millisecond, Heartbeat: time.Hour}, 10)
	srv := httptest.NewUnstartedServer(s)
	srv.EnableHTTP2 = true
	srv.Config.ConnContext = ConnContext
	srv.StartTLS()
	defer srv.Close()
	res, err := srv.Client().Get(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.ProtoMajor != 2 || res.Header.Get("Connection") != "" {
		t.Errorf("%s, %v", res.Proto, res.Header)
	}
	b := <-s.boards
	c := &client{t: t, events: NewReader(res.Body)}
	b.set("A", "1")
	c.expect("A 1")
	<-time.After(400 * time.Millisecond) // more than two deadlines
	b.set("A", "2")
	c.expect("A 2")

	for big, report := strings.Repeat("x", 1<<20), (Report{}); report.Reason == ""; {
		b.set("A", big) // until the windows are full
		select {
		case report = <-b.closed:
			if report.Reason != ReasonTimeout {
				t.Errorf("a stuck stream ended with %q: %v", report.Reason, report.Err)
			}
		case <-time.After(10 * time.Millisecond):
		}
	}

	other, err := srv.Client().Get(srv.URL) // the connection lives on
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Body.Close() }()
	<-s.boards
	drainNow(t, s.sse)
	(&client{t: t, events: NewReader(other.Body)}).expect(`bye {"reason":"drain"}`)
}

func TestConnectionServesTheNextRequestAfterAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := kinds[0].stand(Options{WriteTimeout: time.Second}, 10)
		c := servePipes(t, s).get(t)
		(<-s.opened).End("enough")
		c.expect(`bye {"reason":"enough"}`)
		if _, err := c.events.Next(); err != io.EOF {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second) // no deadline of the stream is left
		again := request(t, c.conn)
		<-s.boards
		(<-s.boards).set("A", "1")
		again.expect("A 1")
	})
}

func TestPanicInTheContentForgetsTheStream(t *testing.T) {
	each(t, func(t *testing.T, on kind) {
		s := on.stand(Options{Logger: slog.New(slog.DiscardHandler)}, 1).sse
		closed := make(chan Report, 1)
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_ = s.Open(w, r, 1, func(*Stream, Desk) (Content, error) { return panics{closed}, nil })
		}))
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		srv.Config.ConnContext = ConnContext
		srv.Start()
		defer srv.Close()
		if res, err := srv.Client().Get(srv.URL); err == nil {
			_ = res.Body.Close()
		}
		if r := <-closed; r.Reason != ReasonError {
			t.Errorf("report %+v", r)
		}
		drainNow(t, s)
	})
}

type panics struct{ closed chan Report }

func (panics) Take([][]byte) ([][]byte, error) { panic("broken") }
func (panics) Wrote(int, time.Time, bool)      {}
func (p panics) Close(r Report)                { p.closed <- r }

func TestOneLineIsLoggedAtTheEnd(t *testing.T) {
	inBubbles(t, func(t *testing.T, on kind) {
		var log bytes.Buffer
		h := slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})
		s := on.stand(Options{Logger: slog.New(h), Remote: func(*http.Request) string { return "client\n7" }}, 10)
		c := servePipes(t, s).get(t)
		b := <-s.boards
		b.set("A", "1")
		c.expect("A 1")
		time.Sleep(time.Second)
		_ = c.conn.Close()
		<-b.closed
		want := `level=DEBUG msg="stream ended" remote="client\n7" reason=gone duration=1s events=1 bytes=18`
		if got := strings.TrimSpace(log.String()); !strings.HasSuffix(got, want) || strings.Count(got, "\n") > 0 {
			t.Errorf("logged %q, want %q", got, want)
		}
	})
}
