package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/store"
)

// when is a time with more digits than the database keeps.
var when = time.Date(2026, 11, 20, 15, 42, 7, 123456789, time.FixedZone("", 3600))

func note(message string) alert.Notification {
	return alert.Notification{Type: alert.Info, Message: message, Time: when}
}

// open opens the database at an address and closes it at the test's end.
func open(t testing.TB, address string) *store.DB {
	t.Helper()
	db, err := connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openNew(t testing.TB) *store.DB {
	return open(t, filepath.Join(t.TempDir(), "test.db"))
}

// fill appends count notifications named 1, 2, 3 and so on.
func fill(t testing.TB, db *store.DB, count int) {
	t.Helper()
	for i := range count {
		if _, err := db.Append(t.Context(), note(fmt.Sprint(i+1))); err != nil {
			t.Fatal(err)
		}
	}
}

func ids(list []alert.Notification) []int64 {
	var ids []int64
	for _, n := range list {
		ids = append(ids, n.ID)
	}
	return ids
}

func TestNotificationComesBackAsStoredAfterARestart(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		full := note("AAPL above 190 \u2028 <b>\n\t\U0001F680 it's")
		full.Type = alert.Warning
		full.Symbol = quotes.MustSymbol("BTC/USD")
		full.Price = quotes.Some(quotes.MustDecimal("141.50"))
		full.Rule, full.RuleID, full.Kind, full.Link = "above 141", 1<<40, alert.KindAlert, "/q/BTC/USD"
		full.Deliver = "sound,3"
		full.Profile, full.Expires = 1<<50, time.Date(2030, 1, 2, 3, 4, 5, 678000, time.UTC)
		watched := full
		watched.Profile, watched.Watchers = 0, true
		db := open(t, path)
		var want []alert.Notification
		for i, n := range []alert.Notification{note("plain"), full, watched} {
			stored, err := db.Append(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			n.ID = int64(i + 1)
			n.Time = time.Date(2026, 11, 20, 14, 42, 7, 123456000, time.UTC)
			want = append(want, n)
			if diff := cmp.Diff(n, stored, compareExactly); diff != "" {
				t.Errorf("Append returned another (-want +got):\n%s", diff)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := open(t, path).After(t.Context(), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, compareExactly); diff != "" {
			t.Errorf("read after the restart (-want +got):\n%s", diff)
		}
	})
}

// compareExactly tells 141.5 and 141.50 apart.
var compareExactly = cmp.Options{
	cmp.AllowUnexported(quotes.Symbol{}),
	cmp.Comparer(func(a, b decimal.Decimal) bool { return quotes.FormatDecimal(a) == quotes.FormatDecimal(b) }),
}

func TestReadsAreInOrderAndBounded(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		fill(t, db, 5)
		before := func(ctx context.Context, id int64, limit int) ([]alert.Notification, error) {
			return db.BeforeFor(ctx, 0, id, limit)
		}
		for _, c := range []struct {
			name  string
			read  func(context.Context, int64, int) ([]alert.Notification, error)
			id    int64
			limit int
			want  []int64
		}{
			{"after 0", db.After, 0, 10, []int64{1, 2, 3, 4, 5}},
			{"after 2, two", db.After, 2, 2, []int64{3, 4}},
			{"after the newest", db.After, 5, 10, nil},
			{"after, none asked for", db.After, 0, 0, nil},
			{"after, less than none", db.After, 0, -1, nil},
			{"before 0 is from the newest", before, 0, 3, []int64{5, 4, 3}},
			{"before 3", before, 3, 10, []int64{2, 1}},
			{"before 1", before, 1, 10, nil},
		} {
			got, err := c.read(t.Context(), c.id, c.limit)
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if diff := cmp.Diff(c.want, ids(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	})
}

func TestReadsForAProfileLeaveOutOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for _, profile := range []int64{0, 1, 2, 1, 0, 2} {
			n := note("x")
			n.Profile = profile
			if _, err := db.Append(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			profile, id   int64
			limit         int
			after, before []int64
		}{
			{0, 0, 9, []int64{1, 5}, []int64{5, 1}},
			{1, 0, 9, []int64{1, 2, 4, 5}, []int64{5, 4, 2, 1}},
			{1, 0, 3, []int64{1, 2, 4}, []int64{5, 4, 2}},
			{2, 4, 1, []int64{5}, []int64{3}},
			{3, 1, 9, []int64{5}, nil},
		} {
			after, err := db.AfterFor(t.Context(), c.profile, c.id, c.limit)
			if diff := cmp.Diff(c.after, ids(after)); diff != "" || err != nil {
				t.Errorf("%+v after: %v (-want +got):\n%s", c, err, diff)
			}
			before, err := db.BeforeFor(t.Context(), c.profile, c.id, c.limit)
			if diff := cmp.Diff(c.before, ids(before)); diff != "" || err != nil {
				t.Errorf("%+v before: %v (-want +got):\n%s", c, err, diff)
			}
		}
	})
}

func TestPruneKeepsTheNewestAndTheNumbers(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		db := open(t, path)
		fill(t, db, 5)
		for _, c := range []struct {
			keep   int
			pruned int64
			left   []int64
		}{
			{9, 0, []int64{1, 2, 3, 4, 5}},
			{3, 2, []int64{3, 4, 5}},
			{4, 2, []int64{3, 4, 5}},
			{0, 4, []int64{5}},
		} {
			pruned, err := db.Prune(t.Context(), c.keep, time.Time{})
			if err != nil || pruned != c.pruned {
				t.Errorf("Prune to %d: %d, %v; want %d", c.keep, pruned, err, c.pruned)
			}
			left, err := db.After(t.Context(), 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.left, ids(left)); diff != "" {
				t.Errorf("left after Prune to %d (-want +got):\n%s", c.keep, diff)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, path)
		newest, pruned, err := db.Bounds(t.Context())
		if err != nil || newest != 5 || pruned != 4 {
			t.Errorf("bounds after the restart: %d, %d, %v", newest, pruned, err)
		}
		if n, err := db.Append(t.Context(), note("next")); err != nil || n.ID != 6 {
			t.Errorf("the number after those removed: %d, %v; want 6", n.ID, err)
		}
	})
}

