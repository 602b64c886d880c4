package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// metrics reads the figures by their names, labels included.
func (s *server) metrics() map[string]float64 {
	s.t.Helper()
	a, err := try(http.MethodGet, s.AdminURL+"/metrics", "")
	if err != nil {
		s.t.Fatal(err)
	}
	a.want(s.t, http.StatusOK)
	figures := make(map[string]float64)
	for line := range strings.Lines(a.body) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			name += "}"
		} else {
			name, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		if strings.HasPrefix(name, "#") {
			continue
		}
		if figures[name], err = strconv.ParseFloat(value, 64); err != nil {
			s.t.Fatalf("/metrics: %q", line)
		}
	}
	return figures
}

func TestMetricsMove(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?rate=50", "--heartbeat", "100ms")
	before := s.metrics()
	st, silent := s.open("/events?symbols=AAPL,MSFT"), s.open("/events")
	st.hello()
	for range 10 {
		st.quote()
	}
	silent.await("heartbeat")
	s.send("hello")
	st.notification()
	during := s.metrics()
	for name, least := range map[string]float64{
		"tickboard_streams":                                         2,
		"tickboard_streams_opened_total":                            2,
		"tickboard_events_written_total":                            12,
		"tickboard_bytes_written_total":                             3000,
		"tickboard_writes_total":                                    5,
		"tickboard_heartbeats_written_total":                        1,
		"tickboard_quotes_published_total":                          100,
		"tickboard_notifications_sent_total":                        1,
		"tickboard_notifications_newest":                            1,
		"tickboard_feed_to_write_seconds_count":                     5,
		`tickboard_feed_to_write_seconds_bucket{le="+Inf"}`:         5,
		`tickboard_feed_updates_total{feed="sim",outcome="merged"}`: 100,
		`tickboard_feed_messages_total{feed="sim"}`:                 100,
	} {
		if got := during[name] - before[name]; got < least {
			t.Errorf("%s grew by %v, want %v at least", name, got, least)
		}
	}
	for name, want := range map[string]float64{
		`tickboard_feed_running{feed="sim"}`:               1,
		`tickboard_feed_state{feed="sim",state="running"}`: 1,
		`tickboard_feed_state{feed="sim",state="waiting"}`: 0,
		`tickboard_feed_subscriptions_asked{feed="sim"}`:   0,
		"tickboard_notifications_send_errors_total":        0,
		`tickboard_feed_restarts_total{feed="sim"}`:        0,
		"tickboard_notifications_read_errors_total":        0,
	} {
		if got, ok := during[name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"tickboard_build_info{", "tickboard_quotes_conflated_total", "tickboard_symbols", "go_goroutines", "process_resident_memory_bytes"} {
		found := false
		for have := range during {
			found = found || strings.HasPrefix(have, name)
		}
		if !found {
			t.Errorf("there is no %s", name)
		}
	}
	st.close()
	silent.close()
	eventually(t, "the streams' ends are counted", func() bool {
		now := s.metrics()
		return now["tickboard_streams"] == 0 && now[`tickboard_streams_ended_total{reason="gone"}`] == 2
	})
}

func TestHealthAndReadiness(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, url := range []string{s.URL, s.AdminURL} {
		if a, err := try(http.MethodGet, url+"/healthz", ""); err != nil || a.status != http.StatusOK || !strings.Contains(a.body, `"ok"`) {
			t.Errorf("%+v %v", a, err)
		}
		a, err := try(http.MethodGet, url+"/readyz", "")
		if err != nil {
			t.Fatal(err)
		}
		var ready struct {
			Status string
			Feeds  []struct {
				Name, State, Timeliness string
				Symbols                 int
			}
		}
		a.want(t, http.StatusOK).decode(t, &ready)
		if ready.Status != "ready" || len(ready.Feeds) != 1 || ready.Feeds[0].Name != "sim" || ready.Feeds[0].State != "running" || ready.Feeds[0].Symbols < 56 {
			t.Errorf("%+v", ready)
		}
	}
}

// TestFeedThatFailsIsToldAndDoesNotCount: one vendor's outage takes no node out.
func TestFeedThatFailsIsToldAndDoesNotCount(t *testing.T) {
	t.Parallel()
	bad := recording(t, "max", "2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,", "2024-08-09T10:00:01Z,AAA,nothing,141.50,100,,,,")
	s := start(t, "--feed", bad, "--feed", "sim://")
	eventually(t, "the feed has failed", func() bool { return strings.Contains(s.get("/readyz").body, `"state":"failed"`) })
	a := s.get("/readyz").want(t, http.StatusOK)
	if !strings.Contains(a.body, "recording.csv") || !strings.Contains(a.body, "nothing") {
		t.Errorf("readyz does not say why: %s", a.body)
	}
	s.open("/stream/AAPL").quote()
}
