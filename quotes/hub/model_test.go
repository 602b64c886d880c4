package hub_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes/hub"
)

// model is a hub as simple as it can be: every publisher puts the key into the
// queue of every reader, where it stays until it is taken.
type model struct {
	newest  map[string]int64
	unread  map[string]bool // nobody has taken the newest
	readers []*modelReader
	stats   hub.Stats
}

type modelReader struct {
	real    *hub.Reader[string, int]
	bell    hub.Bell
	keys    map[string]bool
	queue   []string
	skipped map[string]int64 // values published since the queued one, by key
	total   int64
}

func (m *model) publish(key string, version int64) bool {
	if old, ok := m.newest[key]; ok && version <= old {
		m.stats.Refused++
		return false
	}
	if m.unread[key] {
		m.stats.Superseded++
	}
	m.newest[key], m.unread[key] = version, true
	m.stats.Published++
	for _, r := range m.readers {
		switch {
		case !r.keys[key]:
		case slices.Contains(r.queue, key):
			r.skipped[key]++
		default:
			r.queue = append(r.queue, key)
		}
	}
	return true
}

func (m *model) add(r *modelReader, keys []string) {
	for _, k := range keys {
		r.keys[k] = true
		if _, ok := m.newest[k]; ok && !slices.Contains(r.queue, k) {
			r.queue = append(r.queue, k)
		}
	}
}

func (r *modelReader) remove(keys []string) {
	for _, k := range keys {
		delete(r.keys, k)
		delete(r.skipped, k)
		r.queue = slices.DeleteFunc(r.queue, func(q string) bool { return q == k })
	}
}

// take returns key and version of at most n values.
func (m *model) take(r *modelReader, n int) (got []taken) {
	n = min(n, len(r.queue))
	for _, k := range r.queue[:n] {
		got = append(got, taken{k, m.newest[k]})
		r.total += r.skipped[k]
		m.stats.Conflated += r.skipped[k]
		delete(r.skipped, k)
		delete(m.unread, k)
	}
	r.queue = r.queue[n:]
	return got
}

type taken struct {
	Key     string
	Version int64
}

func (m *model) wanted() (wanted int) {
	unknown := map[string]bool{}
	for _, r := range m.readers {
		for k := range r.keys {
			if _, ok := m.newest[k]; !ok {
				unknown[k] = true
			}
		}
	}
	return len(unknown)
}

// TestHubIsLikeItsModel: whatever is done in whatever order, values, their order
// and the figures are those of the model. Some readers have so many keys that
// they look for news among the hub's recent values, some look through their own.
func TestHubIsLikeItsModel(t *testing.T) {
	universe := symbols(60)
	keysGen := rapid.SliceOfN(rapid.SampledFrom(universe), 0, 40)
	rapid.Check(t, func(t *rapid.T) {
		h := hub.New[string, int](nil)
		m := &model{newest: map[string]int64{}, unread: map[string]bool{}}
		defer h.Close()
		reader := rapid.Custom(func(t *rapid.T) *modelReader { return rapid.SampledFrom(m.readers).Draw(t, "reader") })
		needReader := func(t *rapid.T) *modelReader {
			if len(m.readers) == 0 {
				t.Skip("no reader")
			}
			return reader.Draw(t, "of")
		}
		var version int64
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				key := rapid.SampledFrom(universe).Draw(t, "key")
				version += rapid.Int64Range(-2, 5).Draw(t, "step")
				if got, want := h.Publish(key, 0, version), m.publish(key, version); got != want {
					t.Fatalf("Publish = %v, want %v", got, want)
				}
			},
			"subscribe": func(t *rapid.T) {
				keys := keysGen.Draw(t, "keys")
				r := &modelReader{bell: hub.NewBell(), keys: map[string]bool{}, skipped: map[string]int64{}}
				if n := len(m.readers); n > 0 && rapid.Bool().Draw(t, "share") {
					r.bell = m.readers[n-1].bell
				}
				r.real = h.Subscribe(r.bell, keys...)
				m.readers = append(m.readers, r)
				m.add(r, keys)
			},
			"add": func(t *rapid.T) {
				r, keys := needReader(t), keysGen.Draw(t, "keys")
				r.real.Add(keys...)
				m.add(r, keys)
			},
			"remove": func(t *rapid.T) {
				r, keys := needReader(t), keysGen.Draw(t, "keys")
				r.real.Remove(keys...)
				r.remove(keys)
			},
			"close": func(t *rapid.T) {
				r := needReader(t)
				r.real.Close()
				m.readers = slices.DeleteFunc(m.readers, func(o *modelReader) bool { return o == r })
			},
			"take": func(t *rapid.T) {
				r, n := needReader(t), rapid.IntRange(0, 20).Draw(t, "room")
				select {
				case <-r.bell:
				default:
				}
				var got []taken
				for _, f := range r.real.Take(make([]*frame, 0, n)) {
					got = append(got, taken{f.Key(), f.Version()})
				}
				if diff := cmp.Diff(m.take(r, n), got); diff != "" {
					t.Fatalf("taken (-want +got):\n%s", diff)
				}
				if len(r.queue) > 0 && len(r.bell) == 0 {
					t.Fatal("something is left over and the bell is not rung")
				}
			},
			"": func(t *rapid.T) {
				want := m.stats
				want.Keys, want.Wanted, want.Readers = len(m.newest), m.wanted(), len(m.readers)
				if diff := cmp.Diff(want, h.Stats()); diff != "" {
					t.Fatalf("figures (-want +got):\n%s", diff)
				}
				for _, r := range m.readers {
					if got := r.real.Conflated(); got != r.total {
						t.Fatalf("a reader conflated %d, want %d", got, r.total)
					}
					if got := len(r.real.Keys()); got != len(r.keys) {
						t.Fatalf("a reader has %d keys, want %d", got, len(r.keys))
					}
				}
			},
		})
	})
}
