package socket

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed/rest"
)

// patience is how long a test waits for what has to come.
const patience = 5 * time.Second

// served is one connection as the server has it.
type served struct {
	*websocket.Conn
	raw  net.Conn
	ctx  context.Context
	t    *testing.T
	gone chan struct{} // closed when the test is over
}

// listen reads, and so answers pings, until the connection ends.
func (s *served) listen() {
	for {
		if _, _, err := s.Read(s.ctx); err != nil {
			return
		}
	}
}

func (s *served) send(text string) {
	if err := s.Write(s.ctx, websocket.MessageText, []byte(text)); err != nil {
		s.t.Errorf("server: %v", err)
	}
}

// serve starts a server that does with each connection what handle says, and
// returns its address. It ends, with every connection, before the test does;
// nothing may be left then.
func serve(t *testing.T, handle func(*served)) string {
	t.Helper()
	before := goleak.IgnoreCurrent()
	var handlers sync.WaitGroup
	gone := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers.Add(1)
		defer handlers.Done()
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Errorf("server: %v", err)
			return
		}
		defer ws.CloseNow()
		handle(&served{ws, r.Context().Value(rawConn{}).(net.Conn), context.WithoutCancel(r.Context()), t, gone})
	}))
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, rawConn{}, c)
	}
	server.Start()
	t.Cleanup(func() {
		close(gone)
		server.Close()
		handlers.Wait()
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

type rawConn struct{}

// connect dials, and closes before the server ends.
func connect(t *testing.T, o Options) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// wantEnd reads until the connection fails with want.
func wantEnd(t *testing.T, c *Conn, want error) {
	t.Helper()
	ctx := within(t)
	for {
		_, err := c.Read(ctx)
		if err == nil {
			continue
		}
		if !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
		if _, again := c.Read(ctx); !errors.Is(again, want) {
			t.Errorf("then error %v, want the same", again)
		}
		return
	}
}

func TestMessagesGoBothWays(t *testing.T) {
	url := serve(t, func(s *served) {
		kind, msg, err := s.Read(s.ctx)
		if err != nil || kind != websocket.MessageText {
			t.Errorf("server got a message of kind %v, %v", kind, err)
		}
		s.send("you said " + string(msg))
		if err := s.Write(s.ctx, websocket.MessageBinary, []byte{1, 2}); err != nil {
			t.Error(err)
		}
		s.send("")
		s.listen()
	})
	c := connect(t, Options{URL: url})
	if err := c.Write(within(t), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"you said hello", "\x01\x02", ""} {
		if got, err := c.Read(within(t)); err != nil || string(got) != want {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
}

func TestHeaderIsSent(t *testing.T) {
	got := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("X-Key") }))
	defer server.Close()
	_, err := Dial(t.Context(), Options{URL: server.URL, Header: http.Header{"X-Key": {"k"}}})
	if key := <-got; err == nil || key != "k" {
		t.Errorf("the server got the key %q; error %v, want one", key, err)
	}
}

func TestPingOfTheServerIsAnswered(t *testing.T) {
	answered := make(chan error, 1)
	url := serve(t, func(s *served) {
		go func() { answered <- s.Ping(s.ctx) }()
		s.listen()
	})
	c := connect(t, Options{URL: url})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = c.Read(t.Context()) // ends with Close
	}()
	select {
	case err := <-answered:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("the ping was not answered")
	}
	c.Close()
	<-done
}

