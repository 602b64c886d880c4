package finnhub

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// afterTurn is how long after the begin of a day, and after its open, the figures
// are taken again: Finnhub has them then.
const afterTurn = time.Minute

// nextRound is when the figures of a symbol of this calendar are to be taken again
// after now.
func nextRound(calendar *quotes.Calendar, now time.Time) time.Time {
	for t := now.Add(-afterTurn); ; {
		at, session := calendar.Next(t)
		if round := at.Add(afterTurn); (session == quotes.Pre || session == quotes.Regular) && round.After(now) {
			return round
		}
		t = at
	}
}
