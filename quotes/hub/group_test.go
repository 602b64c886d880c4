package hub_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes/hub"
)

// desk is a group whose owners are names, and who was told to be ready.
type desk struct {
	*hub.Group[string, int, string]
	bell  hub.Bell
	ready []string
}

func newDesk(h *hub.Hub[string, int]) *desk {
	d := &desk{bell: hub.NewBell()}
	d.Group = hub.NewGroup(h, d.bell, func(name string) { d.ready = append(d.ready, name) })
	return d
}

func (d *desk) readied() []string {
	ready := d.ready
	d.ready = nil
	return ready
}

func peek(m *hub.Member[string, int, string]) (got []taken) {
	for _, f := range m.Peek(nil) {
		got = append(got, taken{f.Key(), f.Version()})
	}
	return got
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestMemberGetsTheNewestAndIsReadyOnce(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	h.Publish("A", 0, 1)
	one, two := d.Join("one", "A", "B"), d.Join("two", "B")
	if len(d.bell) != 1 {
		t.Error("joining rings no bell")
	}
	d.Sweep()
	same(t, "ready", d.readied(), []string{"one"})
	same(t, "one", peek(one), []taken{{"A", 1}})
	h.Publish("B", 0, 2)
	h.Publish("A", 0, 3)
	d.Sweep()
	same(t, "ready", d.readied(), []string{"two"}) // one has been, and has not dropped anything
	same(t, "one", peek(one), []taken{{"A", 3}, {"B", 2}})
	one.Drop(2, false)
	same(t, "one, dropped", peek(one), []taken(nil))
	same(t, "two", peek(two), []taken{{"B", 2}})
}

func TestMemberThatLooksAgainAnyhowIsNotTold(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	m := d.Join("m", "A")
	h.Publish("A", 0, 1)
	d.Sweep()
	same(t, "ready", d.readied(), []string{"m"})
	peek(m)
	m.Drop(1, true)
	h.Publish("A", 0, 2)
	d.Sweep()
	same(t, "ready, though it looks again", d.readied(), []string(nil))
	same(t, "looked", peek(m), []taken{{"A", 2}})
	m.Drop(1, true)
	same(t, "looked again", peek(m), []taken(nil))
	h.Publish("A", 0, 3)
	d.Sweep()
	same(t, "ready after a look at nothing", d.readied(), []string{"m"})
}

func TestFetchChangesNothing(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	m, empty, closed := d.Join("m", "A", "B", "C", "D", "E"), d.Join("empty"), d.Join("closed", "A")
	h.Publish("E", 0, 1)
	d.Sweep()
	closed.Close()
	d.Fetch([]*hub.Member[string, int, string]{m, empty, closed})
	same(t, "after it", peek(m), []taken{{"E", 1}})
}

func TestWhatIsNotDroppedKeepsItsPlaceAndBecomesNewer(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	m := d.Join("m", "A", "B", "C")
	for i, key := range []string{"A", "B", "C"} {
		h.Publish(key, 0, int64(i+1))
	}
	d.Sweep()
	same(t, "all", peek(m), []taken{{"A", 1}, {"B", 2}, {"C", 3}})
	m.Drop(1, false)
	h.Publish("A", 0, 4)
	h.Publish("C", 0, 5)
	d.Sweep()
	same(t, "the rest first", peek(m), []taken{{"B", 2}, {"C", 5}, {"A", 4}})
}

func TestRemovedKeyIsNotGivenAndAnAddedOneAlwaysIs(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	h.Publish("A", 0, 1)
	h.Publish("B", 0, 2)
	m, other := d.Join("m", "A", "B"), d.Join("other", "B")
	d.Sweep()
	m.Remove("A")
	same(t, "removed", peek(m), []taken{{"B", 2}})
	m.Drop(1, false)
	m.Add("B", "A")
	d.Sweep()
	same(t, "added", peek(m), []taken{{"B", 2}, {"A", 1}})
	m.Close()
	m.Close()
	h.Publish("B", 0, 3)
	d.Sweep()
	same(t, "closed", peek(m), []taken(nil))
	same(t, "the other", peek(other), []taken{{"B", 3}})
	other.Close()
	d.Close()
	if s := h.Stats(); s.Readers != 0 {
		t.Errorf("figures %+v", s)
	}
}

func TestWhatMembersSkipIsCounted(t *testing.T) {
	h := newHub(t)
	d := newDesk(h)
	defer d.Close()
	one, two := d.Join("one", "A"), d.Join("two", "A")
	d.Sweep()
	for v := range int64(3) { // two are skipped by both
		h.Publish("A", 0, v+1)
	}
	d.Sweep()
	peek(one)
	one.Drop(1, false)
	h.Publish("A", 0, 4) // skips the third for the second
	d.Sweep()
	peek(two)
	two.Drop(1, false)
	h.Publish("A", 0, 5)
	d.Sweep()
	if got := h.Stats().Conflated; got != 5 {
		t.Errorf("%d conflated, want 5", got)
	}
}

// groupModel is a group as simple as it can be.
type groupModel struct {
	newest  map[string]int64
	members []*memberModel
}

type memberModel struct {
	real  *hub.Member[string, int, string]
	keys  map[string]bool
	queue []string
}

func (g *groupModel) has(key string) bool {
	return slices.ContainsFunc(g.members, func(m *memberModel) bool { return m.keys[key] })
}

// add queues what somebody has already before what the hub is asked for anew.
func (g *groupModel) add(m *memberModel, keys []string) {
	var late []string
	push := func(key string) {
		if _, ok := g.newest[key]; ok && !slices.Contains(m.queue, key) {
			m.queue = append(m.queue, key)
		}
	}
	for _, key := range keys {
		if !g.has(key) || slices.Contains(late, key) {
			late = append(late, key)
		} else {
			push(key)
		}
		m.keys[key] = true
	}
	for _, key := range late {
		push(key)
	}
}

// TestGroupIsLikeItsModel: whatever is done in whatever order, values and their
// order are those of the model.
func TestGroupIsLikeItsModel(t *testing.T) {
	universe := symbols(12)
	keysGen := rapid.SliceOfNDistinct(rapid.SampledFrom(universe), 0, 8, rapid.ID[string])
	rapid.Check(t, func(t *rapid.T) {
		h := hub.New[string, int](nil)
		defer h.Close()
		d := newDesk(h)
		g := &groupModel{newest: map[string]int64{}}
		var version int64
		pick := func(t *rapid.T) *memberModel {
			if len(g.members) == 0 {
				t.Skip("no member")
			}
			return rapid.SampledFrom(g.members).Draw(t, "member")
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				for _, key := range rapid.SliceOfN(rapid.SampledFrom(universe), 1, 6).Draw(t, "keys") {
					version++
					h.Publish(key, 0, version)
					g.newest[key] = version
					for _, m := range g.members {
						if m.keys[key] && !slices.Contains(m.queue, key) {
							m.queue = append(m.queue, key)
						}
					}
				}
				d.Sweep()
			},
			"join": func(t *rapid.T) {
				keys := keysGen.Draw(t, "keys")
				m := &memberModel{real: d.Join("", keys...), keys: map[string]bool{}}
				g.members = append(g.members, m)
				g.add(m, keys)
				d.Sweep()
			},
			"add": func(t *rapid.T) {
				m, keys := pick(t), keysGen.Draw(t, "keys")
				m.real.Add(keys...)
				g.add(m, keys)
				d.Sweep()
			},
			"remove": func(t *rapid.T) {
				m, keys := pick(t), keysGen.Draw(t, "keys")
				m.real.Remove(keys...)
				for _, key := range keys {
					delete(m.keys, key)
					m.queue = slices.DeleteFunc(m.queue, func(q string) bool { return q == key })
				}
			},
			"close": func(t *rapid.T) {
				m := pick(t)
				m.real.Close()
				g.members = slices.DeleteFunc(g.members, func(o *memberModel) bool { return o == m })
			},
			"drop": func(t *rapid.T) {
				m := pick(t)
				peek(m.real)
				n := rapid.IntRange(0, 9).Draw(t, "n")
				m.real.Drop(n, false)
				m.queue = m.queue[min(n, len(m.queue)):]
			},
			"": func(t *rapid.T) {
				for _, m := range g.members {
					var want []taken
					for _, key := range m.queue {
						want = append(want, taken{key, g.newest[key]})
					}
					if diff := cmp.Diff(want, peek(m.real)); diff != "" {
						t.Fatalf("(-want +got):\n%s", diff)
					}
				}
			},
		})
	})
}

