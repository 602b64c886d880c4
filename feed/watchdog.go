package feed

import (
	"errors"
	"fmt"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// errSilent is what ended a Run that said nothing for too long.
var errSilent = errors.New("the feed fell silent")

// quietFactor is how much longer a source may be silent before and after the
// regular session, when little is traded.
const quietFactor = 10

// watchdog ends a Run that says nothing of any price while the market of what it
// sends is open: an open connection is not live data. One goroutine uses it.
type watchdog struct {
	quiet time.Time // since when nothing was said although something could have been
	// The calendars of what the source sends, as of these changes.
	calendars         []*quotes.Calendar
	changed, listings int64
}

// watch looks at the source, once a second.
func (s *supervisor) watch(now time.Time) {
	if s.spec.SilentAfter <= 0 {
		return
	}
	s.mu.Lock()
	stop, began := s.stop, s.began
	s.mu.Unlock()
	d := &s.watchdog
	patience := s.patience(now)
	if stop == nil || patience == 0 {
		d.quiet = now
		return
	}
	for _, t := range []time.Time{began, s.account.heard()} {
		if t.After(d.quiet) {
			d.quiet = t
		}
	}
	if silence := now.Sub(d.quiet); silence >= patience {
		d.quiet = now
		stop(&Failure{
			Err:    fmt.Errorf("%w: nothing of any price for %s while the market is open", errSilent, silence.Round(time.Second)),
			Advice: "it is connected anew; if it stays silent, look at the vendor's status page and at what the subscription covers",
		})
	}
}

// patience is how long the source may be silent now, 0 when nothing is expected
// of it.
func (s *supervisor) patience(now time.Time) time.Duration {
	var patience time.Duration
	clock := s.clock(now)
	for _, c := range s.calendars() {
		switch c.Session(clock) {
		case quotes.Regular:
			return s.spec.SilentAfter
		case quotes.Pre, quotes.Post:
			patience = quietFactor * s.spec.SilentAfter
		}
	}
	return patience
}

// calendars are those of the symbols that the source sends: of those that it has
// asked its vendor for; where it never asks, of all that it lists once it has
// said something, and of those that are watched before.
func (s *supervisor) calendars() []*quotes.Calendar {
	d, listings := &s.watchdog, s.directory.changes()
	if asked, changed := s.account.subscribed(); changed > 0 {
		if changed != d.changed || listings != d.listings {
			d.calendars, d.changed, d.listings = s.calendarsOf(asked), changed, listings
		}
		return d.calendars
	}
	if s.account.heard().IsZero() {
		watched, _ := s.demand.Watched()
		return s.calendarsOf(watched)
	}
	if listings != d.listings {
		d.calendars, d.listings = s.calendarsOf(s.directory.symbols(s.index)), listings
	}
	return d.calendars
}

// calendarsOf are the calendars of symbols that the source lists, each once.
func (s *supervisor) calendarsOf(syms []quotes.Symbol) []*quotes.Calendar {
	seen := make(map[*quotes.Calendar]bool)
	var list []*quotes.Calendar
	for _, sym := range syms {
		in, listed := s.directory.instrument(s.index, sym)
		if !listed {
			continue
		}
		c := quotes.CalendarOf(in.Exchange)
		if s.spec.Calendar != nil {
			c = s.spec.Calendar(in)
		}
		if !seen[c] {
			seen[c] = true
			list = append(list, c)
		}
	}
	return list
}
