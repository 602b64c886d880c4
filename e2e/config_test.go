package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// taken is an address that somebody else listens on.
func taken(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// file writes a file and returns its path.
func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWrongStartsSayWhatToDo is the table of starts that cannot work: status 2,
// one line that names the culprit and what to write instead, and nothing left.
func TestWrongStartsSayWhatToDo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, c := range []struct {
		name string
		env  []string
		args []string
		says []string
	}{
		{"unknown flag", nil, []string{"--adr", ":0"}, []string{"adr", "--help"}},
		{"no flag", nil, []string{"serve"}, []string{"serve", "--help"}},
		{"flag without its value", nil, []string{"--heartbeat"}, []string{"heartbeat", "--help"}},
		{"bad duration", nil, []string{"--heartbeat", "15"}, []string{"heartbeat", "15"}},
		{"heartbeat too short", nil, []string{"--heartbeat", "1ms"}, []string{"--heartbeat", "100ms"}},
		{"negative timeout", nil, []string{"--write-timeout", "-1s"}, []string{"--write-timeout"}},
		{"bad number", nil, []string{"--max-streams", "many"}, []string{"max-streams", "many"}},
		{"fewer streams than none", nil, []string{"--max-streams", "-1"}, []string{"--max-streams", "0"}},
		{"days in a fraction", nil, []string{"--keep-notifications-for", "1.5d"}, []string{"keep-notifications-for", "90d"}},
		{"no time", nil, []string{"--keep-notifications-for", "long"}, []string{"keep-notifications-for", "90d"}},
		{"kept too short", nil, []string{"--keep-notifications-for", "1s"}, []string{"--keep-notifications-for", "1m"}},
		{"fewer than none kept", nil, []string{"--keep-notifications", "-1"}, []string{"--keep-notifications"}},
		{"no database", nil, []string{"--database", "mysql://u:p@h/d"}, []string{"postgres://"}},
		{"no symbols", nil, []string{"--max-symbols", "-5"}, []string{"--max-symbols", "1"}},
		{"rate too high", nil, []string{"--max-rate", "51"}, []string{"--max-rate", "50"}},
		{"rate that is no number", nil, []string{"--max-rate", "NaN"}, []string{"--max-rate", "50"}},
		{"log level", nil, []string{"--log-level", "loud"}, []string{"--log-level", "loud", "debug"}},
		{"log format", nil, []string{"--log-format", "xml"}, []string{"--log-format", "json"}},
		{"malformed symbol", nil, []string{"--symbols", "AAPL,a b"}, []string{"--symbols", "a b"}},
		{"more symbols than allowed", nil, []string{"--symbols", "A,B,C", "--max-symbols", "2"}, []string{"--symbols", "--max-symbols"}},
		{"public address without a scheme", nil, []string{"--public-url", "quotes.example.com"}, []string{"--public-url", "https://"}},
		{"public address with a path", nil, []string{"--public-url", "https://quotes.example.com/x"}, []string{"--public-url", "without a path"}},
		{"origin that is none", nil, []string{"--cors-origins", "https://a.example;x"}, []string{"--cors-origins", "https://"}},
		{"ancestor that is none", nil, []string{"--embed-ancestors", "https://a.example; script-src *"}, []string{"--embed-ancestors", "https://"}},
		{"user from nobody", nil, []string{"--auth-header", "X-Forwarded-User"}, []string{"--auth-header", "--trusted-proxies"}},
		{"header that is none", nil, []string{"--auth-header", "X User", "--trusted-proxies", "loopback"}, []string{"--auth-header", "X-Forwarded-User"}},
		{"no feed", nil, []string{"--feed", ""}, []string{"--feed", "sim://"}},
		{"unknown scheme", nil, []string{"--feed", "nasdaq://x"}, []string{"nasdaq", "sim", "replay"}},
		{"no scheme", nil, []string{"--feed", "sim"}, []string{"sim"}},
		{"wrong parameter of a feed", nil, []string{"--feed", "sim://?pace=1"}, []string{"pace", "seed"}},
		{"wrong value of a feed", nil, []string{"--feed", "sim://?rate=fast"}, []string{"rate", "fast"}},
		{"good feed and bad feed", nil, []string{"--feed", "sim://", "--feed", "replay://x.csv?speed=0"}, []string{"speed", "max"}},
		{"no such file", nil, []string{"--feed", "replay://" + folder + "/none.csv"}, []string{"none.csv", "no such file"}},
		{"a folder", nil, []string{"--feed", "replay://" + folder}, []string{folder}},
		{"no recording", nil, []string{"--feed", "replay://" + file(t, "x.csv", "hello\n")}, []string{"x.csv", "time,symbol"}},
		{"an empty file", nil, []string{"--feed", "replay://" + file(t, "empty.csv", "")}, []string{"empty.csv"}},
		{"gzip that is none", nil, []string{"--feed", "replay://" + file(t, "x.csv.gz", "\x1f\x8bhello")}, []string{"x.csv.gz"}},
		{"no such list of instruments", nil, []string{"--instruments", folder + "/none.csv"}, []string{"--instruments", "none.csv", "no such file"}},
		{"a wrong list of instruments", nil, []string{"--instruments", file(t, "names.csv", "symbol,name\nA,Agilent\n?,What\n")}, []string{"names.csv", "line 3", "symbol"}},
		{"taken port", nil, []string{"--addr", taken(t)}, []string{"already in use", "--addr"}},
		{"taken port of the admin listener", nil, []string{"--admin-addr", taken(t)}, []string{"already in use", "--admin-addr"}},
		{"bad address", nil, []string{"--addr", "127.0.0.1"}, []string{"--addr", "127.0.0.1"}},
		{"bad port", nil, []string{"--addr", "127.0.0.1:99999"}, []string{"--addr", "99999"}},
		{"bad variable", []string{"TICKBOARD_MAX_RATE=fast"}, nil, []string{"TICKBOARD_MAX_RATE", "fast"}},
		{"bad variable of a feed", []string{"TICKBOARD_FEED=nasdaq://x"}, nil, []string{"nasdaq"}},
		{"empty token file", []string{"TICKBOARD_ADMIN_TOKEN_FILE=" + file(t, "token", " \n")}, nil, []string{"TICKBOARD_ADMIN_TOKEN_FILE", "empty"}},
		{"mail server that is none", nil, []string{"--smtp", "mail.example.com", "--mail-from", "q@example.com"}, []string{"--smtp", "smtp://user@"}},
		{"letters from nobody", nil, []string{"--smtp", "smtp://127.0.0.1:25"}, []string{"--mail-from"}},
		{"letters by nobody", nil, []string{"--mail-from", "q@example.com"}, []string{"--mail-from", "--smtp"}},
		{"mail user without a password", nil, []string{"--smtp", "smtp://ann@127.0.0.1:25", "--mail-from", "q@example.com"}, []string{"ann", "TICKBOARD_SMTP_PASSWORD"}},
		{"service that is none", []string{"TICKBOARD_SERVICES=# ours\nteam=carrierpigeon://secret"}, nil, []string{"TICKBOARD_SERVICES", "line 2", "team", "carrierpigeon", "telegram"}},
		{"no file of services", []string{"TICKBOARD_SERVICES_FILE=" + folder + "/none"}, nil, []string{"TICKBOARD_SERVICES_FILE", "none"}},
		{"no token file", []string{"TICKBOARD_ADMIN_TOKEN_FILE=" + folder + "/none"}, nil, []string{"TICKBOARD_ADMIN_TOKEN_FILE", "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			p := spawn(t, c.env, append([]string{"--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", dir}, c.args...)...)
			if status := p.wait(t); status != 2 {
				t.Errorf("exit status %d", status)
			}
			text := p.stderr.String()
			if strings.Count(text, "\n") != 1 || !strings.HasPrefix(text, "tickboard: ") || len(text) > 400 {
				t.Errorf("not one line: %q", text)
			}
			for _, word := range c.says {
				if !strings.Contains(text, word) {
					t.Errorf("%q is not in %q", word, text)
				}
			}
			if out := p.stdout.String(); out != "" {
				t.Errorf("stdout has %q", out)
			}
			if _, err := os.Stat(dir); !os.IsNotExist(err) {
				t.Error("a data directory is left")
			}
		})
	}
}

