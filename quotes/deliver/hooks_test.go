package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

// receiver is a web server that keeps what it is sent.
type hookReceiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*http.Request
	bodies []string
	answer func(w http.ResponseWriter, r *http.Request)
}

func newHookReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *hookReceiver {
	t.Helper()
	h := &hookReceiver{answer: answer}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

// ServeHTTP implements http.Handler.
func (h *hookReceiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	h.got, h.bodies = append(h.got, r), append(h.bodies, string(body))
	h.mu.Unlock()
	if h.answer != nil {
		h.answer(w, r)
	}
}

func (h *hookReceiver) only(t *testing.T) (*http.Request, string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.got) != 1 {
		t.Fatalf("%d requests came", len(h.got))
	}
	return h.got[0], h.bodies[0]
}

// hookMessage has what each form must take care of.
func hookMessage() Message {
	n := alert.Notification{ID: 7, Type: alert.Warning, Message: "A & <!channel> @everyone\n\"né\"", Time: time.Unix(1_700_000_000, 0).UTC()}
	return Message{Key: "k1", Title: "BTC/USD", Text: n.Message, Body: n.AppendJSON(nil), Notification: n, Link: "https://example.com/q/BTC/USD?a=1&b=2"}
}

func TestEachKindPostsItsForm(t *testing.T) {
	for kind, c := range map[Kind]struct {
		contentType, body string
		header            map[string]string
	}{
		Webhook: {"application/json", string(hookMessage().Body), nil},
		Post:    {"text/plain; charset=utf-8", hookMessage().Text + "\nhttps://example.com/q/BTC/USD?a=1&b=2", nil},
		Ntfy: {"text/plain; charset=utf-8", hookMessage().Text, map[string]string{
			"Title": "BTC/USD", "Priority": "high", "Tags": "warning", "Click": "https://example.com/q/BTC/USD?a=1&b=2",
		}},
		Slack:   {"application/json", `{"text":"A &amp; &lt;!channel&gt; @everyone\n\"né\"\nhttps://example.com/q/BTC/USD?a=1&amp;b=2"}`, nil},
		Discord: {"application/json", `{"content":"A & <!channel> @everyone\n\"né\"\nhttps://example.com/q/BTC/USD?a=1&b=2","allowed_mentions":{"parse":[]}}`, nil},
	} {
		h := newHookReceiver(t, nil)
		guard := NewGuard(true)
		defer guard.Close()
		if err := NewSenders(guard)[kind].Send(t.Context(), Channel{Kind: kind, Address: h.URL + "/x?y=z", Secret: "s"}, hookMessage()); err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		r, body := h.only(t)
		if r.Method != http.MethodPost || r.RequestURI != "/x?y=z" || r.Header.Get("Content-Type") != c.contentType ||
			r.Header.Get("Idempotency-Key") != "k1" || r.Header.Get("User-Agent") != "tickboard" {
			t.Errorf("%s: %s %s %v", kind, r.Method, r.RequestURI, r.Header)
		}
		for name, want := range c.header {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", kind, name, got, want)
			}
		}
		if same := sameJSON(body, c.body); body != c.body && !same {
			t.Errorf("%s: %s\nwant %s", kind, body, c.body)
		}
	}
}

func sameJSON(a, b string) bool {
	var x, y map[string]any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}

func TestLongMessagesFitDiscord(t *testing.T) {
	m := Message{Text: strings.Repeat("é", alert.MaxMessage), Link: "https://example.com/" + strings.Repeat("x", 2000)}
	_, body, _ := discord(m)
	var form struct{ Content string }
	if err := json.Unmarshal(body, &form); err != nil || form.Content != m.Text {
		t.Errorf("%d bytes, %v", len(form.Content), err)
	}
}

