package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/store"
)

// childEnv turns the test binary into the process that a test starts: "append
// ADDRESS" or "lock PATH".
const childEnv = "TICKBOARD_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if task, path, ok := strings.Cut(os.Getenv(childEnv), " "); ok {
		if err := child(task, path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	status := m.Run()
	if err := server.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func child(task, path string) error {
	if task == "lock" {
		dir, err := store.OpenDir(path)
		if err != nil {
			return err
		}
		fmt.Println("locked")
		_, err = io.Copy(io.Discard, os.Stdin) // until the parent lets go
		return errors.Join(err, dir.Close())
	}
	db, err := connect(context.Background(), path)
	if err != nil {
		return err
	}
	var out sync.Mutex
	for {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				n, err := db.Append(context.Background(), note("from the child"))
				out.Lock()
				defer out.Unlock()
				fmt.Println(n.ID, err)
			})
		}
		all.Wait()
	}
}

// start starts the test binary as a child and returns the lines it prints. The
// child is killed when the test ends before it.
func start(t *testing.T, task, path string) (cmd *exec.Cmd, stdin io.Closer, lines *bufio.Scanner) {
	t.Helper()
	cmd = exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+task+" "+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, in, bufio.NewScanner(out)
}

func TestKilledProcessLosesNothingThatItAcknowledged(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		acknowledged := make(map[int64]bool)
		for range 3 {
			cmd, _, lines := start(t, "append", path)
			for i := 0; lines.Scan(); i++ {
				id, err := strconv.ParseInt(strings.TrimSuffix(lines.Text(), " <nil>"), 10, 64)
				if err != nil {
					t.Errorf("the child says %q", lines.Text())
					break
				}
				if acknowledged[id] {
					t.Errorf("number %d was given twice", id)
				}
				acknowledged[id] = true
				if i == 100 {
					if err := cmd.Process.Kill(); err != nil {
						t.Error(err)
					}
				}
			}
			if err := cmd.Wait(); err == nil {
				t.Error("the child ended by itself")
			}
		}
		list, err := open(t, path).After(t.Context(), 0, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range list {
			if n.ID != int64(i+1) {
				t.Fatalf("number %d in place %d", n.ID, i+1)
			}
			delete(acknowledged, n.ID)
		}
		if len(acknowledged) > 0 {
			t.Errorf("%d acknowledged notifications are lost: %v", len(acknowledged), acknowledged)
		}
	})
}

func TestConcurrentAppendsGetEachNumberOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		const writers, each = 16, 20
		given := make(chan alert.Notification, writers*each)
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				last := int64(0)
				for i := range each {
					n, err := db.Append(t.Context(), note(fmt.Sprint(w, " ", i)))
					if err != nil || n.ID <= last {
						t.Errorf("writer %d got %d after %d: %v", w, n.ID, last, err)
					}
					last = n.ID
					given <- n
				}
			})
		}
		all.Wait()
		close(given)
		messages := make(map[int64]string)
		for n := range given {
			messages[n.ID] = n.Message
		}
		list, err := db.After(t.Context(), 0, writers*each+1)
		if err != nil || len(list) != writers*each || len(messages) != writers*each {
			t.Fatalf("%d stored, %d given, %v; want %d", len(list), len(messages), err, writers*each)
		}
		for i, n := range list {
			if n.ID != int64(i+1) || n.Message != messages[n.ID] {
				t.Errorf("place %d has number %d with %q, its writer got %q", i+1, n.ID, n.Message, messages[n.ID])
			}
		}
	})
}

// TestReaderNeverSeesAHole: numbers become visible in their order.
func TestReaderNeverSeesAHole(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		const writers, each = 8, 25
		var all sync.WaitGroup
		for range writers {
			all.Go(func() {
				for range each {
					if _, err := db.Append(t.Context(), note("x")); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for last := int64(0); last < writers*each; {
			rows, err := db.After(t.Context(), last, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range rows {
				if n.ID != last+1 {
					t.Fatalf("%d is visible while %d is not", n.ID, last+1)
				}
				last = n.ID
			}
			newest, _, err := db.Bounds(t.Context())
			if err != nil || newest < last {
				t.Fatalf("newest is %d, %v; %d was read", newest, err, last)
			}
		}
		all.Wait()
	})
}

// waitFor spins until so many calls of Append wait.
func waitFor(t *testing.T, db *store.DB, waiting int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); store.Waiting(db) != waiting; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d calls wait, want %d", store.Waiting(db), waiting)
		}
	}
}

