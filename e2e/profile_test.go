package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/web/sse"
)

// device is a browser as far as cookies go, or a person behind a proxy.
type device struct {
	*server
	cookie string   // "name=value", "" without
	header []string // that every request has
	set    []*http.Cookie
}

func (s *server) device(header ...string) *device { return &device{server: s, header: header} }

// ask is a request of the device, with a JSON body where that is not "".
func (d *device) ask(method, path, body string, headers ...string) answer {
	d.t.Helper()
	headers = append(slices.Clone(d.header), headers...)
	if d.cookie != "" {
		headers = append(headers, "Cookie", d.cookie)
	}
	if body != "" && !slices.Contains(headers, "Content-Type") {
		headers = append(headers, "Content-Type", "application/json")
	}
	a := d.do(method, path, body, headers...)
	d.set = (&http.Response{Header: a.header}).Cookies()
	for _, c := range d.set {
		if d.cookie = c.Name + "=" + c.Value; c.MaxAge < 0 {
			d.cookie = ""
		}
	}
	return a
}

// own is a profile as its owner reads it.
type own struct {
	Profile *struct {
		Created  time.Time
		Settings map[string]any
		Versions versions
		Devices  []struct {
			ID, Label string
			This      bool
		}
	}
	Limits map[string]int
}

type versions struct{ Lists, Alerts, Marks, Settings int64 }

func (d *device) own() (o own) {
	d.t.Helper()
	d.ask(http.MethodGet, "/api/v1/profile", "").want(d.t, http.StatusOK).decode(d.t, &o)
	return o
}

// ownList is one as it is on the wire.
type ownList struct {
	ID      int64
	Name    string
	Symbols []string
	Version int64
	Shared  string
}

func (d *device) addList(name string, symbols ...string) (l ownList) {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"name": name, "symbols": append([]string{}, symbols...)})
	if err != nil {
		d.t.Fatal(err)
	}
	a := d.ask(http.MethodPost, "/api/v1/lists", string(body)).want(d.t, http.StatusCreated)
	a.decode(d.t, &l)
	if at := a.header.Get("Location"); at != l.path() {
		d.t.Errorf("list %d is at %s", l.ID, at)
	}
	return l
}

func (l ownList) path() string { return fmt.Sprint("/api/v1/lists/", l.ID) }

// lists are the names of the device's lists with their symbols.
func (d *device) lists() (names []string, version int64) {
	d.t.Helper()
	var all struct {
		Lists   []ownList
		Version int64
	}
	d.ask(http.MethodGet, "/api/v1/lists", "").want(d.t, http.StatusOK).decode(d.t, &all)
	for _, l := range all.Lists {
		names = append(names, l.Name+":"+strings.Join(l.Symbols, ","))
	}
	return names, all.Version
}

func (d *device) wantLists(want ...string) {
	d.t.Helper()
	if got, _ := d.lists(); !slices.Equal(got, want) {
		d.t.Errorf("the lists are %q, want %q", got, want)
	}
}

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

func TestListsAreKeptInTheirOrder(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	one, two := d.addList("One", "aaa", "AAA", "btc/usd"), d.addList(" Two ")
	d.wantLists("One:AAA,BTC/USD", "Two:")
	d.ask(http.MethodPost, one.path()+"/symbols", `{"add":["X","Y"],"remove":["AAA"],"before":"BTC/USD"}`).want(t, http.StatusOK).decode(t, &one)
	if one.Version != 2 || strings.Join(one.Symbols, ",") != "X,Y,BTC/USD" {
		t.Errorf("%+v", one)
	}
	d.ask(http.MethodPut, "/api/v1/lists/order", fmt.Sprintf(`{"ids":[%d,99,%d]}`, two.ID, one.ID)).want(t, http.StatusOK)
	d.wantLists("Two:", "One:X,Y,BTC/USD")
	var deleted struct {
		Undo  string
		Until time.Time
	}
	d.ask(http.MethodDelete, one.path(), "").want(t, http.StatusOK).decode(t, &deleted)
	d.wantLists("Two:")
	d.ask(http.MethodGet, one.path(), "").problem(t, http.StatusNotFound)
	if left := time.Until(deleted.Until); left < 6*24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("it can be brought back for %s", left)
	}
	for range 2 { // whose answer may get lost
		d.ask(http.MethodPost, deleted.Undo, "").want(t, http.StatusOK)
	}
	d.wantLists("Two:", "One:X,Y,BTC/USD")

	stranger := s.device()
	stranger.addList("Mine")
	for _, call := range [][3]string{
		{http.MethodGet, "", ""}, {http.MethodDelete, "", ""}, {http.MethodPost, "/restore", ""}, {http.MethodPost, "/share", ""}, {http.MethodDelete, "/share", ""},
		{http.MethodPost, "/symbols", `{"add":["X"]}`}, {http.MethodPut, "", `{"name":"x","symbols":[]}`},
	} {
		stranger.ask(call[0], one.path()+call[1], call[2], "If-Match", "*").problem(t, http.StatusNotFound)
	}
	d.ask(http.MethodGet, "/api/v1/lists?x=1", "").problem(t, http.StatusBadRequest)
	s.stop()
	s.restart()
	d.wantLists("Two:", "One:X,Y,BTC/USD")
}

