package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/web/sse"
)

func TestTheFirstChangeMakesAProfile(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	for _, path := range []string{"/", "/?symbols=AAA", "/q/AAA", "/api/v1/profile", "/api/v1/lists", "/api/v1/notifications", "/move/x"} {
		d.ask(http.MethodGet, path, "")
		if len(d.set) > 0 {
			t.Errorf("%s sets %v", path, d.set)
		}
	}
	for _, path := range []string{"/api/v1/profile/export", "/api/v1/lists/1"} {
		d.ask(http.MethodGet, path, "").problem(t, http.StatusNotFound)
	}
	if o := d.own(); o.Profile != nil || o.Limits["lists"] != 50 || o.Limits["symbols"] != 200 || o.Limits["alerts"] != 200 || o.Limits["channels"] != 20 {
		t.Errorf("nobody is %+v", o)
	}
	d.addList("Tech", "AAA")
	if len(d.set) != 1 {
		t.Fatalf("cookies %v", d.set)
	}
	if c := d.set[0]; c.Name != "tickboard" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure ||
		c.MaxAge != 400*24*60*60 || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(c.Value) {
		t.Errorf("the cookie is %v", c)
	}
	o := d.own()
	if o.Profile == nil || o.Profile.Versions != (versions{Lists: 1}) || len(o.Profile.Devices) != 1 || !o.Profile.Devices[0].This || o.Profile.Devices[0].Label != "Firefox on Linux" {
		t.Errorf("%+v", o.Profile)
	}
	a := d.ask(http.MethodGet, "/api/v1/lists", "")
	if h := a.header; h.Get("Cache-Control") != "private, no-cache" || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Cookie") {
		t.Errorf("%v", h)
	}
	if again := d.ask(http.MethodGet, "/api/v1/lists", "", "If-None-Match", a.header.Get("ETag")); again.status != http.StatusNotModified {
		t.Errorf("not modified, and %d", again.status)
	}
	other := s.device()
	other.cookie = d.cookie[:len(d.cookie)-2] + "AA" // nearly the same
	other.wantLists()
	other.addList("Other")
	d.wantLists("Tech:AAA")
	other.wantLists("Other:")
	for _, bad := range []string{`{"symbols":[]}`, `{"name":"x"}`, `{"name":"","symbols":[]}`, `{"name":"x","symbols":["a b"]}`, `{"name":"x","symbols":[],"y":1}`, `[]`} {
		fresh := s.device()
		fresh.ask(http.MethodPost, "/api/v1/lists", bad).problem(t, http.StatusBadRequest)
		if len(fresh.set) > 0 {
			t.Errorf("%s makes a profile", bad)
		}
	}
}

func TestTheCookieIsTheHostsAloneOverTLS(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--trusted-proxies", "loopback", "--public-url", "http://quotes.example.com")
	d := s.device("X-Forwarded-Proto", "https")
	d.addList("Tech")
	if c := d.set[0]; c.Name != "__Host-tickboard" || !c.Secure || c.Path != "/" || c.Domain != "" || !c.HttpOnly {
		t.Errorf("%v", c)
	}
	d.wantLists("Tech:")
	d.cookie = strings.TrimPrefix(d.cookie, "__Host-") // as another host of the domain could set
	d.wantLists()
}

// TestWidgetsAndQuotesKnowNoCaller: they set no cookie, read none, and say the
// same whoever asks.
func TestWidgetsAndQuotesKnowNoCaller(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	d.addList("Tech", "BTC/USD")
	for _, path := range []string{"/embed/quote/AAA", "/embed", "/api/v1/quotes/AAA", "/api/v1/quotes?symbols=AAA", "/api/v1/symbols", "/healthz"} {
		with, without := d.ask(http.MethodGet, path, ""), s.get(path)
		if len(with.header.Values("Set-Cookie")) > 0 || strings.Contains(strings.Join(with.header.Values("Vary"), ","), "Cookie") {
			t.Errorf("%s: %v", path, with.header)
		}
		if with.header.Get("ETag") != without.header.Get("ETag") || with.status != without.status {
			t.Errorf("%s differs by who asks", path)
		}
	}
	for _, path := range []string{"/stream/AAA", "/stream?symbols=AAA", "/events?symbols=AAA"} {
		a := s.head(http.MethodGet, path, "Cookie", d.cookie)
		if len(a.header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s sets a cookie", path)
		}
		st := s.open(path, "Cookie", d.cookie)
		st.hello()
		if ev := st.next(); (ev.Name == "profile") != strings.HasPrefix(path, "/events") {
			t.Errorf("%s: %s follows the hello", path, ev.Name)
		}
	}
}

