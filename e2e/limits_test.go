package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// visit opens a stream as a proxy on this machine does for a client.
func (s *server) visit(forwarded string) *stream {
	s.t.Helper()
	return s.open("/stream/AAA", "X-Forwarded-For", forwarded)
}

// busy reads the first event, and returns the reason for which there is no stream.
func (st *stream) busy() string {
	st.t.Helper()
	ev := st.next()
	if ev.Name != "busy" || ev.ID != "" || ev.Retry < 10*time.Second || ev.Retry > 30*time.Second {
		st.t.Errorf("%s: %s %q %s, retry %v", st.path, ev.Name, ev.ID, ev.Data, ev.Retry)
	}
	st.ended()
	return decode[struct{ Reason string }](st.t, ev).Reason
}

func TestAddressHasItsShareOfStreams(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--max-streams-per-address", "2", "--trusted-proxies", "loopback", "--log-level", "debug")
	first, second := s.visit("203.0.113.5"), s.visit("203.0.113.5")
	first.hello()
	second.hello()
	for _, forged := range []string{"203.0.113.5", "198.51.100.1, 203.0.113.5", "127.0.0.1,203.0.113.5", "nonsense, 203.0.113.5"} {
		if reason := s.visit(forged).busy(); reason != "address_limit" {
			t.Errorf("%s: %s", forged, reason)
		}
	}
	for _, other := range []string{"203.0.113.6", "2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1", "10.0.0.1", "10.0.0.1", "10.0.0.1", "127.0.0.1", "::1"} {
		s.visit(other).hello()
	}
	if reason := s.visit("2001:db8:0:1:ffff::").busy(); reason != "address_limit" {
		t.Error(reason)
	}
	for range 4 {
		s.open("/events").hello() // from this machine itself
	}
	got := s.metrics()
	for name, want := range map[string]float64{
		`tickboard_streams_refused_total{reason="address_limit"}`: 5,
		`tickboard_streams_refused_total{reason="rate_limit"}`:    0,
		`tickboard_streams_refused_total{reason="limit"}`:         0,
		"tickboard_streams_per_address_limit":                     2,
		"tickboard_streams_per_second_limit":                      0,
		"tickboard_stream_addresses":                              4,
		"tickboard_streams":                                       15,
	} {
		if have, ok := got[name]; !ok || have != want {
			t.Errorf("%s is %v, want %v", name, have, want)
		}
	}
	first.close()
	eventually(t, "the stream has ended", func() bool { return s.metrics()["tickboard_streams"] == 14 })
	s.visit("203.0.113.5").hello()
	if log := s.process.stderr.String(); !strings.Contains(log, "remote=203.0.113.5 reason=gone") {
		t.Errorf("the log does not name the client:\n%s", tail(log, 5))
	}
}

func TestForwardedHeadersOfAnybodyElseAreIgnored(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--max-streams-per-address", "1", "--trusted-proxies", "192.0.2.1", "--log-level", "debug")
	for range 3 {
		s.visit("203.0.113.5").hello() // one of this machine, whatever it says
	}
	a := s.get("/healthz", "X-Forwarded-For", "203.0.113.5", "X-Forwarded-Proto", "https", "Forwarded", "for=203.0.113.5;proto=https", "X-Real-IP", "203.0.113.5")
	if got := a.header.Get("Strict-Transport-Security"); got != "" {
		t.Errorf("Strict-Transport-Security: %s", got)
	}
	if log := s.process.stderr.String(); strings.Contains(log, "203.0.113.5") || !strings.Contains(log, "remote=127.0.0.1") {
		t.Errorf("the log believes a header:\n%s", tail(log, 5))
	}
	trusting := startStill(t, "--trusted-proxies", "loopback")
	for proto, want := range map[string]string{"https": "max-age=31536000", "http": "", "": ""} {
		if got := trusting.get("/healthz", "X-Forwarded-Proto", proto).header.Get("Strict-Transport-Security"); got != want {
			t.Errorf("%q: Strict-Transport-Security: %q", proto, got)
		}
	}
}

func TestStreamsThatComeTooFastAreToldToComeBack(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--max-streams-per-second", "3")
	refused := 0
	for began := time.Now(); refused == 0; {
		st := s.open("/events")
		if ev := st.next(); ev.Name == "busy" {
			refused++
			if string(ev.Data) != `{"reason":"rate_limit"}` {
				t.Errorf("%s", ev.Data)
			}
			if opened := s.metrics()["tickboard_streams_opened_total"]; opened < 3 || opened > 3+3*time.Since(began).Seconds() {
				t.Errorf("%v were opened", opened)
			}
		}
		st.close()
		if time.Since(began) > patience {
			t.Fatal("none was refused")
		}
	}
	eventually(t, "a stream is opened again", func() bool {
		st := s.open("/events")
		defer st.close()
		return st.next().Name == "hello"
	})
}

// withDescriptors starts the program where it may open so many files.
func withDescriptors(t *testing.T, n int, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	script := filepath.Join(dir, "limited")
	text := fmt.Sprintf("#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n", n, binary)
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return spawnCommand(t, nil, script, append([]string{"--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", filepath.Join(dir, "data")}, args...)...)
}

func TestLimitOfStreamsFollowsTheFileDescriptorsAndSaysSo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says []string
		not  string
	}{
		{nil, []string{"max_streams=300 ", `max_streams_because="400 file descriptors (ulimit -n), 100 `}, "WARN"},
		{[]string{"--max-streams", "300"}, []string{"max_streams=300 ", "max_streams_because=given"}, "WARN"},
		{[]string{"--max-streams", "301"}, []string{"max_streams=301 ", "WARN", "--max-streams 301", "400 file descriptors", "ulimit -n 401"}, "max_streams=300"},
	} {
		p := withDescriptors(t, 400, c.args...)
		p.stdout.wait(t, p, served)
		p.stderr.wait(t, p, started)
		log := p.stderr.String()
		for _, word := range c.says {
			if !strings.Contains(log, word) {
				t.Errorf("%v: the log does not say %s\n%s", c.args, word, log)
			}
		}
		if strings.Contains(log, c.not) {
			t.Errorf("%v: the log says %s\n%s", c.args, c.not, log)
		}
	}
}