func TestPruneRemovesWhatIsTooOldFromTheOldestOn(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for _, minute := range []int{0, 1, 2, 9, 3, 4} { // a clock was wrong once
			n := note("x")
			n.Time = when.Add(time.Duration(minute) * time.Minute)
			if _, err := db.Append(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			keep   int
			before time.Duration
			pruned int64
		}{
			{-1, -time.Minute, 0},
			{-1, 0, 0}, // that of the very time stays
			{-1, 2 * time.Minute, 2},
			{-1, 5 * time.Minute, 3}, // up to the one that is young
			{2, 5 * time.Minute, 4},
			{-1, time.Hour, 5}, // the newest stays
		} {
			pruned, err := db.Prune(t.Context(), c.keep, when.Add(c.before))
			if err != nil || pruned != c.pruned {
				t.Errorf("Prune to %d, before %v: %d, %v; want %d", c.keep, c.before, pruned, err, c.pruned)
			}
			left, err := db.After(t.Context(), 0, 10)
			if err != nil || len(left) != 6-int(pruned) {
				t.Errorf("%v are left, %v", ids(left), err)
			}
		}
	})
}

func TestBadNotificationTakesNoNumber(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		if _, err := db.Append(t.Context(), note("")); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("an empty message: %v", err)
		}
		if n, err := db.Append(t.Context(), note("good")); err != nil || n.ID != 1 {
			t.Errorf("the next one: %d, %v; want 1", n.ID, err)
		}
	})
}

func TestClosedDatabaseRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db, err := connect(t.Context(), on.address(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Close(), db.Close()); err != nil {
			t.Fatal(err)
		}
		_, appended := db.Append(t.Context(), note("late"))
		_, listed := db.After(t.Context(), 0, 1)
		_, _, bounds := db.Bounds(t.Context())
		_, pruned := db.Prune(t.Context(), 1, time.Time{})
		for _, err := range []error{appended, listed, bounds, pruned} {
			if !errors.Is(err, store.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
	})
}

func TestDatabaseFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "test.db"))
	fill(t, db, 1)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v; want the database and its log", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", f.Name(), info.Mode(), err)
		}
	}
}

// TestEveryCommitReachesTheDisk: no test can cut the power, so this holds what
// SQLite's documentation asks for (synchronous 2 is FULL).
func TestEveryCommitReachesTheDisk(t *testing.T) {
	db := openNew(t)
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000"} {
		if got, err := store.Pragma(db, name); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestEveryFileNameOpens(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"with space.db", "a%20b?x=1#y&z;.db", "ünïcode.db", "a+b:c.db"} {
		fill(t, open(t, filepath.Join(dir, name)), 1)
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s is not the file that was written: %v", name, err)
		}
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("This is no database. ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		want       error
		says       string
	}{
		{"no database", text, store.ErrNotDatabase, "--data-dir"},
		{"in a file", filepath.Join(text, "test.db"), nil, "--data-dir"},
		{"no directory", filepath.Join(dir, "missing", "test.db"), os.ErrNotExist, "--data-dir"},
		{"a directory", dir, nil, "--data-dir"},
	} {
		db, err := store.Open(t.Context(), c.path)
		if err == nil {
			t.Errorf("%s: opened; closing: %v", c.name, db.Close())
			continue
		}
		if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestDatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		db := open(t, path)
		if err := store.Exec(db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := connect(t.Context(), path); !errors.Is(err, store.ErrNewer) {
			t.Errorf("got %v, want ErrNewer", err)
		}
	})
}
