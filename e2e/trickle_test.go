//go:build unix

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tickboard/tickboard/web/sse"
)

// narrow is a dialer whose connections have the smallest of receive buffers.
var narrow = net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096)
	})
	if err != nil {
		return err
	}
	return failed
}}

// trickle takes 8 KB a second.
type trickle struct {
	net.Conn
	due time.Time
}

func (c *trickle) Read(p []byte) (int, error) {
	<-time.After(time.Until(c.due))
	n, err := c.Conn.Read(p[:min(len(p), 512)])
	c.due = time.Now().Add(time.Duration(n) * time.Second / 8192)
	return n, err
}

// TestSlowReaderGetsYoungQuotesOfEverySymbol: a client that takes 8 KB a second
// while 50 symbols move 20 times a second each, some 350 KB a second.
func TestSlowReaderGetsYoungQuotesOfEverySymbol(t *testing.T) {
	t.Parallel()
	const symbols, length = 50, 15 * time.Second
	s := start(t, "--feed", fmt.Sprintf("sim://?count=%d&rate=20&burst=0", symbols))
	var names []string
	for i := range symbols {
		names = append(names, fmt.Sprintf("SIM%04d", i))
	}
	conn, err := narrow.DialContext(t.Context(), "tcp", s.host())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	slow := &trickle{Conn: conn, due: time.Now()}
	if _, err := fmt.Fprintf(conn, "GET /stream?symbols=%s HTTP/1.1\r\nHost: %s\r\n\r\n", strings.Join(names, ","), s.host()); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(slow, 512), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var ages []time.Duration
	var longest time.Duration
	began := time.Now()
	last := make(map[string]time.Time)
	for _, name := range names {
		last[name] = began
	}
	for events := sse.NewReader(res.Body); time.Since(began) < length; {
		ev, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ev.Name != "stock_quote" {
			continue
		}
		var q struct {
			Symbol string
			Time   time.Time
		}
		if err := json.Unmarshal(ev.Data, &q); err != nil {
			t.Fatal(err)
		}
		ages = append(ages, time.Since(q.Time))
		longest = max(longest, time.Since(last[q.Symbol]))
		last[q.Symbol] = time.Now()
	}
	for _, at := range last {
		longest = max(longest, time.Since(at))
	}
	slices.Sort(ages)
	t.Logf("%d quotes; median age %v, oldest %v, longest wait for a symbol %v", len(ages), ages[len(ages)/2], ages[len(ages)-1], longest)
	if median := ages[len(ages)/2]; median > 2*time.Second {
		t.Errorf("median age on arrival %v, want less than 2s", median)
	}
	if longest > 6*time.Second {
		t.Errorf("a symbol did not come for %v, want 6s at most", longest)
	}
}
