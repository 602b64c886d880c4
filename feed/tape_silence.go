package feed

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// A symbol is stale after 20 of its own mean pauses, so that one that seldom
// trades is not called stale for that; but not after more than 15 minutes, if
// the source's own time is not longer. Updates within a second are one: a burst
// says nothing of how long the next pause is. A few pauses are no mean yet.
const (
	stalePauses  = 20
	longestPause = 15 * time.Minute
	burst        = time.Second
	meanFrom     = 4  // pauses, at least
	meanOf       = 32 // pauses, at most
)

// silence measures how long a source has not spoken of a symbol, by our clock.
type silence struct {
	after  time.Duration // the source's own time, 0 is never
	heard  time.Time     // when the source last spoke
	paused time.Time     // when it last spoke after a pause
	mean   time.Duration // of the pauses while the session was open
	pauses int
}

// hear notes that the source spoke at now, and says whether it had paused.
func (s *silence) hear(now time.Time) bool {
	s.heard = now
	if s.paused.IsZero() {
		s.paused = now
	}
	return now.Sub(s.paused) >= burst
}

// pause counts the pause that ends at now. What was silent before the regular
// session opened is none.
func (s *silence) pause(now, opened time.Time) {
	if from := later(s.paused, opened); now.After(from) {
		s.pauses = min(s.pauses+1, meanOf)
		s.mean += (now.Sub(from) - s.mean) / time.Duration(s.pauses)
	}
	s.paused = now
}

// limit is the silence that makes the symbol stale.
func (s *silence) limit() time.Duration {
	if s.pauses < meanFrom {
		return s.after
	}
	return max(s.after, min(stalePauses*s.mean, longestPause))
}

// Stale marks the quote as stale when the source has been silent for too long
// at now, and says whether that has changed it.
func (t *Tape) Stale(now time.Time) bool {
	if t.quote.Stale || !t.silent(now) {
		return false
	}
	t.quote.Stale = true
	return true
}

// Healthy says that the quote tells something of the market as it is at now.
func (t *Tape) Healthy(now time.Time) bool {
	q := &t.quote
	return !q.Stale && (q.Price.Valid || q.ExtendedPrice.Valid || q.Bid.Valid || q.Ask.Valid) && !t.silent(now)
}

// silent says that the source should have spoken: the regular session is open,
// for so long that it counts, and the symbol is not halted.
func (t *Tape) silent(now time.Time) bool {
	if t.after <= 0 || t.heard.IsZero() || t.quote.Halted || now.Sub(t.heard) < t.limit() {
		return false
	}
	return t.calendar.Session(t.clock(now)) == quotes.Regular && now.Sub(later(t.heard, t.opened(now))) >= t.limit()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
