package sim

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// A day's variance of returns is spread over the regular session but for the
// overnight part, where there is a night.
const overnight = 0.2

// hours are the sessions of one exchange as its symbols live through them. It
// only goes forward, as far as it is asked. It is shared by the symbols of the
// exchange.
type hours struct {
	calendar *quotes.Calendar
	course   *course
	mood     *mood
	phase    phase

	second             int64 // that activity and variance are of
	activity, variance float64
}

// phase is one session of one trading day. Times are in nanoseconds since 1970.
type phase struct {
	session    quotes.Session
	always     bool
	date       string
	day        int64 // the trading day's begin
	open, shut int64 // the regular session's
	begin, end int64 // the phase's
}

// newHours are those of a listing.
func newHours(l *listing, real bool, m *mood) *hours {
	h := &hours{calendar: quotes.AlwaysOpen, course: demoCourse(), mood: m}
	if calendar := quotes.CalendarOf(l.exchange); real && !calendar.Always() {
		h.calendar, h.course = calendar, exchangeCourse()
	}
	return h
}

// at returns the phase at now.
func (h *hours) at(now int64) *phase {
	if now >= h.phase.end {
		h.phase = phaseAt(h.calendar, now)
		h.second = -1
	}
	return &h.phase
}

func phaseAt(c *quotes.Calendar, now int64) phase {
	t := instant(now)
	d := c.Day(t)
	p := phase{
		session: c.Session(t), always: c.Always(), date: d.Date,
		day: d.Begin.UnixNano(), open: d.Open.UnixNano(), shut: d.Close.UnixNano(),
	}
	next, _ := c.Next(t)
	p.end = next.UnixNano()
	switch p.session {
	case quotes.Pre:
		p.begin = p.day
	case quotes.Regular:
		p.begin = p.open
	case quotes.Post:
		p.begin = p.shut
	case quotes.Closed:
		p.begin = d.End.UnixNano()
	}
	return p
}

// level returns how many events there are at now, in parts of the mean of the
// regular session, and the variance of returns per nanosecond, in parts of the
// day's. It may be asked of any time in the phase that at returned last.
func (h *hours) level(now int64) (activity, variance float64) {
	if second := now / int64(time.Second); second != h.second {
		h.second = second
		h.activity, h.variance = h.mood.at(second)
		busy := h.busy(second * int64(time.Second)) // for whichever moment of it was asked
		h.activity *= busy
		h.variance *= float64(busy*h.phase.share()) / float64(h.phase.shut-h.phase.open)
	}
	return h.activity, h.variance
}

// share is the part of a day's variance that its regular session has.
func (p *phase) share() float64 {
	if p.always {
		return 1
	}
	return 1 - overnight
}

// busy is how busy the hour is. Before the open it gets busier, after the close
// it becomes quiet.
func (h *hours) busy(now int64) float64 {
	x := max(0, float64(now-h.phase.begin)/float64(h.phase.end-h.phase.begin))
	switch h.phase.session {
	case quotes.Regular:
		return h.course.at(x)
	case quotes.Pre:
		return 0.03 + 0.12*x*x
	case quotes.Post:
		return 0.02 + 0.2*(1-x)*(1-x)
	}
	return 0
}

// course is how busy a regular session is over its time: steps of equal length,
// their mean 1.
type course [78]float64

// exchangeCourse is the mean of the four symbols of the real session, by half
// hours a bit smoothed and
// without the auctions.
func exchangeCourse() *course {
	return newCourse(2.3, 1.95, 1.4, 0.95, 0.83, 0.72, 0.6, 0.55, 0.52, 0.52, 0.58, 0.66, 0.9, 2.2, 3)
}

// demoCourse is the same shape over 24 hours, but never dull.
func demoCourse() *course {
	return newCourse(1.3, 1.2, 1.05, 0.95, 0.88, 0.85, 0.88, 0.95, 1.05, 1.2, 1.3)
}

// newCourse makes a course of its values at the begin, in the middle of parts of
// equal length, and at the end.
func newCourse(values ...float64) *course {
	var c course
	parts := float64(len(values) - 2)
	sum := 0.0
	for i := range c {
		x := (float64(i) + 0.5) / float64(len(c)) * parts // in parts; value k+1 is at k+0.5
		k := int(x + 0.5)
		from, length := float64(k)-0.5, 1.0
		switch k {
		case 0:
			from, length = 0, 0.5
		case len(values) - 2:
			length = 0.5
		}
		f := (x - from) / length
		c[i] = (1-f)*values[k] + f*values[k+1]
		sum += c[i]
	}
	for i := range c {
		c[i] *= float64(len(c)) / sum
	}
	return &c
}

func (c *course) at(x float64) float64 {
	return c[min(max(int(x*float64(len(c))), 0), len(c)-1)]
}

// until is the part of the day that is over at x.
func (c *course) until(x float64) float64 {
	sum, steps := 0.0, min(max(x, 0), 1)*float64(len(c))
	for i := range c {
		sum += float64(c[i] * min(max(steps-float64(i), 0), 1))
	}
	return sum / float64(len(c))
}
