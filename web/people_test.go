package web

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
	"github.com/tickboard/tickboard/web/sse"
)

// openPersonal opens the page's stream as the one whose cookie it is.
func (s *testServer) openPersonal(t *testing.T, cookie string) (*content, *rings) {
	t.Helper()
	c, _ := s.request("Cookie", "tickboard="+cookie)
	who, err := s.follower(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.open(t, contentOptions{kind: pageStream, rate: 10, caller: who})
}

// versionsIn are those that a turn tells, all of a profile's; it fails where it
// tells none.
func versionsIn(t *testing.T, c *content) (v profile.Versions) {
	t.Helper()
	frames, err := c.Take(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames {
		event, err := sse.NewReader(strings.NewReader(string(frame))).Next()
		if err != nil {
			t.Fatal(err)
		}
		if event.Name == "profile" {
			if err := json.Unmarshal(event.Data, &v); err != nil || event.ID != "" {
				t.Errorf("%s: %v", frame, err)
			}
			c.Wrote(len(frames), time.Now(), false)
			return v
		}
	}
	t.Fatalf("no versions in %q", frames)
	return v
}

func (s *testServer) addList(t *testing.T, id profile.ID) {
	t.Helper()
	if _, err := s.store.AddList(t.Context(), id, profile.List{Name: "List", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// runPeople runs the look for changes until the test ends.
func (s *testServer) runPeople(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.people.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func TestVersionsFollowTheHelloAndEveryChange(t *testing.T) {
	s := newServer(t)
	s.publish("A", 1)
	id, cookie := s.become(t)
	s.addList(t, id)
	c, rings := s.openPersonal(t, cookie.Value)
	nobody, _ := s.openContent(t, pageStream, "")
	s.runPeople(t)
	want(t, take(t, nobody), "hello id=0")
	want(t, take(t, c), "hello id=0", "profile")
	c.Wrote(1, time.Now(), false)
	want(t, take(t, c), "profile")
	c.Wrote(0, time.Now(), false)
	if v := versionsIn(t, c); v != (profile.Versions{Lists: 1}) {
		t.Errorf("%+v", v)
	}
	want(t, take(t, c))
	s.addList(t, id)
	s.profileChanged(id)
	<-rings.urgent
	if v := versionsIn(t, c); v != (profile.Versions{Lists: 2}) {
		t.Errorf("%+v", v)
	}
	want(t, take(t, c))
}

func TestWhatAnotherProcessChangesIsToldWithoutAHint(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	c, rings := s.openPersonal(t, cookie.Value)
	versionsIn(t, c)
	s.runPeople(t)
	other, err := store.Open(t.Context(), s.store.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := other.AddList(t.Context(), id, profile.List{Name: "List", Created: time.Now()}); err != nil {
		t.Fatal(err)
	}
	<-rings.urgent
	if v := versionsIn(t, c); v != (profile.Versions{Lists: 1}) {
		t.Errorf("%+v", v)
	}
}

// TestAChangeWhileAStreamBeginsIsTold: the caller is looked up, then something
// changes and others are told of it, then the stream begins.
func TestAChangeWhileAStreamBeginsIsTold(t *testing.T) {
	for name, others := range map[string]bool{"with another stream": true, "the first stream": false} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			id, cookie := s.become(t)
			if others {
				s.openPersonal(t, cookie.Value)
			}
			ctx, _ := s.request("Cookie", "tickboard="+cookie.Value)
			who, err := s.follower(ctx)
			if err != nil {
				t.Fatal(err)
			}
			s.addList(t, id)
			if others {
				if err := s.people.look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			c, _ := s.open(t, contentOptions{kind: pageStream, rate: 10, caller: who})
			if !others {
				if err := s.people.look(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if v := versionsIn(t, c); v != (profile.Versions{Lists: 1}) {
				t.Errorf("%+v", v)
			}
		})
	}
}

func TestStreamsOfAProfileThatIsGoneEnd(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	_, rings := s.openPersonal(t, cookie.Value)
	if err := s.store.DeleteProfile(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := s.people.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reason := <-rings.ended; reason != "profile" {
		t.Error(reason)
	}
}

func TestAStreamWithoutItsCallerHasQuotesAloneUntilTheDatabaseAnswers(t *testing.T) {
	s := newServer(t)
	s.publish("A", 1)
	_, cookie := s.become(t)
	whole := s.Profiles
	s.Profiles, s.people.store = away{}, away{}
	ctx, _ := s.request("Cookie", "tickboard="+cookie.Value)
	who, err := s.follower(ctx)
	if err != nil || !who.away {
		t.Fatalf("%+v, %v", who, err)
	}
	syms := []quotes.Symbol{quotes.MustSymbol("A")}
	c, rings := s.open(t, contentOptions{kind: pageStream, symbols: syms, known: syms, rate: 10, caller: who})
	send(t, s, "one")
	if err := s.Log.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, take(t, c), "hello id=0", "A@1")
	s.people.store = whole
	if err := s.people.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reason := <-rings.ended; reason != "profile" {
		t.Error(reason)
	}
}

func TestSymbolsOnTheCallersListsAreWatched(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	a, b := quotes.MustSymbol("A"), quotes.MustSymbol("B")
	l, err := s.store.AddList(t.Context(), id, profile.List{Name: "List", Symbols: []quotes.Symbol{a}, Created: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	c, _ := s.openPersonal(t, cookie.Value)
	nobody, _ := s.openContent(t, pageStream, "B")
	if !c.watches(a) || c.watches(b) || nobody.watches(a) || !nobody.watches(b) {
		t.Error("a list counts for another, or does not count")
	}
	if _, err := s.store.EditList(t.Context(), id, l.ID, profile.Edit{Add: []quotes.Symbol{b}, Remove: []quotes.Symbol{a}}, 10); err != nil {
		t.Fatal(err)
	}
	if err := s.people.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.watches(a) || !c.watches(b) {
		t.Error("a change of the list does not count")
	}
}

func TestOfARemovedDeviceTheStreamEnds(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	other := profile.NewSecret()
	k, _ := profile.SecretKey(other)
	if err := s.store.AddCode(t.Context(), id, "code", time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Move(t.Context(), "code", k, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	_, stays := s.openPersonal(t, cookie.Value)
	_, ends := s.openPersonal(t, other)
	if err := s.store.RemoveDevice(t.Context(), id, k.Device()); err != nil {
		t.Fatal(err)
	}
	if err := s.people.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-ends.ended
	<-stays.urgent
	if len(stays.ended) > 0 {
		t.Error("the other device's stream ends too")
	}
}

func TestNobodyIsRememberedOfStreamsThatHaveEnded(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	c, _ := s.openPersonal(t, cookie.Value)
	if !s.people.follows(id) {
		t.Error("the stream is not known")
	}
	s.people.leave(c.personal)
	if s.people.follows(id) || s.people.followed() {
		t.Error("the stream is not forgotten")
	}
}
