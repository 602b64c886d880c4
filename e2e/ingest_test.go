package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const ingestToken = "a-token-of-sixteen-or-more"

// startIngest starts the program with a feed that others fill.
func startIngest(t testing.TB, args ...string) *server {
	t.Helper()
	return startEnv(t, []string{"TICKBOARD_INGEST_TOKEN=" + ingestToken}, append([]string{"--feed", "ingest://", "--symbols", "AAA"}, args...)...)
}

// receipt is the answer to a post.
type receipt struct {
	Accepted int            `json:"accepted"`
	Dropped  map[string]int `json:"dropped"`
	Rejected []struct {
		Line  int    `json:"line"`
		Error string `json:"error"`
	} `json:"rejected"`
	RejectedMore int `json:"rejected_more"`
}

func (s *server) ingest(lines ...string) receipt {
	s.t.Helper()
	var r receipt
	s.do(http.MethodPost, "/api/v1/ingest", strings.Join(lines, "\n"), "Authorization", "Bearer "+ingestToken).want(s.t, http.StatusOK).decode(s.t, &r)
	return r
}

// postLong begins a post that lasts; what is written to it is sent at once. The
// answer comes when it ends.
func (s *server) postLong(ctx context.Context) (*io.PipeWriter, <-chan answer) {
	body, sender := io.Pipe()
	s.t.Cleanup(func() { _ = sender.Close() })
	answers := make(chan answer, 1)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/ingest", body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ingestToken)
	go func() {
		resp, err := streamClient.Do(req)
		if err != nil {
			answers <- answer{request: "a long post", body: err.Error()}
			return
		}
		defer func() { _ = resp.Body.Close() }()
		text, _ := io.ReadAll(resp.Body)
		answers <- answer{"a long post", resp.StatusCode, resp.Header, string(text)}
	}()
	return sender, answers
}

func TestPostedQuotesReachTheStreams(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	r := s.ingest(
		`{"type":"instrument","symbol":"AAA","name":"Triple A","currency":"USD"}`,
		`{"type":"day","symbol":"AAA","previous_close":141.00}`,
		`{"type":"trade","symbol":"AAA","price":141.500,"size":100,"id":1}`,
		`{"type":"quote","symbol":"AAA","bid":141.49,"bid_size":3,"ask":"141.510"}`,
	)
	if r.Accepted != 4 || len(r.Rejected) != 0 {
		t.Errorf("%+v", r)
	}
	q := s.quote("AAA")
	if q.Price != "141.500" || q.Change != "0.500" || q.Bid != "141.49" || q.Ask != "141.510" || q.Volume != "100" || q.Source != "ingest" || q.Timeliness != "live" {
		t.Errorf("%+v", q)
	}
	if found := s.get("/api/v1/symbols?q=triple").want(t, http.StatusOK).body; !strings.Contains(found, `"Triple A"`) {
		t.Errorf("the search finds %s", found)
	}
	st := s.open("/stream/AAA?max_rate=50")
	st.hello()
	if q := st.quote(); q.Price != "141.500" {
		t.Errorf("the stream begins with %+v", q)
	}
	s.ingest(`{"type":"correction","symbol":"AAA","id":1,"price":141.25,"size":50}`)
	for q := st.quote(); q.Price != "141.25"; q = st.quote() {
		if q.Price != "141.500" {
			t.Fatalf("the stream says %+v", q)
		}
	}
	if q := s.quote("AAA"); q.Volume != "50" {
		t.Errorf("after the correction: %+v", q)
	}
}

// TestWhatTheQuoteDoesNotTakeIsCounted: such lines are sound, and of no use.
func TestWhatTheQuoteDoesNotTakeIsCounted(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	r := s.ingest(
		`{"type":"trade","symbol":"AAA","price":1.50,"id":7,"time":"2026-03-10T15:00:00Z"}`,
		`{"type":"trade","symbol":"AAA","price":1.50,"id":7,"time":"2026-03-10T15:00:00Z"}`,
		`{"type":"trade","symbol":"AAA","price":1.40,"id":6,"time":"2026-03-09T15:00:00Z"}`,
		`{"type":"cancel","symbol":"AAA","id":99,"time":"2026-03-10T15:00:01Z"}`,
		`{"type":"trade","symbol":"AAA","price":1.50,"time":"2126-03-10T15:00:00Z"}`,
		`{"type":"status","symbol":"AAA","halted":false,"time":"2026-03-10T15:00:02Z"}`, // what is known is not dropped
		`{"type":"trade","symbol":"AAA","price":0}`,
	)
	want := map[string]int{"duplicate": 1, "late": 1, "unmatched": 1, "nonsense": 1}
	if r.Accepted != 6 || len(r.Rejected) != 1 || !maps.Equal(r.Dropped, want) {
		t.Errorf("%+v, want %v dropped", r, want)
	}
	if r := s.ingest(`{"type":"trade","symbol":"AAA","price":1.60}`); r.Accepted != 1 || r.Dropped != nil {
		t.Errorf("%+v", r)
	}
}