// TestWebhookSignature holds a signature that was made with
//
//	printf '%s' '1700000000.{"id":1}' | openssl dgst -sha256 -hmac secret
func TestWebhookSignature(t *testing.T) {
	const want = "t=1700000000,v1=3dd1b9aef568d75f6790a84bd2e5dfa1f44409eef3cbdbd3f10b837376100c11"
	if got := Sign("secret", time.Unix(1_700_000_000, 0), []byte(`{"id":1}`)); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	h := newHookReceiver(t, nil)
	guard := NewGuard(true)
	defer guard.Close()
	c := Channel{Kind: Webhook, Name: "x", Address: h.URL}
	sender := NewSenders(guard)[Webhook]
	if err := sender.(Preparer).Prepare(t.Context(), &c); err != nil || len(c.Secret) < 26 {
		t.Fatalf("%q, %v", c.Secret, err)
	}
	if err := sender.Send(t.Context(), c, hookMessage()); err != nil {
		t.Fatal(err)
	}
	r, body := h.only(t)
	signature := r.Header.Get(SignatureHeader)
	seconds, _, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
	at, err := time.ParseDuration(seconds + "s")
	sent := time.Unix(int64(at.Seconds()), 0)
	if err != nil || time.Since(sent) > time.Minute || signature != Sign(c.Secret, sent, []byte(body)) || signature == Sign("other", sent, []byte(body)) {
		t.Errorf("%s, %v", signature, err)
	}
}

func TestAnswersDecideWhatFollows(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		header string // Retry-After
		want   Verdict
		says   string
	}{
		"taken":              {200, "", Verdict{}, ""},
		"without a word":     {204, "", Verdict{}, ""},
		"moved":              {301, "", Verdict{Permanent: true}, "enter that one"},
		"malformed":          {400, "", Verdict{Permanent: true}, "400 Bad Request"},
		"not allowed":        {403, "", Verdict{}, "403 Forbidden"},
		"not there":          {404, "", Verdict{Permanent: true}, "still the right one"},
		"gone":               {410, "", Verdict{Permanent: true}, "still the right one"},
		"too often":          {429, "120", Verdict{After: 2 * time.Minute}, "429 Too Many Requests"},
		"too often, parts":   {429, "0.5", Verdict{After: time.Second}, "429"},
		"too often, no time": {429, "", Verdict{}, "429"},
		"nonsense":           {429, "-3", Verdict{}, "429"},
		"busy":               {503, "7", Verdict{After: 7 * time.Second}, "503"},
		"a fault":            {500, "7", Verdict{}, "500 Internal Server Error"},
	} {
		h := newHookReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.header != "" {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, "a secret of somebody's")
		})
		guard := NewGuard(true)
		err := NewSenders(guard)[Post].Send(t.Context(), Channel{Address: h.URL}, hookMessage())
		guard.Close()
		if (err == nil) != (c.says == "") || VerdictOf(err) != c.want || err != nil && (!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v, %+v", name, err, VerdictOf(err))
		}
	}
}

func TestRetryAfterMayBeADate(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"Fri, 20 Nov 2026 12:01:00 GMT": time.Minute, "Fri, 20 Nov 2026 11:00:00 GMT": 0, "soon": 0, "": 0, "99999999999": 0, "3": 3 * time.Second,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// at is where a server listens.
func at(t *testing.T, s *httptest.Server) netip.AddrPort {
	t.Helper()
	to, err := netip.ParseAddrPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// outside is a guard to which these servers alone are the public internet.
func outside(t *testing.T, servers ...*httptest.Server) *Guard {
	t.Helper()
	g := NewGuard(false)
	g.admits = func(to netip.AddrPort) bool {
		for _, s := range servers {
			if at(t, s) == to {
				return true
			}
		}
		return false
	}
	for _, s := range servers {
		if s.TLS != nil {
			g.client.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
		}
	}
	t.Cleanup(g.Close)
	return g
}

// send posts past the look at the address' form, which refuses loopback.
func send(g *Guard, address string) (*http.Response, error) {
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader("body"))
	if err != nil {
		return nil, err
	}
	answer, _, err := g.Do(r)
	return answer, err
}

func redirectTo(status int, to func() string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to(), status) }
}

