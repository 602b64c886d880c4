package feed_test

import (
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func TestSilenceMakesAQuoteStaleAndAnyWordUnmakesIt(t *testing.T) {
	tape := newTape(quotes.Live)
	if tape.Stale(noon.Add(time.Hour)) || tape.Healthy(noon) {
		t.Error("a symbol that never had a quote is neither stale nor healthy")
	}
	apply(tape, best(0, "1", "2"))
	if !tape.Healthy(at(29)) || tape.Healthy(at(30)) {
		t.Error("healthy is what has a price and would not be stale")
	}
	if tape.Stale(at(29)) || !tape.Stale(at(30)) || tape.Stale(at(31)) || !tape.Quote(1).Stale || tape.Healthy(at(29)) {
		t.Error("stale begins after 30 s, and changes once")
	}
	if apply(tape, gap(at(35))); !tape.Quote(1).Stale {
		t.Error("a gap is no word of the symbol")
	}
	wantOutcomes(t, apply(tape, best(40, "1", "2")), "merged")
	if tape.Quote(1).Stale || !tape.Healthy(at(41)) {
		t.Error("still stale")
	}
	halt := feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(50), Halted: true}
	if apply(tape, halt); tape.Stale(at(3000)) {
		t.Error("a halted symbol is silent for a reason")
	}
}

func TestNoStaleTimeIsNeverStale(t *testing.T) {
	tape := feed.NewTape(feed.Spec{Timeliness: quotes.Live}, "test", quotes.Instrument{Symbol: aapl})
	apply(tape, best(0, "1", "2"))
	if tape.Stale(at(1e6)) || !tape.Healthy(at(1e6)) {
		t.Error("stale")
	}
}

// TestWhatSeldomTradesIsStaleLater: the limit is twenty of the symbol's own
// pauses, at least the source's time and at most a quarter of an hour, and
// bursts do not count.
func TestWhatSeldomTradesIsStaleLater(t *testing.T) {
	for _, c := range []struct {
		every float64 // seconds between bursts
		burst int
		want  float64
	}{
		{0.5, 1, 30}, {1.2, 1, 30}, {10, 1, 200}, {10, 50, 200}, {20, 3, 400}, {100, 1, 900}, {3000, 1, 900},
	} {
		tape := newTape(quotes.Live)
		last := 0.0
		for i := range 40 {
			for j := range c.burst {
				last = float64(i)*c.every + float64(j)/1000
				apply(tape, best(last, "1", "2"))
			}
		}
		if c.burst > 1 { // the pause is from the first of a burst, the silence from the last
			last = 39*c.every + float64(c.burst-1)/1000
		}
		if tape.Stale(at(last+c.want-0.01)) || !tape.Stale(at(last+c.want+0.01)) {
			t.Errorf("every %v s, %d at once: the limit is not %v s", c.every, c.burst, c.want)
		}
	}
	tape := newTape(quotes.Live)
	apply(tape, best(0, "1", "2"), best(20, "1", "2"), best(40, "1", "2"))
	if !tape.Stale(at(70)) {
		t.Error("two pauses are no mean")
	}
}

func TestSilenceCountsOnlyWhileTheSessionIsOpen(t *testing.T) {
	tape := newStockTape()
	apply(tape, print(ny(tuesday, "15:59:50"), "100"))
	for _, c := range []struct {
		day, clock string
		want       bool
	}{
		{tuesday, "15:59:59", false},
		{tuesday, "16:30", false}, // the evening is thin
		{tuesday, "23:00", false},
		{wednesday, "09:00", false},
		{"2026-11-26", "12:00", false}, // Thanksgiving
		{friday, "09:30:29", false},    // the silence began at the open
		{friday, "09:30:30", true},
	} {
		if got := tape.Healthy(ny(c.day, c.clock)); got == c.want {
			t.Errorf("%s %s: healthy is %v", c.day, c.clock, got)
		}
	}
	if tape.Stale(ny(friday, "09:30:29")) || !tape.Stale(ny(friday, "09:30:30")) {
		t.Error("stale with the session that is open")
	}
}

// TestANightIsNoPause: the mean is of the pauses while the session is open.
func TestANightIsNoPause(t *testing.T) {
	tape := newStockTape()
	for i := range 20 {
		apply(tape, print(ny(tuesday, "15:50").Add(time.Duration(i)*2*time.Second), "100"))
	}
	apply(tape, print(ny(wednesday, "09:30:02"), "100"))
	if tape.Stale(ny(wednesday, "09:30:41")) || !tape.Stale(ny(wednesday, "09:30:43")) {
		t.Error("the limit is not 40 s")
	}
}