func TestCancelledAppendIsNotStored(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		release := store.HoldWriter(db)
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error)
		for _, ctx := range []context.Context{ctx, t.Context()} {
			go func() {
				_, err := db.Append(ctx, note("x"))
				results <- err
			}()
		}
		waitFor(t, db, 2)
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("the cancelled one: %v", err)
		}
		if _, err := db.Append(ctx, note("x")); !errors.Is(err, context.Canceled) {
			t.Errorf("one that is cancelled before it begins: %v", err)
		}
		release()
		if err := <-results; err != nil {
			t.Errorf("the other: %v", err)
		}
		if newest, _, err := db.Bounds(t.Context()); err != nil || newest != 1 {
			t.Errorf("%d are stored, %v; want 1", newest, err)
		}
	})
}

// TestCancelDoesNotEndWhatIsShared: one of those in a transaction runs it, and
// its context ends.
func TestCancelDoesNotEndWhatIsShared(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		endTurn := store.HoldWriter(db)
		ctx, cancel := context.WithCancel(t.Context())
		const count = 16
		results := make(chan error)
		for i := range count {
			ctx := ctx
			if i == 0 {
				ctx = t.Context()
			}
			go func() {
				_, err := db.Append(ctx, note("x"))
				results <- err
			}()
		}
		waitFor(t, db, count)
		endWait, err := store.HoldConnection(db)
		if err != nil {
			t.Fatal(err)
		}
		endTurn()
		waitFor(t, db, 0) // one has taken them all
		cancel()
		if err := endWait(); err != nil {
			t.Fatal(err)
		}
		for range count {
			if err := <-results; err != nil {
				t.Errorf("one whose transaction had begun: %v", err)
			}
		}
	})
}

// TestCancelTellsTheTruth: whatever the moment of the cancel, an Append that
// failed has stored nothing and one that succeeded has.
func TestCancelTellsTheTruth(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		var mu sync.Mutex
		stored := make(map[int64]bool)
		var all sync.WaitGroup
		for w := range 8 {
			all.Go(func() {
				for i := range 20 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(w*i)*20*time.Microsecond)
					n, err := db.Append(ctx, note("x"))
					cancel()
					if err == nil {
						mu.Lock()
						stored[n.ID] = true
						mu.Unlock()
					} else if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		list, err := db.After(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list {
			if !stored[n.ID] {
				t.Errorf("number %d is stored, its Append failed", n.ID)
			}
			delete(stored, n.ID)
		}
		if len(stored) > 0 {
			t.Errorf("not stored, though Append succeeded: %v", stored)
		}
	})
}

func TestCloseWaitsForAppendsUnderWay(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db, err := connect(t.Context(), on.address(t))
		if err != nil {
			t.Fatal(err)
		}
		release := store.HoldWriter(db)
		const count = 10
		results := make(chan error, count)
		for range count {
			go func() {
				_, err := db.Append(t.Context(), note("x"))
				results <- err
			}()
		}
		waitFor(t, db, count)
		closed := make(chan error, 1)
		go func() { closed <- db.Close() }()
		for err := error(nil); !errors.Is(err, store.ErrClosed); runtime.Gosched() {
			_, _, err = db.Bounds(t.Context()) // until Close has begun
		}
		select {
		case err := <-closed:
			t.Errorf("Close returned while appends were under way: %v", err)
		default:
		}
		release()
		for range count {
			if err := <-results; err != nil {
				t.Errorf("an append under way: %v", err)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkAppend is the time of one durable append; the file is in the
// system's directory for temporary files, whose disk decides.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			db := openNew(b)
			b.ReportAllocs()
			left := make(chan struct{}, b.N)
			for range b.N {
				left <- struct{}{}
			}
			close(left)
			b.ResetTimer()
			var all sync.WaitGroup
			for range writers {
				all.Go(func() {
					for range left {
						if _, err := db.Append(b.Context(), note("AAPL is above 190")); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		})
	}
}

// BenchmarkAfter is the read of one batch of the log's reader.
func BenchmarkAfter(b *testing.B) {
	db := openNew(b)
	fill(b, db, 300)
	b.ReportAllocs()
	for b.Loop() {
		if rows, err := db.After(b.Context(), 10, 256); err != nil || len(rows) != 256 {
			b.Fatal(len(rows), err)
		}
	}
}

// BenchmarkAfterNothingNew is what the log's reader costs while nothing happens.
func BenchmarkAfterNothingNew(b *testing.B) {
	db := openNew(b)
	fill(b, db, 300)
	b.ReportAllocs()
	for b.Loop() {
		if rows, err := db.After(b.Context(), 300, 256); err != nil || len(rows) != 0 {
			b.Fatal(len(rows), err)
		}
	}
}
