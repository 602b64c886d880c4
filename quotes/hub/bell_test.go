package hub_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/tickboard/tickboard/quotes/hub"
)

func TestBellIsRungAtMostOnceUntilAnswered(t *testing.T) {
	h := newHub(t)
	bell := hub.NewBell()
	rung := func(want bool) {
		t.Helper()
		select {
		case <-bell:
			if !want {
				t.Fatal("the bell is rung")
			}
		default:
			if want {
				t.Fatal("the bell is not rung")
			}
		}
	}
	var v int64
	r := h.Subscribe(bell, "A", "B")
	rung(false) // nothing to take yet
	publish(t, h, &v, "C")
	rung(false)
	publish(t, h, &v, "A", "B", "A")
	rung(true)
	rung(false)
	keysOf(r, 1)
	rung(true) // B is left over
	keysOf(r, 1)
	rung(false)
	h.Publish("A", 0, 0) // refused
	rung(false)
	h.Subscribe(bell, "A")
	rung(true) // another reader of the same bell has something to take
	r.Remove("A", "B")
	publish(t, h, &v, "B")
	rung(false)
	publish(t, h, &v, "A") // the other one still has it
	rung(true)
}

func TestManyReadersShareABell(t *testing.T) {
	h := newHub(t)
	bell := hub.NewBell()
	readers := make([]*hub.Reader[string, int], 100)
	for i := range readers {
		readers[i] = h.Subscribe(bell, "A")
	}
	for i, r := range readers {
		var v = int64(i)
		publish(t, h, &v, "A")
		if len(bell) != 1 {
			t.Fatalf("%d readers are left, the bell is not rung", len(readers)-i)
		}
		<-bell
		for _, r := range readers[i:] {
			wantKeys(t, keysOf(r, 1), "A")
		}
		r.Close()
		<-bell // whoever waits for the closed one is told
	}
	h.Publish("A", 0, 1000)
	if len(bell) != 0 {
		t.Error("rung for nobody")
	}
}

// The number of bells goes over the number that a publisher rings by itself,
// and the waker must be gone when all is quiet.
func TestEveryParkedReaderIsWoken(t *testing.T) {
	for _, n := range []int{1, 8, 9, 64, 65, 1000} {
		synctest.Test(t, func(t *testing.T) {
			h := newHub(t)
			newest := make([]atomic.Int64, n)
			for i := range newest {
				r := h.Subscribe(nil, "A", "B")
				go func() {
					for {
						got, err := r.Next(context.Background(), make([]*frame, 0, 1))
						if err != nil {
							return
						}
						if got[0].Key() == "A" {
							newest[i].Store(got[0].Version())
						}
					}
				}()
			}
			var v int64
			for range 5 {
				publish(t, h, &v, "A", "B", "A", "A")
				synctest.Wait() // all parked again, the waker ended
				for i := range newest {
					if got := newest[i].Load(); got != v {
						t.Fatalf("%d readers: reader %d has version %d, want %d", n, i, got, v)
					}
				}
			}
		})
	}
}