func TestTwoWhoEditAListLoseNothing(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	l := d.addList("List", "A")
	a := d.ask(http.MethodGet, l.path(), "").want(t, http.StatusOK)
	tag := a.header.Get("ETag")
	if tag != `"v1"` || d.ask(http.MethodGet, l.path(), "", "If-None-Match", tag).status != http.StatusNotModified {
		t.Errorf("the tag is %s", tag)
	}
	const first, second = `{"name":"First","symbols":["A"]}`, `{"name":"List","symbols":["A","B"]}`
	if detail := d.ask(http.MethodPut, l.path(), first).problem(t, http.StatusPreconditionRequired); !strings.Contains(detail, `If-Match: "v1"`) {
		t.Errorf("%s", detail)
	}
	if a := d.ask(http.MethodPut, l.path(), first, "If-Match", tag).want(t, http.StatusOK); a.header.Get("ETag") != `"v2"` {
		t.Errorf("the tag is %s", a.header.Get("ETag"))
	}
	if detail := d.ask(http.MethodPut, l.path(), second, "If-Match", tag).problem(t, http.StatusPreconditionFailed); !strings.Contains(detail, "Load it again") {
		t.Errorf("%s", detail)
	}
	d.ask(http.MethodDelete, l.path(), "", "If-Match", tag).problem(t, http.StatusPreconditionFailed)
	d.wantLists("First:A")
	d.ask(http.MethodPost, l.path()+"/symbols", `{"add":["B"]}`).want(t, http.StatusOK) // what commutes needs no tag
	d.ask(http.MethodDelete, l.path(), "", "If-Match", `W/"v3"`).want(t, http.StatusOK)
}

func TestListsComeAndGoAsFiles(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	d := s.device()
	for _, c := range []struct{ kind, body, want string }{
		{"text/csv", "Name,Ticker,Shares\nApple,aapl,10\n\"Micro, soft\",MSFT,\n,,\n", "AAPL,MSFT"},
		{"text/csv; charset=utf-8", "\xef\xbb\xbfsymbol;note\r\nBTC/USD;x\r\nAAA;y\r\nAAA;z\r\n", "BTC/USD,AAA"},
		{"text/csv", "AAA,BTC/USD,X", "AAA,BTC/USD,X"},
		{"text/csv", "AAA\nX\n", "AAA,X"},
		{"text/plain", "AAA; btc/usd\n\n X\tY,Z\r\n", "AAA,BTC/USD,X,Y,Z"},
	} {
		var l ownList
		d.ask(http.MethodPost, "/api/v1/lists?name=File", c.body, "Content-Type", c.kind).want(t, http.StatusCreated).decode(t, &l)
		if strings.Join(l.Symbols, ",") != c.want || l.Name != "File" {
			t.Errorf("%q: %+v", c.body, l)
		}
	}
	for _, c := range []struct {
		kind, body, says string
		status           int
	}{
		{"text/plain", "AAA\nb@d\n", "Line 2", http.StatusBadRequest},
		{"text/csv", "symbol\nAAA\n\n<b>\n", "Line 4", http.StatusBadRequest},
		{"text/csv", "symbol,name\n", "no symbols", http.StatusBadRequest},
		{"text/plain", "\xff", "UTF-8", http.StatusBadRequest},
		{"text/plain", numbered(201), "200", http.StatusUnprocessableEntity},
		{"text/plain", strings.Repeat("AAA ", 20_000), "65536", http.StatusRequestEntityTooLarge},
		{"application/xml", "<a/>", "text/csv", http.StatusUnsupportedMediaType},
	} {
		if detail := d.ask(http.MethodPost, "/api/v1/lists", c.body, "Content-Type", c.kind).problem(t, c.status); !strings.Contains(detail, c.says) {
			t.Errorf("%.20q: %s", c.body, detail)
		}
	}
	l := d.addList("Töp/../5", "AAA", "NONE")
	a := d.ask(http.MethodGet, l.path()+"?format=csv", "").want(t, http.StatusOK)
	if a.body != "symbol,name\nAAA,AAA\nNONE,\n" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment;") ||
		strings.Contains(a.header.Get("Content-Disposition"), "/") {
		t.Errorf("%q, %v", a.body, a.header)
	}
	if a := d.ask(http.MethodGet, l.path()+"?format=txt", "").want(t, http.StatusOK); a.body != "AAA\nNONE\n" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%q, %v", a.body, a.header)
	}
	d.ask(http.MethodGet, l.path()+"?format=pdf", "").problem(t, http.StatusBadRequest)
}

