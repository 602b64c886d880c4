package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/store"
)

// TestFullDiskRefusesAndHarmsNothing: SQLite is told that there are no more pages,
// which is what it makes of a full disk.
func TestFullDiskRefusesAndHarmsNothing(t *testing.T) {
	path := onSQLite.address(t)
	db := open(t, path)
	fill(t, db, 10)
	pages, err := store.Pragma(db, "page_count")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Exec(db, "PRAGMA max_page_count = "+pages); err != nil {
		t.Fatal(err)
	}
	stored := int64(10)
	var refused error
	for range 1000 {
		n, err := db.Append(t.Context(), note(strings.Repeat("x", 1000)))
		if err != nil {
			refused = err
			break
		}
		stored = n.ID
	}
	if !errors.Is(refused, quotes.ErrStorageFull) {
		t.Fatalf("%v", refused)
	}
	var many []*quotes.StockQuote
	for i := range 1000 {
		many = append(many, quoteOf(fmt.Sprint("S", i), "1", 1))
	}
	if err := db.SaveQuotes(t.Context(), many); !errors.Is(err, quotes.ErrStorageFull) {
		t.Errorf("quotes: %v", err)
	}
	list, err := db.After(t.Context(), 0, 10_000)
	newest, _, boundsErr := db.Bounds(t.Context())
	if err := errors.Join(err, boundsErr); err != nil || newest != stored || int64(len(list)) != stored {
		t.Errorf("%d and %d are stored, %v; want %d", len(list), newest, err, stored)
	}
	if err := store.Exec(db, "PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Append(t.Context(), note("there is room")); err != nil || n.ID != stored+1 {
		t.Errorf("with room again: %d, %v; want %d", n.ID, err, stored+1)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path) // looks for damage
}

// TestDatabaseThatCanOnlyBeRead: as after the disk was mounted read-only.
func TestDatabaseThatCanOnlyBeRead(t *testing.T) {
	path := onSQLite.address(t)
	db := open(t, path)
	fill(t, db, 1)
	if err := store.Exec(db, "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Append(t.Context(), note("x")); !errors.Is(err, quotes.ErrStorageReadOnly) {
		t.Errorf("%v", err)
	}
	if _, err := db.LoadQuotes(t.Context()); err != nil {
		t.Errorf("the quotes are not read: %v", err)
	}
	if err := store.Exec(db, "PRAGMA query_only = 0"); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Append(t.Context(), note("y")); err != nil || n.ID != 2 {
		t.Errorf("it can be written again: %d, %v", n.ID, err)
	}
}

// TestReadOnlyFileIsReadAndNotWritten: a start shows what is there.
func TestReadOnlyFileIsReadAndNotWritten(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("NOT TESTED ON A READ-ONLY FILE: permissions do not bind root")
	}
	path := onSQLite.address(t)
	db := open(t, path)
	fill(t, db, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	db = open(t, path)
	if _, err := db.Append(t.Context(), note("x")); !errors.Is(err, quotes.ErrStorageReadOnly) {
		t.Errorf("%v", err)
	}
	if list, err := db.After(t.Context(), 0, 10); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := db.LoadQuotes(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestDamagedFileIsRefusedAndKept: wherever the damage is, the file stays byte
// for byte as it was.
func TestDamagedFileIsRefusedAndKept(t *testing.T) {
	path := onSQLite.address(t)
	db := open(t, path)
	for range 300 {
		if _, err := db.Append(t.Context(), note(strings.Repeat("x", 200))); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for name, damage := range map[string]func([]byte) []byte{
		"a page within":      func(b []byte) []byte { clear(b[len(b)-3*page : len(b)-2*page]); return b },
		"the second page":    func(b []byte) []byte { copy(b[page:], bytes.Repeat([]byte{0xff}, page)); return b },
		"the list of tables": func(b []byte) []byte { copy(b[100:], bytes.Repeat([]byte{0xaa}, 200)); return b },
		"the end is missing": func(b []byte) []byte { return b[:len(b)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "tickboard.db")
			bad := damage(bytes.Clone(good))
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := store.Open(t.Context(), path)
				if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "backup") || !strings.Contains(err.Error(), path) {
					t.Fatalf("%v", err)
				}
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, bad) {
				t.Errorf("the file is another: %v", err)
			}
		})
	}
}
