package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/hub"
)

// market is publishers and readers that do what they like to one hub at once.
// Every value says its version, which the publishers of a key draw in common
// and publish in any order.
type market struct {
	hub      *ints
	keys     []string
	versions []atomic.Int64 // the highest drawn, by key
	quiet    chan struct{}  // closed when all publishers are done
}

// TestReadersEndWithTheNewestAndNeverGoBack runs publishers beside readers that
// pause, reconnect, add and remove keys at random. Half of the readers wait in
// Next with a bell of their own, more of them than a publisher rings by itself;
// the others stand behind bells that serve several.
func TestReadersEndWithTheNewestAndNeverGoBack(t *testing.T) {
	const publishers, nexts, loops, rounds = 4, 24, 4, 1500
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			m := &market{hub: newHub(t), keys: symbols(12), quiet: make(chan struct{})}
			m.versions = make([]atomic.Int64, len(m.keys))
			var publishing, reading sync.WaitGroup
			for i := range publishers {
				rng := rand.New(rand.NewPCG(seed, uint64(i)))
				publishing.Go(func() { m.publish(rng, rounds) })
			}
			for i := range nexts {
				rng := rand.New(rand.NewPCG(seed, 100+uint64(i)))
				reading.Go(func() { m.waitInNext(t, rng) })
			}
			for i := range loops {
				rng := rand.New(rand.NewPCG(seed, 200+uint64(i)))
				reading.Go(func() { m.answerABell(t, rng) })
			}
			publishing.Wait()
			close(m.quiet)
			reading.Wait()
			if s := m.hub.Stats(); s.Readers != 0 || s.Wanted != 0 || s.Published+s.Refused != publishers*rounds {
				t.Errorf("at the end: %+v", s)
			}
		})
	}
}

// publish publishes what it draws, so that the highest version drawn is
// published in the end, by whoever drew it.
func (m *market) publish(rng *rand.Rand, rounds int) {
	for range rounds {
		i := rng.IntN(len(m.keys))
		version := m.versions[i].Add(1)
		pause(rng, 3)
		m.hub.Publish(m.keys[i], int(version), version)
	}
}

// pause lets others run, mostly not, at most n times.
func pause(rng *rand.Rand, n int) {
	if rng.IntN(4) == 0 {
		for range rng.IntN(n + 1) {
			runtime.Gosched()
		}
	}
}

// some returns a random choice of keys, one of which nobody publishes.
func (m *market) some(rng *rand.Rand) []string {
	keys := []string{}
	for _, k := range slices.Concat(m.keys, []string{"UNKNOWN"}) {
		if rng.IntN(3) == 0 {
			keys = append(keys, k)
		}
	}
	return keys
}

// client is a reader and what it saw last.
type client struct {
	market *market
	reader *hub.Reader[string, int]
	bell   hub.Bell
	want   map[string]bool
	seen   map[string]int64 // the highest version, over reconnects too
	last   map[string]int64 // of this connection and these keys
}

func (m *market) client(bell hub.Bell, rng *rand.Rand) *client {
	c := &client{market: m, bell: bell, seen: map[string]int64{}}
	c.connect(m.some(rng))
	return c
}

func (c *client) connect(keys []string) {
	c.want, c.last = map[string]bool{}, map[string]int64{}
	for _, k := range keys {
		c.want[k] = true
	}
	c.reader = c.market.hub.Subscribe(c.bell, keys...)
}

// change reconnects, adds or removes keys now and then.
func (c *client) change(rng *rand.Rand) {
	keys := c.market.some(rng)
	switch rng.IntN(12) {
	case 0:
		c.reader.Close()
		c.connect(keys)
	case 1:
		for _, k := range keys {
			c.want[k] = true
			delete(c.last, k) // must come again
		}
		c.reader.Add(keys...)
	case 2:
		for _, k := range keys {
			delete(c.want, k)
			delete(c.last, k)
		}
		c.reader.Remove(keys...)
	}
}

// note checks what was taken.
func (c *client) note(t *testing.T, frames []*frame) {
	for _, f := range frames {
		switch k := f.Key(); {
		case !c.want[k]:
			t.Errorf("took %s, which was removed", k)
		case f.Version() < c.seen[k]:
			t.Errorf("%s went back from %d to %d", k, c.seen[k], f.Version())
		case f.Version() != int64(f.Value()) || string(f.Encoded()) != fmt.Sprint(f.Version()):
			t.Errorf("%s is mixed up: version %d, value %d, encoded %s", k, f.Version(), f.Value(), f.Encoded())
		default:
			c.seen[k], c.last[k] = f.Version(), f.Version()
		}
	}
}

// complete says whether the client has the newest value of each of its keys.
func (c *client) complete() bool {
	for k := range c.want {
		if f, ok := c.market.hub.Latest(k); ok && c.last[k] != f.Version() {
			return false
		}
	}
	return true
}

func (m *market) isQuiet() bool {
	select {
	case <-m.quiet:
		return true
	default:
		return false
	}
}

// waitInNext is a reader with its own bell. Once all is quiet it changes no more
// and only waits: if it is not woken for what it lacks, the deadline tells.
func (m *market) waitInNext(t *testing.T, rng *rand.Rand) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := m.client(hub.NewBell(), rng)
	defer func() { c.reader.Close() }()
	untilQuiet, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		<-m.quiet
		stop()
	}()
	for !m.isQuiet() {
		frames, _ := c.reader.Next(untilQuiet, make([]*frame, 0, 1+rng.IntN(4)))
		c.note(t, frames)
		pause(rng, 50)
		c.change(rng)
	}
	for !c.complete() {
		frames, err := c.reader.Next(ctx, make([]*frame, 0, 2))
		if err != nil {
			t.Errorf("not told of the newest: %v; wants %v, has %v", err, c.want, c.last)
			return
		}
		c.note(t, frames)
	}
}

// answerABell serves several readers behind one bell, as a writer loop does.
func (m *market) answerABell(t *testing.T, rng *rand.Rand) {
	bell := hub.NewBell()
	clients := make([]*client, 5)
	for i := range clients {
		clients[i] = m.client(bell, rng)
		defer func() { clients[i].reader.Close() }()
	}
	quiet := m.quiet
	for {
		select {
		case <-bell:
		case <-quiet:
			quiet = nil
		case <-time.After(20 * time.Second):
			t.Error("not told of the newest")
			return
		}
		all := true
		for _, c := range clients {
			c.note(t, c.reader.Take(make([]*frame, 0, 1+rng.IntN(4))))
			if !m.isQuiet() {
				c.change(rng)
			}
			all = all && c.complete()
		}
		if all && m.isQuiet() {
			return
		}
		pause(rng, 50)
	}
}
