package alert_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

func encode(dst []byte, n alert.Notification) []byte {
	return fmt.Appendf(dst, "%d %s", n.ID, n.Message)
}

// openStore opens a database; what closes it may be called before the test ends.
func openStore(t testing.TB, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), path)
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

func newStore(t testing.TB) *store.DB { return openStore(t, filepath.Join(t.TempDir(), "test.db")) }

// openLog makes a log that has read its position.
func openLog(t testing.TB, s alert.Store, opts alert.Options) *alert.Log {
	t.Helper()
	l := alert.NewLog(s, encode, opts)
	if err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l
}

// send stores count notifications, each named after its number.
func send(t testing.TB, s alert.Store, count int) {
	t.Helper()
	newest, _, err := s.Bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		if _, err := s.Append(t.Context(), note(fmt.Sprint("n", newest+int64(i)+1))); err != nil {
			t.Fatal(err)
		}
	}
}

// drain takes all there is, a few at a time, and checks the frames.
func drain(t testing.TB, f *alert.Follower) []int64 {
	t.Helper()
	var ids []int64
	empty := 0
	for f.Behind() {
		took, err := f.Take(t.Context(), make([]*alert.Entry, 0, 3))
		if err != nil {
			t.Fatal(err)
		}
		if empty++; len(took) > 0 {
			empty = 0
		} else if empty > 100 {
			t.Fatal("Behind, yet Take finds nothing")
		}
		for _, e := range took {
			if want := fmt.Sprintf("%d n%d", e.ID, e.ID); string(e.Frame) != want {
				t.Errorf("the frame of %d is %q", e.ID, e.Frame)
			}
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// span is the numbers from first to last.
func span(first, last int64) []int64 {
	var ids []int64
	for id := first; id <= last; id++ {
		ids = append(ids, id)
	}
	return ids
}

// TestResume is the table that everything which is resumed has.
func TestResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openStore(t, path)
	send(t, db, 20)
	if _, err := db.Prune(t.Context(), 15, time.Time{}); err != nil { // 1 to 5 are gone
		t.Fatal(err)
	}
	l := openLog(t, db, alert.Options{Ring: 4})
	type row struct {
		name  string
		after int64
		given bool
		want  alert.Start
	}
	rows := []row{
		{"no id", 0, false, alert.Start{ID: 20}},
		{"in range", 18, true, alert.Start{ID: 18, Resumed: true}},
		{"in range, older than memory", 10, true, alert.Start{ID: 10, Resumed: true}},
		{"newest", 20, true, alert.Start{ID: 20, Resumed: true}},
		{"the last that is gone", 5, true, alert.Start{ID: 5, Resumed: true}},
		{"no longer kept", 4, true, alert.Start{ID: 4, Resumed: true, Gap: true}},
		{"never saw one, no longer kept", 0, true, alert.Start{ID: 0, Resumed: true, Gap: true}},
		{"beyond the newest", 21, true, alert.Start{ID: 20}},
		{"far beyond", math.MaxInt64, true, alert.Start{ID: 20}},
		{"malformed", 7, false, alert.Start{ID: 20}},
		{"below zero", -1, true, alert.Start{ID: 20}},
	}
	check := func(l *alert.Log, state string) {
		for _, r := range rows {
			start, err := l.Resume(t.Context(), 0, r.after, r.given)
			if diff := cmp.Diff(r.want, start); diff != "" || err != nil {
				t.Errorf("%s%s: %v (-want +got):\n%s", r.name, state, err, diff)
			}
			f := l.Follow(make(chan struct{}, 1), start.ID, alert.Audience{})
			if diff := cmp.Diff(span(max(start.ID, 5)+1, 20), drain(t, f)); diff != "" {
				t.Errorf("%s%s: what follows (-want +got):\n%s", r.name, state, diff)
			}
			if f.Lost() != start.Gap {
				t.Errorf("%s%s: lost is %v, gap is %v", r.name, state, f.Lost(), start.Gap)
			}
			f.Close()
		}
	}
	check(l, "")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openStore(t, path)
	check(openLog(t, db, alert.Options{Ring: 4}), ", after a restart")
	check(alert.NewLog(db, encode, alert.Options{Ring: 4}), ", after a restart, before the log was opened")
}

func TestResumeInAnEmptyLog(t *testing.T) {
	l := openLog(t, newStore(t), alert.Options{})
	for _, c := range []struct {
		after int64
		given bool
		want  alert.Start
	}{
		{0, false, alert.Start{}},
		{0, true, alert.Start{Resumed: true}},
		{1, true, alert.Start{}},
	} {
		if start, err := l.Resume(t.Context(), 0, c.after, c.given); err != nil || start != c.want {
			t.Errorf("%d, given %v: %+v, %v; want %+v", c.after, c.given, start, err, c.want)
		}
	}
}

func TestResumeReadsWhatIsNewBeforeItDecides(t *testing.T) {
	db := newStore(t)
	l := openLog(t, db, alert.Options{})
	send(t, db, 3) // nobody runs the log
	if start, err := l.Resume(t.Context(), 0, 2, true); err != nil || start != (alert.Start{ID: 2, Resumed: true}) {
		t.Errorf("%+v, %v", start, err)
	}
	if l.Last() != 3 {
		t.Errorf("last is %d, want 3", l.Last())
	}
}

func TestNewestIsCompleteUpToItsNumber(t *testing.T) {
	db := newStore(t)
	l := openLog(t, db, alert.Options{})
	check := func(state string, limit int, want []int64, last int64) {
		t.Helper()
		list, got, err := l.Newest(t.Context(), alert.Audience{}, limit)
		var ids []int64
		for _, n := range list {
			ids = append(ids, n.ID)
		}
		if diff := cmp.Diff(want, ids); diff != "" || got != last || err != nil {
			t.Errorf("%s: complete to %d, %v; want %d (-want +got):\n%s", state, got, err, last, diff)
		}
	}
	check("empty", 50, nil, 0)
	send(t, db, 3)
	check("ahead of the reader", 2, []int64{3, 2}, 3)
	check("none asked for", 0, nil, 0)
	if err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("none asked for, read", 0, nil, 3)
	if list, err := l.Before(t.Context(), alert.Audience{}, 3, 1); err != nil || len(list) != 1 || list[0].ID != 2 {
		t.Errorf("before 3: %v, %v", list, err)
	}
}

func TestSendRefusesTheUnfit(t *testing.T) {
	l := openLog(t, newStore(t), alert.Options{})
	if _, err := l.Send(t.Context(), note("")); !errors.Is(err, alert.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	n, err := l.Send(t.Context(), alert.Notification{Type: alert.Info, Message: "x"})
	if err != nil || n.ID != 1 || n.Time.IsZero() {
		t.Errorf("without a time: %+v, %v", n, err)
	}
	if s := l.Stats(); s.Sent != 1 || s.SendErrors != 1 {
		t.Errorf("stats: %+v", s)
	}
}

// TestEveryFollowerGetsTheWholeLog: several send while followers come, are cut
// at any moment and come back with the last number they have.
func TestEveryFollowerGetsTheWholeLog(t *testing.T) {
	const senders, each, followers = 4, 30, 6
	l := openLog(t, newStore(t), alert.Options{Ring: 16})
	ctx, stop := context.WithCancel(t.Context())
	var running, all sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for s := range senders {
		all.Go(func() {
			for i := range each {
				if _, err := l.Send(t.Context(), note(fmt.Sprint(s, " ", i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	logs := make([][]string, followers)
	for i := range followers {
		all.Go(func() { logs[i] = followWithCuts(t, l, senders*each, i) })
	}
	all.Wait()
	stop()
	running.Wait()
	want, err := l.Before(t.Context(), alert.Audience{}, 0, senders*each)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range logs {
		for j, frame := range got {
			if n := want[len(want)-1-j]; frame != string(encode(nil, n)) {
				t.Fatalf("follower %d has %q in place %d, the log %d %q", i, frame, j, n.ID, n.Message)
			}
		}
	}
	if s := l.Stats(); s.Followers != 0 || s.Newest != senders*each || s.Lost != 0 {
		t.Errorf("stats at the end: %+v", s)
	}
}

// followWithCuts follows until it has the entry last; after every few entries
// it comes again.
func followWithCuts(t *testing.T, l *alert.Log, last int64, patience int) (frames []string) {
	seen := int64(0)
	for seen < last {
		start, err := l.Resume(t.Context(), 0, seen, true)
		if err != nil || !start.Resumed || start.ID != seen {
			t.Errorf("resume at %d: %+v, %v", seen, start, err)
			return frames
		}
		bell := make(chan struct{}, 1)
		f := l.Follow(bell, start.ID, alert.Audience{})
		for range patience + 1 {
			if seen == last {
				break
			}
			<-bell
			took, err := f.Take(t.Context(), make([]*alert.Entry, 0, patience+1))
			if err != nil {
				t.Error(err)
			}
			for _, e := range took {
				frames = append(frames, string(e.Frame))
				seen = e.ID
			}
			if f.Behind() {
				break
			}
		}
		f.Close()
	}
	return frames
}

// TestAGapIsOfOnesOwn: where retention has removed only what was for others, who
// comes back has missed nothing, from the database and as a follower.
func TestAGapIsOfOnesOwn(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "test.db"))
	ann, err := db.Make(t.Context(), profile.StoredKey("user:ann"), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ben, err := db.Make(t.Context(), profile.StoredKey("user:ben"), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for i, to := range [...]profile.ID{ann, 0, ann, ben, ann, 0, ben, ann} {
		if _, err := db.Append(t.Context(), alert.Notification{Type: alert.Info, Message: fmt.Sprint("n", i+1), Time: time.Now(), Profile: int64(to)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Prune(t.Context(), 4, time.Time{}); err != nil { // 1 to 4 are gone
		t.Fatal(err)
	}
	l := openLog(t, db, alert.Options{Ring: 2})
	for who, gone := range map[profile.ID]int64{0: 2, ann: 3, ben: 4} {
		for after := range int64(6) {
			start, err := l.Resume(t.Context(), int64(who), after, true)
			if want := (alert.Start{ID: after, Resumed: true, Gap: after < gone}); err != nil || start != want {
				t.Errorf("%d comes back after %d: %+v, %v; want %+v", who, after, start, err, want)
			}
			f := l.Follow(make(chan struct{}, 1), after, alert.Audience{Profile: int64(who)})
			if drain(t, f); f.Lost() != start.Gap {
				t.Errorf("%d follows after %d: lost is %t, gap %t", who, after, f.Lost(), start.Gap)
			}
			f.Close()
		}
	}
}
