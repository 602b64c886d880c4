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

const (
	killPrice  = 1000 // at which each symbol begins
	killMoving = 3    // symbols that move at a time
	killCrowd  = 20   // symbols whose lines one person sets
)

// killLines are how far from the beginning the lines of a symbol lie, above and below.
var killLines = []int64{2, 7, 15, 30}

// walker is a symbol that trades whether the program runs or not.
type walker struct {
	symbol           string
	price, high, low int64
	owner            *person
	lines            map[int64]int64 // by the alert
}

func (w *walker) trade(rng *rand.Rand) string {
	w.price += rng.Int64N(7) - 3
	w.high, w.low = max(w.high, w.price), min(w.low, w.price)
	return trade(w.symbol, fmt.Sprint(w.price))
}

// snapshot is what a source tells first when it is connected again.
func (w *walker) snapshot() string {
	return fmt.Sprintf(`{"type":"day","symbol":%q,"high":%d,"low":%d}`, w.symbol, w.high, w.low)
}

// reached says that the price has been at a line.
func (w *walker) reached(line int64) bool {
	return line > killPrice && line <= w.high || line < killPrice && line >= w.low
}

// newWalker is a symbol with lines that nothing has reached.
func newWalker(s *server, symbol string, owner *person) *walker {
	w := &walker{symbol: symbol, price: killPrice, high: killPrice, low: killPrice, owner: owner, lines: make(map[int64]int64)}
	s.ingest(trade(symbol, fmt.Sprint(w.price)))
	for _, n := range killLines {
		for condition, line := range map[string]int64{"crosses_up": killPrice + n, "crosses_down": killPrice - n} {
			w.lines[owner.setAlert(fmt.Sprintf(`{"symbol":%q,"condition":%q,"level":%d}`, symbol, condition, line)).ID] = line
		}
	}
	s.awaitStored(symbol)
	return w
}

// TestKillsDoubleAndLoseNoAlert kills the program with SIGKILL at random moments
// while prices move, and lets the market go on without it. Before each kill there
// is a new symbol with new lines, so that each has something to lose, and symbols
// whose lines were told, which it could double. Each line that a price has reached
// has been told once, and no other.
func TestKillsDoubleAndLoseNoAlert(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := startIngest(t)
	var all []*walker
	var people []*person
	idle := 0 // kills that came before any price had reached a line
	for n := range *kills {
		if n%killCrowd == 0 {
			people = append(people, &person{server: s})
		}
		all = append(all, newWalker(s, fmt.Sprintf("K%d", n), people[len(people)-1]))
		moving := all[max(0, len(all)-killMoving):]
		before := countReached(moving)
		killWhileTheyMove(t, s, moving, rng)
		if countReached(moving) == before {
			idle++
		}
		for range rng.IntN(20) { // nobody looks
			moving[rng.IntN(len(moving))].trade(rng)
		}
		s.restart()
	}
	for _, w := range all {
		s.ingest(w.snapshot(), w.trade(rng))
	}
	for range 2 { // then everything that waited is stored
		checkTold(t, people, all)
		s.stop()
		s.restart()
	}
	if idle > *kills/2 {
		t.Errorf("%d of %d kills came before a line was reached: the test tells little", idle, *kills)
	}
	t.Logf("%d kills, %d of them before a line was reached; %d lines reached in all", *kills, idle, countReached(all))
}

func countReached(list []*walker) (n int) {
	for _, w := range list {
		for _, line := range w.lines {
			if w.reached(line) {
				n++
			}
		}
	}
	return n
}

// checkTold waits until so many alerts have fired as lines were reached, and
// compares them one by one.
func checkTold(t *testing.T, people []*person, all []*walker) {
	t.Helper()
	times, told, late := make(map[int64]int), make(map[int64]int), 0
	for _, p := range people {
		var own []*walker
		for _, w := range all {
			if w.owner == p {
				own = append(own, w)
			}
		}
		want := countReached(own)
		var past []pastAlert
		eventually(t, fmt.Sprintf("%d alerts have fired", want), func() bool {
			past = p.history("?limit=200")
			return len(past) >= want
		})
		for _, f := range past {
			if times[f.Rule]++; f.Late {
				late++
			}
		}
		for _, n := range p.notifications() {
			told[n.RuleID]++
		}
	}
	for _, w := range all {
		for id, line := range w.lines {
			want := 0
			if w.reached(line) {
				want = 1
			}
			if times[id] != want || told[id] != want {
				t.Errorf("%s: the line at %d was told %d times and is %d times in the history, want %d; the price went from %d to %d",
					w.symbol, line, told[id], times[id], want, w.low, w.high)
			}
		}
	}
	t.Logf("%d told late", late)
}

// killWhileTheyMove lets prices move for some random time, less than a second,
// and kills the program in the middle.
func killWhileTheyMove(t *testing.T, s *server, moving []*walker, rng *rand.Rand) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	body, answered := s.postLong(ctx)
	send := func(line string) {
		if _, err := io.WriteString(body, line+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	for _, w := range moving {
		send(w.snapshot())
	}
	die := time.After(time.Duration(rng.IntN(700)) * time.Millisecond)
	pace := time.NewTicker(2 * time.Millisecond)
	defer pace.Stop()
	for alive := true; alive; {
		select {
		case <-pace.C:
			send(moving[rng.IntN(len(moving))].trade(rng))
		case <-die:
			alive = false
		}
	}
	s.kill()
	_ = body.Close()
	if a := <-answered; a.status == http.StatusOK {
		t.Errorf("a program that was killed has answered %s", a.body)
	}
}
