package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
)

// request is one by a device, with headers as pairs of name and value.
func (s *testServer) request(header ...string) (echo.Context, *httptest.ResponseRecorder) {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/api/v1/lists", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	return s.newEcho().NewContext(r, w), w
}

// become makes a profile, and returns the cookie that opens it.
func (s *testServer) become(t *testing.T, header ...string) (profile.ID, *http.Cookie) {
	t.Helper()
	c, w := s.request(header...)
	id, err := s.mustCaller(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range w.Result().Cookies() {
		return id, cookie
	}
	return id, nil
}

func TestTheFirstChangeMakesAProfileThatItsCookieOpens(t *testing.T) {
	s := newServer(t)
	c, w := s.request()
	if id, err := s.caller(c); id != 0 || err != nil {
		t.Errorf("nobody is %d, %v", id, err)
	}
	if _, err := s.ownerOnly(c); status(err) != http.StatusNotFound {
		t.Errorf("an owner of nothing: %v", err)
	}
	if len(w.Result().Cookies()) != 0 {
		t.Error("a look sets a cookie")
	}
	id, cookie := s.become(t, "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if id == 0 || cookie == nil || cookie.Name != "tickboard" || !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != 400*24*60*60 || len(cookie.Value) != 43 {
		t.Errorf("%d, %v", id, cookie)
	}
	for range 2 {
		c, w := s.request("Cookie", "tickboard="+cookie.Value)
		for _, who := range []func(echo.Context) (profile.ID, error){s.caller, s.ownerOnly, s.mustCaller} {
			if got, err := who(c); got != id || err != nil {
				t.Errorf("the cookie opens %d, %v", got, err)
			}
		}
		if len(w.Result().Cookies()) != 0 {
			t.Error("the cookie is set again on the same day")
		}
	}
	if p, err := s.store.Profile(t.Context(), id); err != nil || len(p.Devices) != 1 || p.Devices[0].Label != "Firefox on Linux" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestACookieThatOpensNothingIsNobodys(t *testing.T) {
	s := newServer(t)
	for _, value := range []string{"x", profile.NewSecret(), profile.NewSecret() + "=", strings.Repeat("A", 4000)} {
		c, _ := s.request("Cookie", "tickboard="+value)
		if id, err := s.caller(c); id != 0 || err != nil {
			t.Errorf("%s: %d, %v", value, id, err)
		}
		if id, cookie := s.become(t, "Cookie", "tickboard="+value); id == 0 || cookie == nil || cookie.Value == value {
			t.Errorf("%s: %d, %v", value, id, cookie)
		}
	}
}

func TestOverTLSTheCookieIsTheHostsAlone(t *testing.T) {
	s := newServer(t)
	s.clients = newClients(networks("192.0.2.1/32")) // where httptest asks from
	id, cookie := s.become(t, "X-Forwarded-Proto", "https")
	if cookie.Name != "__Host-tickboard" || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("%v", cookie)
	}
	c, _ := s.request("X-Forwarded-Proto", "https", "Cookie", "__Host-tickboard="+cookie.Value)
	if got, err := s.caller(c); got != id || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	c, _ = s.request("X-Forwarded-Proto", "https", "Cookie", "tickboard="+cookie.Value) // as another host of the domain could set
	if got, err := s.caller(c); got != 0 || err != nil {
		t.Errorf("the plain name opens %d, %v", got, err)
	}
}

func TestUsersAreBelievedFromTrustedProxiesAlone(t *testing.T) {
	s := newServer(t)
	s.AuthHeader = "X-Forwarded-User"
	if id, cookie := s.become(t, "X-Forwarded-User", "ann"); cookie == nil {
		t.Errorf("without a trusted proxy ann is %d", id)
	}
	s.clients = newClients(networks("192.0.2.1/32"))
	ann, cookie := s.become(t, "X-Forwarded-User", "ann")
	if cookie != nil {
		t.Errorf("a user gets the cookie %v", cookie)
	}
	_, device := s.become(t)
	for _, c := range []struct {
		name   string
		header []string
		want   profile.ID
		status int
	}{
		{"again", []string{"X-Forwarded-User", "ann"}, ann, 0},
		{"on another's device", []string{"X-Forwarded-User", "ann", "Cookie", "tickboard=" + device.Value}, ann, 0},
		{"another", []string{"X-Forwarded-User", "bob"}, 0, 0},
		{"two", []string{"X-Forwarded-User", "ann", "X-Forwarded-User", "bob"}, 0, http.StatusBadRequest},
		{"none", []string{"X-Forwarded-User", ""}, 0, http.StatusBadRequest},
		{"too long", []string{"X-Forwarded-User", strings.Repeat("x", 201)}, 0, http.StatusBadRequest},
		{"no text", []string{"X-Forwarded-User", "a\xffb"}, 0, http.StatusBadRequest},
	} {
		ctx, _ := s.request(c.header...)
		if got, err := s.caller(ctx); got != c.want || status(err) != c.status {
			t.Errorf("%s: %d, %v", c.name, got, err)
		}
	}
	if p, err := s.store.Profile(t.Context(), ann); err != nil || p.Devices[0].Label != "Signed in as ann" {
		t.Errorf("%+v, %v", p, err)
	}
}

// status is what an error is answered with, 0 for none.
func status(err error) int {
	if err == nil {
		return 0
	}
	return asProblem(err).Status
}

func TestADeviceThatComesBackKeepsItsCookieLonger(t *testing.T) {
	s := newServer(t)
	id, cookie := s.become(t)
	k, _ := profile.SecretKey(cookie.Value)
	if _, err := s.store.Make(t.Context(), k, "", time.Now()); err != nil {
		t.Fatal(err)
	}
	s.Profiles = yesterday{s.Profiles}
	c, w := s.request("Cookie", "tickboard="+cookie.Value)
	if got, err := s.caller(c); got != id || err != nil {
		t.Fatalf("%d, %v", got, err)
	}
	if again := w.Result().Cookies(); len(again) != 1 || again[0].Value != cookie.Value || again[0].MaxAge != cookie.MaxAge {
		t.Errorf("%v", again)
	}
}

// yesterday is a store whose devices were here a day ago.
type yesterday struct{ profile.Store }

func (y yesterday) Open(ctx context.Context, k profile.Key, now time.Time) (profile.Found, error) {
	found, err := y.Store.Open(ctx, k, now)
	found.NewDay = true
	return found, err
}

func TestWithoutTheDatabaseLooksAreNobodysAndChangesAreRefused(t *testing.T) {
	s := newServer(t)
	_, cookie := s.become(t)
	var log strings.Builder
	s.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s.Profiles = away{}
	for _, c := range []struct {
		name   string
		who    func(echo.Context) (profile.ID, error)
		cookie string
		status int
	}{
		{"caller", s.caller, cookie.Value, 0}, {"ownerOnly", s.ownerOnly, cookie.Value, http.StatusServiceUnavailable},
		{"mustCaller", s.mustCaller, cookie.Value, http.StatusServiceUnavailable}, {"a new one", s.mustCaller, "", http.StatusServiceUnavailable},
		{"caller again", s.caller, cookie.Value, 0},
	} {
		ctx, w := s.request("Cookie", "tickboard="+c.cookie)
		if id, err := c.who(ctx); id != 0 || status(err) != c.status {
			t.Errorf("%s: %d, %v", c.name, id, err)
		}
		if len(w.Result().Cookies()) != 0 {
			t.Errorf("%s sets a cookie", c.name)
		}
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, log.String())
	}
}

