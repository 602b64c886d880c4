package e2e

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

func gunzip(t testing.TB, packed string) string {
	t.Helper()
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// head asks and reads the answer's head alone, for streams do not end.
func (s *server) head(method, path string, headers ...string) answer {
	s.t.Helper()
	req, err := newRequest(s.t.Context(), method, s.URL+path, "", headers)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := streamClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return answer{request: method + " " + path, status: resp.StatusCode, header: resp.Header}
}

func TestOtherSitesReadWhatTheyMay(t *testing.T) {
	t.Parallel()
	shared := []string{
		"/stream/AAA", "/stream?symbols=AAA", "/stream/NOPE", "/stream", "/stream/a%20b", "/api/v1/quotes?symbols=AAA", "/api/v1/quotes/AAA",
		"/api/v1/quotes/NOPE", "/api/v1/quotes?x=1", "/api/v1/symbols", "/api/v1/symbols?limit=x", "/static/x/y.js", "/stream/x/symbols",
	}
	own := []string{"/", "/events", "/events/x/symbols", "/api/v1/notifications", "/healthz", "/readyz", "/q/AAA", "/rows?symbols=AAA", "/embed", "/embed/quote/AAA", "/send", "/streams", "/api/v1/quotesx", "/api/v1/ingest"}
	for cors, origins := range map[string]map[string]string{
		"*":    {"https://a.example": "*", "null": "*", "": "*"},
		"none": {"https://a.example": "", "": ""},
		"https://a.example,https://b.example:8443": {
			"https://a.example": "https://a.example", "https://b.example:8443": "https://b.example:8443", "https://b.example": "",
			"http://a.example": "", "https://a.example.evil.example": "", "null": "", "": "",
		},
	} {
		t.Run(cors, func(t *testing.T) {
			t.Parallel()
			s := startStill(t, "--cors-origins", cors)
			for origin, want := range origins {
				for _, path := range shared {
					s.asksFrom(origin, path, want, strings.HasPrefix(cors, "https"))
				}
				for _, path := range own {
					s.asksFrom(origin, path, "", false)
				}
			}
			if policy := s.get("/embed/quote/AAA").header.Get("Content-Security-Policy"); strings.Contains(policy, "frame-ancestors 'none'") != (cors == "none") {
				t.Errorf("the widget's policy is %s", policy)
			}
		})
	}
}

// asksFrom checks which origin an answer to a page of another site allows, and
// the answer to what a browser asks before a POST of JSON.
func (s *server) asksFrom(origin, path, want string, vary bool) {
	s.t.Helper()
	var headers []string
	if origin != "" {
		headers = []string{"Origin", origin}
	}
	a := s.head(http.MethodGet, path, headers...)
	if got := a.header.Values("Access-Control-Allow-Origin"); strings.Join(got, " ") != want {
		s.t.Errorf("%s from %q (%d): allowed origin %q, want %q", a.request, origin, a.status, got, want)
	}
	if got := a.header.Values("Vary"); strings.Contains(strings.Join(got, ","), "Origin") != vary {
		s.t.Errorf("%s: Vary %q", a.request, got)
	}
	if a.header.Get("Access-Control-Allow-Credentials") != "" {
		s.t.Errorf("%s allows credentials", a.request)
	}
	p := s.head(http.MethodOptions, path, append(headers, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")...)
	allowed := p.header.Get("Access-Control-Allow-Origin") + " " + p.header.Get("Access-Control-Allow-Methods") + " " + p.header.Get("Access-Control-Allow-Headers")
	switch {
	case want == "" && allowed != "  ":
		s.t.Errorf("%s from %q: %d allows %s", p.request, origin, p.status, allowed)
	case want != "" && (p.status >= 300 || allowed != want+" GET, HEAD, POST Content-Type, Last-Event-ID"):
		s.t.Errorf("%s from %q: %d allows %s", p.request, origin, p.status, allowed)
	}
}

func TestOnlyKnownHostNamesAreAnswered(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--public-url", "https://quotes.example.com", "--allowed-hosts", "inner.example, UPPER.example")
	for host, ok := range map[string]bool{
		s.host(): true, "127.0.0.1": true, "[::1]": true, "[::1]:80": true, "192.0.2.7:8080": true, "localhost": true, "LOCALHOST:99": true,
		"quotes.example.com": true, "quotes.example.com:443": true, "Quotes.Example.Com": true, "inner.example": true, "inner.example:1": true, "upper.example": true,
		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false, "quotes.example.com.evil.example": false,
		"example.com": false, "xlocalhost": false, "inner.example.": false, "quotes.example.com@evil.example": false,
	} {
		for _, path := range []string{"/", "/healthz", "/api/v1/quotes/AAA", "/static/x/y", "/stream/NOPE"} {
			a := s.get(path, "Host", host)
			if got := a.status != http.StatusMisdirectedRequest && a.status != http.StatusBadRequest; got != ok {
				t.Errorf("Host %s, %s: %d", host, path, a.status)
			} else if !ok && a.status == http.StatusMisdirectedRequest {
				a.problem(t, http.StatusMisdirectedRequest)
			}
		}
		if ok || strings.Contains(host, "@") {
			continue
		}
		a := s.post("/send", `{"type":"info","message":"x"}`, "Host", host, "Authorization", "Bearer "+s.token(), "Origin", "http://"+host)
		a.problem(t, http.StatusMisdirectedRequest)
	}
	for host, status := range map[string]int{
		"127.0.0.1": 200, "[::1]:8081": 200, "localhost:8081": 200, "quotes.example.com": 421, "inner.example": 421, "evil.example": 421,
	} {
		for _, path := range []string{"/metrics", "/healthz", "/debug/pprof/cmdline"} {
			if a, err := try(http.MethodGet, s.AdminURL+path, "", "Host", host); err != nil || a.status != status {
				t.Errorf("admin, Host %s, %s: %d %v, want %d", host, path, a.status, err, status)
			}
		}
	}
	// The admin listener has what the operator needs, the other one has not.
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/cmdline"} {
		s.get(path).problem(t, http.StatusNotFound)
	}
}

func TestPagesOfOtherSitesChangeNothing(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--public-url", "https://quotes.example.com")
	auth := []string{"Authorization", "Bearer " + s.token()}
	const body = `{"type":"info","message":"x"}`
	for _, c := range []struct {
		headers []string
		ok      bool
	}{
		{nil, true},
		{[]string{"Sec-Fetch-Site", "same-origin"}, true},
		{[]string{"Sec-Fetch-Site", "none"}, true},
		{[]string{"Sec-Fetch-Site", "cross-site"}, false},
		{[]string{"Sec-Fetch-Site", "same-site"}, false},
		{[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://quotes.example.com"}, true},
		{[]string{"Origin", s.URL}, true},
		{[]string{"Origin", "https://quotes.example.com"}, true},
		{[]string{"Origin", "https://evil.example"}, false},
		{[]string{"Origin", "null"}, false},
	} {
		a := s.post("/send", body, append(auth, c.headers...)...)
		if c.ok {
			a.want(t, http.StatusAccepted)
		} else {
			a.problem(t, http.StatusForbidden)
		}
		a = s.post("/events/x/symbols", "{}", c.headers...)
		if c.ok {
			a.problem(t, http.StatusNotFound)
		} else {
			a.problem(t, http.StatusForbidden)
		}
		// The secret alone admits to a quote stream.
		s.post("/stream/x/symbols", "{}", c.headers...).problem(t, http.StatusNotFound)
	}
	s.get("/events", "Sec-Fetch-Site", "cross-site").problem(t, http.StatusForbidden)
	st := s.open("/stream?symbols=AAA", "Sec-Fetch-Site", "cross-site", "Origin", "https://other.example")
	h, _ := st.hello()
	s.post("/stream/"+h.Stream+"/symbols", `{"add":["BTC/USD"]}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://other.example").want(t, http.StatusOK)
	for q := st.quote(); q.Symbol != "BTC/USD"; q = st.quote() {
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	for path, c := range map[string]struct{ policy, resource, opener string }{
		"/":                            {"frame-ancestors 'none'", "", "same-origin"},
		"/q/AAA":                       {"frame-ancestors 'none'", "", "same-origin"},
		"/embed":                       {"frame-ancestors 'none'", "", "same-origin"},
		"/nothing":                     {"frame-ancestors 'none'", "", "same-origin"},
		"/events?symbols=a%20b":        {"frame-ancestors 'none'", "", "same-origin"},
		"/api/v1/quotes/AAA":           {"frame-ancestors 'none'", "", "same-origin"},
		"/send":                        {"frame-ancestors 'none'", "", "same-origin"},
		"/embed/quote/AAA":             {"default-src 'none'", "cross-origin", ""},
		"/embed/quote/NOPE":            {"default-src 'none'", "cross-origin", ""},
		"/embed/quote/a%20b":           {"default-src 'none'", "cross-origin", ""},
		s.asset("js/"):                 {"sandbox", "cross-origin", ""},
		"/static/x":                    {"sandbox", "cross-origin", ""},
		"/static/x/js/share/worker.js": {"script-src 'self'; connect-src 'self'", "cross-origin", ""},
	} {
		h := s.head(http.MethodGet, path).header
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin", "Cross-Origin-Resource-Policy": c.resource,
			"Cross-Origin-Opener-Policy": c.opener, "Strict-Transport-Security": "", "Server": "", "Set-Cookie": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
		if h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", path)
		}
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, c.policy) || strings.Contains(policy, "unsafe-eval") || strings.Contains(policy, "script-src 'unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if strings.HasPrefix(path, "/embed/") && strings.Contains(policy, "frame-ancestors") {
			t.Errorf("%s cannot be framed: %q", path, policy)
		}
		isolates := strings.HasPrefix(path, "/embed/") || strings.HasSuffix(path, "/worker.js")
		if got := h.Get("Cross-Origin-Embedder-Policy"); isolates != (got == "require-corp") {
			t.Errorf("%s: Cross-Origin-Embedder-Policy %q", path, got)
		}
	}
	secure := startStill(t, "--public-url", "https://quotes.example.com", "--embed-ancestors", "https://a.example,https://b.example")
	if got := secure.get("/healthz").header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=") {
		t.Errorf("behind TLS: Strict-Transport-Security %q", got)
	}
	if got := secure.get("/embed/quote/AAA").header.Get("Content-Security-Policy"); !strings.Contains(got, "frame-ancestors https://a.example https://b.example") {
		t.Errorf("--embed-ancestors: %q", got)
	}
}

var (
	inline = regexp.MustCompile(`(?s)<(script|style)([^>]*)>(.*?)</(?:script|style)>`)
	onAttr = regexp.MustCompile(`(?i)<[a-z][^>]*\s(on[a-z]+|style)=`)
)

// TestInlineCodeIsTheWidgetsAloneAndByHash computes the hashes of the bytes as
// they are sent.
func TestInlineCodeIsTheWidgetsAloneAndByHash(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	for _, path := range []string{"/embed/quote/AAA", "/embed/quote/BTC/USD?theme=dark&palette=mono&locale=pt-BR", "/embed/quote/NOPE"} {
		a := s.get(path, "Accept", "text/html")
		policy := a.header.Get("Content-Security-Policy")
		count := 0
		for _, m := range inline.FindAllStringSubmatch(a.body, -1) {
			if strings.Contains(m[2], "src=") || strings.Contains(m[2], "application/json") {
				continue
			}
			count++
			sum := sha256.Sum256([]byte(m[3]))
			if hash := fmt.Sprintf("%s-src 'sha256-%s'", m[1], base64.StdEncoding.EncodeToString(sum[:])); !strings.Contains(policy, hash) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, hash)
			}
		}
		if count == 0 {
			t.Errorf("%s has no inline code at all", path)
		}
		if m := onAttr.FindString(a.body); m != "" {
			t.Errorf("%s: %s", path, m)
		}
	}
	for _, path := range []string{"/", "/q/AAA", "/embed", "/nothing", "/?symbols=a%20b"} {
		a := s.get(path, "Accept", "text/html")
		for _, m := range inline.FindAllStringSubmatch(a.body, -1) {
			if !strings.Contains(m[2], "src=") && !strings.Contains(m[2], "json") {
				t.Errorf("%s: inline %s", path, clip(m[0]))
			}
		}
		if m := onAttr.FindString(a.body); m != "" {
			t.Errorf("%s: %s", path, m)
		}
	}
}

// TestUserTextIsNeverMarkup sends it in by every way there is.
func TestUserTextIsNeverMarkup(t *testing.T) {
	t.Parallel()
	const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`
	s := startStill(t)
	s.send(evil)
	for _, path := range []string{
		"/", "/?symbols=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/?view=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/q/%22%3E%3Cscript%3Ealert(1)",
		"/embed?symbol=%3Cscript%3Ealert(1)", "/embed?symbol=AAA&theme=%22%3E%3Cscript%3Ealert(1)&locale=%22%3E%3Cscript%3Ealert(1)&palette=%22%3E%3Cscript%3Ealert(1)&max_rate=%3Cscript%3Ealert(1)",
		"/embed/quote/AAA?theme=%22%3E%3Cscript%3Ealert(1)&locale=%22%3E%3Cscript%3Ealert(1)&max_rate=%3Cscript%3Ealert(1)", "/embed/quote/%3Cscript%3Ealert(1)",
		"/%3Cscript%3Ealert(1)", "/rows?symbols=%3Cscript%3Ealert(1)",
	} {
		if a := s.get(path, "Accept", "text/html"); strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, "<img src=x") {
			t.Errorf("%s has it as markup: %s", path, clip(a.body[max(0, strings.Index(a.body, "alert")-100):]))
		}
	}
	if a := s.get("/"); !strings.Contains(a.body, "alert(1)") {
		t.Error("the notification is not on the page")
	}
}

// TestLogTellsNoSecretsAndCannotBeForged asks with secrets and control
// characters wherever there is room for them.
func TestLogTellsNoSecretsAndCannotBeForged(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			s := start(t, "--feed", still(t), "--symbols", "AAA", "--log-level", "debug", "--log-format", format)
			s.t = t
			s.awaitFinished()
			token := s.token()
			st := s.open("/events?symbols=AAA&key=hunter2")
			h, _ := st.hello()
			s.send("the message of a notification")
			s.post("/send", `{"type":"info","message":"x"}`, "Authorization", "Bearer wrong-"+token)
			s.post("/events/"+h.Stream+"/symbols", `{"add":["BTC/USD"]}`).want(t, http.StatusOK)
			s.post("/events/"+h.Stream+"/symbols", `{"add":["a b"]}`)
			s.post("/events/"+h.Stream+"/symbols/", `{"add":["a b"]}`)
			s.get("/events/" + h.Stream + "/symbols")
			s.get("/events/" + h.Stream)
			s.get("/stream/" + h.Stream)
			s.do(http.MethodDelete, "/events/"+h.Stream+"/symbols", "")
			for _, path := range []string{"/q/%0atime=forged%20level=ERROR", "/q/%0d%0a%7b%22level%22:%22ERROR%22%7d", "/stream/%1b%5b31m%07%00", "/%e2%80%a8%ff%fe", "/?x=%0aforged"} {
				s.get(path, "User-Agent", "evil\tagent", "Referer", "http://x/?key=hunter2")
			}
			s.raw("G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n")
			s.raw("GET /\x1b[31m HTTP/1.1\r\nHost: localhost\r\n\r\n")
			s.raw("FORGED\n\n")
			st.close()
			s.stop()
			log := s.process.stderr.String()
			for _, secret := range []string{token, h.Stream, "hunter2", "the message of"} {
				if i := strings.Index(log, secret); i >= 0 {
					t.Errorf("the log tells %q: %s", secret, log[max(0, i-150):min(len(log), i+100)])
				}
			}
			if c := regexp.MustCompile(`[^\n\x20-\x7e\x{a0}-\x{10ffff}]`).FindString(log); c != "" {
				t.Errorf("the log has the raw character %q", c)
			}
			begin := map[string]string{"text": "time=20", "json": `{"time":"20`}[format]
			for line := range strings.Lines(log) {
				if !strings.HasPrefix(line, begin) {
					t.Errorf("a line that is none of the program's: %q", line)
				}
			}
			if !strings.Contains(log, "request") || !strings.Contains(log, "stream ended") {
				t.Error("the log has no requests, so this test sees nothing")
			}
		})
	}
}

// raw sends bytes that no client of HTTP would, and returns the answer's status
// line.
func (s *server) raw(text string) string {
	s.t.Helper()
	conn, err := net.DialTimeout("tcp", s.host(), patience)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, text); err != nil {
		return ""
	}
	line, _ := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(line)
}
