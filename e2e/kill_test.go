package e2e

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

var kills = flag.Int("kills", 10, "how often TestKillsDoubleAndLoseNoAlert kills the program")

// walker is a symbol that trades whether the program runs or not.
type walker struct {
	rng              *rand.Rand
	price, high, low int64
}

func (w *walker) trade() string {
	w.price += w.rng.Int64N(7) - 3
	w.high, w.low = max(w.high, w.price), min(w.low, w.price)
	return trade("AAA", fmt.Sprint(w.price))
}

// snapshot is what a source tells first when it is connected again.
func (w *walker) snapshot() string {
	return fmt.Sprintf(`{"type":"day","symbol":"AAA","high":%d,"low":%d}`, w.high, w.low)
}

// TestKillsDoubleAndLoseNoAlert kills the program with SIGKILL at random moments
// while the price moves, and lets the market go on without it. Each line that the
// price has reached has been told once, and no other.
func TestKillsDoubleAndLoseNoAlert(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &walker{rng: rand.New(rand.NewPCG(seed, 0)), price: 1000, high: 1000, low: 1000}
	s := startIngest(t)
	s.ingest(trade("AAA", "1000"))
	p := &person{server: s}
	lines := make(map[int64]int64) // by the alert
	for n := int64(4); n <= 80; n += 4 {
		lines[p.setAlert(fmt.Sprintf(`{"symbol":"AAA","condition":"crosses_up","level":%d}`, 1000+n)).ID] = 1000 + n
		lines[p.setAlert(fmt.Sprintf(`{"symbol":"AAA","condition":"crosses_down","level":%d}`, 1000-n)).ID] = 1000 - n
	}
	s.awaitStored("AAA")
	for range *kills {
		killWhileItMoves(t, s, w)
		for range w.rng.IntN(6) { // nobody looks
			w.trade()
		}
		s.restart()
	}
	s.ingest(w.snapshot(), w.trade())
	reached := 0
	for _, line := range lines {
		if line > 1000 && line <= w.high || line < 1000 && line >= w.low {
			reached++
		}
	}
	var past []pastAlert
	eventually(t, fmt.Sprintf("%d alerts have fired", reached), func() bool {
		past = p.history("?limit=200")
		return len(past) >= reached
	})
	s.stop() // whatever waited is stored
	s.restart()
	past = p.history("?limit=200")
	times, told, late := make(map[int64]int), make(map[int64]int), 0
	for _, f := range past {
		if times[f.Rule]++; f.Late {
			late++
		}
	}
	for _, n := range p.notifications() {
		told[n.RuleID]++
	}
	for id, line := range lines {
		want := 0
		if line > 1000 && line <= w.high || line < 1000 && line >= w.low {
			want = 1
		}
		if times[id] != want || told[id] != want {
			t.Errorf("the line at %d was told %d times and is %d times in the history, want %d; the price went from %d to %d", line, told[id], times[id], want, w.low, w.high)
		}
	}
	if want := min(*kills, 3); reached < want {
		t.Errorf("only %d lines were reached: the test tells little", reached)
	}
	t.Logf("%d kills: %d lines reached, %d told late", *kills, reached, late)
}

// killWhileItMoves lets the price move for some random time, less than a second,
// and kills the program in the middle.
func killWhileItMoves(t *testing.T, s *server, w *walker) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, answered := s.postLong(ctx)
	if _, err := io.WriteString(body, w.snapshot()+"\n"); err != nil {
		t.Fatal(err)
	}
	die := time.After(time.Duration(w.rng.IntN(700)) * time.Millisecond)
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for moving := true; moving; {
		select {
		case <-pace.C:
			if _, err := io.WriteString(body, w.trade()+"\n"); err != nil {
				t.Fatal(err)
			}
		case <-die:
			moving = false
		}
	}
	s.kill()
	_ = body.Close()
	if a := <-answered; a.status == http.StatusOK {
		t.Errorf("a program that was killed has answered %s", a.body)
	}
}
