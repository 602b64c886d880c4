package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNotificationsResume is the table of what a stream begins with, by the
// number that its client has. The row of numbers that retention has removed is
// with the log's own tests.
func TestNotificationsResume(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	for i := range 5 {
		if n := s.send(fmt.Sprint("number ", i+1)); n.ID != int64(i+1) {
			t.Fatalf("the notification after %d is %d", i, n.ID)
		}
	}
	// A stream without a number begins where the log's reader is, a moment
	// after the answer to the one who sent.
	eventually(t, "the log's reader has them", func() bool { return s.metrics()["tickboard_notifications_newest"] == 5 })
	rows := []struct {
		name    string
		path    string
		header  []string
		id      string
		resumed bool
	}{
		{"no id", "/events?symbols=AAA", nil, "5", false},
		{"in range", "/events?last_event_id=2", nil, "2", true},
		{"in range, by the header", "/events", []string{"Last-Event-ID", "3"}, "3", true},
		{"all of them", "/events?last_event_id=0&symbols=AAA,BTC/USD", nil, "0", true},
		{"newest", "/events?last_event_id=5", nil, "5", true},
		{"beyond the newest", "/events?last_event_id=99", nil, "5", false},
		{"the largest", "/events?last_event_id=9007199254740991", nil, "5", false},
		{"malformed: too large", "/events?last_event_id=9007199254740992", nil, "5", false},
		{"malformed: a word", "/events?last_event_id=abc", nil, "5", false},
		{"malformed: negative", "/events?last_event_id=-1", nil, "5", false},
		{"malformed: a fraction", "/events?last_event_id=1.0", nil, "5", false},
		{"malformed: a sign", "/events?last_event_id=%2B1", nil, "5", false},
		{"malformed: hexadecimal", "/events?last_event_id=0x1", nil, "5", false},
		{"malformed: a NUL", "/events?last_event_id=1%00", nil, "5", false},
		{"empty", "/events?last_event_id=", nil, "5", false},
		{"malformed header", "/events", []string{"Last-Event-ID", "x"}, "5", false},
		{"the header wins", "/events?last_event_id=1", []string{"Last-Event-ID", "4"}, "4", true},
		{"the header wins even malformed", "/events?last_event_id=1", []string{"Last-Event-ID", "?"}, "5", false},
	}
	check := func(t *testing.T, newest int64) {
		streams := make([]*stream, len(rows))
		for i, row := range rows {
			streams[i] = s.open(row.path, row.header...)
			h, ev := streams[i].hello()
			want := row.id
			if !row.resumed {
				want = strconv.FormatInt(newest, 10)
			}
			if ev.ID != want || h.Resumed != row.resumed || h.Gap {
				t.Errorf("%s: begins at %q with %s, want at %q, resumed %v", row.name, ev.ID, ev.Data, want, row.resumed)
			}
		}
		// One more shows where each stream's backlog ends.
		last := s.send("one more").ID
		if last != newest+1 {
			t.Errorf("the notification after %d is %d", newest, last)
		}
		for i, row := range rows {
			first := newest
			if row.resumed {
				first, _ = strconv.ParseInt(row.id, 10, 64)
			}
			for id := first + 1; id <= last; id++ {
				if n := streams[i].notification(); n.ID != id || id <= 5 && n.Message != fmt.Sprint("number ", id) {
					t.Errorf("%s: notification %d %q instead of %d", row.name, n.ID, n.Message, id)
					break
				}
			}
			streams[i].close()
		}
	}
	check(t, 5)
	t.Run("after a stop and a start", func(t *testing.T) {
		s.stop()
		s.restart()
		check(t, 6)
	})
	t.Run("after a kill", func(t *testing.T) {
		s.kill()
		s.restart()
		check(t, 7)
	})
}

