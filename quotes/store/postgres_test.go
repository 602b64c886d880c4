package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/store"
	"github.com/tickboard/tickboard/quotes/store/pgtest"
)

func TestBadAddressIsRefusedWithoutThePassword(t *testing.T) {
	t.Setenv("PGPASSWORD", "")
	s, err := server.start()
	pgtest.Skip(t, err)
	good, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for address, says := range map[string]string{
		"postgres://u:s3cret/x@host:99/db":                 "%XX",
		"mysql://u:s3cret@host/db":                         "postgres://",
		"host=x password=s3cret":                           "postgres://",
		"postgres://u:s3cret@host:123456/db":               "%XX",
		"postgres://u:s3cret@host/db?sslmode=s3cret":       "sslmode",
		"postgres://host/db?password=s3cret&sslmode=wrong": "sslmode",
		"postgres://u:s3cret@127.0.0.1:1/db":               "start the server",
		strings.Replace(good, "/test", "/none", 1):         "CREATE DATABASE",
		good + "&nonsense=s3cret":                          "nonsense",
	} {
		_, err := store.OpenPostgres(t.Context(), address)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", address, err, says)
		}
	}
	if name := open(t, good).String(); strings.Contains(name, "s3cret") || !strings.Contains(name, "test") {
		t.Errorf("the database is called %s", name)
	}
}

