package hub_test

import (
	"bytes"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/quotes/hub"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type (
	frame = hub.Frame[string, int]
	ints  = hub.Hub[string, int]
)

func newHub(t *testing.T) *ints {
	h := hub.New[string](func(dst []byte, v int) []byte { return strconv.AppendInt(dst, int64(v), 10) })
	t.Cleanup(h.Close)
	return h
}

// publish publishes the values of keys in turn, each with a higher version.
func publish(t *testing.T, h *ints, version *int64, keys ...string) {
	t.Helper()
	for _, k := range keys {
		*version++
		if !h.Publish(k, int(*version), *version) {
			t.Fatalf("version %d of %s was refused", *version, k)
		}
	}
}

// keysOf takes at most n values and returns their keys.
func keysOf(r *hub.Reader[string, int], n int) []string {
	keys := []string{}
	for _, f := range r.Take(make([]*frame, 0, n)) {
		keys = append(keys, f.Key())
	}
	return keys
}

func wantKeys(t *testing.T, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("keys taken (-want +got):\n%s", diff)
	}
}

func TestValueThatIsNotNewerIsRefused(t *testing.T) {
	h := newHub(t)
	for _, c := range []struct {
		version int64
		want    bool
	}{{-5, true}, {-5, false}, {3, true}, {2, false}, {3, false}, {4, true}} {
		if got := h.Publish("A", int(c.version), c.version); got != c.want {
			t.Errorf("Publish of version %d = %v, want %v", c.version, got, c.want)
		}
	}
	f, ok := h.Latest("A")
	if !ok || f.Key() != "A" || f.Value() != 4 || f.Version() != 4 {
		t.Errorf("Latest = %v, %v", f, ok)
	}
	if _, ok := h.Latest("B"); ok {
		t.Error("a key that nobody published has a value")
	}
}

func TestStatsCountWhatHappened(t *testing.T) {
	h := newHub(t)
	var v int64
	publish(t, h, &v, "A", "A", "B") // the first A is superseded
	h.Publish("B", 0, v)             // refused
	r := h.Subscribe(nil, "A", "B", "C")
	h.Subscribe(nil, "A")
	keysOf(r, 3)
	publish(t, h, &v, "A", "A", "A") // r skips two of these
	keysOf(r, 3)
	want := hub.Stats{Keys: 2, Wanted: 1, Readers: 2, Published: 6, Refused: 1, Superseded: 3, Conflated: 2}
	if diff := cmp.Diff(want, h.Stats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := r.Conflated(); got != 2 {
		t.Errorf("the reader conflated %d, want 2", got)
	}
}

func TestUnknownKeysLeaveNoTrace(t *testing.T) {
	h := newHub(t)
	bell := hub.NewBell()
	a, b := h.Subscribe(bell, "X", "Y", "X"), h.Subscribe(bell, "X", "Z")
	wanted := func(want int) {
		t.Helper()
		if got := h.Stats().Wanted; got != want {
			t.Fatalf("%d keys are wanted, want %d", got, want)
		}
	}
	wanted(3)
	a.Remove("Y", "nobody's")
	wanted(2)
	a.Close()
	wanted(2)
	b.Close()
	wanted(0)
	if _, ok := h.Latest("X"); ok {
		t.Error("X has a value")
	}
	wanted(0)
}

func TestPublishedKeyOutlivesItsReaders(t *testing.T) {
	h := newHub(t)
	r := h.Subscribe(nil, "A")
	var v int64
	publish(t, h, &v, "A")
	r.Close()
	wantKeys(t, keysOf(h.Subscribe(nil, "A"), 1), "A")
}

func TestEncodedIsMadeOnceAndShared(t *testing.T) {
	var calls atomic.Int32
	h := hub.New[string](func(dst []byte, v int) []byte {
		calls.Add(1)
		return strconv.AppendInt(dst, int64(v), 10)
	})
	for version := range int64(20) {
		h.Publish("A", int(version), version)
		f, _ := h.Latest("A")
		if calls.Load() != int32(version) {
			t.Fatal("encoded before anybody asked")
		}
		var wg sync.WaitGroup
		var seen [16][]byte
		for i := range seen {
			wg.Go(func() { seen[i] = f.Encoded() })
		}
		wg.Wait()
		if got := calls.Load(); got != int32(version)+1 {
			t.Fatalf("encoded %d times", got-int32(version))
		}
		for _, b := range seen {
			if &b[0] != &seen[0][0] || len(b) != cap(b) {
				t.Fatal("the bytes are not shared, or have room that a reader may write into")
			}
		}
		if want := strconv.Itoa(int(version)); !bytes.Equal(seen[0], []byte(want)) {
			t.Fatalf("encoded %q, want %q", seen[0], want)
		}
	}
}

func TestEncodedOfAnOldFrameStays(t *testing.T) {
	h := newHub(t)
	h.Publish("A", 111, 1)
	old, _ := h.Latest("A")
	was := old.Encoded()
	h.Publish("A", 222, 2)
	f, _ := h.Latest("A")
	f.Encoded()
	if string(was) != "111" || string(old.Encoded()) != "111" {
		t.Errorf("the old frame is %q now", was)
	}
}

func TestPublishAllocatesOnlyTheFrame(t *testing.T) {
	shared := hub.NewBell()
	for name, bell := range map[string]hub.Bell{"one bell": shared, "a bell each": nil} {
		for _, readers := range []int{0, 1_000, 10_000} {
			h := newHub(t)
			for range readers {
				h.Subscribe(bell, "A")
			}
			version := int64(0)
			h.Publish("A", 0, version)
			got := testing.AllocsPerRun(1000, func() {
				version++
				h.Publish("A", 0, version)
			})
			if got > 1 {
				t.Errorf("%d readers, %s: %v allocations", readers, name, got)
			}
		}
	}
}

func TestClosedHubRefuses(t *testing.T) {
	h := newHub(t)
	r := h.Subscribe(nil, "A", "B")
	var v int64
	publish(t, h, &v, "A")
	h.Close()
	h.Close()
	r.Close()
	if h.Publish("A", 9, 9) {
		t.Error("a closed hub takes a value")
	}
	wantKeys(t, keysOf(r, 1))
	if got := r.Keys(); len(got) != 0 {
		t.Errorf("a closed reader has the keys %v", got)
	}
	late := h.Subscribe(nil, "A", "C")
	late.Add("D")
	late.Remove("A")
	wantKeys(t, keysOf(late, 1))
	if _, err := late.Next(t.Context(), make([]*frame, 0, 1)); !errors.Is(err, hub.ErrClosed) {
		t.Errorf("Next = %v, want ErrClosed", err)
	}
	if f, ok := h.Latest("A"); !ok || f.Value() != 1 {
		t.Error("the newest value is gone")
	}
	if s := h.Stats(); s.Readers != 0 || s.Wanted != 0 || s.Refused != 1 {
		t.Errorf("after the end: %+v", s)
	}
}
