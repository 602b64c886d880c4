package hub_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/quotes/hub"
)

func TestTakeReturnsTheNewestOfEachKeyOnce(t *testing.T) {
	h := newHub(t)
	var v int64
	r := h.Subscribe(nil, "A", "B")
	publish(t, h, &v, "A", "A", "C", "A")
	got := r.Take(make([]*frame, 0, 4))
	if len(got) != 1 || got[0].Value() != 4 {
		t.Fatalf("took %v", got)
	}
	wantKeys(t, keysOf(r, 4))
	publish(t, h, &v, "B")
	wantKeys(t, keysOf(r, 4), "B")
}

func TestTakeAppendsAndNeverGrows(t *testing.T) {
	h := newHub(t)
	var v int64
	publish(t, h, &v, "A", "B", "C")
	r := h.Subscribe(nil, "A", "B", "C")
	dst := make([]*frame, 1, 3)
	got := r.Take(dst)
	if len(got) != 3 || &got[0] != &dst[0] || got[0] != nil || got[1].Key() != "A" || got[2].Key() != "B" {
		t.Fatalf("took %v", got)
	}
	if got := r.Take(got); len(got) != 3 {
		t.Fatalf("took into a full slice: %d", len(got))
	}
	wantKeys(t, keysOf(r, 3), "C")
}

func TestKeyThatWaitedLongestGoesFirst(t *testing.T) {
	h := newHub(t)
	var v int64
	r := h.Subscribe(nil, "A", "B", "C", "D")
	publish(t, h, &v, "B", "A", "B", "C", "B") // B waits since its first value
	wantKeys(t, keysOf(r, 2), "B", "A")
	publish(t, h, &v, "D", "A", "C", "B", "D")
	wantKeys(t, keysOf(r, 1), "C") // left over from before
	publish(t, h, &v, "C")
	wantKeys(t, keysOf(r, 9), "D", "A", "B", "C")
	other := h.Subscribe(nil, "C", "A") // another reader's order is its own
	publish(t, h, &v, "A", "B")
	wantKeys(t, keysOf(other, 9), "C", "A")
	publish(t, h, &v, "C", "A")
	wantKeys(t, keysOf(other, 9), "C", "A")
	wantKeys(t, keysOf(r, 9), "A", "B", "C")
}

func TestFastKeysDoNotStarveASlowOne(t *testing.T) {
	h := newHub(t)
	var v int64
	fast := symbols(9)
	r := h.Subscribe(nil, append(fast, "SLOW")...)
	publish(t, h, &v, fast...)
	publish(t, h, &v, "SLOW")
	for turn := 1; ; turn++ {
		if got := keysOf(r, 1); got[0] == "SLOW" {
			if turn != 10 {
				t.Errorf("SLOW came in turn %d, want 10", turn)
			}
			return
		}
		if turn > 10 {
			t.Fatal("SLOW never comes")
		}
		publish(t, h, &v, fast...)
	}
}

func TestAddOfAKnownKeyDeliversItAgain(t *testing.T) {
	h := newHub(t)
	var v int64
	publish(t, h, &v, "A", "B", "C")
	bell := hub.NewBell()
	r := h.Subscribe(bell, "A", "B")
	wantKeys(t, keysOf(r, 9), "A", "B")
	<-bell
	r.Add("A")
	if len(bell) != 1 {
		t.Error("the bell is not rung")
	}
	wantKeys(t, keysOf(r, 9), "A")
	wantKeys(t, keysOf(r, 9))

	publish(t, h, &v, "B", "A")
	r.Add("C", "A", "unknown") // A waits already and keeps its place
	wantKeys(t, keysOf(r, 9), "B", "A", "C")
	publish(t, h, &v, "unknown", "A")
	wantKeys(t, keysOf(r, 9), "unknown", "A")
	if got := r.Conflated(); got != 0 {
		t.Errorf("conflated %d, want 0", got)
	}
}

func TestRemovedKeyIsNotTaken(t *testing.T) {
	h := newHub(t)
	var v int64
	r := h.Subscribe(nil, "A", "B", "C")
	publish(t, h, &v, "A", "B", "C")
	wantKeys(t, keysOf(r, 1), "A")
	r.Remove("B", "A", "nobody's")
	publish(t, h, &v, "A", "B")
	wantKeys(t, keysOf(r, 9), "C")
	r.Add("B")
	wantKeys(t, keysOf(r, 9), "B")
	got := r.Keys()
	slices.Sort(got)
	wantKeys(t, got, "B", "C")
}

func TestNextWaitsAndEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		r := h.Subscribe(nil, "A")
		start := time.Now()
		go func() {
			time.Sleep(time.Second)
			h.Publish("B", 1, 1) // not a key of r
			time.Sleep(time.Second)
			h.Publish("A", 1, 1)
		}()
		dst := make([]*frame, 0, 1)
		got, err := r.Next(t.Context(), dst)
		if err != nil || len(got) != 1 || time.Since(start) != 2*time.Second {
			t.Fatalf("Next = %v, %v after %v", got, err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if got, err := r.Next(ctx, dst); !errors.Is(err, context.DeadlineExceeded) || len(got) != 0 {
			t.Fatalf("Next = %v, %v", got, err)
		}
		h.Publish("A", 2, 2)
		if _, err := r.Next(ctx, dst); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Next after the context's end = %v", err)
		}
		if got, err := r.Next(t.Context(), dst); err != nil || got[0].Value() != 2 {
			t.Fatalf("what came meanwhile is lost: %v, %v", got, err)
		}
	})
}

func TestNextReturnsEverythingInSmallPortions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		var v int64
		keys := symbols(10)
		publish(t, h, &v, keys...)
		r := h.Subscribe(nil, keys...)
		var got []string
		for len(got) < len(keys) {
			frames, err := r.Next(t.Context(), make([]*frame, 0, 3))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range frames {
				got = append(got, f.Key())
			}
		}
		wantKeys(t, got, keys...)
	})
}

func TestNextWithoutRoomPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it does not panic")
		}
	}()
	_, _ = newHub(t).Subscribe(nil, "A").Next(t.Context(), nil)
}

func TestSlowReaderSeesOnlyTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t)
		r := h.Subscribe(nil, "A", "B")
		go func() {
			for i := range 1000 {
				time.Sleep(10 * time.Millisecond)
				h.Publish("A", i, int64(i))
			}
			h.Close()
		}()
		var got []int
		for {
			frames, err := r.Next(t.Context(), make([]*frame, 0, 2))
			if err != nil {
				break
			}
			got = append(got, frames[0].Value())
			time.Sleep(995*time.Millisecond + 500*time.Microsecond)
		}
		want := []int{0, 99, 199, 298, 398, 497, 597, 696, 796, 895, 995}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if got := r.Conflated(); got != 995-10 {
			t.Errorf("conflated %d, want %d", got, 995-10)
		}
	})
}

// closing ends a reader in one of the two ways.
var closing = map[string]func(*ints, *hub.Reader[string, int]){
	"hub":    func(h *ints, _ *hub.Reader[string, int]) { h.Close() },
	"reader": func(_ *ints, r *hub.Reader[string, int]) { r.Close() },
}

func TestCloseEndsAParkedReader(t *testing.T) {
	for name, end := range closing {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHub(t)
				r := h.Subscribe(nil, "A")
				go func() {
					time.Sleep(time.Second)
					end(h, r)
				}()
				if _, err := r.Next(t.Context(), make([]*frame, 0, 1)); !errors.Is(err, hub.ErrClosed) {
					t.Errorf("Next = %v", err)
				}
			})
		})
	}
}

func TestCloseWinsOverABusyPublisher(t *testing.T) {
	for name, end := range closing {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			stop := make(chan struct{})
			var publishers sync.WaitGroup
			for _, key := range []string{"A", "B"} {
				publishers.Go(func() {
					for version := int64(1); ; version++ {
						select {
						case <-stop:
							return
						default:
							h.Publish(key, 0, version)
						}
					}
				})
			}
			r := h.Subscribe(nil, "A", "B")
			ended, taken := make(chan error), make(chan struct{}, 1)
			go func() {
				dst := make([]*frame, 0, 1)
				for {
					if _, err := r.Next(context.Background(), dst); err != nil {
						ended <- err
						return
					}
					select {
					case taken <- struct{}{}:
					default:
					}
				}
			}()
			<-taken
			end(h, r)
			if _, err := r.Next(context.Background(), make([]*frame, 0, 1)); !errors.Is(err, hub.ErrClosed) {
				t.Errorf("Next after Close = %v", err)
			}
			if err := <-ended; !errors.Is(err, hub.ErrClosed) {
				t.Errorf("the parked Next = %v", err)
			}
			close(stop)
			publishers.Wait()
		})
	}
}
