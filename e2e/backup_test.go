package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBackupAndRestore goes the way that the README tells.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	s.send("in the backup")
	file := filepath.Join(t.TempDir(), "backup.db")
	backup := func(status int, says string) {
		t.Helper()
		p := spawn(t, nil, "backup", file, "--data-dir", s.DataDir)
		if got := p.wait(t); got != status || !regexp.MustCompile(says).MatchString(p.stdout.String()+p.stderr.String()) {
			t.Fatalf("status %d, %s%s", got, p.stdout, p.stderr)
		}
	}
	backup(0, `^`+regexp.QuoteMeta(file)+`: [1-9][0-9]+ bytes\n$`)
	backup(2, `^tickboard: .*give a new name\n$`)
	s.send("after it")
	s.stop()

	database := filepath.Join(s.DataDir, "tickboard.db")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(database, []byte(strings.Repeat("damage", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := spawn(t, nil, "--addr", "127.0.0.1:0", "--admin-addr", "", "--data-dir", s.DataDir)
	if status := p.wait(t); status != 2 || strings.Count(p.stderr.String(), "\n") != 1 || !strings.Contains(p.stderr.String(), database) {
		t.Errorf("a start on a damaged file: %d %s", status, p.stderr)
	}
	if err := os.WriteFile(database, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s.restart()
	st := s.open("/events?last_event_id=0")
	st.hello()
	if n := st.notification(); n.ID != 1 || n.Message != "in the backup" {
		t.Errorf("%+v", n)
	}
	if n := s.send("goes on"); n.ID != 2 {
		t.Errorf("%+v", n)
	}
}

func TestBackupOfAPostgreSQLNamesItsTool(t *testing.T) {
	t.Parallel()
	p := spawn(t, []string{"TICKBOARD_DATABASE=postgres://u:s3cret@h/d"}, "backup", filepath.Join(t.TempDir(), "x"))
	if status := p.wait(t); status != 2 || !strings.Contains(p.stderr.String(), "pg_dump") || strings.Contains(p.stderr.String(), "s3cret") {
		t.Errorf("%d %s", status, p.stderr)
	}
}
