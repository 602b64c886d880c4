package views

import (
	"strings"
	"time"
)

// Clock shows times in the zones of exchanges, as seen at one moment. It keeps
// the zones that it loaded, so that a page loads each once; it is for one page
// and one goroutine.
type Clock struct {
	now   time.Time
	zones map[string]*time.Location
}

// NewClock returns a clock for a page made at now.
func NewClock(now time.Time) *Clock {
	return &Clock{now: now, zones: make(map[string]*time.Location)}
}

// zone returns the location of an IANA name, UTC for one that is not known.
func (c *Clock) zone(name string) *time.Location {
	if loc, ok := c.zones[name]; ok {
		return loc
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		loc = time.UTC
	}
	c.zones[name] = loc
	return loc
}

// Time is the time of day at the exchange, "15:42:07".
func (c *Clock) Time(t time.Time, zone string) string {
	if t.IsZero() {
		return Missing
	}
	return t.In(c.zone(zone)).Format(time.TimeOnly)
}

// Day is the zone's abbreviation, "EST", with the date before it when that is
// not today's at the exchange: "Nov 19 EST".
func (c *Clock) Day(t time.Time, zone string) string {
	if t.IsZero() {
		return ""
	}
	loc := c.zone(zone)
	then, now := t.In(loc), c.now.In(loc)
	if then.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return abbreviation(then)
	}
	if then.Year() != now.Year() {
		return then.Format("Jan 2, 2006 ") + abbreviation(then)
	}
	return then.Format("Jan 2 ") + abbreviation(then)
}

// Zone is the abbreviation of a zone on the page's day.
func (c *Clock) Zone(zone string) string { return abbreviation(c.now.In(c.zone(zone))) }

// Moment is a time in words that need no zone but UTC, for lists and tooltips.
func (c *Clock) Moment(t time.Time) string {
	t = t.UTC()
	if t.Format(time.DateOnly) == c.now.UTC().Format(time.DateOnly) {
		return t.Format("15:04 UTC")
	}
	return t.Format("Jan 2 15:04 UTC")
}

// abbreviation is the zone's short name; zones without one, which the database
// calls "-03", are named as browsers do: "GMT-3".
func abbreviation(t time.Time) string {
	name, _ := t.Zone()
	if !strings.HasPrefix(name, "-") && !strings.HasPrefix(name, "+") {
		return name
	}
	hours, minutes := strings.TrimPrefix(name[1:3], "0"), name[3:]
	if hours == "" {
		hours = "0"
	}
	if minutes != "" {
		minutes = ":" + minutes
	}
	return "GMT" + name[:1] + hours + minutes
}

// stamp is a time for machines, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
