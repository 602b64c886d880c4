package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stopLimit is what a stop may take with a thousand streams and a running feed.
const stopLimit = 2 * time.Second

// line is a stream on a bare connection, for where there are many: what it
// received is kept to its last bytes.
type line struct {
	conn   net.Conn
	quotes atomic.Int64
	tail   []byte // read by others when ended
	err    error
}

// follow opens a stream and reads it to its end.
func (s *server) follow(path string, ended *sync.WaitGroup) (*line, error) {
	conn, err := net.DialTimeout("tcp", s.host(), patience)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, s.host()); err != nil {
		return nil, err
	}
	l := &line{conn: conn}
	ended.Go(func() {
		defer func() { _ = conn.Close() }()
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			l.quotes.Add(int64(bytes.Count(buf[:n], []byte("event: stock_quote"))))
			l.tail = append(l.tail, buf[:n]...)
			l.tail = bytes.Clone(l.tail[max(0, len(l.tail)-512):])
			if err != nil {
				l.err = err
				return
			}
		}
	})
	return l, nil
}

var goodbye = regexp.MustCompile(`retry: (\d+)\r?\nevent: bye\r?\ndata: {"reason":"drain"}\r?\n\r?\n`)

// TestStopSaysGoodbyeToAThousandStreams while the feed runs, quotes flow and
// notifications are sent.
func TestStopSaysGoodbyeToAThousandStreams(t *testing.T) {
	const streams = 1000
	s := start(t)
	var ended sync.WaitGroup
	lines := make([]*line, streams)
	for i := range lines {
		path := []string{"/events?symbols=AAPL,MSFT,BTC/USD", "/stream/AAPL", "/stream?symbols=PETR4,VALE3", "/events"}[i%4]
		var err error
		if lines[i], err = s.follow(path, &ended); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = lines[i].conn.Close() })
	}
	eventually(t, "every stream has its quotes", func() bool {
		for i, l := range lines {
			if i%4 != 3 && l.quotes.Load() < 2 {
				return false
			}
		}
		return s.metrics()["tickboard_streams"] == streams
	})
	took := s.stop()
	t.Logf("stopped with %d streams within %v", streams, took)
	if took > stopLimit {
		t.Errorf("the stop took %v, more than %v", took, stopLimit)
	}
	ended.Wait()
	retries := make(map[string]bool)
	missing := 0
	for _, l := range lines {
		m := goodbye.FindSubmatch(l.tail)
		if m == nil || !errors.Is(l.err, io.EOF) {
			if missing++; missing < 5 {
				t.Errorf("no goodbye but %v after %q", l.err, l.tail)
			}
			continue
		}
		retries[string(m[1])] = true
	}
	if missing > 0 {
		t.Errorf("%d of %d streams had no goodbye", missing, streams)
	}
	if len(retries) < streams/10 {
		t.Errorf("only %d different retries: they come back in a stampede", len(retries))
	}
}

// TestStopLosesNoAcknowledgedNotification: what was answered is in the log,
// what was not may be.
func TestStopLosesNoAcknowledgedNotification(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	token := s.token()
	var mu sync.Mutex
	acknowledged := make(map[string]int64)
	var senders sync.WaitGroup
	for sender := range 8 {
		senders.Go(func() {
			for i := 0; ; i++ {
				message := fmt.Sprintf("%d of %d", i, sender)
				a, err := try("POST", s.URL+"/send", `{"message":`+fmt.Sprintf("%q", message)+`}`, "Content-Type", "application/json", "Authorization", "Bearer "+token)
				if err != nil || a.status != http.StatusAccepted {
					return
				}
				var n notification
				a.decode(t, &n)
				mu.Lock()
				acknowledged[message] = n.ID
				mu.Unlock()
			}
		})
	}
	eventually(t, "they send", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged) > 50
	})
	if took := s.stop(); took > stopLimit {
		t.Errorf("the stop took %v", took)
	}
	senders.Wait()
	s.restart()
	log := s.log()
	for message, id := range acknowledged {
		if id < 1 || id > int64(len(log)) || log[id-1].Message != message {
			t.Errorf("%q was acknowledged as %d and is not in the log of %d", message, id, len(log))
		}
	}
	t.Logf("%d acknowledged, %d in the log", len(acknowledged), len(log))
}

// log reads all notifications, oldest first, page by page.
func (s *server) log() []notification {
	s.t.Helper()
	var all []notification
	for before := int64(1 << 62); ; {
		var page struct{ Notifications []notification }
		s.get(fmt.Sprintf("/api/v1/notifications?limit=200&before=%d", before)).want(s.t, http.StatusOK).decode(s.t, &page)
		if len(page.Notifications) == 0 {
			break
		}
		all = append(all, page.Notifications...)
		before = page.Notifications[len(page.Notifications)-1].ID
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	for i, n := range all {
		if n.ID != int64(i+1) {
			s.t.Fatalf("the log has %d at place %d", n.ID, i+1)
		}
	}
	return all
}

// TestSecondSignalKills where a stop is held up, here by a client that does not
// take its goodbye.
func TestSecondSignalKills(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=500&burst=0", "--max-rate", "50")
	conn := s.deaf("/events?symbols=" + manySymbols)
	defer func() { _ = conn.Close() }()
	s.awaitStuck()
	began := time.Now()
	s.process.signal(syscall.SIGTERM)
	s.process.stderr.wait(t, s.process, regexp.MustCompile("msg=stopping"))
	s.process.signal(syscall.SIGINT)
	// A stop that was through before the second signal came is as good.
	if status := s.process.wait(t); status != -1 && !strings.Contains(s.process.stderr.String(), "msg=stopped") {
		t.Errorf("exit status %d instead of a death by the signal", status)
	}
	if took := time.Since(began); took > stopLimit {
		t.Errorf("the second signal took %v", took)
	}
	s.restart() // and nothing is broken
	s.get("/healthz").want(t, http.StatusOK)
}