// away is a store without its database.
type away struct{ profile.Store }

func (away) Open(context.Context, profile.Key, time.Time) (profile.Found, error) {
	return profile.Found{}, quotes.ErrStorageAway
}

func (away) Make(context.Context, profile.Key, string, time.Time) (profile.ID, error) {
	return 0, quotes.ErrStorageAway
}

func (away) NewestChange(context.Context) (int64, error) { return 0, quotes.ErrStorageAway }

func TestAnAddressMakesSoManyProfilesAndAProfileSoManyChanges(t *testing.T) {
	s := newServer(t)
	_, cookie := s.become(t)
	c, w := s.request("Cookie", "tickboard="+cookie.Value)
	for i := 1; ; i++ { // the first one made it
		_, err := s.mustCaller(c)
		if status(err) == http.StatusTooManyRequests {
			if i < changesAtOnce || w.Header().Get("Retry-After") != "1" || !strings.Contains(err.Error(), "10 a second, and 50") {
				t.Errorf("after %d: %v, %v", i, err, w.Header())
			}
			break
		}
		if err != nil || i > 10*changesAtOnce {
			t.Fatalf("%d: %v", i, err)
		}
	}
	for i := 1; ; i++ {
		c, w := s.request()
		c.Request().RemoteAddr = "203.0.113.5:1"
		_, err := s.mustCaller(c)
		if status(err) == http.StatusTooManyRequests {
			if i != profilesAtOnce+1 || w.Header().Get("Retry-After") != "30" {
				t.Errorf("after %d: %v, %v", i, err, w.Header())
			}
			break
		}
		if err != nil || i > profilesAtOnce {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if id, _ := s.become(t); id == 0 { // 192.0.2.1
		t.Error("another address suffers")
	}
}

func TestBudgetsForgetWhoIsAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := budgets[netip.Prefix]{pace: rate.Every(time.Second), burst: 2}
		one := netip.MustParsePrefix("192.0.2.1/32")
		for i, want := range []bool{true, true, false} {
			if b.take(one) != want {
				t.Errorf("%d: not %v", i, want)
			}
		}
		addr := one.Addr()
		for range 999 {
			addr = addr.Next()
			b.take(netip.PrefixFrom(addr, 32))
		}
		time.Sleep(time.Second) // those with one are whole again, the one with two is not
		b.take(netip.PrefixFrom(addr.Next(), 32))
		if len(b.each) != 2 || b.each[one] == nil {
			t.Errorf("%d are remembered", len(b.each))
		}
	})
}

