package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// reader is a client of notifications as a browser is one: it keeps the last
// number that it saw, and comes back with it.
type reader struct {
	s       *server
	lastID  string
	started atomic.Bool
	seen    atomic.Int64 // how many; notes is the goroutine's until it ends
	notes   []notification
	cuts    int
}

// run reads until stop is closed and everything up to the number in upTo has
// come. It cuts its own connection after a random number of notifications.
func (r *reader) run(t *testing.T, rng *rand.Rand, stop <-chan struct{}, upTo *atomic.Int64) {
	for {
		var headers []string
		if r.lastID != "" {
			headers = []string{"Last-Event-ID", r.lastID}
		}
		st, err := r.s.tryOpen("/events?symbols=AAA", headers...)
		if err != nil { // the process is down
			select {
			case <-t.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
			continue
		}
		done := r.read(t, st, 1+rng.IntN(12), stop, upTo)
		st.close()
		r.cuts++
		if done {
			return
		}
	}
}

// read takes at most so many notifications, and says that the reader is done.
func (r *reader) read(t *testing.T, st *stream, most int, stop <-chan struct{}, upTo *atomic.Int64) bool {
	finished := func() bool {
		select {
		case <-stop:
			return int64(len(r.notes)) >= upTo.Load()
		default:
			return false
		}
	}
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for taken := 0; taken < most; {
		if finished() {
			return true
		}
		select {
		case <-t.Context().Done():
			return true
		case <-look.C:
		case ev, ok := <-st.events:
			if !ok {
				return false
			}
			if ev.ID != "" {
				r.lastID = ev.ID
				r.started.Store(true)
			}
			if ev.Name == "notification" {
				r.notes = append(r.notes, decode[notification](t, ev))
				r.seen.Add(1)
				taken++
			}
		}
	}
	return finished()
}

// TestReadersEndWithExactlyTheLog: readers that are cut at random, and a process
// that is killed at random moments between and within sends. Each reader ends
// with every notification of the log, once, in order; and the log has every one
// that was acknowledged.
func TestReadersEndWithExactlyTheLog(t *testing.T) {
	t.Parallel()
	const kills, batch = 4, 30
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := startStill(t)
	token := s.token()

	stop, upTo := make(chan struct{}), new(atomic.Int64)
	readers := make([]*reader, 4)
	var running sync.WaitGroup
	// The address outlives the restarts; the readers have a server of their own
	// to read it from.
	seenFrom := &server{t: t, URL: s.URL}
	for i := range readers {
		readers[i] = &reader{s: seenFrom}
		theirs := rand.New(rand.NewPCG(seed, uint64(i)+1))
		running.Go(func() { readers[i].run(t, theirs, stop, upTo) })
	}
	eventually(t, "every reader has begun", func() bool {
		for _, r := range readers {
			if !r.started.Load() {
				return false
			}
		}
		return true
	})

	acknowledged := make(map[string]int64)
	sendAll := func(round int) {
		for i := range batch {
			message := fmt.Sprintf("round %d, number %d", round, i)
			a, err := try("POST", s.URL+"/send", fmt.Sprintf(`{"message":%q}`, message), "Content-Type", "application/json", "Authorization", "Bearer "+token)
			if err != nil {
				return // it was killed: this one is in the log or not
			}
			if a.status != http.StatusAccepted {
				t.Errorf("%s: %d %s", message, a.status, a.body)
				return
			}
			var n notification
			a.decode(t, &n)
			acknowledged[message] = n.ID
		}
	}
	for round := range kills {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			sendAll(round)
		}()
		select {
		case <-time.After(time.Duration(rng.IntN(150)) * time.Millisecond):
		case <-sent:
		}
		s.kill()
		<-sent
		s.restart()
	}
	sendAll(kills)

	log := s.log()
	upTo.Store(int64(len(log)))
	close(stop)
	eventually(t, "every reader has the whole log", func() bool {
		for _, r := range readers {
			if r.seen.Load() < int64(len(log)) {
				return false
			}
		}
		return true
	})
	running.Wait()
	cuts := 0
	for i, r := range readers {
		cuts += r.cuts
		for j, n := range r.notes {
			if j >= len(log) || n != log[j] {
				t.Errorf("reader %d: notification %d of its %d is %+v, the log's %d differ", i, j, len(r.notes), n, len(log))
				break
			}
		}
	}
	for message, id := range acknowledged {
		if id > int64(len(log)) || log[id-1].Message != message {
			t.Errorf("%q was acknowledged as %d and is not there", message, id)
		}
	}
	t.Logf("%d notifications, %d acknowledged, %d kills, %d cuts", len(log), len(acknowledged), kills, cuts)
	if len(acknowledged) < batch || cuts < 2*len(readers) {
		t.Errorf("%d acknowledged and %d cuts prove little", len(acknowledged), cuts)
	}
}