// numbered are so many symbols.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "S%d ", i)
	}
	return b.String()
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

// move makes a link on one device and opens it on another.
func (d *device) move(to *device) answer {
	d.t.Helper()
	var link struct {
		URL     string
		Expires time.Time
	}
	d.ask(http.MethodPost, "/api/v1/profile/move", "").want(d.t, http.StatusCreated).decode(d.t, &link)
	if left := time.Until(link.Expires); left < 9*time.Minute || left > 10*time.Minute {
		d.t.Errorf("the link is good for %s", left)
	}
	path, ok := strings.CutPrefix(link.URL, d.URL)
	if !ok {
		d.t.Fatalf("the link is %s", link.URL)
	}
	for range 2 { // to look uses nothing up
		if page := to.ask(http.MethodGet, path, "", "Accept", "text/html").want(d.t, http.StatusOK); !strings.Contains(page.body, `action="`+path+`"`) {
			d.t.Errorf("the page has no button:\n%s", clip(page.body))
		}
	}
	done := to.ask(http.MethodPost, path, "", "Accept", "text/html", "Sec-Fetch-Site", "same-origin").want(d.t, http.StatusOK)
	third := d.device()
	third.ask(http.MethodPost, path, "").problem(d.t, http.StatusNotFound)
	if page := third.ask(http.MethodGet, path, "", "Accept", "text/html").want(d.t, http.StatusNotFound); !strings.Contains(page.body, "of no use any more") || len(third.set) > 0 {
		d.t.Errorf("a used link: %s", clip(page.body))
	}
	return done
}

func TestALinkTakesAnotherDeviceIn(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--log-level", "debug")
	laptop, phone, tablet := s.device(), s.device("User-Agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Safari/604.1"), s.device()
	laptop.addList("Tech", "AAA")
	tablet.addList("Coins", "BTC/USD")
	laptop.move(phone)
	phone.wantLists("Tech:AAA")
	if c := phone.set; len(c) != 0 || phone.cookie == "" || phone.cookie == laptop.cookie {
		t.Errorf("the phone has the cookie %q", phone.cookie)
	}
	before := tablet.cookie
	if page := laptop.move(tablet); !strings.Contains(page.body, "1 list and 0 alerts") {
		t.Errorf("it is not said what was moved in:\n%s", page.body)
	}
	for _, d := range []*device{laptop, phone, tablet} {
		d.wantLists("Tech:AAA", "Coins:BTC/USD")
	}
	if tablet.cookie != before {
		t.Error("the tablet has another cookie")
	}
	o := phone.own().Profile
	if len(o.Devices) != 3 {
		t.Fatalf("%+v", o.Devices)
	}
	for _, device := range o.Devices {
		if device.This != (device.Label == "Safari on iPhone") {
			t.Errorf("%+v", device)
		}
		if device.This {
			laptop.ask(http.MethodDelete, "/api/v1/profile/devices/"+device.ID, "").want(t, http.StatusNoContent)
		}
	}
	phone.wantLists()
	if len(laptop.own().Profile.Devices) != 2 {
		t.Error("the phone is still among the devices")
	}
	laptop.ask(http.MethodDelete, "/api/v1/profile/devices/x", "").problem(t, http.StatusNotFound)
	if log := s.process.stderr.String(); regexp.MustCompile(`/move/[A-Z0-9]{5}`).MatchString(log) || !strings.Contains(log, "/move/…") {
		t.Error("the log has codes")
	}
	crossSite := s.device()
	crossSite.ask(http.MethodPost, "/move/x", "", "Sec-Fetch-Site", "cross-site").problem(t, http.StatusForbidden)
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

func TestARemovedDevicesStreamEnds(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	laptop, phone := s.device(), s.device()
	laptop.addList("Tech")
	laptop.move(phone)
	stays, ends := s.open("/events", "Cookie", laptop.cookie), s.open("/events", "Cookie", phone.cookie)
	stays.hello()
	ends.hello()
	for _, d := range phone.own().Profile.Devices {
		if d.This {
			laptop.ask(http.MethodDelete, "/api/v1/profile/devices/"+d.ID, "").want(t, http.StatusNoContent)
		}
	}
	ends.await("bye")
	laptop.addList("More")
	for stays.versions().Lists != 2 {
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
