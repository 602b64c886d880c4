package ingest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// patience bounds every wait.
const patience = 10 * time.Second

// bench is a running source behind a server.
type bench struct {
	t    *testing.T
	url  string
	stop func() // ends the Run and waits for it

	mu      sync.Mutex
	updates []feed.Update
	grown   chan struct{}
	hold    chan struct{} // emit waits while it is there and open
}

func runPosts(t *testing.T) *bench {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	b := &bench{t: t, grown: make(chan struct{}, 1)}
	spec := open(t, "ingest://")
	server := httptest.NewServer(spec.Posts)
	t.Cleanup(server.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	b.url = server.URL
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = spec.Source.Run(ctx, new(feed.Demand), b.emit)
	}()
	b.stop = func() { cancel(); <-done }
	t.Cleanup(b.stop)
	return b
}

func (b *bench) emit(u feed.Update) {
	b.mu.Lock()
	b.updates = append(b.updates, u)
	hold := b.hold
	b.mu.Unlock()
	select {
	case b.grown <- struct{}{}:
	default:
	}
	if hold != nil {
		<-hold
	}
}

// prices are those of the trades so far, as text, after the symbols.
func (b *bench) prices() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, u := range b.updates {
		switch u.Kind {
		case feed.Listed:
			list = append(list, "list "+u.Symbol.String())
		case feed.Trade:
			list = append(list, u.Symbol.String()+" "+quotes.FormatDecimal(u.Price))
		}
	}
	return list
}

func (b *bench) until(what string, holds func() bool) {
	b.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			b.t.Fatalf("never: %s", what)
		}
	}
}

// reply is an answer.
type reply struct {
	status       int
	header       http.Header
	Status       int
	Detail       string
	Accepted     int
	Rejected     []rejection
	RejectedMore int `json:"rejected_more"`
}

func (b *bench) post(body io.Reader, headers ...string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url, body)
	if err != nil {
		b.t.Error(err)
		return reply{}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Error(err)
		return reply{}
	}
	return read(b.t, resp)
}

func read(t *testing.T, resp *http.Response) reply {
	t.Helper()
	defer func() { _ = resp.Body.Close() }()
	r := reply{status: resp.StatusCode, header: resp.Header}
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Errorf("status %d: %v", resp.StatusCode, err)
	}
	kind := map[bool]string{true: "application/json", false: "application/problem+json"}[resp.StatusCode == http.StatusOK]
	if got := resp.Header.Get("Content-Type"); got != kind || resp.StatusCode != http.StatusOK && (r.Status != resp.StatusCode || len(r.Detail) < 10) {
		t.Errorf("status %d: %s %+v", resp.StatusCode, got, r)
	}
	return r
}

func trade(sym string, price int) string {
	return fmt.Sprintf(`{"type":"trade","symbol":%q,"price":%d.50}`+"\n", sym, price)
}

func TestPostIsTakenLineByLine(t *testing.T) {
	b := runPosts(t)
	got := b.post(strings.NewReader(trade("AAA", 1) + "\n{\"type\":\"tra\n" + trade("BBB", 2) + `{"type":"trade","symbol":"AAA","price":0}` + "\n" + strings.Repeat("x", maxLine+1) + "\n" + strings.TrimSpace(trade("AAA", 3))))
	if got.status != http.StatusOK || got.Accepted != 3 || len(got.Rejected) != 3 || got.RejectedMore != 0 {
		t.Errorf("%+v", got)
	}
	for i, want := range []rejection{{3, "it is not JSON"}, {5, "price is not above zero"}, {6, "longer than 65536"}} {
		if r := got.Rejected[i]; r.Line != want.Line || !strings.Contains(r.Error, want.Error) {
			t.Errorf("rejected %+v, want %+v", r, want)
		}
	}
	want := []string{"list AAA", "AAA 1.50", "list BBB", "BBB 2.50", "AAA 3.50"}
	if diff := cmp.Diff(want, b.prices()); diff != "" {
		t.Error(diff)
	}
	reports := 0
	for _, u := range b.updates {
		if u.Kind == feed.Reported {
			reports++
			if !strings.HasPrefix(u.Note, "line 3 of a post was refused: it is not JSON") {
				t.Errorf("reported %q", u.Note)
			}
		}
	}
	if reports != 1 {
		t.Errorf("the operator was told of %d lines, want the first in a minute", reports)
	}
}

