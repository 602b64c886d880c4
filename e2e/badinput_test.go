package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestBadInputIsRefusedAndTheServerGoesOn is one table: what is sent, and the
// status whose problem document comes back. After each row the server still
// answers.
func TestBadInputIsRefusedAndTheServerGoesOn(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--max-symbols", "5")
	st := s.open("/events?symbols=AAA")
	h, _ := st.hello()
	change := "/events/" + h.Stream + "/symbols"
	token := "Bearer " + s.token()
	long := strings.Repeat("A", 25)

	const bad, missing, method, kind, large, unauthorized = http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge, http.StatusUnauthorized

	type row struct {
		method, path, body, contentType string
		status                          int
	}
	var rows []row
	get := func(status int, paths ...string) {
		for _, path := range paths {
			rows = append(rows, row{"GET", path, "", "", status})
		}
	}
	post := func(status int, path string, bodies ...string) {
		for _, body := range bodies {
			rows = append(rows, row{"POST", path, body, "application/json", status})
		}
	}

	// Symbols in paths: malformed in every way, then well-formed and unknown.
	for _, sym := range []string{
		"a%20b", "%00", "AAA%00", "AAA%0a", "%0d%0aX:1", "-A", ".A", "=A", "/A", "A//B", "A/../B", "A/./B", "A/", "A/..", "%2e%2e", "..%2fAAA", "A%2F%2FB",
		"BTC%252FUSD", "%2541AA", "%ff%fe", "%c3%a9", "%ef%bc%a1%ef%bc%a1%ef%bc%a1", "A%E2%80%8B", "A+B", "A$", "A%25", "A,B", "%27%22%3E", "A;B", "A*",
		long, strings.Repeat("A", 5000), "",
	} {
		get(bad, "/stream/"+sym, "/api/v1/quotes/"+sym, "/q/"+sym)
	}
	for _, sym := range []string{"NOPE", "^NOPE", "A.B-C_D/E:F=G", strings.Repeat("A", 24), "0", "BTC/USD/X"} {
		get(missing, "/stream/"+sym, "/api/v1/quotes/"+sym, "/q/"+sym)
	}

	// Lists of symbols.
	for _, path := range []string{"/stream", "/events", "/api/v1/quotes", "/rows", "/"} {
		get(bad,
			path+"?symbols=a%20b", path+"?symbols=AAA,%00", path+"?symbols=AAA,"+long, path+"?symbols=A,B,C,D,E,F", path+"?symbols=A,B,C&symbols=D,E,F",
			path+"?symbols=%ff", path+"?symbols=AAA;BBB", path+"?symbols=%zz", path+"?%zz=1", path+"?symbols=BTC%252FUSD",
			path+"?symbols="+strings.Repeat("A,B,C,D,E,F,", 2000)+"A%20", path+"?symbols="+strings.Repeat("A", 20_000),
		)
	}
	get(bad, "/stream", "/stream?symbols=", "/stream?symbols=,,", "/api/v1/quotes", "/api/v1/quotes?symbols=%20,", "/rows", "/rows?symbols=")
	get(missing, "/stream?symbols=NOPE", "/stream?symbols=NOPE,NADA", "/events?symbols=NOPE")

	// Rates and numbers.
	for _, rate := range []string{"0", "0.09", "50.1", "-1", "NaN", "nan", "Inf", "-Inf", "1e999", "1e-999", "", "ten", "10,5", "0x1p-2x", "1%00", "%ff", "++1", strings.Repeat("9", 5000)} {
		get(bad, "/stream/AAA?max_rate="+rate, "/stream?symbols=AAA&max_rate="+rate, "/events?max_rate="+rate)
	}
	for _, n := range []string{"0", "-1", "x", "", "1.5", "1e1", "%2B1x", "99999999999999999999999", "201", "%00", "0x10"} {
		get(bad, "/api/v1/notifications?limit="+n)
		if n != "201" {
			get(bad, "/api/v1/notifications?before="+n)
		}
		get(bad, "/api/v1/symbols?limit="+n)
	}
	get(bad, "/api/v1/symbols?limit=101", "/api/v1/notifications?before=9223372036854775808")

	// Unknown parameters are errors under /api/v1, whatever their spelling.
	get(bad, "/api/v1/quotes?symbols=AAA&max_rate=1", "/api/v1/quotes?symbol=AAA", "/api/v1/quotes?Symbols=AAA", "/api/v1/quotes/AAA?symbols=AAA",
		"/api/v1/quotes/AAA?x", "/api/v1/symbols?query=a", "/api/v1/notifications?after=1", "/api/v1/notifications?%00=1", "/api/v1/notifications?%3Cscript%3E=1",
		"/api/v1/symbols?"+strings.Repeat("x", 5000)+"=1")

	// Addresses that are none.
	get(missing, "/nothing", "/api/", "/API", "/api/v1", "/api/v1/", "/api/v2/quotes", "/Events", "/static", "/stream%2FAAA", "/%00", "/..%2f..%2fetc%2fpasswd", "/embed/quote", "/dev/views", "/dev/views/x", "/metrics", "/admin-token")

	// Wrong methods.
	for _, path := range []string{"/", "/rows", "/q/AAA", "/embed", "/embed/quote/AAA", "/api/v1/quotes", "/api/v1/quotes/AAA", "/api/v1/symbols", "/api/v1/notifications", "/healthz", "/readyz", "/events", "/stream", "/stream/AAA"} {
		for _, m := range []string{"POST", "PUT", "DELETE", "PATCH", "PROPFIND"} {
			rows = append(rows, row{m, path, "{}", "application/json", method})
		}
	}
	for _, path := range []string{"/send", change} {
		for _, m := range []string{"PUT", "DELETE", "PATCH"} {
			rows = append(rows, row{m, path, "{}", "application/json", method})
		}
		// The content types that are not JSON's.
		for _, c := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx", "text/json", "application/json+x"} {
			rows = append(rows, row{"POST", path, "{}", c, kind})
		}
		post(large, path, `{"message":"`+strings.Repeat("x", 70_000)+`"}`, `{"add":["`+strings.Repeat("x", 200_000)+`"]}`, strings.Repeat(" ", 66_000)+"{}")
		post(bad, path, "", " ", "{", "[]", `"x"`, "1", "null", "true", "{}{}", "{} x", "{},", `{"x":1}`, `{"type":"info","message":"x","x":1}`, "\x00", "{\"message\":\"\x01\"}", "\xff\xfe", "\xef\xbb\xbf{}",
			`{'add':[]}`, "<xml/>", strings.Repeat("[", 20_000), strings.Repeat(`{"add":`, 5_000), "{\"add\":[\"\xff\"],\"message\":\"\xff\"}")
	}
	get(method, "/send", change)

	// What the calls themselves refuse.
	post(bad, "/send",
		`{"type":"info"}`, `{"message":""}`, `{"message":" \n\t"}`, `{"type":"debug","message":"x"}`, `{"type":"INFO","message":"x"}`, `{"type":1,"message":"x"}`, `{"type":"info","message":1}`,
		`{"type":"info","message":["x"]}`, `{"type":"info","message":{"x":1}}`, `{"message":"a\u0000b"}`, `{"message":"a\u001bb"}`, `{"message":"a\u007fb"}`, `{"message":"a\u0085b"}`, `{"message":"a\rb"}`,
		`{"message":"`+strings.Repeat("x", 1001)+`"}`, `{"message":"`+strings.Repeat("é", 1001)+`"}`, "{\"type\":\"info\",\"message\":\"a\xffb\"}",
	)
	post(bad, change,
		`{"add":"AAA"}`, `{"add":[1]}`, `{"add":[null]}`, `{"add":[""]}`, `{"add":["a b"]}`, `{"add":["`+long+`"]}`, `{"add":["A","B","C","D","E"]}`, `{"remove":["\u0000"]}`, `{"add":["BTC%2FUSD"]}`, `{"add":["A,B"]}`,
		`{"max_rate":0}`, `{"max_rate":51}`, `{"max_rate":-1}`, `{"max_rate":"4"}`, `{"max_rate":NaN}`, `{"max_rate":1e999}`, `{"max_rate":1e-400}`, `{"max_rate":true}`,
	)
	post(missing, "/events/x/symbols", "{}")
	post(missing, "/stream/"+h.Stream+"/symbols", "{}")
	post(missing, "/events/"+strings.Repeat("x", 5000)+"/symbols", "{}")
	post(missing, "/events/%00%0a/symbols", "{}")
	post(missing, "/events//symbols", "{}")

	for _, r := range rows {
		headers := []string{"Authorization", token}
		if r.contentType != "" {
			headers = append(headers, "Content-Type", r.contentType)
		}
		a, err := try(r.method, s.URL+r.path, r.body, headers...)
		if err != nil {
			t.Errorf("%s %s: %v", r.method, clip(r.path), err)
			continue
		}
		a.request = fmt.Sprintf("%s %s %s %q", r.method, clip(r.path), r.contentType, clip(r.body))
		a.problem(t, r.status)
		if r.status == method && a.header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", a.request)
		}
		if len(a.body) > 1000 {
			t.Errorf("%s: the answer has %d bytes", a.request, len(a.body))
		}
		if strings.ContainsAny(strings.TrimSuffix(a.body, "\n"), "\x00\x1b\r\n") {
			t.Errorf("%s: control characters in %q", a.request, a.body)
		}
		if up, err := try("GET", s.URL+"/healthz", ""); err != nil || up.status != http.StatusOK {
			t.Fatalf("after %s the server answers %d %v", a.request, up.status, err)
		}
	}
	// Nothing of all this has changed anything.
	if got := strings.TrimSpace(s.post(change, "{}").want(t, http.StatusOK).body); got != `{"symbols":["AAA"],"unknown":[]}` {
		t.Errorf("the stream's symbols are %s", got)
	}
	if got := strings.TrimSpace(s.get("/api/v1/notifications").body); got != `{"notifications":[],"last_id":0,"unread":0,"marks":0}` {
		t.Errorf("the log has %s", got)
	}
	if s.send("still here").ID != 1 || st.notification().Message != "still here" {
		t.Error("the stream does not go on")
	}
	t.Logf("%d rows", len(rows))
}