func TestLimitsOfAProfileAreStated(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--max-symbols", "3")
	d := s.device()
	l := d.addList("0", "A", "B", "C")
	if detail := d.ask(http.MethodPost, l.path()+"/symbols", `{"add":["D"]}`).problem(t, http.StatusUnprocessableEntity); !strings.Contains(detail, "3") {
		t.Errorf("%s", detail)
	}
	d.ask(http.MethodPost, "/api/v1/lists", `{"name":"x","symbols":["A","B","C","D"]}`).problem(t, http.StatusUnprocessableEntity)
	d.ask(http.MethodPost, "/api/v1/lists", `{"name":"`+strings.Repeat("x", 61)+`","symbols":[]}`).problem(t, http.StatusBadRequest)
	d.ask(http.MethodPatch, "/api/v1/profile", `{"settings":{"x":"`+strings.Repeat("x", 9000)+`"}}`).problem(t, http.StatusBadRequest)
	limited, full := "", ""
	for i := 1; limited == "" || full == ""; i++ {
		a := d.ask(http.MethodPost, "/api/v1/lists", fmt.Sprintf(`{"name":"%d","symbols":[]}`, i))
		switch a.status {
		case http.StatusCreated:
		case http.StatusTooManyRequests:
			if limited = a.problem(t, a.status); a.header.Get("Retry-After") != "1" {
				t.Errorf("%v", a.header)
			}
		case http.StatusUnprocessableEntity:
			full = a.problem(t, a.status)
		default:
			t.Fatalf("%d: %d %s", i, a.status, a.body)
		}
	}
	if !strings.Contains(limited, "10 a second") || !strings.Contains(limited, "50 at a stroke") || !strings.Contains(full, "50") {
		t.Errorf("%s / %s", limited, full)
	}
	if names, _ := d.lists(); len(names) != 50 {
		t.Errorf("%d lists", len(names))
	}
}

func TestSettingsAreMerged(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	d.ask(http.MethodPatch, "/api/v1/profile", `{"settings":{"sound":true,"list":3}}`).want(t, http.StatusOK)
	d.ask(http.MethodPatch, "/api/v1/profile", `{"settings":{"list":null,"x":{"y":[1.50]}}}`).want(t, http.StatusOK)
	a := d.ask(http.MethodGet, "/api/v1/profile", "")
	if !strings.Contains(a.body, `"settings":{"sound":true,"x":{"y":[1.50]}}`) || d.own().Profile.Versions != (versions{Settings: 2}) {
		t.Errorf("%s", a.body)
	}
	d.ask(http.MethodPatch, "/api/v1/profile", `{"sound":true}`).problem(t, http.StatusBadRequest)
	d.ask(http.MethodPatch, "/api/v1/profile", `{}`).problem(t, http.StatusBadRequest)
}

