package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tickboard/tickboard/quotes/store"
)

// TestAllConnectionsAreOpenFromTheBegin: one that writes and four that read have the
// file open before anybody needs them.
func TestAllConnectionsAreOpenFromTheBegin(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test.db")
	db, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const descriptors = "/proc/self/fd"
	list, err := os.ReadDir(descriptors)
	if err != nil {
		t.Fatal(err)
	}
	open := 0
	for _, fd := range list {
		// One that is closed meanwhile is none of this file.
		if name, err := os.Readlink(filepath.Join(descriptors, fd.Name())); err == nil && name == path {
			open++
		}
	}
	if open != 5 {
		t.Errorf("the file is open %d times, want 5", open)
	}
}
