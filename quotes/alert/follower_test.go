package alert_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes/alert"
)

func TestFollowersShareAFrame(t *testing.T) {
	m := &memory{}
	send(t, m, 3)
	l := openLog(t, m, alert.Options{})
	var taken [2][]*alert.Entry
	for i := range taken {
		f := l.Follow(make(chan struct{}, 1), 0, alert.Audience{})
		took, err := f.Take(t.Context(), make([]*alert.Entry, 0, 8))
		if err != nil || len(took) != 3 {
			t.Fatalf("%v, %v", took, err)
		}
		taken[i] = took
		f.Close()
	}
	for i := range taken[0] {
		if taken[0][i] != taken[1][i] {
			t.Errorf("entry %d was made twice", i)
		}
	}
}

func TestTakeFillsTheRoomThatThereIs(t *testing.T) {
	m := &memory{}
	send(t, m, 10)
	l := openLog(t, m, alert.Options{Ring: 4})
	for _, after := range []int64{0, 7} { // from the database, from memory
		f := l.Follow(make(chan struct{}, 1), after, alert.Audience{})
		full := make([]*alert.Entry, 2)
		if took, err := f.Take(t.Context(), full); err != nil || len(took) != 2 {
			t.Errorf("no room: %v, %v", took, err)
		}
		roomy := make([]*alert.Entry, 1, 3)
		took, err := f.Take(t.Context(), roomy)
		if err != nil || len(took) != 3 || took[0] != nil || took[1].ID != after+1 || took[2].ID != after+2 {
			t.Errorf("room for two: %v, %v", took, err)
		}
		if diff := cmp.Diff(span(after+3, 10), drain(t, f)); diff != "" {
			t.Errorf("the rest (-want +got):\n%s", diff)
		}
		f.Close()
	}
}

func TestTakeHeldLeavesTheDatabaseAlone(t *testing.T) {
	m := &memory{}
	send(t, m, 10)
	l := openLog(t, m, alert.Options{Ring: 4})
	f := l.Follow(make(chan struct{}, 1), 0, alert.Audience{})
	defer f.Close()
	reads := l.Stats().OldReads
	if took, held := f.TakeHeld(make([]*alert.Entry, 0, 8)); held || len(took) != 0 || l.Stats().OldReads != reads {
		t.Errorf("what is older than memory: %v, %v", took, held)
	}
	if _, err := f.Take(t.Context(), make([]*alert.Entry, 0, 6)); err != nil {
		t.Fatal(err)
	}
	if took, held := f.TakeHeld(make([]*alert.Entry, 0, 8)); !held || len(took) != 4 || took[0].ID != 7 {
		t.Errorf("what is in memory: %v, %v", took, held)
	}
	if took, held := f.TakeHeld(make([]*alert.Entry, 0, 8)); !held || len(took) != 0 {
		t.Errorf("at the end: %v, %v", took, held)
	}
}

func TestTakeThatFailsTakesNothing(t *testing.T) {
	m := &memory{}
	send(t, m, 10)
	l := openLog(t, m, alert.Options{Ring: 4})
	f := l.Follow(make(chan struct{}, 1), 1, alert.Audience{})
	broken := errors.New("broken")
	m.set(func() { m.fail = broken })
	if took, err := f.Take(t.Context(), make([]*alert.Entry, 0, 3)); !errors.Is(err, broken) || len(took) != 0 {
		t.Errorf("%v, %v", took, err)
	}
	m.set(func() { m.fail = nil })
	if diff := cmp.Diff(span(2, 10), drain(t, f)); diff != "" || f.Lost() {
		t.Errorf("lost is %v (-want +got):\n%s", f.Lost(), diff)
	}
}

func TestTakeFromMemoryDoesNotAllocate(t *testing.T) {
	m := &memory{}
	send(t, m, 100)
	l := openLog(t, m, alert.Options{})
	dst := make([]*alert.Entry, 0, 10)
	bell := make(chan struct{}, 1)
	f := l.Follow(bell, 0, alert.Audience{})
	allocs := testing.AllocsPerRun(9, func() { // 10 calls: one to warm up
		took, err := f.Take(t.Context(), dst)
		if err != nil || len(took) != 10 {
			t.Errorf("%v, %v", took, err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// TestReaderThatRetentionOvertookGoesOn: another node removed what this one had
// yet to read.
func TestReaderThatRetentionOvertookGoesOn(t *testing.T) {
	m := &memory{}
	send(t, m, 3)
	l := openLog(t, m, alert.Options{Ring: 8})
	slow, fresh := l.Follow(make(chan struct{}, 1), 2, alert.Audience{}), l.Follow(make(chan struct{}, 1), 7, alert.Audience{})
	send(t, m, 7)
	if _, err := m.Prune(t.Context(), 3, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := l.Open(t.Context()); err != nil { // looks again
		t.Fatal(err)
	}
	if diff := cmp.Diff(span(8, 10), drain(t, slow)); diff != "" || !slow.Lost() {
		t.Errorf("lost is %v (-want +got):\n%s", slow.Lost(), diff)
	}
	if diff := cmp.Diff(span(8, 10), drain(t, fresh)); diff != "" || fresh.Lost() {
		t.Errorf("lost is %v (-want +got):\n%s", fresh.Lost(), diff)
	}
}

// BenchmarkRing is what an entry costs the log's reader when 10,000 streams
// follow it, each with its own bell or all with one, and none answers.
func BenchmarkRing(b *testing.B) {
	for name, bells := range map[string]int{"bells=1": 1, "bells=10000": 10_000} {
		b.Run(name, func(b *testing.B) {
			m := &memory{}
			l := openLog(b, m, alert.Options{})
			all := make([]chan struct{}, bells)
			for i := range all {
				all[i] = make(chan struct{}, 1)
			}
			for i := range 10_000 {
				l.Follow(all[i%bells], 0, alert.Audience{})
			}
			b.ReportAllocs()
			for b.Loop() {
				m.rows = m.rows[:0]
				send(b, m, 1)
				if err := l.Open(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTake is one stream's way to one new entry.
func BenchmarkTake(b *testing.B) {
	m := &memory{}
	send(b, m, 1000)
	l := openLog(b, m, alert.Options{})
	dst := make([]*alert.Entry, 0, 1)
	bell := make(chan struct{}, 1)
	f := l.Follow(bell, 0, alert.Audience{})
	b.ReportAllocs()
	for b.Loop() {
		took, err := f.Take(b.Context(), dst)
		if err != nil {
			b.Fatal(err)
		}
		if len(took) == 0 {
			f.Close()
			f = l.Follow(bell, 0, alert.Audience{})
		}
	}
}