func TestAllOfOnesOwnIsExportedAndDeleted(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d, other := s.device(), s.device()
	d.addList("Tech", "AAA")
	other.addList("Other")
	d.ask(http.MethodPatch, "/api/v1/profile", `{"settings":{"sound":true}}`).want(t, http.StatusOK)
	a := d.ask(http.MethodGet, "/api/v1/profile/export", "").want(t, http.StatusOK)
	var all map[string]json.RawMessage
	a.decode(t, &all)
	for _, name := range []string{"profile", "lists", "alerts", "history", "notifications", "channels", "exported"} {
		if all[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	_, secret, _ := strings.Cut(d.cookie, "=")
	if !strings.Contains(a.body, `"AAA"`) || strings.Contains(a.body, "Other") || strings.Contains(a.body, secret) ||
		!strings.HasPrefix(a.header.Get("Content-Disposition"), `attachment; filename="tickboard-20`) || a.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%v\n%s", a.header, a.body)
	}
	st := s.open("/events", "Cookie", d.cookie)
	st.hello()
	cookie := d.cookie
	d.ask(http.MethodDelete, "/api/v1/profile", "").want(t, http.StatusNoContent)
	if len(d.set) != 1 || d.set[0].MaxAge != -1 || d.set[0].Value != "" {
		t.Errorf("cookies %v", d.set)
	}
	if bye := st.await("bye"); !strings.Contains(string(bye.Data), `"profile"`) {
		t.Errorf("%s", bye.Data)
	}
	d.cookie = cookie
	d.wantLists()
	if o := d.own(); o.Profile != nil {
		t.Errorf("%+v", o.Profile)
	}
	d.ask(http.MethodGet, "/api/v1/profile/export", "").problem(t, http.StatusNotFound)
	other.wantLists("Other:")
	d.addList("New")
	if d.cookie == cookie {
		t.Error("the secret of a deleted profile opens a new one")
	}
}

func TestUsersComeFromTrustedProxiesAlone(t *testing.T) {
	t.Parallel()
	proxied := startStill(t, "--auth-header", "X-Forwarded-User", "--trusted-proxies", "loopback")
	ann, phone, bob := proxied.device("X-Forwarded-User", "ann"), proxied.device("X-Forwarded-User", "ann"), proxied.device("X-Forwarded-User", "bob")
	ann.addList("Hers", "AAA")
	if ann.cookie != "" {
		t.Errorf("ann has the cookie %s", ann.cookie)
	}
	phone.wantLists("Hers:AAA")
	bob.wantLists()
	proxied.device("X-Forwarded-User", "ann", "X-Forwarded-User", "bob").ask(http.MethodGet, "/api/v1/lists", "").problem(t, http.StatusBadRequest)

	direct := startStill(t, "--auth-header", "X-Forwarded-User", "--trusted-proxies", "192.0.2.1")
	ann = direct.device("X-Forwarded-User", "ann")
	ann.addList("Hers")
	if ann.cookie == "" {
		t.Error("a header from anybody is believed")
	}
	direct.device("X-Forwarded-User", "ann").wantLists()
}

// TestWithoutTheDatabasePagesAreNobodys: quotes go on for those who have a profile
// too, their changes are refused, and when the database is back their stream
// begins anew as theirs, with every notification.
func TestWithoutTheDatabasePagesAreNobodys(t *testing.T) {
	t.Parallel()
	db, nodes := onPostgres(t, "--feed", "sim://?rate=5")
	s := nodes[0]
	d := s.device()
	d.addList("Tech", "AAPL")
	warm := s.open("/events?symbols=AAPL")
	_, first := warm.hello()
	db.Stop()
	d.ask(http.MethodGet, "/", "").want(t, http.StatusOK)
	for _, a := range []answer{
		d.ask(http.MethodPost, "/api/v1/lists", `{"name":"x","symbols":[]}`), d.ask(http.MethodGet, "/api/v1/lists", ""), d.ask(http.MethodGet, "/api/v1/profile", ""),
	} {
		if detail := a.problem(t, http.StatusServiceUnavailable); !strings.Contains(detail, "Quotes go on.") {
			t.Errorf("%s", detail)
		}
	}
	st := s.open("/events?symbols=AAPL", "Cookie", d.cookie, "Last-Event-ID", first.ID)
	st.hello()
	for range 3 {
		if ev := st.next(); ev.Name != "stock_quote" {
			t.Errorf("%s %s", ev.Name, ev.Data)
		}
	}
	if !strings.Contains(s.process.stderr.String(), "nobody's own things can be shown now") {
		t.Error("the log does not say so")
	}
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	var bye sse.Event
	for bye.Name != "bye" {
		bye = st.next()
	}
	again := s.open("/events?symbols=AAPL", "Cookie", d.cookie, "Last-Event-ID", first.ID)
	if v := again.versions(); v != (versions{Lists: 1}) {
		t.Errorf("%+v", v)
	}
}
