package e2e

import (
	"net/http"
	"testing"
	"time"
)

// profileEvent reads the next versions on a stream.
func (st *stream) versions() versions {
	st.t.Helper()
	return decode[versions](st.t, st.await("profile"))
}

func TestOpenTabsHearOfEveryChange(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	anonymous := s.open("/events?symbols=AAA")
	anonymous.hello()
	l := d.addList("Tech")
	tabs := []*stream{s.open("/events?symbols=AAA&max_rate=0.1", "Cookie", d.cookie), s.open("/events", "Cookie", d.cookie)}
	for _, st := range tabs {
		st.hello()
		if ev := st.next(); ev.Name != "profile" || ev.ID != "" || decode[versions](t, ev) != (versions{Lists: 1}) {
			t.Errorf("%s %s follows the hello", ev.Name, ev.Data)
		}
	}
	for i, change := range []func(){
		func() { d.ask(http.MethodPost, l.path()+"/symbols", `{"add":["AAA"]}`).want(t, http.StatusOK) },
		func() { d.ask(http.MethodPatch, "/api/v1/profile", `{"settings":{"a":1}}`).want(t, http.StatusOK) },
		func() { d.ask(http.MethodDelete, l.path(), "").want(t, http.StatusOK) },
	} {
		change()
		began := time.Now()
		want := []versions{{Lists: 2}, {Lists: 2, Settings: 1}, {Lists: 3, Settings: 1}}[i]
		for _, st := range tabs {
			if got := st.versions(); got != want {
				t.Errorf("%d: %+v, want %+v", i, got, want)
			}
		}
		if took := time.Since(began); took > 250*time.Millisecond && !raceEnabled {
			t.Errorf("%d: it took %s", i, took)
		}
	}
	s.send("last")
	for {
		ev := anonymous.next()
		if ev.Name == "profile" {
			t.Error("a stream of nobody's tells versions")
		}
		if ev.Name == "notification" {
			break
		}
	}
}

// TestTabsOfAnotherProcessHearOfEveryChange: within a second or so.
func TestTabsOfAnotherProcessHearOfEveryChange(t *testing.T) {
	t.Parallel()
	_, nodes := onPostgres(t, "--symbols", "AAA", "--feed", still(t))
	here, there := nodes[0].device(), nodes[1].device()
	here.addList("Tech")
	there.cookie = here.cookie
	there.wantLists("Tech:")
	st := nodes[1].open("/events", "Cookie", here.cookie)
	if v := st.versions(); v != (versions{Lists: 1}) {
		t.Errorf("%+v", v)
	}
	began := time.Now()
	here.addList("More")
	if v := st.versions(); v != (versions{Lists: 2}) {
		t.Errorf("%+v", v)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
	here.ask(http.MethodDelete, "/api/v1/profile", "").want(t, http.StatusNoContent)
	st.await("bye")
}
