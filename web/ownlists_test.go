package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// keep stores a list of a profile's.
func (s *testServer) keep(t *testing.T, id profile.ID, name string, symbols ...string) profile.List {
	t.Helper()
	l := profile.List{Name: name, Created: time.Now()}
	for _, sym := range symbols {
		l.Symbols = append(l.Symbols, quotes.MustSymbol(sym))
	}
	stored, err := s.store.AddList(t.Context(), id, l)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// shows is which list the dashboard shows at an address, by whose cookie.
func (s *testServer) shows(t *testing.T, query string, cookie *http.Cookie) (shown, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost/?"+query, nil)
	if cookie != nil {
		r.AddCookie(cookie)
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return s.listShown(s.newEcho().NewContext(r, httptest.NewRecorder()), values)
}

func TestTheDashboardShowsTheListThatItsAddressMeans(t *testing.T) {
	s := newServer(t)
	s.FirstSymbols = []quotes.Symbol{quotes.MustSymbol("E")}
	id, cookie := s.become(t)
	s.keep(t, id, "One", "A", "B") // 1
	s.keep(t, id, "Two", "C")      // 2
	s.keep(t, id, "Empty")         // 3
	stranger, other := s.become(t)
	s.keep(t, stranger, "Theirs", "D") // 4
	_, empty := s.become(t)
	for _, c := range []struct {
		name, query string
		who         *http.Cookie
		symbols     string
		list        int64
		foreign     bool
	}{
		{"nothing named", "", cookie, "A,B", 1, false},
		{"by its number", "list=2", cookie, "C", 2, false},
		{"an empty one", "list=3", cookie, "", 3, false},
		{"as it is now, whatever the address knows", "list=1&symbols=A", cookie, "A,B", 1, false},
		{"by its symbols", "symbols=C", cookie, "C", 2, false},
		{"by its symbols, in their order", "symbols=B,A", cookie, "B,A", 0, true},
		{"by its symbols, from before it had a number", "list=-1&symbols=A,B", cookie, "A,B", 1, false},
		{"no list of the viewer's", "symbols=D", cookie, "D", 0, true},
		{"one that is gone", "list=99", cookie, "A,B", 1, false},
		{"one that is gone, with its symbols", "list=99&symbols=E", cookie, "E", 0, true},
		{"another's", "list=4", cookie, "A,B", 1, false},
		{"another's, with its symbols", "list=4&symbols=D", cookie, "D", 0, true},
		{"the owner's", "list=4&symbols=A", other, "D", 4, false},
		{"no number", "list=x", cookie, "A,B", 1, false},
		{"a first visit", "", nil, "E", 0, false},
		{"a first visit by a link", "list=1&symbols=A", nil, "A", 0, false},
		{"somebody without lists", "", empty, "E", 0, false},
		{"somebody without lists, by a link", "symbols=A", empty, "A", 0, false},
		{"no symbols asked for", "symbols=", nil, "", 0, false},
	} {
		got, err := s.shows(t, c.query, c.who)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		text := ""
		for i, sym := range got.symbols {
			if i > 0 {
				text += ","
			}
			text += sym.String()
		}
		if text != c.symbols || got.own.ListID != c.list || got.own.Foreign != c.foreign || got.own.ListsAway {
			t.Errorf("%s: %q of the list %d, foreign %t; want %q of %d, %t", c.name, text, got.own.ListID, got.own.Foreign, c.symbols, c.list, c.foreign)
		}
	}
	got, err := s.shows(t, "", cookie)
	want := views.OwnLists{ListID: 1, Lists: []views.ListName{{ID: 1, Name: "One"}, {ID: 2, Name: "Two"}, {ID: 3, Name: "Empty"}}, ListsVersion: 3}
	if diff := cmp.Diff(want, got.own); err != nil || diff != "" {
		t.Errorf("%v, what the page says of them (-want +got):\n%s", err, diff)
	}
	if _, err := s.shows(t, "symbols=$", cookie); status(err) != http.StatusBadRequest && asProblem(err).Status != http.StatusBadRequest {
		t.Errorf("no symbol: %v", err)
	}
}

// unlisted is a database that fails between who asks and their lists.
type unlisted struct{ profile.Store }

func (unlisted) Lists(context.Context, profile.ID) ([]profile.List, int64, error) {
	return nil, 0, errors.New("corrupt")
}

// TestTheDashboardIsThereWithoutTheLists: while the database is away nothing that is
// changed is taken for a change of a list.
func TestTheDashboardIsThereWithoutTheLists(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	s.keep(t, id, "One", "A")
	for _, broken := range []profile.Store{away{s.store}, unlisted{s.store}} {
		s.Profiles = broken
		for query, first := range map[string]string{"": "A", "symbols=B": "B", "list=1": "A"} {
			got, err := s.shows(t, query, cookie)
			if err != nil || !got.own.ListsAway || !got.own.Foreign || got.own.ListID != 0 || len(got.own.Lists) != 0 || len(got.symbols) == 0 || got.symbols[0].String() != first {
				t.Errorf("%T, %q: %+v, %v", broken, query, got, err)
			}
		}
	}
	if got, err := s.shows(t, "", nil); err != nil || got.own.ListsAway { // who has none misses none
		t.Errorf("%+v, %v", got, err)
	}
}
