package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
)

// TestBackupIsOneMomentOfADatabaseInUse: every number up to the newest is in it,
// and those who store wait for nothing.
func TestBackupIsOneMomentOfADatabaseInUse(t *testing.T) {
	path := onSQLite.address(t)
	db := open(t, path)
	fill(t, db, 5)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := db.Append(t.Context(), note("x")); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a b?.db")
	size, err := store.Backup(t.Context(), path, file)
	close(stop)
	all.Wait()
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Fatalf("%v, %v", left, err)
	}
	if info, err := left[0].Info(); err != nil || info.Size() != size || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; %d bytes were told of", info, err, size)
	}
	restored := open(t, file)
	list, err := restored.After(t.Context(), 0, 1_000_000)
	newest, _, boundsErr := restored.Bounds(t.Context())
	if err := errors.Join(err, boundsErr); err != nil || newest < 5 || int64(len(list)) != newest || list[newest-1].ID != newest {
		t.Errorf("%d of %d are in it: %v", len(list), newest, err)
	}
	if n, err := restored.Append(t.Context(), note("next")); err != nil || n.ID != newest+1 {
		t.Errorf("the next number is %d, %v", n.ID, err)
	}
}

func TestBackupReplacesNothingAndLeavesNothingBehind(t *testing.T) {
	path := onSQLite.address(t)
	fill(t, open(t, path), 1)
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from, to string
		want     error
	}{
		"a file":      {path, taken, fs.ErrExist},
		"a link":      {path, filepath.Join(dir, "link"), fs.ErrExist},
		"a folder":    {path, dir, fs.ErrExist},
		"itself":      {path, path, fs.ErrExist},
		"no folder":   {path, filepath.Join(dir, "none", "x"), fs.ErrNotExist},
		"nothing":     {filepath.Join(dir, "missing.db"), filepath.Join(dir, "x"), fs.ErrNotExist},
		"no database": {damaged, filepath.Join(dir, "x"), nil},
	} {
		if _, err := store.Backup(t.Context(), c.from, c.to); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%v are there, %v", left, err)
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}
