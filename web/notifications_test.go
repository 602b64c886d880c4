package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

// reply is a status and a body.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask asks for a path, with a body as JSON where there is one and the cookies that
// were given.
func (s *testServer) ask(t *testing.T, method, path, body string, cookies ...*http.Cookie) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "localhost"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	if path == "/send" {
		r.Header.Set("Authorization", "Bearer "+s.AdminToken)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return reply{w.Code, w.Header(), strings.TrimSpace(w.Body.String())}
}

// operated is a server whose admin token is "token".
func operated(t *testing.T) *testServer {
	t.Helper()
	s := newServer(t)
	o := s.Options
	o.AdminToken = "token"
	return &testServer{store: s.store, Server: New(o)}
}

func (s *testServer) append(t *testing.T, list ...alert.Notification) {
	t.Helper()
	for _, n := range list {
		n.Type, n.Time = alert.Info, time.Now()
		if _, err := s.Log.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers are those of an answer's notifications, unread ones negative.
func (a reply) numbers(t *testing.T) []int64 {
	t.Helper()
	var answer struct {
		Notifications []struct {
			ID   int64
			Read bool
		}
	}
	if err := json.Unmarshal([]byte(a.body), &answer); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	list := []int64{}
	for _, n := range answer.Notifications {
		if !n.Read {
			n.ID = -n.ID
		}
		list = append(list, n.ID)
	}
	return list
}

func TestTheFirstMarkMakesAProfile(t *testing.T) {
	s := newServer(t)
	s.append(t, alert.Notification{Message: "one"}, alert.Notification{Message: "two"})
	a := s.ask(t, "GET", "/api/v1/notifications", "")
	if a.status != 200 || !strings.HasSuffix(a.body, `"unread":2,"marks":0}`) || a.header.Get("Set-Cookie") != "" {
		t.Errorf("before: %+v", a)
	}
	if vary, keep := a.header.Values("Vary"), a.header.Get("Cache-Control"); !strings.Contains(strings.Join(vary, ","), "Cookie") || !strings.Contains(keep, "private") {
		t.Errorf("it may be given to another: Vary %q, Cache-Control %q", vary, keep)
	}
	a = s.ask(t, "POST", "/api/v1/notifications/read", `{"ids":[1]}`)
	if a.status != 200 || a.body != `{"unread":1,"marks":1}` {
		t.Errorf("read: %+v", a)
	}
	cookies, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, body, want string }{
		{"clear", `{"up_to":2}`, `{"unread":0,"marks":2,"undo":{"instead_of":2}}`},
		{"restore", `{"instead_of":2}`, `{"unread":1,"marks":3}`},
		{"restore", `{"instead_of":2}`, `{"unread":1,"marks":4}`}, // the answer got lost
		{"clear", `{"ids":[2]}`, `{"unread":0,"marks":5,"undo":{"ids":[2]}}`},
		{"restore", `{"ids":[2]}`, `{"unread":1,"marks":6}`},
		{"restore", `{"ids":[2]}`, `{"unread":1,"marks":7}`},
		{"read", `{"ids":[1],"read":false}`, `{"unread":2,"marks":8}`},
		{"read", `{"up_to":9}`, `{"unread":0,"marks":9}`},
	} {
		if a := s.ask(t, "POST", "/api/v1/notifications/"+c.path, c.body, cookies); a.status != 200 || a.body != c.want || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s %s: %+v", c.path, c.body, a)
		}
	}
	if got := s.ask(t, "GET", "/api/v1/notifications", "", cookies).numbers(t); !cmp.Equal(got, []int64{2, 1}) {
		t.Errorf("the list is %v", got)
	}
	if a := s.ask(t, "GET", "/api/v1/notifications", "", cookies); !strings.HasSuffix(a.body, `"unread":0,"marks":9,"versions":{"lists":0,"alerts":0,"marks":9,"settings":0}}`) {
		t.Errorf("the versions for who asks in place of a stream: %s", a.body)
	}
	if a := s.ask(t, "POST", "/api/v1/notifications/clear", `{"up_to":2}`, cookies); a.status != 200 {
		t.Errorf("%+v", a)
	}
	if a := s.ask(t, "POST", "/api/v1/notifications/restore", `{"instead_of":1}`, cookies); a.status != http.StatusConflict {
		t.Errorf("an old clearing: %+v", a)
	}
}

