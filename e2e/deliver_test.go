package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hookPost is one request that a receiver got.
type hookPost struct {
	key, body string
	header    http.Header
}

// hook is a receiver. Answer, if there is one, answers.
type hook struct {
	*httptest.Server
	answer func(w http.ResponseWriter, r *http.Request, nth int)
	mu     sync.Mutex
	posts  []hookPost
}

func newHook(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, nth int)) *hook {
	t.Helper()
	h := &hook{answer: answer}
	h.Server = httptest.NewServer(h)
	t.Cleanup(func() { h.CloseClientConnections(); h.Close() })
	return h
}

// ServeHTTP implements http.Handler.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	h.posts = append(h.posts, hookPost{r.Header.Get("Idempotency-Key"), string(body), r.Header})
	nth := len(h.posts)
	h.mu.Unlock()
	if h.answer != nil {
		h.answer(w, r, nth)
	}
}

func (h *hook) got() []hookPost {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.posts)
}

// once are what came, each once, in the order of their first coming.
func (h *hook) once() []hookPost {
	var first []hookPost
	seen := make(map[string]bool)
	for _, p := range h.got() {
		if !seen[p.key] {
			first = append(first, p)
		}
		seen[p.key] = true
	}
	return first
}

// await waits until a condition holds.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(patience); !is(); <-look.C {
		if time.Now().After(end) {
			t.Fatalf("%s does not come about", what)
		}
	}
}

// wireChannel is a channel as it is on the wire.
type wireChannel struct {
	ID        int64  `json:"id"`
	Secret    string `json:"secret"`
	Enabled   bool   `json:"enabled"`
	Delivered string `json:"delivered"`
	Failing   string `json:"failing"`
	Error     string `json:"error"`
}

// subscriber is somebody who has channels, in one browser.
type subscriber struct {
	*server
	cookie string
}

func (p *subscriber) ask(method, path, body string, headers ...string) answer {
	p.t.Helper()
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	if p.cookie != "" {
		headers = append(headers, "Cookie", p.cookie)
	}
	a := p.do(method, path, body, headers...)
	if set := a.header.Get("Set-Cookie"); set != "" {
		p.cookie, _, _ = strings.Cut(set, ";")
	}
	return a
}

// channel adds one that takes messages.
func (p *subscriber) channel(kind, address string) wireChannel {
	p.t.Helper()
	var c wireChannel
	body := fmt.Sprintf(`{"kind":%q,"name":"x","address":%q,"messages":true}`, kind, address)
	p.ask("POST", "/api/v1/channels", body).want(p.t, http.StatusCreated).decode(p.t, &c)
	return c
}

func (p *subscriber) show(id int64) (c wireChannel) {
	p.t.Helper()
	p.ask("GET", "/api/v1/channels/"+strconv.FormatInt(id, 10), "").want(p.t, http.StatusOK).decode(p.t, &c)
	return c
}