func TestChangesNameTheVersionTheyMean(t *testing.T) {
	s := newServer(t)
	for header, want := range map[string]int{
		"": http.StatusPreconditionRequired, `"v12"`: 0, `W/"v12"`: 0, "*": 0, `"v11", "v12"`: 0,
		`"v11"`: http.StatusPreconditionFailed, "v12": http.StatusPreconditionFailed, `"v120"`: http.StatusPreconditionFailed,
	} {
		c, w := s.request("If-Match", header)
		if header == "" {
			c, w = s.request()
		}
		setETag(c, 12)
		if err := ifMatch(c, 12); status(err) != want || w.Header().Get("ETag") != `"v12"` {
			t.Errorf("%s: %v", header, err)
		}
	}
	c, _ := s.request("If-Match", `"v1"`)
	if err := ifMatch(c, 2); !strings.Contains(err.Error(), "Load it again") || !strings.Contains(err.Error(), `"v2"`) {
		t.Error(err)
	}
}

func TestPersonalAnswersAreForOneAlone(t *testing.T) {
	s := newServer(t)
	s.AuthHeader = "X-Forwarded-User"
	c, w := s.request()
	s.personal(c)
	if err := s.renderJSON(c, 1); err != nil {
		t.Fatal(err)
	}
	if h := w.Header(); h.Get("Cache-Control") != "private, no-cache" || strings.Join(h.Values("Vary"), ",") != "Cookie,X-Forwarded-User" {
		t.Errorf("%v", h)
	}
}

func TestDevicesHaveNamesThatPeopleKnow(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1": "Safari on iPhone",
		"Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36":                            "Chrome on Android",
		"curl/8.5.0": "curl", "": "A device", "\x00evil/1": "A device",
	} {
		if got := deviceLabel(agent); got != want {
			t.Errorf("%s: %s", agent, got)
		}
	}
}

func TestAFaultThatIsNobodysDoesNotHideAProblem(t *testing.T) {
	s := newServer(t)
	s.Profiles = away{}
	c, _ := s.request("Cookie", "tickboard="+profile.NewSecret())
	if _, err := s.mustCaller(c); !errors.Is(err, quotes.ErrStorageAway) {
		t.Errorf("%v", err)
	}
}

// TestLooksOfAProfileAreBounded, those of others and of nobody are not its own, and
// a stream is not ended by them.
func TestLooksOfAProfileAreBounded(t *testing.T) {
	s := newServer(t)
	s.Rules = s.store
	s.callers.looks = budgets[profile.ID]{pace: rate.Every(time.Hour), burst: 12}
	_, cookie := s.become(t)
	_, other := s.become(t)
	own := []string{"Cookie", cookie.Name + "=" + cookie.Value}
	get := func(path string, header ...string) *http.Response {
		t.Helper()
		res, _ := ask(t, s.Handler(), http.MethodGet, path, "", header...)
		return res
	}
	paths := []string{"/api/v1/profile", "/api/v1/lists", "/api/v1/alerts", "/api/v1/alerts/history", "/api/v1/notifications", "/api/v1/channels", "/", "/settings", "/alerts", "/alerts/list", "/q/A", "/api/v1/lists/1"}
	for _, path := range paths { // each counts once
		if res := get(path, own...); res.StatusCode == http.StatusTooManyRequests {
			t.Fatalf("%s is one too many", path)
		}
	}
	for _, path := range paths {
		if res := get(path, own...); res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
		for _, header := range [][]string{nil, {"Cookie", other.Name + "=" + other.Value}} {
			if res := get(path, header...); path != "/api/v1/lists/1" && res.StatusCode != http.StatusOK {
				t.Errorf("%s by another: %d", path, res.StatusCode)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://localhost/events", nil)
	r.AddCookie(cookie)
	if f, err := s.follower(s.newEcho().NewContext(r, httptest.NewRecorder())); err != nil || f.ID == 0 || f.away {
		t.Errorf("a stream: %+v, %v", f, err)
	}
	c, _ := s.request(own...) // a change has its own limit
	if _, err := s.mustCaller(c); err != nil {
		t.Error(err)
	}
	if res := get("/api/v1/quotes?symbols=A", own...); res.StatusCode == http.StatusTooManyRequests {
		t.Error("quotes know no profile")
	}
}