func TestQuietServerThatAnswersPingsLives(t *testing.T) {
	const silence = 500 * time.Millisecond
	url := serve(t, func(s *served) {
		go func() {
			timer := time.NewTimer(2 * silence)
			defer timer.Stop()
			select {
			case <-timer.C:
				_ = s.Write(s.ctx, websocket.MessageText, []byte("still here"))
			case <-s.gone:
			}
		}()
		s.listen()
	})
	c := connect(t, Options{URL: url, Silence: silence})
	if got, err := c.Read(within(t)); err != nil || string(got) != "still here" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestSilenceEndsTheConnection(t *testing.T) {
	url := serve(t, func(s *served) {
		s.send("the last word")
		<-s.gone // reads nothing, so answers no ping
	})
	c := connect(t, Options{URL: url, Silence: 60 * time.Millisecond})
	wantEnd(t, c, ErrSilent)
}

func TestTimeInWhichNobodyReadsIsNoSilence(t *testing.T) {
	const silence = 200 * time.Millisecond
	url := serve(t, func(s *served) {
		s.send("one")
		s.send("two")
		s.listen()
	})
	c := connect(t, Options{URL: url, Silence: silence})
	for _, want := range []string{"one", "two"} {
		timer := time.NewTimer(2 * silence) // a reader that is held up
		<-timer.C
		if got, err := c.Read(within(t)); err != nil || string(got) != want {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
}

func TestCutInTheMiddleOfAFrame(t *testing.T) {
	url := serve(t, func(s *served) {
		s.send("whole")
		// A text frame of 1,000 bytes, of which five come (RFC 6455, section 5.2).
		if _, err := s.raw.Write([]byte("\x81\x7e\x03\xe8begin")[:9]); err != nil {
			t.Error(err)
		}
		s.raw.Close()
	})
	c := connect(t, Options{URL: url})
	if got, err := c.Read(within(t)); err != nil || string(got) != "whole" {
		t.Errorf("read %q, %v", got, err)
	}
	wantEnd(t, c, ErrCut)
}

func TestFarewellHasItsReason(t *testing.T) {
	url := serve(t, func(s *served) { _ = s.Close(websocket.StatusPolicyViolation, "too many requests") })
	c := connect(t, Options{URL: url})
	_, err := c.Read(within(t))
	farewell, ok := errors.AsType[*CloseError](err)
	if !ok || farewell.Code != 1008 || farewell.Reason != "too many requests" {
		t.Errorf("error %v", err)
	}
	if want := "the server closed the connection with 1008: too many requests"; ok && farewell.Error() != want {
		t.Errorf("it says %q", farewell)
	}
}

func TestLargeMessages(t *testing.T) {
	for name, c := range map[string]struct {
		size, limit int64
		want        error
	}{
		"within the standard limit": {1 << 20, 0, nil},
		"beyond the standard limit": {4<<20 + 1, 0, ErrTooLarge},
		"at a limit":                {100, 100, nil},
		"beyond a limit":            {101, 100, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(s *served) {
				_ = s.Write(s.ctx, websocket.MessageText, []byte(strings.Repeat("x", int(c.size))))
				s.listen()
			})
			conn := connect(t, Options{URL: url, ReadLimit: c.limit})
			got, err := conn.Read(within(t))
			if !errors.Is(err, c.want) || c.want == nil && int64(len(got)) != c.size {
				t.Errorf("read %d bytes, %v, want %v", len(got), err, c.want)
			}
		})
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	url := serve(t, (*served).listen)
	for name, wait := range map[string]time.Duration{"while it waits": 50 * time.Millisecond, "before it does": 0} {
		c := connect(t, Options{URL: url})
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		defer cancel()
		ended := make(chan error, 1)
		go func() {
			_, err := c.Read(ctx)
			ended <- err
		}()
		select {
		case err := <-ended:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: error %v", name, err)
			}
		case <-time.After(patience):
			t.Errorf("%s: Read did not return", name)
			c.Close()
			<-ended
		}
	}
}

func TestCloseWhileReadingAndWriting(t *testing.T) {
	url := serve(t, func(s *served) {
		go func() {
			for s.Write(s.ctx, websocket.MessageText, []byte("flood")) == nil {
			}
		}()
		s.listen()
	})
	c := connect(t, Options{URL: url})
	var users sync.WaitGroup
	reading := make(chan struct{})
	users.Go(func() {
		for first := true; ; first = false {
			if _, err := c.Read(t.Context()); err != nil {
				break
			}
			if first {
				close(reading)
			}
		}
	})
	users.Go(func() {
		for c.Write(t.Context(), []byte("x")) == nil {
		}
	})
	<-reading
	began := time.Now()
	users.Go(c.Close)
	c.Close()
	users.Wait()
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v to close", took)
	}
	if err := c.Write(t.Context(), []byte("x")); err == nil {
		t.Error("a closed connection takes messages")
	}
}

func TestRefusedUpgrade(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/limit", http.StatusFound)
		case "/limit":
			w.Header().Set("Retry-After", "30")
			http.Error(w, "too many\nconnections "+strings.Repeat("x", 1000), http.StatusTooManyRequests)
		case "/later":
			w.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			w.WriteHeader(http.StatusOK)
		}
	}))
	defer server.Close()
	for path, want := range map[string]rest.StatusError{
		"/limit":     {Status: 429, Body: "too many connections xxx", RetryAfter: 30 * time.Second},
		"/later":     {Status: 503, RetryAfter: time.Hour},
		"/elsewhere": {Status: 302},
		"/page":      {Status: 200},
	} {
		t.Run(path, func(t *testing.T) {
			_, err := Dial(t.Context(), Options{URL: "ws" + strings.TrimPrefix(server.URL, "http") + path})
			got, ok := errors.AsType[*rest.StatusError](err)
			if !ok || got.Status != want.Status || !strings.HasPrefix(got.Body, want.Body) || len(got.Body) > 200 ||
				want.RetryAfter-got.RetryAfter > time.Minute || got.RetryAfter > want.RetryAfter {
				t.Errorf("error %+v (%v), want %+v", got, err, want)
			}
		})
	}
}

func TestErrorsKeepSecrets(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, url := range []string{
		closed.URL + "/?token=hunter2",
		"ftp://127.0.0.1/?token=hunter2",
		"ws://127.0.0.1:no/?token=hunter2",
		"ws://user:hunter2@127.0.0.1:1",
	} {
		if _, err := Dial(t.Context(), Options{URL: url}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error %v", url, err)
		}
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // the system takes the connection, and nobody answers
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Dial(ctx, Options{URL: "ws://" + listener.Addr().String()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestEncryptedConnection(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	defer server.Close()
	_, err := Dial(t.Context(), Options{URL: "wss" + strings.TrimPrefix(server.URL, "https")})
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("error %v, want a certificate that nobody knows to be refused", err)
	}
}