// TestSendNeedsTheToken is the table of who may publish.
func TestSendNeedsTheToken(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	token := s.token()
	const body = `{"type":"info","message":"x"}`
	for _, auth := range []string{
		"", "Bearer", "Bearer ", "Bearer x", "Bearer " + token[:len(token)-1], "Bearer " + token + "x", "Bearer " + strings.ToLower(token), "Basic " + token, token,
		"Bearer  " + token, "Bearer " + strings.Repeat("x", 10_000), "Bearer " + token + " " + token, "Token " + token,
	} {
		var headers []string
		if auth != "" {
			headers = []string{"Authorization", auth}
		}
		a := s.post("/send", body, headers...)
		detail := a.problem(t, http.StatusUnauthorized)
		if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%q: WWW-Authenticate %q", auth, a.header.Get("WWW-Authenticate"))
		}
		if strings.Contains(detail, token) {
			t.Error("the refusal tells the token")
		}
		// Who has no token learns nothing of what is wrong with the body.
		s.post("/send", "{", headers...).problem(t, http.StatusUnauthorized)
	}
	s.post("/send?token="+token, body).problem(t, http.StatusUnauthorized)
	if got := strings.TrimSpace(s.get("/api/v1/notifications").body); got != `{"notifications":[],"last_id":0,"unread":0,"marks":0}` {
		t.Errorf("the log has %s", got)
	}
	for _, c := range []struct{ contentType, body, kind string }{
		{"application/json", body, "info"},
		{"application/json; charset=utf-8", `{"type":"warning","message":"x"}`, "warning"},
		{"APPLICATION/JSON", `{"message":"x"}`, "info"},
		{"application/json", ` {"message":"x","type":"error"} ` + "\n", "error"},
	} {
		var n notification
		s.do("POST", "/send", c.body, "Content-Type", c.contentType, "Authorization", "Bearer "+token).want(t, http.StatusAccepted).decode(t, &n)
		if n.Type != c.kind {
			t.Errorf("%s: type %s", c.body, n.Type)
		}
	}
	if !json.Valid([]byte(s.get("/api/v1/notifications").body)) {
		t.Error("the list is no JSON")
	}
}

// TestRequestsThatAreNoHTTPAreRefused by the server below: a status, no more.
func TestRequestsThatAreNoHTTPAreRefused(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	for name, c := range map[string]struct{ request, status string }{
		"no HTTP":             {"FORGED\r\n\r\n", "HTTP/1.1 400"},
		"no host":             {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
		"two hosts":           {"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 400"},
		"empty host":          {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "HTTP/1.1 421"},
		"a host in the line":  {"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 421"},
		"control in a header": {"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", "HTTP/1.1 400"},
		"a header too large":  {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 50_000) + "\r\n\r\n", "HTTP/1.1 431"},
		"a path too long":     {"GET /stream?symbols=" + strings.Repeat("A,", 30_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 431"},
		"length and chunks":   {"POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 400"},
		"bad escape":          {"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 400"},
		"CONNECT":             {"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", "HTTP/1.1 421"},
	} {
		if got := s.raw(c.request); !strings.HasPrefix(got, c.status) {
			t.Errorf("%s: %q, want %s", name, got, c.status)
		}
		s.get("/healthz").want(t, http.StatusOK)
	}
}
