package e2e

import (
	"fmt"
	"net"
	"slices"
	"testing"
	"time"
)

// manySymbols are enough for a stream to fill every buffer on its way.
const manySymbols = "AAPL,MSFT,NVDA,GOOGL,AMZN,META,TSLA,JPM,PETR4,VALE3,ITUB4,BTC/USD,ETH/USD"

// deaf opens a stream and never reads a byte of it.
func (s *server) deaf(path string) net.Conn {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.host(), patience)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		s.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, s.host()); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// awaitStuck waits until the one stream that is open writes nothing any more.
func (s *server) awaitStuck() {
	s.t.Helper()
	var turns float64
	var since time.Time
	eventually(s.t, "the deaf client's stream is stuck", func() bool {
		if now := s.metrics()["tickboard_writes_total"]; now != turns {
			turns, since = now, time.Now()
		}
		return turns > 0 && time.Since(since) > 300*time.Millisecond
	})
}

// TestDeafClientsHarmNobody: they cost no memory, delay no other, and are
// dropped when they have taken nothing for --write-timeout.
func TestDeafClientsHarmNobody(t *testing.T) {
	s := start(t, "--feed", "sim://?rate=100&burst=0", "--write-timeout", "2s", "--max-rate", "50")
	// Warm: what the program allocates anyway is allocated.
	healthy := s.open("/stream/AAPL?max_rate=20")
	healthy.hello()
	gaps := func(n int) (median, worst time.Duration) {
		all := make([]time.Duration, n)
		for last := time.Now(); n > 0; n-- {
			healthy.quote()
			now := time.Now()
			all[n-1], last = now.Sub(last), now
		}
		slices.Sort(all)
		return all[len(all)/2], all[len(all)-1]
	}
	gaps(10)
	before := s.metrics()
	const deaf = 20
	for range deaf {
		conn := s.deaf("/events?symbols=" + manySymbols)
		t.Cleanup(func() { _ = conn.Close() })
	}
	eventually(t, "they are connected", func() bool { return s.metrics()["tickboard_streams"] == deaf+1 })
	began := time.Now()
	median, worst := gaps(40)
	// 20 a second is 50 ms; a stream that another holds up waits for its timeout.
	if median > 150*time.Millisecond || worst >= 2*time.Second {
		t.Errorf("beside deaf clients quotes come every %v, %v at worst, instead of every 50ms", median, worst)
	}
	during := s.metrics() // the deaf are stuck now
	const timedOut = `tickboard_streams_ended_total{reason="write_timeout"}`
	eventually(t, "the deaf are dropped", func() bool { return s.metrics()[timedOut] == deaf })
	after := s.metrics()
	grown := func(figure string) float64 { return (max(during[figure], after[figure]) - before[figure]) / (1 << 20) }
	resident, heap := grown("process_resident_memory_bytes"), grown("go_memstats_heap_inuse_bytes")
	t.Logf("quotes every %v, %v at worst; the deaf dropped after %v; resident memory grew by %.1f MB, the heap by %.1f MB", median, worst, time.Since(began), resident, heap)
	limit := 6.0
	if raceEnabled {
		limit = 40 // the detector's own memory counts too
	}
	if resident > limit || heap > 6 {
		t.Errorf("memory grew by %.1f MB, the heap by %.1f MB, over %d clients that take nothing", resident, heap, deaf)
	}
	if after["tickboard_streams"] != 1 {
		t.Errorf("%v streams are open", after["tickboard_streams"])
	}
	gaps(5)
}