func TestMessagesReachTheirChannelsInOrder(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--allow-private-webhooks")
	p := &subscriber{server: s}
	webhook, slack, plain := newHook(t, nil), newHook(t, nil), newHook(t, nil)
	c := p.channel("webhook", webhook.URL+"/in?x=1")
	p.channel("slack", slack.URL)
	p.channel("post", plain.URL)
	for i := range 5 {
		s.send(fmt.Sprintf("number %d", i+1))
	}
	await(t, "the delivery", func() bool { return len(webhook.got()) == 5 && len(slack.got()) == 5 && len(plain.got()) == 5 })
	for i := range 5 {
		text := fmt.Sprintf("number %d", i+1)
		got := webhook.got()[i]
		var n notification
		if err := json.Unmarshal([]byte(got.body), &n); err != nil || n.ID != int64(i+1) || n.Message != text || got.key == "" {
			t.Errorf("%s, %v", got.body, err)
		}
		if !signedBy(got, c.Secret) {
			t.Errorf("the signature %s is not of the key", got.header.Get("Tickboard-Signature"))
		}
		if body := slack.got()[i].body; body != fmt.Sprintf(`{"text":%q}`, text) {
			t.Error(body)
		}
		if body := plain.got()[i].body; body != text {
			t.Error(body)
		}
	}
	await(t, "that it is shown", func() bool { return p.show(c.ID).Delivered != "" })
	var renewed wireChannel
	path := fmt.Sprintf("/api/v1/channels/%d", c.ID)
	if p.ask("POST", path+"/secret", "").want(t, http.StatusOK).decode(t, &renewed); len(renewed.Secret) < 26 || renewed.Secret == c.Secret {
		t.Errorf("another key is %q", renewed.Secret)
	}
	(&subscriber{server: s}).ask("POST", path+"/secret", "").problem(t, http.StatusNotFound)
	s.send("number 6")
	await(t, "the sixth", func() bool { return len(webhook.got()) == 6 })
	if got := webhook.got()[5]; !signedBy(got, renewed.Secret) || signedBy(got, c.Secret) {
		t.Error("it is not signed with the new key alone")
	}
	if p.show(c.ID).Secret != "" {
		t.Error("the key is told again")
	}
}

// signedBy says that a post bears the signature of a key.
func signedBy(got hookPost, secret string) bool {
	signature := got.header.Get("Tickboard-Signature")
	seconds, _, _ := strings.Cut(strings.TrimPrefix(signature, "t="), ",")
	stamp, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && signature == sign(secret, time.Unix(stamp, 0), got.body)
}

// TestReceiversThatFailHoldUpNoOther: one stalls, one fails at first, one is
// gone and one redirects in a circle, while the good one gets everything at once.
func TestReceiversThatFailHoldUpNoOther(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--allow-private-webhooks")
	p := &subscriber{server: s}
	stalls := newHook(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	fails := newHook(t, func(w http.ResponseWriter, _ *http.Request, nth int) {
		if nth == 1 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	gone := newHook(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusGone) })
	circles := newHook(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
	})
	good := newHook(t, nil)
	for _, h := range []*hook{stalls, fails, gone, circles} {
		p.channel("post", h.URL)
	}
	// Another's, because one person has only so many tries at once.
	(&subscriber{server: s}).channel("post", good.URL)
	s.send("one")
	s.send("two")
	await(t, "what the good one gets", func() bool { return len(good.got()) == 2 })
	await(t, "that the gone one is shown as failing", func() bool {
		c := p.show(3)
		return c.Failing != "" && c.Enabled && strings.Contains(c.Error, "410 Gone")
	})
	await(t, "what the gone one gets", func() bool { return len(gone.got()) == 2 })
	await(t, "the second try", func() bool { return len(fails.once()) == 2 })
	got := fails.got()
	if len(got) != 3 || got[0].key != got[1].key || got[0].body != "one" || got[2].body != "two" {
		t.Errorf("%+v", got)
	}
	if n := len(stalls.got()); n == 0 || n > 2 {
		t.Errorf("the stalled one got %d", n)
	}
	if c := p.show(4); !strings.Contains(c.Error, "redirects") {
		t.Errorf("%+v", c)
	}
	if took := s.stop(); took > 2*time.Second {
		t.Errorf("the stop took %v while a receiver stalls", took)
	}
}