func TestListOfRejectedLinesIsBounded(t *testing.T) {
	b := runPosts(t)
	got := b.post(strings.NewReader(strings.Repeat("{}\n", maxRejected+7)))
	if got.status != http.StatusOK || got.Accepted != 0 || len(got.Rejected) != maxRejected || got.RejectedMore != 7 {
		t.Errorf("%d: %d accepted, %d rejected, %d more", got.status, got.Accepted, len(got.Rejected), got.RejectedMore)
	}
	if got := b.post(strings.NewReader("")); got.status != http.StatusOK || got.Rejected == nil {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestLinesAreTakenWhileThePostGoesOn(t *testing.T) {
	b := runPosts(t)
	body, sender := io.Pipe()
	answer := make(chan reply, 1)
	go func() { answer <- b.post(body) }()
	for i := range 20 {
		if _, err := io.WriteString(sender, trade("AAA", i+1)); err != nil {
			t.Fatal(err)
		}
		b.until("the line is taken", func() bool { return len(b.prices()) == i+2 })
	}
	_ = sender.Close()
	if got := <-answer; got.Accepted != 20 {
		t.Errorf("%+v", got)
	}
}

func TestWrongTokenIsRefusedBeforeALineIsRead(t *testing.T) {
	b := runPosts(t)
	for _, header := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + token + "x", "Basic " + token, token, "bearer" + token} {
		body, sender := io.Pipe() // which says nothing and does not end
		got := b.post(body, "Authorization", header)
		_ = sender.Close()
		if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") || !strings.Contains(got.Detail, "TICKBOARD_INGEST_TOKEN") {
			t.Errorf("%q: %+v", header, got)
		}
	}
	if got := b.prices(); got != nil {
		t.Errorf("taken %q", got)
	}
}

func TestCompressedPostIsRefused(t *testing.T) {
	b := runPosts(t)
	if got := b.post(strings.NewReader("x"), "Content-Encoding", "gzip"); got.status != http.StatusUnsupportedMediaType {
		t.Errorf("%+v", got)
	}
}

// TestPostWaitsForTheFeedToStart, which is started beside the server.
func TestPostWaitsForTheFeedToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newSource("ingest", newListing())
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			time.Sleep(startTime / 2)
			_ = source.Run(ctx, new(feed.Demand), func(feed.Update) {})
		})
		if source.session(t.Context(), startTime) == nil {
			t.Error("it did not wait")
		}
		cancel()
		running.Wait()
		began := time.Now()
		if source.session(t.Context(), startTime) != nil || time.Since(began) != startTime {
			t.Errorf("it waited %v", time.Since(began))
		}
	})
}

func TestPostToASourceThatDoesNotRunIsRefused(t *testing.T) {
	b := runPosts(t)
	b.stop()
	got := b.post(strings.NewReader(trade("AAA", 1)))
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || len(b.prices()) != 0 {
		t.Errorf("%+v, taken %q", got, b.prices())
	}
}

// TestEndOfTheSourceEndsPosts which are in the middle of a line, busy and idle.
func TestEndOfTheSourceEndsPosts(t *testing.T) {
	b := runPosts(t)
	answers := make(chan reply)
	senders := make([]*io.PipeWriter, 3)
	for i := range senders {
		var body *io.PipeReader
		body, senders[i] = io.Pipe()
		go func() { answers <- b.post(body) }()
	}
	for i, s := range senders {
		_, _ = io.WriteString(s, trade("S"+string(rune('A'+i)), 1)+`{"type":"trade","symbol":"CUT","pri`)
	}
	b.until("all have begun", func() bool { return len(b.prices()) == 2*len(senders) })
	busy := make(chan struct{})
	go func() {
		defer close(busy)
		_, _ = io.WriteString(senders[0], `ce":1}`+"\n")
		for {
			if _, err := io.WriteString(senders[0], trade("SA", 2)); err != nil {
				return
			}
		}
	}()
	b.until("one is busy", func() bool { return len(b.prices()) > 100 })
	began := time.Now()
	b.stop()
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the Run ended after %v", took)
	}
	taken := len(b.prices())
	for range senders {
		select {
		case got := <-answers:
			if got.status != http.StatusServiceUnavailable || got.Accepted < 1 || len(got.Rejected) != 0 {
				t.Errorf("%+v", got)
			}
		case <-time.After(patience):
			t.Fatal("a post does not end")
		}
	}
	t.Logf("the last answer came after %v", time.Since(began))
	for _, s := range senders {
		_ = s.Close()
	}
	<-busy
	if got := len(b.prices()); got != taken {
		t.Errorf("%d updates were emitted after the end of the Run", got-taken)
	}
}