// TestMembersEndWithTheNewestWhileAllIsBusy: publishers, and others that add and
// remove keys, beside one goroutine that sweeps and takes.
func TestMembersEndWithTheNewestWhileAllIsBusy(t *testing.T) {
	const keys, rounds = 8, 2000
	h := newHub(t)
	d := newDesk(h)
	universe := symbols(keys)
	var members []*hub.Member[string, int, string]
	for i := range 16 {
		members = append(members, d.Join("", universe[i%keys], universe[(i+1)%keys]))
	}
	var others sync.WaitGroup
	for i := range 3 {
		others.Go(func() {
			for v := range int64(rounds) {
				h.Publish(universe[rand.IntN(keys)], 0, v*3+int64(i))
			}
		})
		others.Go(func() {
			for range rounds / 10 {
				m := members[8+rand.IntN(8)]
				m.Remove(universe[rand.IntN(keys)])
				m.Add(universe[rand.IntN(keys)])
			}
		})
	}
	quiet := make(chan struct{})
	go func() { others.Wait(); close(quiet) }()
	had := make([]map[string]int64, len(members))
	turn := func() {
		d.Sweep()
		for i, m := range members {
			if had[i] == nil {
				had[i] = map[string]int64{}
			}
			got := m.Peek(nil)
			for _, f := range got {
				if f.Version() < had[i][f.Key()] {
					t.Errorf("member %d went back to %d", i, f.Version())
				}
				had[i][f.Key()] = f.Version()
			}
			m.Drop(rand.IntN(len(got)+1), false)
		}
	}
	for busy := true; busy; {
		select {
		case <-quiet:
			busy = false
		case <-d.bell:
		}
		turn()
	}
	d.Sweep()
	for i, m := range members {
		for _, f := range m.Peek(nil) {
			had[i][f.Key()] = f.Version()
		}
		if i >= 8 {
			continue
		}
		for _, key := range []string{universe[i%keys], universe[(i+1)%keys]} {
			if f, _ := h.Latest(key); had[i][key] != f.Version() {
				t.Errorf("member %d ends with %s at %d, the newest is %d", i, key, had[i][key], f.Version())
			}
		}
	}
}

// BenchmarkSweep is a value for many members, each of whom takes it: ns/op is of
// one member, with its share of the publishing and the sweep.
func BenchmarkSweep(b *testing.B) {
	for _, members := range []int{1, 100, 5_000} {
		b.Run(fmt.Sprintf("members=%d", members), func(b *testing.B) {
			h := hub.New[string](encodeQuote)
			defer h.Close()
			var ready []*hub.Member[string, quote, int]
			all := make([]*hub.Member[string, quote, int], members)
			g := hub.NewGroup(h, hub.NewBell(), func(i int) { ready = append(ready, all[i]) })
			for i := range all {
				all[i] = g.Join(i, "AAPL")
			}
			dst := make([]*hub.Frame[string, quote], 0, 1)
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i += members {
				h.Publish("AAPL", quote{}, int64(i+1))
				g.Sweep()
				for _, m := range ready {
					m.Drop(len(m.Peek(dst)), false)
				}
				ready = ready[:0]
			}
		})
	}
}
