package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// variables is an environment of these alone.
func variables(list map[string]string) Env {
	return func(name string) (string, bool) {
		value, ok := list[name]
		return value, ok
	}
}

func read(t *testing.T, env map[string]string, args ...string) Config {
	t.Helper()
	cfg, err := Read(append([]string{"--data-dir", t.TempDir()}, args...), variables(env))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestNothingGivenIsGood(t *testing.T) {
	cfg := read(t, nil)
	if cfg.Addr != defaultAddr || cfg.AdminAddr != defaultAdminAddr || cfg.AdminGiven || len(cfg.Symbols) != 12 || cfg.MaxRate != 10 || cfg.Database != "" {
		t.Errorf("%+v", cfg)
	}
	if diff := cmp.Diff([]string{"sim://"}, cfg.Feeds); diff != "" {
		t.Error(diff)
	}
}

func TestFlagWinsOverItsVariable(t *testing.T) {
	env := map[string]string{"TICKBOARD_MAX_RATE": "4", "TICKBOARD_ADMIN_ADDR": "", "TICKBOARD_HEARTBEAT": "20s"}
	cfg := read(t, env, "--max-rate", "8")
	if cfg.MaxRate != 8 || cfg.Heartbeat != 20*time.Second {
		t.Errorf("max rate %v, heartbeat %v", cfg.MaxRate, cfg.Heartbeat)
	}
	if cfg.AdminAddr != "" || !cfg.AdminGiven {
		t.Errorf("an empty variable is one: %q, given %v", cfg.AdminAddr, cfg.AdminGiven)
	}
}

func TestFeedsTakeThePlaceOfTheDefault(t *testing.T) {
	cfg := read(t, nil, "--feed", "sim://?seed=1 ingest://", "--feed", "stdin://")
	if diff := cmp.Diff([]string{"sim://?seed=1", "ingest://", "stdin://"}, cfg.Feeds); diff != "" {
		t.Error(diff)
	}
}

func TestListsMayBeWrittenWithSpaces(t *testing.T) {
	cfg := read(t, nil, "--allowed-hosts", " a.example, ,b.example ", "--cors-origins", "")
	if diff := cmp.Diff([]string{"a.example", "b.example"}, cfg.AllowedHosts); diff != "" || cfg.CORSOrigins != nil {
		t.Error(diff, cfg.CORSOrigins)
	}
}

func TestSecretsComeFromVariablesOrFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("postgres://u:p@h/d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"TICKBOARD_DATABASE_FILE": path, "TICKBOARD_ADMIN_TOKEN": "token", "TICKBOARD_ADMIN_TOKEN_FILE": "/nowhere",
		"TICKBOARD_SMTP_PASSWORD": "password", "TICKBOARD_SERVICES": "team=logger://", "TICKBOARD_OTHER": "of a feed",
	}
	cfg := read(t, env)
	if cfg.Database != "postgres://u:p@h/d" || cfg.AdminToken != "token" || cfg.SMTPPassword != "password" || cfg.Services != "team=logger://" {
		t.Errorf("%+v", cfg)
	}
	if other, err := cfg.Setting("OTHER"); other != "of a feed" || err != nil {
		t.Errorf("a feed's setting is %q: %v", other, err)
	}
	if cfg := read(t, env, "--database", "postgres://other@h/d"); cfg.Database != "postgres://other@h/d" {
		t.Errorf("the file wins over the flag: %q", cfg.Database)
	}
}

func TestErrorsNameWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		args []string
		says string
	}{
		{nil, []string{"--drain", "2h"}, "--drain"},
		{nil, []string{"--max-streams-per-address", "-1"}, "--max-streams-per-address"},
		{nil, []string{"--max-streams-per-second", "-1"}, "--max-streams-per-second"},
		{nil, []string{"--tls-cert", "chain.pem"}, "--tls-key"},
		{nil, []string{"--data-dir", ""}, "--data-dir"},
		{nil, []string{"--trusted-proxies", "everybody"}, "--trusted-proxies"},
		{map[string]string{"TICKBOARD_DEV_VIEWS": "perhaps"}, nil, `TICKBOARD_DEV_VIEWS="perhaps"`},
		{map[string]string{"TICKBOARD_SERVICES_FILE": "/nowhere"}, nil, "TICKBOARD_SERVICES_FILE"},
	} {
		if _, err := Read(c.args, variables(c.env)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q %q: %v", c.env, c.args, err)
		}
	}
	if _, err := Read([]string{"-h"}, variables(nil)); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestHelpHasEveryFlagWithItsVariable(t *testing.T) {
	text := Help(nil)
	flags(new(Config), new(texts)).VisitAll(func(f *flag.Flag) {
		if f.Usage == "" || !strings.Contains(text, "  --"+f.Name+" ") || !strings.Contains(text, "variable: "+envName(f.Name)+"\n") {
			t.Errorf("--%s is not in the help as it should be", f.Name)
		}
	})
}

func TestLogIsWrittenAsConfigured(t *testing.T) {
	var b strings.Builder
	log := read(t, nil, "--log-format", "json", "--log-level", "warn").Logger(&b)
	log.Info("no")
	log.Warn("yes")
	if text := b.String(); !strings.HasPrefix(text, "{") || !strings.Contains(text, "yes") || strings.Contains(text, `"no"`) {
		t.Errorf("%q", text)
	}
}

// FuzzDays checks that what a time prints as is read as the same time.
func FuzzDays(f *testing.F) {
	for _, s := range []string{"90d", "36h", "0", "1.5d", "-24h", "1600000h", "65535d", "65536d", "d", "long"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var d, again days
		if d.Set(s) != nil {
			return
		}
		if err := again.Set(d.String()); err != nil || again != d {
			t.Errorf("%q is %s, which is read as %s: %v", s, &d, &again, err)
		}
	})
}
