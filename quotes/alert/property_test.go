package alert_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

// client is the other end of a stream: it has the last number that it saw and
// what the server told it.
type client struct {
	profile  int64
	seen     int64
	gap      bool // hello of the present stream said so
	follower *alert.Follower
}

// clients is how many there are: of nobody, and of the profiles 1 and 2.
const clients = 3

// world is a node with its database and some clients, driven step by step. The
// ring is smaller than the log.
type world struct {
	open    func(*rapid.T) alert.Store
	close   func() error
	store   alert.Store
	log     *alert.Log
	texts   []string // the log as it was sent, number 1 first
	to      []int64  // for which profile each is
	pruned  int64
	clients []*client
}

// onDisk makes a world with a real database, which goes through every restart. It
// knows the clients' profiles from the begin, as what is removed of one's own is
// noted with the profile.
func onDisk(path string) *world {
	w := &world{}
	known := false
	w.open = func(t *rapid.T) alert.Store {
		db, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		w.close = db.Close
		for id := profile.ID(1); id < clients && !known; id++ {
			if made, err := db.Make(t.Context(), profile.StoredKey(fmt.Sprint("user:", id)), "", time.Now()); err != nil || made != id {
				t.Fatalf("profile %d is %d: %v", id, made, err)
			}
		}
		known = true
		return db
	}
	return w
}

// inMemory makes a world that is a hundred times faster.
func inMemory() *world {
	m := &memory{}
	return &world{open: func(*rapid.T) alert.Store { return m }, close: func() error { return nil }}
}

func (w *world) start(t *rapid.T) {
	w.store = w.open(t)
	w.log = alert.NewLog(w.store, encode, alert.Options{Ring: 5})
}

// restart ends the process: every stream is cut.
func (w *world) restart(t *rapid.T) {
	for _, c := range w.clients {
		w.cut(c)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	w.start(t)
}

func (w *world) send(t *rapid.T) {
	for range rapid.IntRange(1, 7).Draw(t, "count") {
		text := fmt.Sprint("text ", len(w.texts)+1)
		n := note(text)
		n.Profile = max(rapid.Int64Range(-2, 3).Draw(t, "profile"), 0)
		w.to = append(w.to, n.Profile)
		n, err := w.log.Send(t.Context(), n)
		if err != nil || n.ID != int64(len(w.texts)+1) {
			t.Fatalf("sent number %d as %d: %v", len(w.texts)+1, n.ID, err)
		}
		w.texts = append(w.texts, text)
	}
}

// look is what Run does after a hint, or a second.
func (w *world) look(t *rapid.T) {
	if err := w.log.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (w *world) prune(t *rapid.T) {
	pruned, err := w.store.Prune(t.Context(), rapid.IntRange(1, 12).Draw(t, "keep"), time.Time{})
	if err != nil || pruned < w.pruned {
		t.Fatalf("pruned %d, then %d: %v", w.pruned, pruned, err)
	}
	w.pruned = pruned
}

func (w *world) cut(c *client) {
	if c.follower != nil {
		c.follower.Close()
		c.follower = nil
	}
}

// connect brings a client back with the last number that it saw. What is gone
// from the database may still be in memory: then there is no gap.
func (w *world) connect(t *rapid.T, c *client) {
	start, err := w.log.Resume(t.Context(), c.profile, c.seen, true)
	if err != nil || !start.Resumed || start.ID != c.seen || start.Gap && c.seen >= w.pruned {
		t.Fatalf("client that saw %d of %d, %d are gone: %+v, %v", c.seen, len(w.texts), w.pruned, start, err)
	}
	c.gap = start.Gap
	c.follower = w.log.Follow(make(chan struct{}, 1), start.ID, alert.Audience{Profile: c.profile})
}

// take is a turn of a stream, whose server does what Lost asks for.
func (w *world) take(t *rapid.T, c *client, room int) {
	took, err := c.follower.Take(t.Context(), make([]*alert.Entry, 0, room))
	if err != nil {
		t.Fatal(err)
	}
	if c.follower.Lost() && !c.gap {
		w.cut(c)
		return
	}
	for _, e := range took {
		if e.ID <= c.seen || !w.isFor(e.ID, c) {
			t.Fatalf("%d follows %d, and is for %d, not %d", e.ID, c.seen, w.to[e.ID-1], c.profile)
		}
		for id := c.seen + 1; id < e.ID; id++ {
			if w.isFor(id, c) && (id > w.pruned || !c.gap) {
				t.Fatalf("%d is left out between %d and %d, only up to %d are gone, gap %v", id, c.seen, e.ID, w.pruned, c.gap)
			}
		}
		if want := fmt.Sprintf("%d %s", e.ID, w.texts[e.ID-1]); string(e.Frame) != want {
			t.Fatalf("%q, want %q", e.Frame, want)
		}
		c.seen = e.ID
	}
}

func (w *world) isFor(id int64, c *client) bool { return w.to[id-1] == 0 || w.to[id-1] == c.profile }

// TestEveryClientEndsWithTheLog: whatever is cut, restarted or removed in
// between, each client gets every notification for it once and in order, and no
// other, or was told that some are gone.
func TestEveryClientEndsWithTheLog(t *testing.T) {
	dir := t.TempDir()
	onDiskRuns := 0
	rapid.Check(t, func(t *rapid.T) {
		w := inMemory()
		if rapid.IntRange(0, 9).Draw(t, "disk") == 9 {
			onDiskRuns++
			w = onDisk(filepath.Join(dir, fmt.Sprint(onDiskRuns, ".db")))
		}
		w.start(t)
		defer func() {
			if err := w.close(); err != nil {
				t.Error(err)
			}
		}()
		for profile := range int64(clients) {
			w.clients = append(w.clients, &client{profile: profile})
		}
		one := func(t *rapid.T) *client { return w.clients[rapid.IntRange(0, clients-1).Draw(t, "client")] }
		t.Repeat(map[string]func(*rapid.T){
			"send":    w.send,
			"look":    w.look,
			"prune":   w.prune,
			"restart": w.restart,
			"cut":     func(t *rapid.T) { w.cut(one(t)) },
			"take": func(t *rapid.T) {
				c := one(t)
				if c.follower == nil {
					w.connect(t, c)
				}
				if rapid.Bool().Draw(t, "pass") {
					c.follower.Pass()
				}
				w.take(t, c, rapid.IntRange(1, 6).Draw(t, "room"))
			},
		})
		w.look(t)
		for i, c := range w.clients {
			for c.follower == nil || c.follower.Behind() {
				if c.follower == nil {
					w.connect(t, c)
				}
				w.take(t, c, 4)
			}
			for id := c.seen + 1; id <= int64(len(w.texts)); id++ {
				if id > w.pruned && w.isFor(id, c) {
					t.Errorf("client %d ends with %d of %d, and has not got %d", i, c.seen, len(w.texts), id)
				}
			}
		}
	})
	if onDiskRuns == 0 {
		t.Log("no run used a real database")
	}
}
