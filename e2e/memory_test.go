package e2e

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// TestWaitingStreamOverHTTP2HasASmallStack: Go gives half of a stack back where
// less than a quarter is in use. 8 KB instead of 4 would be a quarter of all that
// such a stream takes.
func TestWaitingStreamOverHTTP2HasASmallStack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("streams keep their handler's whole stack on this system")
	}
	const streams, least = 200, 4 << 10
	p := newPair(t, "quotes.example.com")
	s := startStillTLS(t, p, "--heartbeat", "1h")
	client, _ := p.browser(2)
	profile := func(query string) string {
		t.Helper()
		a, err := try(http.MethodGet, s.AdminURL+"/debug/pprof/"+query, "")
		if err != nil {
			t.Fatal(err)
		}
		a.want(t, http.StatusOK)
		return a.body
	}
	// stacks is what is left when each was halved as often as may be.
	stacks := func() float64 {
		t.Helper()
		for range 3 {
			profile("heap?gc=1")
		}
		return s.metrics()["go_memstats_stack_inuse_bytes"]
	}
	s.openBy(client, "/stream/AAA").hello()
	before := stacks()
	for range streams {
		s.openBy(client, "/stream/AAA").hello()
	}

	waiting := 0
	for text := range strings.SplitSeq(profile("goroutine?debug=1"), "\n\n") {
		if strings.Contains(text, "web/sse.") && strings.Contains(text, "http2") {
			waiting++
			if strings.Contains(text, "/echo/") || strings.Contains(text, "/web.") {
				t.Errorf("what has returned for other requests still waits for the stream:\n%s", text)
			}
		}
	}
	if waiting == 0 {
		t.Error("no goroutine of a stream was found")
	}
	if raceEnabled {
		t.Skip("the race detector takes more of a stack")
	}
	if each := (stacks() - before) / streams; each > 1.5*least {
		t.Errorf("the stack of a stream has %.0f bytes, want %d: what waits in web/sse or in net/http has more on it", each, least)
	}
}
