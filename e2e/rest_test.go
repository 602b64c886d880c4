package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestQuotesOverREST(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	aaa := strings.TrimSpace(s.get("/api/v1/quotes/AAA").want(t, http.StatusOK).body)
	// Numbers are the exact decimals of the feed, zeros at the end included.
	for _, member := range []string{
		`"symbol":"AAA"`, `"price":140.25,`, `"high":141.50,`, `"low":140.25,`, `"open":141.50,`, `"volume":150,`,
		`"bid":140.20,`, `"bid_size":300,`, `"ask":140.30,`, `"ask_size":200,`, `"time":"2024-08-09T10:00:03Z"`,
		`"session":"regular"`, `"timeliness":"replayed"`, `"source":"replay"`, `"version":`,
	} {
		if !strings.Contains(aaa, member) {
			t.Errorf("no %s in %s", member, aaa)
		}
	}
	for _, member := range []string{`"change"`, `"previous_close"`, `"stale"`, `"halted"`, `"delay"`, "null"} {
		if strings.Contains(aaa, member) {
			t.Errorf("%s in %s", member, aaa)
		}
	}
	coin := strings.TrimSpace(s.get("/api/v1/quotes/BTC/USD").want(t, http.StatusOK).body)
	if !strings.Contains(coin, `"price":61685.99000000,"open":61685.99000000,"high":61685.99000000,"low":61685.99000000,"volume":0.25000000`) {
		t.Error(coin)
	}
	for _, path := range []string{"/api/v1/quotes/BTC%2FUSD", "/api/v1/quotes/btc%2fusd", "/api/v1/quotes/%42TC/uSD"} {
		if got := strings.TrimSpace(s.get(path).want(t, http.StatusOK).body); got != coin {
			t.Errorf("%s: %s", path, got)
		}
	}
	want := `{"quotes":[` + coin + `,` + aaa + `],"unknown":["NOPE"]}`
	for _, query := range []string{"btc/usd,AAA,nope", "BTC%2FUSD,AAA,NOPE,AAA", "BTC/USD&symbols=AAA,NOPE", "%20BTC/USD,,AAA,+NOPE,"} {
		if got := strings.TrimSpace(s.get("/api/v1/quotes?symbols="+query).want(t, http.StatusOK).body); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
	if got := strings.TrimSpace(s.get("/api/v1/quotes?symbols=X,Y").want(t, http.StatusOK).body); got != `{"quotes":[],"unknown":["X","Y"]}` {
		t.Error(got)
	}
	// The same object everywhere.
	st := s.open("/stream/AAA")
	st.hello()
	if ev := st.next(); string(ev.Data) != aaa {
		t.Errorf("the stream has %s, REST %s", ev.Data, aaa)
	}
}

func TestAnswersAreRevalidated(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	s.send("one")
	for path, cached := range map[string]string{
		"/api/v1/quotes?symbols=AAA": "no-cache", "/api/v1/quotes/AAA": "no-cache", "/api/v1/symbols": "no-cache",
		"/api/v1/notifications": "private, no-cache", // they are the caller's
	} {
		a := s.get(path).want(t, http.StatusOK)
		etag := a.header.Get("ETag")
		if etag == "" || a.header.Get("Cache-Control") != cached || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", path, a.header)
		}
		if again := s.get(path).header.Get("ETag"); again != etag {
			t.Errorf("%s: the ETag was %s and is %s", path, etag, again)
		}
		for header, status := range map[string]int{
			etag: http.StatusNotModified, strings.TrimPrefix(etag, "W/"): http.StatusNotModified, "*": http.StatusNotModified,
			`"x", ` + etag + ` ,"y"`: http.StatusNotModified, `"x"`: http.StatusOK, "x": http.StatusOK, "": http.StatusOK,
		} {
			got := s.get(path, "If-None-Match", header)
			if got.status != status || got.header.Get("ETag") != etag || status == http.StatusNotModified && got.body != "" {
				t.Errorf("%s, If-None-Match %s: %d, want %d, %v", path, header, got.status, status, got.header)
			}
		}
	}
	before := s.get("/api/v1/notifications").header.Get("ETag")
	s.send("two")
	s.get("/api/v1/notifications", "If-None-Match", before).want(t, http.StatusOK)
}

func TestSymbolsAreFound(t *testing.T) {
	t.Parallel()
	s := start(t)
	find := func(query string) (found []string) {
		var list struct {
			Symbols []struct {
				Symbol, Name, Exchange, Currency, Type string
				Decimals                               *int
				TimeZone                               string `json:"time_zone"`
			}
		}
		s.get("/api/v1/symbols?"+query).want(t, http.StatusOK).decode(t, &list)
		for _, in := range list.Symbols {
			found = append(found, in.Symbol)
			if in.Name == "" || in.Currency == "" || in.Type == "" || in.Decimals == nil || in.TimeZone == "" {
				t.Errorf("%+v", in)
			}
		}
		return found
	}
	for query, want := range map[string]string{"q=appl": "AAPL", "q=aapl": "AAPL", "q=petr4": "PETR4", "q=btc%2Fusd": "BTC/USD", "q=apple&limit=1": "AAPL"} {
		if found := find(query); !slices.Contains(found, want) {
			t.Errorf("%s: %v", query, found)
		}
	}
	for query, want := range map[string]int{"": 20, "limit=1": 1, "limit=100&q=": 56, "q=zzzzzzzz": 0, "q=%00%0a%ff": 0} {
		if found := find(query); len(found) < want || want < 56 && len(found) != want {
			t.Errorf("%q: %d symbols, want %d", query, len(found), want)
		}
	}
}