// refused runs a start that cannot work and returns its last line.
func refused(t testing.TB, env []string, args ...string) string {
	t.Helper()
	p := spawn(t, env, args...)
	if status := p.wait(t); status != 2 {
		t.Errorf("exit status %d\n%s", status, p.stderr)
	}
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	return lines[len(lines)-1]
}

func TestDataDirectoryHasOneProcess(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	says := refused(t, nil, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", s.DataDir)
	if !strings.Contains(says, fmt.Sprint("process ", s.process.pid())) || !strings.Contains(says, s.DataDir) || !strings.Contains(says, "--data-dir") {
		t.Errorf("%q", says)
	}
	s.send("the first one is unharmed")
	s.kill() // a dead process holds nothing
	s.restart()
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "admin-token": 0o600, "tickboard.db": 0o600} {
		info, err := os.Stat(filepath.Join(s.DataDir, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

func TestDataDirectoryThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	plain := file(t, "plain", "x")
	for _, dir := range []string{plain, plain + "/below", "/proc/nothing"} {
		if says := refused(t, nil, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", dir); !strings.Contains(says, "--data-dir") || !strings.Contains(says, strings.TrimSuffix(dir, "/below")) {
			t.Errorf("%q", says)
		}
	}
	// A database of something else, and a token that nobody can send.
	for name, text := range map[string]string{"tickboard.db": strings.Repeat("no database ", 100), "admin-token": "\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if says := refused(t, nil, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", dir); !strings.Contains(says, filepath.Join(dir, name)) {
			t.Errorf("%q", says)
		}
		if left, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(left) != text {
			t.Errorf("%s was changed to %q", name, left)
		}
	}
}

// TestDefaultAdminAddressTakenIsAWarning: whoever holds it, this test or
// another program, the start works without it.
func TestDefaultAdminAddressTakenIsAWarning(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp", "127.0.0.1:8081"); err == nil {
		defer func() { _ = l.Close() }()
	}
	p := spawn(t, nil, "--addr", "127.0.0.1:0", "--data-dir", filepath.Join(t.TempDir(), "data"))
	p.stderr.wait(t, p, regexp.MustCompile(`level=WARN msg=.*--admin-addr.*127\.0\.0\.1:8081`))
	p.stderr.wait(t, p, regexp.MustCompile(`msg=started .*admin_addr=off`))
}

func TestFlagsWinOverTheEnvironmentAndItOverDefaults(t *testing.T) {
	t.Parallel()
	env := []string{
		"TICKBOARD_MAX_RATE=3", "TICKBOARD_HEARTBEAT=7s", "TICKBOARD_MAX_SYMBOLS=2", "TICKBOARD_FEED=" + still(t), "TICKBOARD_SYMBOLS=BTC/USD",
		"TICKBOARD_ALLOWED_HOSTS=named.example", "TICKBOARD_CORS_ORIGINS=none", "TICKBOARD_DATA_DIR=/nowhere/to/be/used",
		"TICKBOARD_ADMIN_TOKEN_FILE=" + file(t, "token", "from a file\n"), "TICKBOARD_LOG_FORMAT=json", "TICKBOARD_DEV_VIEWS=true",
	}
	s := startEnv(t, env, "--heartbeat", "5s", "--cors-origins", "*")
	s.awaitFinished()
	h, _ := s.open("/events?symbols=AAA").hello()
	if h.MaxRate != 3 || h.Heartbeat != 5 {
		t.Errorf("max_rate %v, heartbeat %v", h.MaxRate, h.Heartbeat)
	}
	s.get("/events?symbols=A,B,C").problem(t, http.StatusBadRequest)
	s.get("/healthz", "Host", "named.example").want(t, http.StatusOK)
	s.get("/dev/views").want(t, http.StatusOK)
	if got := s.get("/api/v1/symbols").header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("allowed origin %q", got)
	}
	if a := s.get("/"); !strings.Contains(a.body, "BTC/USD") || strings.Contains(a.body, ">AAA<") {
		t.Error("--symbols does not come from the environment")
	}
	s.post("/send", `{"message":"x"}`, "Authorization", "Bearer from a file").want(t, http.StatusAccepted)
	if _, err := os.Stat(filepath.Join(s.DataDir, "admin-token")); !os.IsNotExist(err) {
		t.Error("a token is made though one is given")
	}
	if log := s.process.stderr.String(); !strings.HasPrefix(log, "{") || strings.Contains(log, "from a file") {
		t.Error("the log is no JSON, or tells the token")
	}
	direct := startEnv(t, append(env, "TICKBOARD_ADMIN_TOKEN=direct"))
	direct.post("/send", `{"message":"x"}`, "Authorization", "Bearer direct").want(t, http.StatusAccepted)
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	p := spawn(t, nil, "--version")
	if status := p.wait(t); status != 0 || !regexp.MustCompile(`^tickboard \S+\n$`).MatchString(p.stdout.String()) || p.stderr.String() != "" {
		t.Errorf("--version: %d %q %q", status, p.stdout, p.stderr)
	}
	for _, flag := range []string{"--help", "-h"} {
		p := spawn(t, nil, flag)
		if status := p.wait(t); status != 0 || p.stderr.String() != "" {
			t.Errorf("%s: %d %q", flag, status, p.stderr)
		}
		help := p.stdout.String()
		for name, value := range map[string]string{
			"addr": "127.0.0.1:8080", "admin-addr": "127.0.0.1:8081", "public-url": `""`, "allowed-hosts": `""`, "cors-origins": "*", "data-dir": "", "feed": "sim://",
			"symbols": "AAPL,", "max-rate": "10", "heartbeat": "15s", "write-timeout": "30s", "max-streams": "0", "max-streams-per-address": "200", "max-streams-per-second": "0",
			"trusted-proxies": `""`, "drain": "0s", "tls-cert": `""`, "tls-key": `""`, "max-symbols": "200", "keep-notifications": "100000", "keep-notifications-for": "0s", "database": `""`, "embed-ancestors": `""`,
			"smtp": `""`, "mail-from": `""`,
			"log-level": "info", "log-format": "text", "version": "false",
		} {
			variable := "TICKBOARD_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
			if !regexp.MustCompile(`(?s)  --` + name + ` .*?default: ` + regexp.QuoteMeta(value) + `\S*   variable: ` + variable + `\n`).MatchString(help) {
				t.Errorf("%s says nothing of --%s with default %s and %s", flag, name, value, variable)
			}
		}
		for _, word := range []string{"TICKBOARD_ADMIN_TOKEN_FILE", "TICKBOARD_SMTP_PASSWORD_FILE", "TICKBOARD_SERVICES_FILE", "sim://", "replay://"} {
			if !strings.Contains(help, word) {
				t.Errorf("%s says nothing of %s", flag, word)
			}
		}
	}
}

func TestSeveralFeedsAreOneMarket(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", "sim://?seed=3", "--feed", still(t))
	eventually(t, "both have given quotes", func() bool {
		var list struct{ Quotes []wireQuote }
		s.get("/api/v1/quotes?symbols=AAPL,AAA,BTC/USD").decode(t, &list)
		return len(list.Quotes) == 3 && list.Quotes[0].Source == "sim" && list.Quotes[1].Source == "replay" && list.Quotes[2].Source == "sim"
	})
}
