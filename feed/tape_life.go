package feed

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Turn brings the quote to the session and the day of now, and says whether
// that has changed it.
func (t *Tape) Turn(time.Time) bool { return false }

// Restore begins with a stored quote, which is stale until the source speaks.
func (t *Tape) Restore(q quotes.StockQuote) {
	q.Stale = true
	t.quote, t.day = q, dayOf(q.Time)
	t.settled = figures{last: q.Price, high: q.High, low: q.Low}
}

// Healthy says that the quote has a price, or a bid or an ask, and is not stale.
func (t *Tape) Healthy(now time.Time) bool {
	q := &t.quote
	known := q.Price.Valid || q.Bid.Valid || q.Ask.Valid
	return known && !q.Stale && (t.staleAfter <= 0 || now.Sub(t.heard) < t.staleAfter)
}
