package hub

import (
	"math/rand/v2"
	"testing"
)

// Between two batches bells come and go; those that stay must all be rung.
func TestWakerMissesNoBellThatStays(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var set bells
		var w waker
		staying, leaving := map[Bell]bool{}, []Bell{}
		for range 200 {
			b := NewBell()
			set.add(b)
			if rng.IntN(2) == 0 {
				staying[b] = true
			} else {
				leaving = append(leaving, b)
			}
		}
		if !w.add(&set) || w.add(&set) {
			t.Fatal("the goroutine is not started exactly once")
		}
		var some [16]Bell
		for {
			n, more := w.batch(some[:])
			if !more {
				break
			}
			for _, b := range some[:n] {
				delete(staying, b)
			}
			for range min(rng.IntN(20), len(leaving)) {
				set.remove(leaving[0])
				leaving = leaving[1:]
			}
			for range rng.IntN(5) {
				set.add(NewBell())
			}
		}
		if len(staying) > 0 {
			t.Fatalf("seed %d: %d bells were not rung", seed, len(staying))
		}
		if !w.add(&set) {
			t.Fatal("the goroutine ended and is not started again")
		}
	}
}

func TestSlotPublishedDuringItsRingingIsRungAgain(t *testing.T) {
	var first, second bells
	for range 3 {
		first.add(NewBell())
		second.add(NewBell())
	}
	var w waker
	w.add(&first)
	w.add(&second)
	w.add(&first) // is queued already
	var one [1]Bell
	rung := map[Bell]int{}
	for step := 0; ; step++ {
		n, more := w.batch(one[:])
		if !more {
			break
		}
		if n == 1 {
			rung[one[0]]++
		}
		if step == 1 {
			w.add(&first)
		}
	}
	for _, r := range first.rungs {
		if got := rung[r.bell]; got != 2 {
			t.Errorf("a bell of the first slot was rung %d times, want 2", got)
		}
	}
	for _, r := range second.rungs {
		if got := rung[r.bell]; got != 1 {
			t.Errorf("a bell of the second slot was rung %d times, want 1", got)
		}
	}
}
