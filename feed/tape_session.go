package feed

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// timetable is where a tape stands in the trading days of its market.
type timetable struct {
	calendar *quotes.Calendar
	rolling  bool          // the figures are of the last 24 hours: there are no days
	lag      time.Duration // by how much the source tells late
	played   bool          // the source tells of another time than ours

	newest   time.Time // of all that was told
	newestAt time.Time // and when, by our clock

	today       quotes.Day // the current trading day
	from, until time.Time  // no change of the session or the day in [from, until)
	turned      bool       // the quote has changed with the session, and nobody has said so
}

// forever is the day of figures that roll.
var forever = quotes.Day{
	Begin: time.Unix(0, 0), Open: time.Unix(0, 0),
	Close: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), End: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
}

func newTimetable(spec Spec, instrument quotes.Instrument) timetable {
	tt := timetable{
		calendar: quotes.CalendarOf(instrument.Exchange),
		rolling:  spec.Basis == quotes.Rolling24h,
		played:   spec.Timeliness == quotes.Replayed && spec.Clock == nil,
	}
	if spec.Calendar != nil {
		tt.calendar = spec.Calendar(instrument)
	}
	if spec.Timeliness == quotes.Delayed {
		tt.lag = spec.Delay
	}
	return tt
}

// told notes the time of an update that was received at now, and returns the
// market's time at now.
func (tt *timetable) told(at, now time.Time) time.Time {
	if at.After(tt.newest) {
		tt.newest, tt.newestAt = at, now
	}
	return tt.clock(now)
}

// clock is the market's time at now: ours, as much earlier as the source is
// late. A replay's goes on from its newest update. It is never before what was
// told already.
func (tt *timetable) clock(now time.Time) time.Time {
	if tt.played {
		return tt.newest.Add(max(0, now.Sub(tt.newestAt)))
	}
	at := now.Add(-tt.lag)
	if tt.newest.After(at) {
		return tt.newest
	}
	return at
}

func (tt *timetable) dayOf(at time.Time) quotes.Day {
	if tt.rolling {
		return forever
	}
	return tt.calendar.Day(at)
}

// opened is when the regular session of the day of now opened, by our clock;
// zero where it never closes.
func (tt *timetable) opened(now time.Time) time.Time {
	if tt.calendar.Always() {
		return time.Time{}
	}
	at := tt.clock(now)
	return tt.calendar.Day(at).Open.Add(now.Sub(at))
}

func (tt *timetable) forget() {
	tt.newest, tt.from, tt.until = time.Time{}, time.Time{}, time.Time{}
}

// Turn brings the quote to the session of now, and says whether that has
// changed it. It does next to nothing where the session goes on.
func (t *Tape) Turn(now time.Time) bool {
	if t.played && t.newest.IsZero() {
		return false
	}
	t.enter(t.clock(now))
	turned := t.turned && !t.quote.Time.IsZero()
	t.turned = false
	return turned
}

// enter sets the session of a moment. The extended figures of a session end
// with it: those of the pre-market at the open, those of the evening with the
// begin of the next day.
func (t *Tape) enter(at time.Time) {
	if at.Before(t.until) && !at.Before(t.from) {
		return
	}
	t.from = at
	t.until, _ = t.calendar.Next(at)
	session, day := t.calendar.Session(at), t.dayOf(at)
	newDay := !day.Begin.Equal(t.today.Begin)
	t.today = day
	if newDay || session != t.quote.Session && t.quote.Session == quotes.Pre {
		t.turned = t.clearExtended() || t.turned
	}
	if newDay && t.ahead.begin.Before(day.Begin) {
		t.await(figures{})
		t.show()
	}
	if t.quote.Session != session {
		t.quote.Session, t.turned = session, true
		t.quote.Limited = false // it was a state of the session that has ended
	}
}

// clearExtended takes the extended figures away, and says whether there were
// any.
func (t *Tape) clearExtended() bool {
	t.extended = lastPrice{}
	q := &t.quote
	was := q.ExtendedPrice.Valid
	q.ExtendedPrice, q.ExtendedChange, q.ExtendedChangePercent = decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}
	return was
}

// isExtended says that a trade of that time belongs to the extended session
// that is shown: the pre-market before the open, and after the close the
// evening.
func (t *Tape) isExtended(at time.Time) bool {
	switch t.quote.Session {
	case quotes.Regular:
		return false
	case quotes.Pre:
		return !at.Before(t.today.Begin)
	}
	return !at.Before(t.today.Close)
}

// extendedBase is what the extended price changes against: the regular close
// before it. Until a regular trade of the day is known that is the close of the
// day before, and the source's word of it, in which a split is counted, goes
// before the price that is shown.
func (t *Tape) extendedBase() decimal.NullDecimal {
	switch {
	case t.shown.begin.Equal(t.today.Begin):
		return t.quote.Price
	case t.anew && t.quote.Session != quotes.Pre:
		return decimal.NullDecimal{} // there was a close that nobody told
	case t.ahead.begin.Equal(t.today.Begin) && t.ahead.previousClose.Valid:
		return t.ahead.previousClose
	case t.anew:
		return decimal.NullDecimal{}
	}
	return t.quote.Price
}
