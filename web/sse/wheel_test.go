package sse

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestWheelIsLikeAList: streams come out when they are due, not before and not
// more than a tick after, however far away that is.
func TestWheelIsLikeAList(t *testing.T) {
	const horizon = 3 * wheelSlots * int64(wheelTick)
	rapid.Check(t, func(t *rapid.T) {
		var w wheel
		var now time.Duration
		due := make(map[*looped]time.Duration)
		streams := make([]*looped, 20)
		for i := range streams {
			streams[i] = new(looped)
		}
		pick := rapid.SampledFrom(streams)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				c, at := pick.Draw(t, "stream"), now+time.Duration(rapid.Int64Range(0, horizon).Draw(t, "in"))
				w.set(c, at)
				if old, ok := due[c]; !ok || at < old {
					due[c] = at
				}
			},
			"remove": func(t *rapid.T) {
				c := pick.Draw(t, "stream")
				w.remove(c)
				delete(due, c)
			},
			"wait": func(t *rapid.T) {
				now += time.Duration(rapid.Int64Range(0, horizon/2).Draw(t, "for"))
				out := w.expire(now, nil)
				for _, c := range out {
					if at, ok := due[c]; !ok || at > now {
						t.Fatalf("came out at %v, due at %v (%t)", now, at, ok)
					}
					delete(due, c)
				}
				for c, at := range due {
					if at+2*wheelTick <= now {
						t.Fatalf("still in at %v, due at %v: %+v", now, at, w.nodes[c.node])
					}
				}
			},
			"": func(t *rapid.T) {
				next, ok := w.next()
				if ok != (len(due) > 0) || w.len != len(due) {
					t.Fatalf("%d in the wheel, next: %t, want %d", w.len, ok, len(due))
				}
				if !ok {
					return
				}
				var all []time.Duration
				for _, at := range due {
					all = append(all, at)
				}
				if first := slices.Min(all); next > first+2*wheelTick {
					t.Fatalf("next at %v, the first is due at %v", next, first)
				}
			},
		})
	})
}

// TestWhatIsDueComesInTheOrderOfOpening: whatever the order in which the streams
// went in, and however often they were in before.
func TestWhatIsDueComesInTheOrderOfOpening(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w wheel
		streams := make([]*looped, 200)
		for i := range streams {
			streams[i] = new(looped)
			w.set(streams[i], time.Hour)
		}
		now := 2 * time.Hour
		for range 3 {
			out := w.expire(now, nil)
			if !slices.Equal(out, streams) {
				t.Fatalf("%d streams came out in another order than they were opened in, or not all of %d", len(out), len(streams))
			}
			for _, c := range rapid.Permutation(streams).Draw(t, "order") {
				w.set(c, now+time.Duration(rapid.IntRange(0, 100).Draw(t, "ticks"))*wheelTick)
			}
			now += time.Second
		}
	})
}
