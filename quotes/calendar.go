package quotes

import (
	"sync"
	"time"
	_ "time/tzdata" // the zones of the exchanges, wherever the program runs
)

// Calendar tells the trading days and sessions of a market. Its answers never
// change, and any number may ask it at once.
type Calendar struct {
	zone  *time.Location
	hours hours
	days  dayCache
}

// Day is one trading day. Its span runs from Begin to the Begin of the next
// trading day: a night, a weekend and a holiday belong to the day before them.
type Day struct {
	// Date is written "2006-01-02", in the exchange's zone.
	Date string
	// The sessions: Pre in [Begin, Open), Regular in [Open, Close), Post in
	// [Close, End), Closed after it. One that the day does not have is empty.
	Begin, Open, Close, End time.Time
	// Early says that the regular session closes before its usual time.
	Early bool
}

// IsDate says that a text is a date as Day has it.
func IsDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// hours are the rules of a market: the sessions of a date, which is given as
// its midnight in UTC; not ok is a date without trading. There is a date with
// trading in every fortnight.
type hours func(date time.Time) (h dayHours, ok bool)

// dayHours are the times of a day, by the clock of the exchange.
type dayHours struct {
	begin, open, shut, end clock
	early                  bool
}

// clock is a time of day in minutes.
type clock int

// AlwaysOpen is the calendar of a 24/7 market: a day is a UTC day, and every
// session is regular.
var AlwaysOpen = &Calendar{zone: time.UTC, hours: alwaysHours}

func alwaysHours(time.Time) (dayHours, bool) { return dayHours{shut: 24 * 60, end: 24 * 60}, true }

var (
	unitedStates = sync.OnceValue(func() *Calendar { return newCalendar("America/New_York", usHours) })
	brazil       = sync.OnceValue(func() *Calendar { return newCalendar("America/Sao_Paulo", b3Hours) })
)

func newCalendar(zone string, h hours) *Calendar {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic("the embedded time zones lack " + zone)
	}
	return &Calendar{zone: location, hours: h}
}

// CalendarOf returns the calendar of an exchange by its market identifier code
// (ISO 10383), AlwaysOpen for those that have none here. The exchanges of the
// United States share one.
func CalendarOf(mic string) *Calendar {
	switch mic {
	case "XNYS", "XNAS", "ARCX", "BATS", "XASE":
		return unitedStates()
	case "BVMF":
		return brazil()
	}
	return AlwaysOpen
}

// Always says that the market never closes.
func (c *Calendar) Always() bool { return c == AlwaysOpen }

// Session says which part of the trading day t is.
func (c *Calendar) Session(t time.Time) Session {
	if c.Always() {
		return Regular
	}
	return c.span(t).session(t.Unix())
}

// Day returns the trading day whose span holds t.
func (c *Calendar) Day(t time.Time) Day { return c.span(t).Day }

// Next says when the session changes next after t, and to what. Where every
// session is regular that is the begin of the next day.
func (c *Calendar) Next(t time.Time) (time.Time, Session) {
	s, sec := c.span(t), t.Unix()
	now := s.session(sec)
	for _, at := range [...]time.Time{s.Open, s.Close, s.End} {
		if then := s.session(at.Unix()); at.Unix() > sec && at.Unix() < s.until && then != now {
			return at, then
		}
	}
	next := time.Unix(s.until, 0).UTC()
	return next, c.span(next).session(s.until)
}

// span is a Day with its bounds in Unix seconds: all of them are whole seconds.
type span struct {
	Day
	begin, open, shut, end int64
	until                  int64 // the next trading day's begin
}

func (s *span) session(sec int64) Session {
	switch {
	case sec < s.open:
		return Pre
	case sec < s.shut:
		return Regular
	case sec < s.end:
		return Post
	}
	return Closed
}

// span finds the span that holds t.
func (c *Calendar) span(t time.Time) *span {
	sec := t.Unix()
	n := floorDiv(sec, secondsADay)
	s := c.days.at(c, n)
	for sec >= s.until {
		n++
		s = c.days.at(c, n)
	}
	return s
}

// find computes the span that holds the midnight in UTC of day n since 1970.
func (c *Calendar) find(n int64) *span {
	sec := n * secondsADay
	y, m, d := time.Unix(sec, 0).In(c.zone).Date()
	date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	s, ok := c.spanOf(date)
	for !ok || s.begin > sec {
		date = date.AddDate(0, 0, -1)
		s, ok = c.spanOf(date)
	}
	for next := date.AddDate(0, 0, 1); ; next = next.AddDate(0, 0, 1) {
		if h, ok := c.hours(next); ok {
			s.until = c.at(next, h.begin).Unix()
			return s
		}
	}
}

// spanOf computes the span of a date but its until.
func (c *Calendar) spanOf(date time.Time) (*span, bool) {
	h, ok := c.hours(date)
	if !ok {
		return nil, false
	}
	s := &span{Day: Day{
		Date: date.Format(time.DateOnly), Early: h.early,
		Begin: c.at(date, h.begin), Open: c.at(date, h.open), Close: c.at(date, h.shut), End: c.at(date, h.end),
	}}
	s.begin, s.open, s.shut, s.end = s.Begin.Unix(), s.Open.Unix(), s.Close.Unix(), s.End.Unix()
	return s, true
}

// at is the moment of a clock's time on a date at the exchange, in UTC.
func (c *Calendar) at(date time.Time, minutes clock) time.Time {
	y, m, d := date.Date()
	return time.Date(y, m, d, 0, int(minutes), 0, 0, c.zone).UTC()
}