func TestNotificationsInPages(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	if got := strings.TrimSpace(s.get("/api/v1/notifications").want(t, http.StatusOK).body); got != `{"notifications":[],"last_id":0,"unread":0,"marks":0}` {
		t.Error(got)
	}
	for i := range 7 {
		s.send(fmt.Sprint(i + 1))
	}
	eventually(t, "the log's reader has them", func() bool { return s.metrics()["tickboard_notifications_newest"] == 7 })
	for query, want := range map[string]string{
		"": "7 6 5 4 3 2 1", "?limit=3": "7 6 5", "?before=5&limit=3": "4 3 2", "?before=2": "1", "?before=1": "", "?before=99": "7 6 5 4 3 2 1",
		"?limit=200&before=9223372036854775807": "7 6 5 4 3 2 1",
	} {
		var page struct {
			Notifications []notification
			LastID        int64 `json:"last_id"`
		}
		s.get("/api/v1/notifications"+query).want(t, http.StatusOK).decode(t, &page)
		var ids []string
		for _, n := range page.Notifications {
			ids = append(ids, fmt.Sprint(n.ID))
		}
		if got := strings.Join(ids, " "); got != want || page.LastID != 7 || page.Notifications == nil {
			t.Errorf("%s: %s up to %d, want %s", query, got, page.LastID, want)
		}
	}
}

// TestHEADWorksWhereGETDoesButForStreams compares the two answers.
func TestHEADWorksWhereGETDoesButForStreams(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	asset := s.asset("js/")
	for _, path := range []string{
		"/", "/?symbols=AAA", "/rows?symbols=AAA", "/q/AAA", "/embed", "/embed/quote/AAA", "/api/v1/quotes?symbols=AAA", "/api/v1/quotes/AAA",
		"/api/v1/symbols", "/api/v1/notifications", "/healthz", "/readyz", asset, "/favicon.ico",
		"/api/v1/quotes/NOPE", "/api/v1/quotes", "/nothing", "/static/x/y",
	} {
		get, head := s.get(path), s.do(http.MethodHead, path, "")
		if get.status != head.status || head.body != "" || get.header.Get("Cache-Control") != head.header.Get("Cache-Control") {
			t.Errorf("%s: GET %d, HEAD %d %q", path, get.status, head.status, head.body)
		}
		if kind := get.header.Get("Content-Type"); kind != head.header.Get("Content-Type") {
			t.Errorf("%s: GET %s, HEAD %s", path, kind, head.header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/events", "/stream?symbols=AAA", "/stream/AAA", "/send"} {
		a := s.do(http.MethodHead, path, "")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") == "" {
			t.Errorf("HEAD %s: %d, Allow %q", path, a.status, a.header.Get("Allow"))
		}
	}
	for _, url := range []string{s.AdminURL + "/metrics", s.AdminURL + "/healthz"} {
		if a, err := try(http.MethodHead, url, ""); err != nil || a.status != http.StatusOK {
			t.Errorf("HEAD %s: %d %v", url, a.status, err)
		}
	}
}

// asset finds the path of an embedded file that the dashboard names.
func (s *server) asset(part string) string {
	s.t.Helper()
	for piece := range strings.SplitSeq(s.get("/").want(s.t, http.StatusOK).body, `"`) {
		if strings.HasPrefix(piece, "/static/") && strings.Contains(piece, part) {
			return piece
		}
	}
	s.t.Fatalf("the dashboard names no file %s", part)
	return ""
}

func TestStaticFilesNeverChangeUnderTheirHash(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	path := s.asset("js/")
	plain, packed := s.get(path).want(t, http.StatusOK), s.get(path, "Accept-Encoding", "gzip, br").want(t, http.StatusOK)
	for _, a := range []answer{plain, packed} {
		if a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.header.Get("Content-Type") != "text/javascript; charset=utf-8" || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("%v", a.header)
		}
	}
	if plain.header.Get("Content-Encoding") != "" || packed.header.Get("Content-Encoding") != "gzip" || len(packed.body) >= len(plain.body) {
		t.Errorf("plain %v, packed %v", plain.header, packed.header)
	}
	if text := gunzip(t, packed.body); text != plain.body {
		t.Error("the compressed file is another")
	}
	hash := strings.Split(path, "/")[2]
	other := strings.Replace(path, hash, strings.Repeat("0", len(hash)), 1)
	if a := s.get(other).want(t, http.StatusOK); a.header.Get("Cache-Control") != "no-cache" || a.body != plain.body {
		t.Errorf("under another version's path: %v", a.header)
	}
	for _, missing := range []string{"/static/", "/static/" + hash, "/static/" + hash + "/", "/static/" + hash + "/js", "/static/" + hash + "/nothing.js",
		"/static/" + hash + "/../../main.go", "/static/" + hash + "/%2e%2e/%2e%2e/main.go", "/static/" + hash + "/static.go"} {
		s.get(missing).problem(t, http.StatusNotFound)
	}
	s.post(path, "{}").problem(t, http.StatusMethodNotAllowed)
}

// TestPagesAreCompressedAndStreamsAreNot also when a client asks for it.
func TestPagesAreCompressedAndStreamsAreNot(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	for _, path := range []string{"/", "/q/AAA", "/embed", "/embed/quote/AAA"} {
		a := s.get(path, "Accept-Encoding", "gzip").want(t, http.StatusOK)
		if a.header.Get("Content-Encoding") != "gzip" || !strings.Contains(gunzip(t, a.body), "AAA") {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	st := s.open("/stream/AAA", "Accept-Encoding", "gzip")
	if st.header.Get("Content-Encoding") != "" {
		t.Errorf("%v", st.header)
	}
	st.hello()
}
