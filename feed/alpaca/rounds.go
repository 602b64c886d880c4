package alpaca

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// How long after a day's begin and its open the snapshots are taken again. Before
// the open they have the final bar of the day before, with whatever was corrected
// in the night. The first daily bar of a day is there soon after the first minute.
const (
	afterBegin = time.Minute
	afterOpen  = 90 * time.Second
)

// nextRound is when all snapshots are to be taken again after now, the zero time
// for never: at the turn of the day, as the feed tells it.
func (p *plan) nextRound(now time.Time) time.Time {
	calendar := p.calendar()
	if calendar.Always() {
		return time.Time{}
	}
	// Begin before the turns that are over but whose round is not.
	for t := now.Add(-p.delay - afterOpen); ; {
		at, session := calendar.Next(t)
		round := at.Add(p.delay)
		switch session {
		case quotes.Pre:
			round = round.Add(afterBegin)
		case quotes.Regular:
			round = round.Add(afterOpen)
		}
		if (session == quotes.Pre || session == quotes.Regular) && round.After(now) {
			return round
		}
		t = at
	}
}