// TestDeliveriesSurviveBeingKilled: the process is killed at random moments in the
// middle of deliveries. Everything that was accepted arrives, in its order, and
// what comes again has the key that it had.
func TestDeliveriesSurviveBeingKilled(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--allow-private-webhooks")
	p := &subscriber{server: s}
	arrivals := make(chan struct{}, 1000)
	h := newHook(t, func(http.ResponseWriter, *http.Request, int) {
		select {
		case arrivals <- struct{}{}:
		default:
		}
	})
	p.channel("webhook", h.URL)
	token := s.token()
	const kills = 8
	accepted := 0
	for range kills {
		for range 4 {
			s.send(fmt.Sprintf("number %d", accepted+1))
			accepted++
		}
		for range 1 + rand.IntN(4) {
			select {
			case <-arrivals:
			case <-time.After(patience):
				t.Fatalf("of %d only %d arrive", accepted, len(h.once()))
			}
		}
		s.kill()
		s.restart()
	}
	if s.token() != token {
		t.Error("another token")
	}
	await(t, "the rest", func() bool { return len(h.once()) == accepted })
	bodies := make(map[string]string)
	for i, got := range h.once() {
		bodies[got.key] = got.body
		var n notification
		if err := json.Unmarshal([]byte(got.body), &n); err != nil || n.ID != int64(i+1) {
			t.Errorf("%d: %s, %v", i+1, got.body, err)
		}
	}
	for _, got := range h.got() {
		if bodies[got.key] != got.body {
			t.Errorf("%s came as %s and as %s", got.key, bodies[got.key], got.body)
		}
	}
	t.Logf("%d notifications came %d times", accepted, len(h.got()))
}

// TestWhatAStopCutsShortComesAgain: the receiver has it, but could not answer.
func TestWhatAStopCutsShortComesAgain(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--allow-private-webhooks")
	p := &subscriber{server: s}
	h := newHook(t, func(_ http.ResponseWriter, r *http.Request, nth int) {
		if nth == 1 {
			<-r.Context().Done()
		}
	})
	p.channel("webhook", h.URL)
	s.send("one")
	await(t, "the first try", func() bool { return len(h.got()) == 1 })
	s.stop()
	s.restart()
	await(t, "the second try", func() bool { return len(h.got()) == 2 })
	if got := h.got(); got[0].key != got[1].key || got[0].body != got[1].body {
		t.Errorf("%+v", got)
	}
}

func TestNodesOnOnePostgreSQLDeliverOnce(t *testing.T) {
	t.Parallel()
	_, nodes := onPostgres(t, "--allow-private-webhooks", "--feed", still(t), "--symbols", "AAA")
	p := &subscriber{server: nodes[0]}
	hooks := []*hook{newHook(t, nil), newHook(t, nil), newHook(t, nil)}
	for _, h := range hooks {
		p.channel("post", h.URL)
	}
	const count = 10
	for i := range count {
		nodes[i%2].send(fmt.Sprint(i + 1))
	}
	for _, h := range hooks {
		await(t, "the delivery", func() bool { return len(h.got()) >= count })
		for i, got := range h.got() {
			if got.body != fmt.Sprint(i+1) {
				t.Errorf("at place %d came %s", i+1, got.body)
			}
		}
		if n := len(h.got()); n != count {
			t.Errorf("%d came, want %d", n, count)
		}
	}
}

func TestPrivateAddressesNeedAFlag(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	h := newHook(t, nil)
	for _, address := range []string{h.URL, strings.Replace(h.URL, "http:", "https:", 1), "https://localhost/", "https://169.254.169.254/", "https://[::1]/"} {
		if detail := s.post("/api/v1/channels", fmt.Sprintf(`{"kind":"webhook","name":"x","address":%q}`, address)).problem(t, http.StatusBadRequest); detail == "" {
			t.Errorf("%s is taken", address)
		}
	}
	if len(h.got()) != 0 {
		t.Error("something came")
	}
}