func TestPostsAreTakenSideBySide(t *testing.T) {
	b := runPosts(t)
	const senders, each = 8, 200
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			var text strings.Builder
			for i := range each {
				text.WriteString(trade("S"+string(rune('A'+s)), i+1))
			}
			if got := b.post(strings.NewReader(text.String())); got.Accepted != each {
				t.Errorf("%+v", got)
			}
		})
	}
	wg.Wait()
	last := make(map[string]int)
	for _, p := range b.prices() {
		var sym string
		var price int
		if n, _ := fmt.Sscanf(p, "%s %d", &sym, &price); n == 2 {
			if price != last[sym]+1 {
				t.Fatalf("%s: %d after %d", sym, price, last[sym])
			}
			last[sym] = price
		}
	}
	if len(last) != senders || last["SA"] != each {
		t.Errorf("%v", last)
	}
}

// TestSlowMarketSlowsTheSender: what is not read waits on the sender's side.
func TestSlowMarketSlowsTheSender(t *testing.T) {
	b := runPosts(t)
	hold := make(chan struct{})
	b.mu.Lock()
	b.hold = hold
	b.mu.Unlock()
	const lines = 10_000 // more than any buffer between
	line := strings.TrimSuffix(trade("AAA", 1), "}\n") + `,"note":"` + strings.Repeat("x", 1000) + "\"}\n"
	text := strings.Repeat(line, lines)
	body := &countingReader{r: strings.NewReader(text)}
	answer := make(chan reply, 1)
	go func() { answer <- b.post(body) }()
	b.until("the first line came", func() bool { return len(b.prices()) == 1 })
	before := int64(-1)
	b.until("the sender waits", func() bool {
		now := body.count()
		waits := now == before
		before = now
		return waits
	})
	if before >= int64(len(text)) {
		t.Error("everything was read at once")
	}
	close(hold)
	if got := <-answer; got.Accepted != lines {
		t.Errorf("%+v", got)
	}
}

type countingReader struct {
	r  io.Reader
	mu sync.Mutex
	n  int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += int64(n)
	return n, err
}

func (c *countingReader) count() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// TestClientThatHalfClosesGetsItsAnswer although it has promised more.
func TestClientThatHalfClosesGetsItsAnswer(t *testing.T) {
	b := runPosts(t)
	for _, head := range []string{"Content-Length: 1000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n", 1000)} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n%s%s%s", token, head, trade("AAA", 1), `{"type":"tra`)
		_ = conn.(*net.TCPConn).CloseWrite()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got.status != http.StatusOK || got.Accepted != 1 || len(got.Rejected) != 0 {
			t.Errorf("%+v", got)
		}
	}
}

func TestClientThatIsGoneLeavesNothing(t *testing.T) {
	b := runPosts(t)
	body, sender := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	_, _ = io.WriteString(sender, trade("AAA", 1))
	b.until("the line is taken", func() bool { return len(b.prices()) == 2 })
	cancel()
	_ = sender.CloseWithError(io.ErrUnexpectedEOF) // or the client would wait for more
	<-gone
	// What is left would be found by the test's end.
}

func TestConnectionIsUsedAgainAfterAPost(t *testing.T) {
	b := runPosts(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	answers := bufio.NewReader(conn)
	for range 3 {
		line := trade("AAA", 1)
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, len(line), line)
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, resp); got.Accepted != 1 {
			t.Errorf("%+v", got)
		}
	}
}
