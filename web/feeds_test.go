package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// broken is a source that fails for good.
type broken struct{}

func (broken) Name() string { return "broken" }

func (broken) Run(_ context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	emit(feed.Update{Kind: feed.Received})
	emit(feed.Update{Kind: feed.Trade, Symbol: quotes.MustSymbol("A"), Time: time.Now(), Price: quotes.MustDecimal("-1")})
	return &feed.Failure{Err: errors.New("401 wrong key"), Advice: "Set TICKBOARD_BROKEN_KEY.", Permanent: true}
}

// limited is a source that is refused a symbol and goes on.
type limited struct{ still }

func (limited) Name() string { return "limited" }

func (l limited) Run(ctx context.Context, d *feed.Demand, emit func(feed.Update)) error {
	emit(feed.Update{Kind: feed.Refused, Symbol: quotes.MustSymbol("B"), Note: "over the limit of <b>1</b>"})
	return l.still.Run(ctx, d, emit)
}

// feedServer is a server with the token "secret", a source that has failed and
// one that is refused a symbol.
func feedServer(t *testing.T) *Server {
	t.Helper()
	list := func(context.Context) ([]quotes.Instrument, error) {
		return []quotes.Instrument{{Symbol: quotes.MustSymbol("A")}, {Symbol: quotes.MustSymbol("B")}}, nil
	}
	var specs []feed.Spec
	for _, source := range []feed.Source{broken{}, limited{}} {
		specs = append(specs, feed.Spec{Source: source, URL: source.Name() + "://x", Timeliness: quotes.Live, Instruments: list})
	}
	s := newServerOf(t, specs...)
	for {
		states := s.Market.States()
		if states[0].Phase == feed.Failed && len(states[1].Refused) == 1 {
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the sources do not get that far")
		}
		runtime.Gosched()
	}
	o := s.Options
	o.AdminToken = "secret"
	return New(o)
}

// ask sends a request to a handler and returns its answer.
func ask(t *testing.T, h http.Handler, method, path, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(text)
}

func TestFeedsAreForTheOperator(t *testing.T) {
	s := feedServer(t)
	other := New(Options{Hub: s.Hub, Market: s.Market, Log: s.Log, History: s.History, AdminToken: "another", Profiles: s.Profiles, Marks: s.Marks, Logger: s.Logger})
	now := time.Now()
	for _, tt := range []struct {
		name   string
		header []string
		status int
	}{
		{"nothing", nil, 401},
		{"a wrong token", []string{"Authorization", "Bearer wrong"}, 401},
		{"the token", []string{"Authorization", "Bearer secret"}, 200},
		{"a pass", []string{"Cookie", passName + "=" + s.passUntil(now.Add(time.Minute))}, 200},
		{"a pass that has ended", []string{"Cookie", passName + "=" + s.passUntil(now.Add(-time.Second))}, 401},
		{"a pass made longer", []string{"Cookie", passName + "=9" + s.passUntil(now.Add(time.Minute))}, 401},
		{"a pass of another token", []string{"Cookie", passName + "=" + other.passUntil(now.Add(time.Minute))}, 401},
		{"the token as a pass", []string{"Cookie", passName + "=secret"}, 401},
	} {
		for _, accept := range []string{"text/html", "application/json"} {
			res, body := ask(t, s.Handler(), http.MethodGet, "/feeds", "", append(tt.header, "Accept", accept)...)
			if res.StatusCode != tt.status || strings.Contains(body, "401 wrong key") != (tt.status == 200) {
				t.Errorf("%s, %s: %d %s", tt.name, accept, res.StatusCode, body)
			}
			if cache := res.Header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("%s: Cache-Control %q", tt.name, cache)
			}
		}
	}
	pass := []string{"Cookie", passName + "=" + s.passUntil(now.Add(time.Minute)), "Content-Type", "application/json"}
	if res, _ := ask(t, s.Handler(), http.MethodPost, "/send", `{"message":"x"}`, pass...); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a pass for /feeds sends: %d", res.StatusCode)
	}
}