// TestNameOfAPostedInstrumentOutlivesARestart, also when trades come before
// anybody names it again.
func TestNameOfAPostedInstrumentOutlivesARestart(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(`{"type":"instrument","symbol":"AAA","name":"Triple A","currency":"USD"}`, `{"type":"trade","symbol":"AAA","price":1.50}`)
	s.stop()
	s.restart()
	s.ingest(`{"type":"trade","symbol":"AAA","price":1.75}`)
	if q := s.quote("AAA"); q.Price != "1.75" {
		t.Errorf("%+v", q)
	}
	if found := s.get("/api/v1/symbols?q=triple").want(t, http.StatusOK).body; !strings.Contains(found, `"Triple A"`) || !strings.Contains(found, `"USD"`) {
		t.Errorf("the search finds %s", found)
	}
}

func TestBadLinesAreToldToTheirSender(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	r := s.ingest(`{"type":"trade","symbol":"AAA","price":1}`, ``, `{"type":"trade","symbol":"A A","price":1}`, `}`, strings.Repeat(" ", 1<<17), `{"type":"trade","symbol":"BBB","price":2}`)
	if r.Accepted != 2 || len(r.Rejected) != 3 || r.Rejected[0].Line != 3 || r.Rejected[1].Line != 4 || r.Rejected[2].Line != 5 || !strings.Contains(r.Rejected[0].Error, "malformed symbol") {
		t.Errorf("%+v", r)
	}
	if q := s.quote("BBB"); q.Price != "2" {
		t.Errorf("%+v", q)
	}
}

func TestPostsNeedTheTokenOfTheFeed(t *testing.T) {
	t.Parallel()
	s := startIngest(t, "--log-level", "debug")
	for _, headers := range [][]string{
		nil, {"Authorization", "Bearer wrong"}, {"Authorization", "Bearer " + s.token()}, {"Authorization", ingestToken},
		{"Cookie", "token=" + ingestToken}, {"Authorization", "Bearer wrong", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
	} {
		a := s.do(http.MethodPost, "/api/v1/ingest", `{"type":"trade","symbol":"AAA","price":1}`, headers...)
		if detail := a.problem(t, http.StatusUnauthorized); !strings.Contains(detail, "TICKBOARD_INGEST_TOKEN") {
			t.Errorf("%q: %s", headers, detail)
		}
		if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Set-Cookie") != "" || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%q: %v", headers, a.header)
		}
	}
	s.get("/api/v1/quotes/AAA").problem(t, http.StatusNotFound)
	// The token is enough, wherever the request comes from, and no page of
	// another site can read the answer.
	a := s.do(http.MethodPost, "/api/v1/ingest", `{"type":"trade","symbol":"AAA","price":1}`, "Authorization", "Bearer "+ingestToken, "Origin", "https://other.example", "Sec-Fetch-Site", "cross-site").want(t, http.StatusOK)
	if a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another site may read the answer: %v", a.header)
	}
	s.get("/api/v1/ingest").problem(t, http.StatusMethodNotAllowed)
	s.stop()
	if log := s.process.stderr.String(); strings.Contains(log, ingestToken) {
		t.Error("the log tells the token")
	}
}

func TestNoFeedForPostsIsSaid(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	a := s.do(http.MethodPost, "/api/v1/ingest", "x", "Authorization", "Bearer "+ingestToken)
	if detail := a.problem(t, http.StatusNotFound); !strings.Contains(detail, "--feed ingest://") {
		t.Errorf("%s", detail)
	}
}

func TestIngestFeedDoesNotStartWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct{ env, args []string }{
		"set TICKBOARD_INGEST_TOKEN, or TICKBOARD_INGEST_TOKEN_FILE": {nil, []string{"--feed", "ingest://"}},
		"give it at least 16":              {[]string{"TICKBOARD_INGEST_TOKEN=short"}, []string{"--feed", "ingest://"}},
		"another feed has it already":      {[]string{"TICKBOARD_INGEST_TOKEN=" + ingestToken}, []string{"--feed", "ingest://", "--feed", "ingest://?name=b"}},
		"PROGRAM | tickboard --feed stdin": {nil, []string{"--feed", "stdin://"}}, // which is /dev/null here
	} {
		p := spawn(t, c.env, append([]string{"--addr", "127.0.0.1:0", "--data-dir", filepath.Join(t.TempDir(), "data")}, c.args...)...)
		if status := p.wait(t); status != 2 || !strings.Contains(p.stderr.String(), want) || strings.Count(p.stderr.String(), "\n") != 1 {
			t.Errorf("status %d, want one line with %q:\n%s", status, want, p.stderr)
		}
	}
}