// sign is what a signature is, by the README's words.
func sign(secret string, at time.Time, body string) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "." + body))
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// TestChecksOfTheReadmeKnowWhatIsGenuine runs them as they stand there.
func TestChecksOfTheReadmeKnowWhatIsGenuine(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n### What arrives at a webhook\n")
	section, _, _ = strings.Cut(section, "\n### ")
	if !found {
		t.Fatal("the README has no section of that name")
	}
	const secret, body = "s3cret", `{"id":7,"message":"é"}`
	now := time.Now()
	cases := [][4]string{
		{secret, sign(secret, now, body), body, "true"},
		{"other", sign(secret, now, body), body, "false"},
		{secret, sign(secret, now, body), body + " ", "false"},
		{secret, sign(secret, now.Add(-time.Hour), body), body, "false"},
		{secret, sign(secret, now.Add(time.Hour), body), body, "false"},
		{secret, sign(secret, now, body)[:40], body, "false"},
		{secret, "nonsense", body, "false"},
		{secret, "", body, "false"},
	}
	var args, want []string
	for _, c := range cases {
		args, want = append(args, c[:3]...), append(want, c[3])
	}
	for language, c := range map[string]struct{ name, before, after string }{
		"python": {"check.py", "", "\nimport sys\na = sys.argv[1:]\nwhile a:\n    print(str(genuine(a[0], a[1], a[2].encode())).lower())\n    a = a[3:]\n"},
		"go": {
			"check.go",
			"package main\n\nimport (\n\"crypto/hmac\"\n\"crypto/sha256\"\n\"encoding/hex\"\n\"fmt\"\n\"os\"\n\"strconv\"\n\"strings\"\n\"time\"\n)\n",
			"\nfunc main() {\nfor a := os.Args[1:]; len(a) > 0; a = a[3:] {\nfmt.Println(genuine(a[0], a[1], []byte(a[2])))\n}\n}\n",
		},
	} {
		t.Run(language, func(t *testing.T) {
			m := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```").FindStringSubmatch(section)
			if m == nil {
				t.Fatal("the section has no example")
			}
			program := map[string][]string{"python": {"python3"}, "go": {"go", "run"}}[language]
			if _, err := exec.LookPath(program[0]); errors.Is(err, exec.ErrNotFound) {
				t.Skipf("NOT TESTED: this machine has no %s", program[0])
			}
			file := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(file, []byte(c.before+m[1]+c.after), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), program[0], slices.Concat(program[1:], []string{file}, args)...)
			out, err := cmd.CombinedOutput()
			if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, want) {
				t.Errorf("%v: %s\nwant %v", err, out, want)
			}
		})
	}
}

// TestAlertReachesItsChannelThoughTheServerIsKilled: the receiver is away when the
// alert fires and the server is killed then. It arrives when both are back, at the
// channel that the alert names and at no other.
func TestAlertReachesItsChannelThoughTheServerIsKilled(t *testing.T) {
	t.Parallel()
	s := startIngest(t, "--allow-private-webhooks")
	p := &subscriber{server: s}
	var back atomic.Bool
	h := newHook(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		if !back.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	other := newHook(t, nil)
	c := p.channel("webhook", h.URL)
	p.channel("webhook", other.URL)
	s.ingest(`{"type":"instrument","symbol":"AAA","name":"Triple A","currency":"USD"}`, `{"type":"trade","symbol":"AAA","price":100.00,"size":1,"id":1}`)
	body := fmt.Sprintf(`{"symbol":"AAA","condition":"above","level":101,"deliver":"%d"}`, c.ID)
	p.ask(http.MethodPost, "/api/v1/alerts", body).want(t, http.StatusCreated)
	s.ingest(`{"type":"trade","symbol":"AAA","price":102.50,"size":1,"id":2}`)
	await(t, "the first try", func() bool { return len(h.got()) == 1 })
	s.kill()
	back.Store(true)
	s.restart()
	await(t, "the next try", func() bool { return len(h.got()) == 2 })
	var n struct {
		Kind, Symbol, Message, Link string
		Price                       json.Number
	}
	got := h.got()
	if err := json.Unmarshal([]byte(got[1].body), &n); err != nil || n.Kind != "alert" || n.Symbol != "AAA" || n.Price != "102.50" ||
		n.Link != s.URL+"/q/AAA" || !strings.Contains(n.Message, "above 101") {
		t.Errorf("%s, %v", got[1].body, err)
	}
	if got[0].key != got[1].key || got[0].body != got[1].body {
		t.Errorf("it came as %+v and as %+v", got[0], got[1])
	}
	if n := len(other.got()); n != 0 {
		t.Errorf("the other channel got %d", n)
	}
}