func TestMarksThatSayNothingAreRefused(t *testing.T) {
	s := newServer(t)
	many := strings.TrimSuffix(strings.Repeat("1,", alert.MaxMarked+1), ",")
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"read", `{}`, 400}, {"clear", `{}`, 400}, {"read", `{"up_to":1,"ids":[1]}`, 400}, {"read", `{"up_to":-1}`, 400}, {"read", `{"ids":[0]}`, 400},
		{"read", `{"up_to":1,"read":false}`, 400}, {"clear", `{"up_to":1,"read":true}`, 400}, {"clear", `{"ids":[` + many + `]}`, 400},
		{"restore", `{"up_to":3,"instead_of":3}`, 400}, {"restore", `{"up_to":3}`, 400}, {"restore", `{"ids":[1]}`, 404}, {"read", `{"ids":[1],"watching":"$"}`, 400},
	} {
		if a := s.ask(t, "POST", "/api/v1/notifications/"+c.path, c.body); a.status != c.status || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%s %.60s: %+v", c.path, c.body, a)
		}
	}
	for _, query := range []string{"type=odd", "kind=odd", "symbol=$", "unread=maybe", "limit=0", "q=" + strings.Repeat("x", 500), "watching=A,B,C,D,E", "more=1"} {
		if a := s.ask(t, "GET", "/api/v1/notifications?"+query, ""); a.status != 400 {
			t.Errorf("%.40s: %+v", query, a)
		}
	}
}

func TestWhoWatchesASymbolSeesWhatIsForItsWatchers(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	if _, err := s.Profiles.AddList(t.Context(), id, profile.List{Name: "mine", Symbols: []quotes.Symbol{quotes.MustSymbol("A")}}); err != nil {
		t.Fatal(err)
	}
	s.append(t,
		alert.Notification{Message: "of A", Symbol: quotes.MustSymbol("A"), Watchers: true},
		alert.Notification{Message: "of B", Symbol: quotes.MustSymbol("B"), Watchers: true},
		alert.Notification{Message: "own", Profile: int64(id)},
		alert.Notification{Message: "another's", Profile: int64(id) + 1},
	)
	for _, c := range []struct {
		query   string
		cookies []*http.Cookie
		want    []int64
	}{
		{"", nil, []int64{}},
		{"?watching=A,B", nil, []int64{-2, -1}},
		{"", []*http.Cookie{cookie}, []int64{-3, -1}},
		{"?watching=B", []*http.Cookie{cookie}, []int64{-3, -2, -1}},
		{"?watching=B&q=OF", []*http.Cookie{cookie}, []int64{-2, -1}},
	} {
		if diff := cmp.Diff(c.want, s.ask(t, "GET", "/api/v1/notifications"+c.query, "", c.cookies...).numbers(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.query, diff)
		}
	}
}

func TestTheOperatorSaysForWhomAMessageIs(t *testing.T) {
	s := operated(t)
	s.become(t)
	for _, c := range []struct {
		body   string
		status int
		want   string // in the answer
	}{
		{`{"message":"all"}`, 202, `"kind":"message"}`},
		{`{"message":"you","profile":1}`, 202, `"profile":1}`},
		{`{"message":"them","symbol":"a","watchers":true}`, 202, `"symbol":"A","kind":"message","watchers":true}`},
		{`{"message":"about A","symbol":"A"}`, 202, `"symbol":"A","kind":"message"}`},
		{`{"message":"m","link":"https://example.com/?a=1&b=2","expires":"2999-01-01T00:00:00+01:00"}`, 202, `"expires":"2998-12-31T23:00:00Z"}`},
		{`{"message":"m","link":"/q/AAPL"}`, 202, `"link":"/q/AAPL"`},
		{`{"message":"m","profile":9}`, 404, "There is no profile 9"},
		{`{"message":"m","profile":-1}`, 400, "profile"},
		{`{"message":"m","profile":1,"symbol":"A","watchers":true}`, 400, "choose one"},
		{`{"message":"m","watchers":true}`, 400, "name one"},
		{`{"message":"m","symbol":"$"}`, 400, "symbol"},
		{`{"message":"m","link":"javascript:alert(1)"}`, 400, "https://"},
		{`{"message":"m","link":"//evil.example/x"}`, 400, "https://"},
		{`{"message":"m","expires":"2020-01-01T00:00:00Z"}`, 400, "later time"},
		{`{"message":"m","expires":"tomorrow"}`, 400, "expected here"},
		{`{"message":"m","to":1}`, 400, "to"},
	} {
		if a := s.ask(t, "POST", "/send", c.body); a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: %d %s", c.body, a.status, a.body)
		}
	}
}