func TestDatabaseOfAnotherEncodingIsRefused(t *testing.T) {
	address := onPostgres.address(t)
	s, _ := server.start() // it has started
	if err := s.Exec(t.Context(), "postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	before, query, _ := strings.Cut(address, "?")
	address = before[:strings.LastIndex(before, "/")] + "/latin?" + query
	if _, err := store.OpenPostgres(t.Context(), address); err == nil || !strings.Contains(err.Error(), "UTF8") {
		t.Errorf("%v", err)
	}
}

// TestProcessesShareALog: numbers that several give become visible in their
// order, to each, while one of them removes the oldest.
func TestProcessesShareALog(t *testing.T) {
	address := onPostgres.address(t)
	const writers, each = 3, 40
	reader := open(t, address)
	var all sync.WaitGroup
	for range writers {
		db := open(t, address)
		all.Go(func() {
			for i := range each {
				if _, err := db.Append(t.Context(), note("x")); err != nil {
					t.Error(err)
				}
				if i%8 == 7 {
					if _, err := db.Prune(t.Context(), 20, time.Now().Add(-time.Hour)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for last := int64(0); last < writers*each; {
			rows, err := reader.After(t.Context(), last, 1000)
			_, pruned, boundsErr := reader.Bounds(t.Context())
			if err := errors.Join(err, boundsErr); err != nil {
				t.Error(err)
				return
			}
			for _, n := range rows {
				if last = max(last, pruned); n.ID > last+1 {
					t.Errorf("%d is visible while %d is not", n.ID, last+1)
				}
				last = max(last, n.ID)
			}
		}
	}()
	all.Wait()
	<-done
	list, err := reader.After(t.Context(), 0, 1000)
	newest, pruned, boundsErr := reader.Bounds(t.Context())
	if err := errors.Join(err, boundsErr); err != nil || newest != writers*each || int64(len(list)) != newest-pruned || list[0].ID != pruned+1 {
		t.Errorf("%d are left of %d after %d: %v", len(list), newest, pruned, err)
	}
}

func quoteList(list ...*quotes.StockQuote) []*quotes.StockQuote { return list }

// TestProcessesShareTheQuotes: whoever comes first, the newer stays; and two who
// write the same rows in opposite orders do not wait for each other for ever.
func TestProcessesShareTheQuotes(t *testing.T) {
	address := onPostgres.address(t)
	dbs := []*store.DB{open(t, address), open(t, address)}
	now := time.Now().UnixMicro()
	var all sync.WaitGroup
	for w, db := range dbs {
		var list []*quotes.StockQuote
		for i := range 600 {
			list = append(list, quoteOf(fmt.Sprint("S", i), fmt.Sprint(w+1), now+int64(w)))
		}
		if w == 1 {
			slices.Reverse(list)
		}
		all.Go(func() {
			for range 10 {
				if err := db.SaveQuotes(t.Context(), list); err != nil {
					t.Error(err)
				}
				if err := db.SaveInstruments(t.Context(), "f", []quotes.Instrument{{Symbol: quotes.MustSymbol("A"), Name: fmt.Sprint(w)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, text := range stored(t, dbs[0]) {
		if !strings.Contains(text, `"price":2,`) {
			t.Fatalf("an older quote is stored: %s", text)
		}
	}
}

func TestNewerQuoteStays(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		now := time.Now().UnixMicro()
		for _, c := range []struct {
			list []*quotes.StockQuote
			want string
		}{
			{quoteList(quoteOf("A", "1", now-1000)), "1"},
			{quoteList(quoteOf("A", "2", now-2000)), "1"},
			{quoteList(quoteOf("A", "4", now), quoteOf("A", "3", now-1)), "4"},
			{quoteList(quoteOf("A", "5", now+int64(time.Hour/time.Microsecond))), "5"},
			{quoteList(quoteOf("A", "6", now+1000)), "6"}, // the clock was an hour fast
		} {
			if err := db.SaveQuotes(t.Context(), c.list); err != nil {
				t.Fatal(err)
			}
			if got := stored(t, db); !strings.Contains(got[0], `"price":`+c.want+`,`) {
				t.Errorf("stored is %s, want %s", got[0], c.want)
			}
		}
	})
}

// TestServerThatWasAwayIsFoundAgain: every call says so meanwhile, and none
// needs anything but the server to be back.
func TestServerThatWasAwayIsFoundAgain(t *testing.T) {
	s := pgtest.Need(t)
	address, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, address)
	fill(t, db, 1)
	calls := map[string]func(context.Context) error{
		"Append":          func(ctx context.Context) error { _, err := db.Append(ctx, note("2")); return err },
		"After":           func(ctx context.Context) error { _, err := db.After(ctx, 0, 1); return err },
		"Bounds":          func(ctx context.Context) error { _, _, err := db.Bounds(ctx); return err },
		"PrunedFor":       func(ctx context.Context) error { _, err := db.PrunedFor(ctx, 1); return err },
		"Prune":           func(ctx context.Context) error { _, err := db.Prune(ctx, 0, time.Now()); return err },
		"SaveQuotes":      func(ctx context.Context) error { return db.SaveQuotes(ctx, quoteList(quoteOf("A", "1", 1))) },
		"LoadQuotes":      func(ctx context.Context) error { _, err := db.LoadQuotes(ctx); return err },
		"SaveInstruments": func(ctx context.Context) error { return db.SaveInstruments(ctx, "f", nil) },
		"LoadInstruments": func(ctx context.Context) error { _, err := db.LoadInstruments(ctx, "f"); return err },
	}
	all := func(state string, want error) {
		t.Helper()
		for name, call := range calls {
			if err := call(t.Context()); !errors.Is(err, want) || err != nil && (errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "s3cret")) {
				t.Errorf("%s, %s: %v; want %v", state, name, err, want)
			}
		}
	}
	s.Stop()
	all("stopped", quotes.ErrStorageAway)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	all("back", nil)

	store.Limit(db, 100*time.Millisecond)
	if err := s.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	all("silent", quotes.ErrStorageAway)
	if err := s.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	store.Limit(db, 10*time.Second)
	all("speaks again", nil)

	// The sessions of a server that is no copy, but takes no changes.
	if err := s.Exec(t.Context(), "postgres", "ALTER SYSTEM SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	for range 8 { // connections that the stop has cut are found out first
		_, _ = db.After(t.Context(), 0, 1)
		_, err = db.Append(t.Context(), note("x"))
	}
	if !errors.Is(err, quotes.ErrStorageReadOnly) {
		t.Errorf("read only: %v", err)
	}
	if _, err := db.After(t.Context(), 0, 1); err != nil {
		t.Errorf("read only, a read: %v", err)
	}
}

func TestCloseDoesNotWaitForASilentServer(t *testing.T) {
	s := pgtest.Need(t)
	address, err := s.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenPostgres(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, 1)
	if err := s.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	appended := make(chan error)
	go func() {
		_, err := db.Append(t.Context(), note("x"))
		appended <- err
	}()
	eventuallyTaken(t, db)
	began := time.Now()
	closed := db.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := <-appended; !errors.Is(err, quotes.ErrStorageAway) {
		t.Errorf("the append under way: %v", err)
	}
	if closed != nil && !errors.Is(closed, quotes.ErrStorageAway) {
		t.Error(closed)
	}
	if err := s.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// eventuallyTaken waits until an append writes.
func eventuallyTaken(t *testing.T, db *store.DB) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !store.Writing(db); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("nothing is written")
		}
	}
}

// TestProcessThatHangsInATransactionHoldsUpNobody: its session ends, and with it
// the lock on the count.
func TestProcessThatHangsInATransactionHoldsUpNobody(t *testing.T) {
	address := onPostgres.address(t)
	hangs := open(t, address+"&idle_in_transaction_session_timeout=200")
	release, err := store.LockCount(hangs)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	fill(t, open(t, address), 1)
}

func TestCommitsWaitForTheDisk(t *testing.T) {
	db := open(t, onPostgres.address(t)+"&synchronous_commit=off")
	if got, err := store.Setting(db, "synchronous_commit"); err != nil || got != "on" {
		t.Errorf("synchronous_commit is %q, %v", got, err)
	}
	for name, want := range map[string]string{"statement_timeout": "5s", "idle_in_transaction_session_timeout": "5s", "application_name": "tickboard"} {
		if got, err := store.Setting(db, name); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}
