package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/web/sse"
)

// answer is a whole answer.
type answer struct {
	request string
	status  int
	header  http.Header
	body    string
}

// client keeps no connection and undoes no compression: what comes is what the
// server sent.
var client = &http.Client{
	Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
	Timeout: patience,
}

// try asks, with headers as pairs of name and value; "Host" sets the request's.
func try(method, url, body string, headers ...string) (answer, error) {
	req, err := newRequest(context.Background(), method, url, body, headers)
	if err != nil {
		return answer{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return answer{method + " " + url, resp.StatusCode, resp.Header, string(text)}, err
}

func newRequest(ctx context.Context, method, url, body string, headers []string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else {
			req.Header.Add(headers[i], headers[i+1])
		}
	}
	return req, nil
}

// do is try that must get an answer.
func (s *server) do(method, path, body string, headers ...string) answer {
	s.t.Helper()
	a, err := try(method, s.URL+path, body, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *server) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", headers...)
}

// post sends JSON.
func (s *server) post(path, body string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, path, body, append([]string{"Content-Type", "application/json"}, headers...)...)
}

// want fails the test when the status is another.
func (a answer) want(t testing.TB, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: status %d, want %d\n%s", a.request, a.status, status, clip(a.body))
	}
	return a
}

// decode reads the body as JSON.
func (a answer) decode(t testing.TB, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), into); err != nil {
		t.Fatalf("%s: %v\n%s", a.request, err, clip(a.body))
	}
}

// problem checks that the answer is a problem document of that status (RFC
// 9457), and returns its detail.
func (a answer) problem(t testing.TB, status int) string {
	t.Helper()
	var p struct {
		Status        int
		Title, Detail string
	}
	if kind := a.header.Get("Content-Type"); a.status != status || kind != "application/problem+json" {
		t.Errorf("%s: %d %s, want %d application/problem+json\n%s", a.request, a.status, kind, status, clip(a.body))
		return ""
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Status != status || p.Title == "" || len(p.Detail) < 10 {
		t.Errorf("%s: the problem document %s (%v)", a.request, clip(a.body), err)
	}
	return p.Detail
}

func clip(s string) string {
	if len(s) > 300 {
		return s[:300] + "…"
	}
	return s
}

// notification is one as it is on the wire.
type notification struct {
	ID      int64     `json:"id"`
	Type    string    `json:"type"`
	Message string    `json:"message"`
	Time    time.Time `json:"time"`
}

// send publishes a notification with the generated token.
func (s *server) send(message string) notification {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"type": "info", "message": message})
	if err != nil {
		s.t.Fatal(err)
	}
	var n notification
	s.post("/send", string(body), "Authorization", "Bearer "+s.token()).want(s.t, http.StatusAccepted).decode(s.t, &n)
	return n
}

// hello is the first event's data.
type hello struct {
	Stream    string    `json:"stream"`
	Resumed   bool      `json:"resumed"`
	Gap       bool      `json:"gap"`
	Symbols   []string  `json:"symbols"`
	Unknown   []string  `json:"unknown"`
	MaxRate   float64   `json:"max_rate"`
	Heartbeat float64   `json:"heartbeat"`
	Time      time.Time `json:"time"`
}

// wireQuote is one as it is on the wire; numbers keep their text.
type wireQuote struct {
	Symbol     string      `json:"symbol"`
	Price      json.Number `json:"price"`
	Change     json.Number `json:"change"`
	Open       json.Number `json:"open"`
	High       json.Number `json:"high"`
	Low        json.Number `json:"low"`
	Volume     json.Number `json:"volume"`
	Bid        json.Number `json:"bid"`
	BidSize    json.Number `json:"bid_size"`
	Ask        json.Number `json:"ask"`
	AskSize    json.Number `json:"ask_size"`
	Time       time.Time   `json:"time"`
	Version    int64       `json:"version"`
	Session    string      `json:"session"`
	Timeliness string      `json:"timeliness"`
	Source     string      `json:"source"`
	Stale      bool        `json:"stale"`
}

func (s *server) quote(symbol string) wireQuote {
	s.t.Helper()
	var q wireQuote
	s.get("/api/v1/quotes/"+symbol).want(s.t, http.StatusOK).decode(s.t, &q)
	return q
}

// stream is one open event stream.
type stream struct {
	t      testing.TB
	path   string
	header http.Header
	cancel context.CancelFunc
	events chan sse.Event // closed at the end
	err    error          // why it ended; set before events is closed
}

// open opens a stream, and reads its head. It ends with the test at the latest.
func (s *server) open(path string, headers ...string) *stream {
	s.t.Helper()
	st, err := s.tryOpen(path, headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(st.close)
	st.t = s.t
	return st
}

// streamClient has no timeout: a stream's context ends it.
var streamClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true, ResponseHeaderTimeout: patience}}