// TestTwoProgramsPostSideBySide, each for a while and a symbol of its own.
func TestTwoProgramsPostSideBySide(t *testing.T) {
	t.Parallel()
	const lines = 2000
	s := startIngest(t)
	var posting sync.WaitGroup
	for _, sym := range []string{"AAA", "BBB"} {
		sender, answers := s.postLong(t.Context())
		posting.Go(func() {
			for i := range lines {
				if _, err := fmt.Fprintf(sender, `{"type":"trade","symbol":%q,"price":%d.50,"size":1}`+"\n", sym, i+1); err != nil {
					t.Errorf("%s: %v", sym, err)
					return
				}
			}
			_ = sender.Close()
			var r receipt
			a := <-answers
			if a.status != http.StatusOK {
				t.Errorf("%s: %d %s", sym, a.status, a.body)
				return
			}
			if a.decode(t, &r); r.Accepted != lines {
				t.Errorf("%s: %+v", sym, r)
			}
		})
	}
	posting.Wait()
	for _, sym := range []string{"AAA", "BBB"} {
		if q := s.quote(sym); q.Price.String() != fmt.Sprintf("%d.50", lines) || q.Volume.String() != fmt.Sprint(lines) {
			t.Errorf("%+v", q)
		}
	}
	if got := s.metrics()[`tickboard_feed_updates_total{feed="ingest",outcome="merged"}`]; got != 2*lines {
		t.Errorf("%v updates are counted", got)
	}
}

// TestStopEndsAPostThatLasts in time, and its sender is told how far it came.
func TestStopEndsAPostThatLasts(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	idle, idleAnswers := s.postLong(t.Context())
	_, _ = io.WriteString(idle, `{"type":"trade","symbol":"AAA","price":1}`+"\n"+`{"type":"tra`)
	busy, busyAnswers := s.postLong(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			if _, err := io.WriteString(busy, `{"type":"trade","symbol":"BBB","price":2}`+"\n"); err != nil {
				return
			}
		}
	}()
	for _, sym := range []string{"AAA", "BBB"} {
		eventually(t, sym+" has a quote", func() bool { return s.get("/api/v1/quotes/"+sym).status == http.StatusOK })
	}
	if took := s.stop(); took > stopLimit {
		t.Errorf("the stop took %v", took)
	}
	for name, answers := range map[string]<-chan answer{"idle": idleAnswers, "busy": busyAnswers} {
		a := <-answers
		var r receipt
		if a.problem(t, http.StatusServiceUnavailable); a.status != 0 {
			a.decode(t, &r)
		}
		if r.Accepted < 1 || len(r.Rejected) != 0 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	_ = busy.Close()
	<-stopped
}

// TestLinesComeThroughAPipe, until its end, and a stop does not wait for it.
func TestLinesComeThroughAPipe(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]bool{"to its end": true, "open at the stop": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "pipe")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			pipe, err := os.OpenFile(path, os.O_RDWR, 0) // which waits for nobody
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = pipe.Close() }()
			s := &server{t: t, DataDir: filepath.Join(t.TempDir(), "data")}
			p := spawnCommand(t, nil, "sh", "-c", `exec "$0" "$@" < '`+path+`'`, binary,
				"--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", s.DataDir, "--feed", "stdin://?name=mine&timeliness=delayed&delay=15m", "--symbols", "AAA")
			s.process, s.URL = p, p.stdout.wait(t, p, served)[1]
			_, _ = io.WriteString(pipe, `{"type":"trade","symbol":"AAA","price":1.50}`+"\nnonsense\n")
			eventually(t, "the quote is there", func() bool {
				got := s.get("/api/v1/quotes/AAA")
				return got.status == http.StatusOK && strings.Contains(got.body, `"price"`)
			})
			if q := s.quote("AAA"); q.Price != "1.50" || q.Source != "mine" || q.Timeliness != "delayed" {
				t.Errorf("%+v", q)
			}
			p.stderr.wait(t, p, regexp.MustCompile("line 2 of the standard input was refused: it is not JSON"))
			if ends {
				_ = pipe.Close()
				s.awaitFinished()
			}
			if took := s.stop(); took > stopLimit {
				t.Errorf("the stop took %v", took)
			}
		})
	}
}

// TestExamplesOfTheReadmeWork runs them as they stand there.
func TestExamplesOfTheReadmeWork(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Your own quotes\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("the README has no section of that name")
	}
	s := startIngest(t)
	for language, c := range map[string]struct {
		program []string
		needs   string
		symbol  string
	}{
		"sh":     {[]string{"sh", "-eu", "-c"}, "curl", "ACME"},
		"python": {[]string{"python3", "-c"}, "python3", "ZETA"},
	} {
		t.Run(language, func(t *testing.T) {
			m := regexp.MustCompile("(?s)\n```" + language + "\n(.*?)```").FindStringSubmatch(section)
			if m == nil {
				t.Fatal("the section has no example")
			}
			if _, err := exec.LookPath(c.needs); errors.Is(err, exec.ErrNotFound) {
				t.Skipf("NOT TESTED: this machine has no %s", c.needs)
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, c.program[0], append(c.program[1:], m[1])...)
			cmd.Env = append(os.Environ(), "TICKBOARD_URL="+s.URL, "TICKBOARD_INGEST_TOKEN="+ingestToken)
			cmd.WaitDelay = time.Second
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), `"rejected":[]`) {
				t.Errorf("%v: %s", err, out)
			}
			if q := s.quote(c.symbol); q.Price != "189.90" || q.Change == "" || q.Volume != "300" {
				t.Errorf("after the example: %+v", q)
			}
		})
	}
}
