package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// become makes a profile, and returns the header that is its cookie.
func (s *server) become() []string {
	s.t.Helper()
	a := s.post("/api/v1/notifications/read", `{"ids":[1]}`).want(s.t, http.StatusOK)
	cookie, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{"Cookie", cookie.Name + "=" + cookie.Value}
}

// sendTo publishes what the operator may send, and returns the answer.
func (s *server) sendTo(body string) answer {
	s.t.Helper()
	return s.post("/send", body, "Authorization", "Bearer "+s.token()).want(s.t, http.StatusAccepted)
}

// TestMessagesGoToThoseForWhomTheyAre: also to who comes back after others have
// had a hundred, more than the server keeps at hand or not.
func TestMessagesGoToThoseForWhomTheyAre(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	one, two := s.become(), s.become()
	streams := map[string]*stream{
		"1": s.open("/events", one...), "2": s.open("/events?symbols=AAA", two...), "nobody": s.open("/events"),
	}
	last := make(map[string]string)
	for name, st := range streams {
		_, ev := st.hello()
		last[name] = ev.ID
	}
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, body := range []string{
		`{"message":"to one","profile":1,"link":"/q/AAA"}`,
		`{"message":"to two","profile":2}`,
		`{"message":"to watchers","symbol":"AAA","watchers":true}`,
		`{"message":"to all","expires":"` + soon + `"}`,
	} {
		s.sendTo(body)
	}
	if body := s.sendTo(`{"message":"to one again","profile":1}`).body; !strings.Contains(body, `"profile":1`) {
		t.Errorf("the answer does not say for whom it is: %s", body)
	}
	want := map[string][]string{
		"1": {"to one", "to all", "to one again"}, "2": {"to two", "to watchers", "to all"}, "nobody": {"to all"},
	}
	for name, st := range streams {
		for _, message := range want[name] {
			ev := st.await("notification")
			n := decode[notification](t, ev)
			if n.Message != message {
				t.Fatalf("%s got %q, want %q", name, n.Message, message)
			}
			if strings.Contains(string(ev.Data), "profile") {
				t.Errorf("for whom it is is on the wire: %s", ev.Data)
			}
			last[name] = ev.ID
		}
		st.close()
	}
	for range 100 {
		s.sendTo(`{"message":"not yours","profile":2}`)
	}
	s.sendTo(`{"message":"yours","profile":1}`)
	for _, message := range []string{"over", "out"} {
		s.sendTo(`{"message":"` + message + `"}`)
	}
	back := s.open("/events", append(one, "Last-Event-ID", last["1"])...)
	if h, ev := back.hello(); !h.Resumed || h.Gap || ev.ID != last["1"] {
		t.Errorf("%+v at %s, want to go on after %s", h, ev.ID, last["1"])
	}
	for _, message := range []string{"yours", "over", "out"} {
		if n := back.notification(); n.Message != message {
			t.Errorf("%q, want %q", n.Message, message)
		}
	}
	var page struct {
		Notifications []notification
		Unread        int
	}
	s.get("/api/v1/notifications?limit=2&before="+strconv.Itoa(107), one...).want(t, http.StatusOK).decode(t, &page)
	if len(page.Notifications) != 2 || page.Notifications[0].Message != "yours" || page.Notifications[1].Message != "to one again" || page.Unread != 6 {
		t.Errorf("the pages skip what is others': %+v", page)
	}
}