func TestFormOfFeedsGivesAPassForAnHour(t *testing.T) {
	s := feedServer(t)
	page := []string{"Accept", "text/html"}
	if res, body := ask(t, s.Handler(), http.MethodPost, "/feeds", url.Values{"token": {"wrong"}}.Encode(), page...); res.StatusCode != http.StatusUnauthorized || len(res.Cookies()) > 0 || !strings.Contains(body, "not the admin token") {
		t.Errorf("a wrong token: %d %v", res.StatusCode, res.Cookies())
	}
	if res, _ := ask(t, s.Handler(), http.MethodPost, "/feeds", "token=secret", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"); res.StatusCode != http.StatusForbidden {
		t.Errorf("another site's form: %d", res.StatusCode)
	}
	res, _ := ask(t, s.Handler(), http.MethodPost, "/feeds", "token=+secret%0A", page...)
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/feeds" || len(res.Cookies()) != 1 {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	c := res.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/feeds" || c.MaxAge != 3600 || c.Secure || strings.Contains(c.Value, "secret") {
		t.Errorf("%+v", c)
	}
	if res, body := ask(t, s.Handler(), http.MethodGet, "/feeds", "", append(page, "Cookie", c.Name+"="+c.Value)...); res.StatusCode != http.StatusOK || !strings.Contains(body, ">Leave<") {
		t.Errorf("with the cookie: %d %s", res.StatusCode, body)
	}
	res, _ = ask(t, s.Handler(), http.MethodPost, "/feeds", "leave=1", "Cookie", c.Name+"="+c.Value)
	if res.StatusCode != http.StatusSeeOther || len(res.Cookies()) != 1 || res.Cookies()[0].MaxAge >= 0 {
		t.Errorf("leaving: %d %v", res.StatusCode, res.Cookies())
	}
}

func TestFeedsSayWhatIsWrongAndWhatToDo(t *testing.T) {
	s := feedServer(t)
	res, body := ask(t, s.AdminHandler(), http.MethodGet, "/feeds", "", "Accept", "text/html")
	for _, want := range []string{
		"Failed, not tried again", "401 wrong key", "Set TICKBOARD_BROKEN_KEY.", "broken://x", "1 symbol refused", "over the limit of &lt;b&gt;1&lt;/b&gt;", "nonsense 1",
		`<script type="module" src="` + s.assets.path + `/js/feeds.js"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Security-Policy") != pagePolicy {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res, _ := ask(t, s.AdminHandler(), http.MethodGet, s.assets.path+"/js/feeds.js", ""); res.StatusCode != http.StatusOK {
		t.Errorf("the page's script: %d", res.StatusCode)
	}
	_, body = ask(t, s.AdminHandler(), http.MethodGet, "/feeds", "")
	for _, want := range []string{
		`"name":"broken","url":"broken://x","timeliness":"live","state":"failed"`, `"error":"401 wrong key"`, `"advice":"Set TICKBOARD_BROKEN_KEY."`,
		`"messages":1`, `"updates":1`, `"nonsense":1`, `"listed":2`, `"refused":{"B":"over the limit of`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the JSON does not say %s: %s", want, body)
		}
	}
	_, body = ask(t, s.AdminHandler(), http.MethodGet, "/metrics", "")
	for _, want := range []string{
		`tickboard_feed_messages_total{feed="broken"} 1`, `tickboard_feed_state{feed="broken",state="failed"} 1`, `tickboard_feed_state{feed="broken",state="running"} 0`,
		`tickboard_feed_instruments{feed="broken"} 2`, `tickboard_feed_running{feed="broken"} 0`, `tickboard_feed_updates_total{feed="broken",outcome="nonsense"} 1`,
		`tickboard_feed_last_message_timestamp_seconds{feed="broken"} `, `tickboard_feed_subscriptions_refused{feed="limited"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the metrics do not say %s", want)
		}
	}
}