func TestRedirectsAreWatched(t *testing.T) {
	inside := newHookReceiver(t, nil)
	var target string
	next := func() string { return target }
	kept := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Got", string(body)+r.Header.Get("Referer"))
			return
		}
		redirectTo(map[bool]int{true: 302, false: 307}[r.URL.Path == "/drop"], next)(w, r)
	}))
	defer kept.Close()
	g := outside(t, kept)
	for name, c := range map[string]struct {
		from, to string
		fails    error
		status   int
	}{
		"to a private address":        {"/", "https://" + inside.Listener.Addr().String() + "/", errNotPublic, 0},
		"to a private name":           {"/", "https://localhost:" + strings.Split(inside.Listener.Addr().String(), ":")[1] + "/", errNotPublic, 0},
		"to metadata":                 {"/", "https://169.254.169.254/latest", errNotPublic, 0},
		"to http":                     {"/", inside.URL, errInsecure, 0},
		"to a file":                   {"/", "file:///etc/passwd", errInsecure, 0},
		"round and round":             {"/", kept.URL + "/", errRedirects, 0},
		"to another place":            {"/", kept.URL + "/end", nil, 200},
		"that would drop the message": {"/drop", kept.URL + "/end", nil, 302},
	} {
		target = c.to
		answer, err := send(g, kept.URL+c.from)
		if !errors.Is(err, c.fails) || err == nil && (answer.StatusCode != c.status || c.status == 200 && answer.Header.Get("Got") != "body") {
			t.Errorf("%s: %v, %+v", name, err, answer)
		}
	}
	if len(inside.got) != 0 {
		t.Errorf("%d requests came inside", len(inside.got))
	}
}

func TestNothingInsideIsConnectedTo(t *testing.T) {
	inside := newHookReceiver(t, nil)
	port := inside.Listener.Addr().String()[strings.LastIndex(inside.Listener.Addr().String(), ":"):]
	g := NewGuard(false)
	defer g.Close()
	for _, address := range []string{"http://127.0.0.1" + port, "http://localhost" + port, "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "http://[::]" + port} {
		if _, err := send(g, address); !errors.Is(err, errNotPublic) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		if err := g.Resolve(t.Context(), mustURL(t, name)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(inside.got) != 0 {
		t.Errorf("%d requests came", len(inside.got))
	}
	home := NewGuard(true)
	defer home.Close()
	if _, err := send(home, inside.URL); err != nil {
		t.Errorf("at home: %v", err)
	}
}

func TestProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	if g := NewGuard(false); g.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("there is a proxy")
	}
}

func TestWhatFailsIsToldWithoutAddresses(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	plain := newHookReceiver(t, nil)
	secured := httptest.NewTLSServer(nil)
	defer secured.Close()
	cut := newHookReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_ = c.Close()
		}
	})
	stall := newHookReceiver(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	g := NewGuard(true)
	defer g.Close()
	for name, c := range map[string]struct{ address, says string }{
		"nobody there":    {closed.URL, "refuses the connection"},
		"no https":        {strings.Replace(plain.URL, "http:", "https:", 1), "does not speak https"},
		"bad certificate": {secured.URL, "certificate is not good"},
		"cut off":         {cut.URL, "broke off"},
		"stalled":         {stall.URL, "does not answer in time"},
		"no such name":    {"https://nowhere.invalid/", "name cannot be found"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := NewSenders(g)[Post].Send(ctx, Channel{Address: c.address}, hookMessage())
		cancel()
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "127.0.0.1:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	endless := newHookReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	g := NewGuard(true)
	defer g.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, endless.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, body, err := g.Do(r); err != nil || len(body) != maxAnswer {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	heads := newHookReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) })
	if _, err := send(g, heads.URL); err == nil {
		t.Error("a head of 100 KiB was read")
	}
}