func (s *server) tryOpen(path string, headers ...string) (*stream, error) {
	return s.tryOpenBy(streamClient, path, headers...)
}

func (s *server) tryOpenBy(client *http.Client, path string, headers ...string) (*stream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	req, err := newRequest(ctx, http.MethodGet, s.URL+path, "", headers)
	if err != nil {
		cancel()
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || kind != "text/event-stream; charset=utf-8" {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		_ = resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("GET %s: %s %s: %s", path, resp.Status, kind, text)
	}
	st := &stream{path: path, header: resp.Header, cancel: cancel, events: make(chan sse.Event)}
	go func() {
		defer close(st.events)
		defer func() { _ = resp.Body.Close() }()
		for reader := sse.NewReader(resp.Body); ; {
			var ev sse.Event
			if ev, st.err = reader.Next(); st.err != nil {
				return
			}
			select {
			case st.events <- ev:
			case <-ctx.Done():
				st.err = ctx.Err()
				return
			}
		}
	}()
	return st, nil
}

// close cuts the stream.
func (st *stream) close() { st.cancel() }

// next returns the next event.
func (st *stream) next() sse.Event {
	st.t.Helper()
	select {
	case ev, ok := <-st.events:
		if !ok {
			st.t.Fatalf("%s: ended: %v", st.path, st.err)
		}
		return ev
	case <-time.After(patience):
		st.t.Fatalf("%s: no event", st.path)
	}
	panic("not reached")
}

// await returns the next event of that name, over any others.
func (st *stream) await(name string) sse.Event {
	st.t.Helper()
	for {
		if ev := st.next(); ev.Name == name {
			return ev
		}
	}
}

// ended waits for the end, and fails the test when more events come before.
func (st *stream) ended() {
	st.t.Helper()
	select {
	case ev, ok := <-st.events:
		if ok {
			st.t.Errorf("%s: %s %s after the last event", st.path, ev.Name, ev.Data)
		} else if st.err != io.EOF {
			st.t.Errorf("%s: ended with %v instead of an end", st.path, st.err)
		}
	case <-time.After(patience):
		st.t.Fatalf("%s: does not end", st.path)
	}
}

// hello reads the first event.
func (st *stream) hello() (hello, sse.Event) {
	st.t.Helper()
	ev := st.next()
	if ev.Name != "hello" {
		st.t.Fatalf("%s: begins with %s", st.path, ev.Name)
	}
	return decode[hello](st.t, ev), ev
}

// quote reads the next quote, over notifications and heartbeats.
func (st *stream) quote() wireQuote {
	st.t.Helper()
	return decode[wireQuote](st.t, st.await("stock_quote"))
}

// notification reads the next one, over quotes and heartbeats; its number is
// the event's.
func (st *stream) notification() notification {
	st.t.Helper()
	ev := st.await("notification")
	n := decode[notification](st.t, ev)
	if ev.ID != strconv.FormatInt(n.ID, 10) {
		st.t.Errorf("%s: notification %d has the id %q", st.path, n.ID, ev.ID)
	}
	return n
}

func decode[T any](t testing.TB, ev sse.Event) (v T) {
	t.Helper()
	if err := json.Unmarshal(ev.Data, &v); err != nil {
		t.Fatalf("%s: %v: %s", ev.Name, err, ev.Data)
	}
	return v
}

// recording writes rows of a recorded session, and returns the URL of a feed
// that plays them. At the speed "max" the market then stands still: what is
// asked of it has one answer.
func recording(t testing.TB, speed string, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recording.csv")
	text := "time,symbol,type,price,size,bid,bid_size,ask,ask_size\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "replay://" + path + "?speed=" + speed
}

// still is a market of two symbols that stands still.
func still(t testing.TB) string {
	t.Helper()
	return recording(t, "max",
		"2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,",
		"2024-08-09T10:00:01Z,BTC/USD,trade,61685.99000000,0.25000000,,,,",
		"2024-08-09T10:00:02Z,AAA,trade,140.25,50,,,,",
		"2024-08-09T10:00:03Z,AAA,quote,,,140.20,300,140.30,200",
	)
}

// startStill starts the program with a market that stands still, and waits until
// it does.
func startStill(t testing.TB, args ...string) *server {
	t.Helper()
	s := start(t, append([]string{"--feed", still(t), "--symbols", "AAA,BTC/USD"}, args...)...)
	s.awaitFinished()
	return s
}

// awaitFinished waits for the end of a replay.
func (s *server) awaitFinished() {
	s.t.Helper()
	eventually(s.t, "the replay ends", func() bool {
		return strings.Contains(s.get("/readyz").body, `"state":"finished"`)
	})
}