// TestStreamThatNeverSawANotificationResumes: the number of an empty log is one
// to come back with.
func TestStreamThatNeverSawANotificationResumes(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	st := s.open("/events")
	_, ev := st.hello()
	if ev.ID != "0" {
		t.Fatalf("an empty log begins at %q", ev.ID)
	}
	st.close()
	for _, message := range []string{"while nobody listens", "and another"} {
		s.send(message)
	}
	s.kill()
	s.restart()
	s.send("after the restart")
	back := s.open("/events", "Last-Event-ID", ev.ID)
	if h, _ := back.hello(); !h.Resumed {
		t.Error("not resumed")
	}
	for _, want := range []string{"while nobody listens", "and another", "after the restart"} {
		if n := back.notification(); n.Message != want {
			t.Errorf("%q, want %q", n.Message, want)
		}
	}
}

// TestQuoteThatIsKnownIsLeftOut: a stream of one symbol that begins again with
// the version it has gets only what is newer.
func TestQuoteThatIsKnownIsLeftOut(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--heartbeat", "100ms")
	version := s.quote("AAA").Version
	have, older := strconv.FormatInt(version, 10), strconv.FormatInt(version-1, 10)
	for _, c := range []struct {
		path    string
		header  []string
		resumed bool
		quote   bool
	}{
		{"/stream/AAA", nil, false, true},
		{"/stream/AAA", []string{"Last-Event-ID", have}, true, false},
		{"/stream/AAA?last_event_id=" + have, nil, true, false},
		{"/stream/AAA", []string{"Last-Event-ID", older}, true, true},
		{"/stream/AAA?last_event_id=" + have, []string{"Last-Event-ID", older}, true, true},
		{"/stream/AAA?last_event_id=" + older, []string{"Last-Event-ID", have}, true, false},
		{"/stream/AAA?last_event_id=" + have, []string{"Last-Event-ID", "no number"}, false, true},
		{"/stream/AAA", []string{"Last-Event-ID", "9007199254740991"}, true, true},
		{"/stream?symbols=AAA", []string{"Last-Event-ID", have}, false, true},
		{"/events?symbols=AAA", []string{"Last-Event-ID", have}, false, true},
	} {
		st := s.open(c.path, c.header...)
		h, _ := st.hello()
		if strings.HasPrefix(c.path, "/stream/") && h.Resumed != c.resumed {
			t.Errorf("%s %v: resumed %v", c.path, c.header, h.Resumed)
		}
		if ev := st.next(); (ev.Name == "stock_quote") != c.quote {
			t.Errorf("%s %v: after hello comes %s %s", c.path, c.header, ev.Name, ev.Data)
		}
		st.close()
	}
}

func TestNotificationsCarryWhatWasSent(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	st, other := s.open("/events"), s.open("/stream/AAA")
	st.hello()
	auth := []string{"Authorization", "Bearer " + s.token()}
	messages := []string{
		"plain", "<script>alert(1)</script> & \"quotes\" 'too'", "two\nlines\tand a tab", "Grüße, 世界 🚀", "data: x\nid: 9\n\nevent: bye",
		strings.Repeat("é", 1000), "a\u2028b\u2029c", "a",
	}
	types := []string{"info", "success", "warning", "error"}
	for i, message := range messages {
		body := fmt.Sprintf(`{"type":%q,"message":%s}`, types[i%4], mustJSON(t, message))
		var stored notification
		s.post("/send", body, auth...).want(t, http.StatusAccepted).decode(t, &stored)
		got := st.notification()
		if got != stored || got.Message != message || got.Type != types[i%4] || got.ID != int64(i+1) || got.Time.IsZero() {
			t.Errorf("sent %q; answered %+v; came %+v", message, stored, got)
		}
	}
	var list struct {
		Notifications []notification
		LastID        int64 `json:"last_id"`
	}
	s.get("/api/v1/notifications").decode(t, &list)
	slices.Reverse(list.Notifications)
	for i, n := range list.Notifications {
		if n.Message != messages[i] {
			t.Errorf("the list has %q, want %q", n.Message, messages[i])
		}
	}
	if list.LastID != int64(len(messages)) || len(list.Notifications) != len(messages) {
		t.Errorf("%d of %d, last %d", len(list.Notifications), len(messages), list.LastID)
	}
	// A stream of quotes has none of them.
	other.hello()
	if ev := other.next(); ev.Name != "stock_quote" {
		t.Errorf("/stream/AAA brings %s", ev.Name)
	}
}
