package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
)

func openDir(t *testing.T, path string) *store.Dir {
	t.Helper()
	dir, err := store.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dir.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestNewDirectoryIsTheOwnersAlone(t *testing.T) {
	dir := openDir(t, filepath.Join(t.TempDir(), "a", "b"))
	info, err := os.Stat(filepath.Dir(dir.Database()))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v; want 0700", info.Mode(), err)
	}
}

func TestSecondProcessIsToldWhoHoldsTheDirectory(t *testing.T) {
	path := t.TempDir()
	cmd, release, lines := start(t, "lock", path)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatalf("the child says %q", lines.Text())
	}
	_, err := store.OpenDir(path)
	if !errors.Is(err, store.ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	for _, part := range []string{path, fmt.Sprintf("process %d;", cmd.Process.Pid), "--data-dir"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if err := errors.Join(release.Close(), cmd.Wait()); err != nil {
		t.Fatal(err)
	}
	openDir(t, path)
}

func TestKilledProcessGivesTheDirectoryBack(t *testing.T) {
	path := t.TempDir()
	cmd, _, lines := start(t, "lock", path)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatalf("the child says %q", lines.Text())
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	openDir(t, path)
}

func TestDirectoryIsFreeAfterClose(t *testing.T) {
	path := t.TempDir()
	dir, err := store.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.OpenDir(path); !errors.Is(err, store.ErrLocked) {
		t.Errorf("the second: %v, want ErrLocked", err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	openDir(t, path)
}

func TestDirectoryThatCannotBeSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if _, err := store.OpenDir(path); err == nil || !strings.Contains(err.Error(), "--data-dir") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAdminTokenIsMadeOnceAndKept(t *testing.T) {
	dir := openDir(t, t.TempDir())
	token, path, created, err := dir.AdminToken()
	if err != nil || !created || len(token) < 26 {
		t.Fatalf("first: %q, created %v, %v", token, created, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	again, _, created, err := dir.AdminToken()
	if err != nil || created || again != token {
		t.Errorf("second: %q, created %v, %v; want %q", again, created, err, token)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	other, _, _, err := openDir(t, t.TempDir()).AdminToken()
	if err != nil || other == token {
		t.Errorf("another directory has the same token: %v", err)
	}
}

func TestAdminTokenFileIsTakenOrRefused(t *testing.T) {
	for text, want := range map[string]string{
		"secret":              "secret",
		" secret-1_2.3~ \r\n": "secret-1_2.3~",
		"":                    "",
		" \n":                 "",
		"two words":           "",
		"s\u00e9cret":         "",
		"line\nline":          "",
	} {
		dir := openDir(t, t.TempDir())
		path := filepath.Join(filepath.Dir(dir.Database()), "admin-token")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		token, named, created, err := dir.AdminToken()
		if token != want || named != path || created || (want == "") != errors.Is(err, store.ErrToken) {
			t.Errorf("%q: %q, %s, created %v, %v", text, token, named, created, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != text {
			t.Errorf("%q: the file is %q now, %v", text, after, err)
		}
	}
}
