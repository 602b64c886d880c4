package quotes_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes"
)

var (
	us = quotes.CalendarOf("XNYS")
	b3 = quotes.CalendarOf("BVMF")
)

// moment reads "2026-11-20 09:30:00" by the clock of a zone.
func moment(t *testing.T, zone, text string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation(time.DateTime, text, location)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestCalendarsByExchange(t *testing.T) {
	for _, mic := range []string{"XNYS", "XNAS", "ARCX", "BATS", "XASE"} {
		if quotes.CalendarOf(mic) != us || us.Always() {
			t.Errorf("%s has not the calendar of the United States", mic)
		}
	}
	if b3 == us || b3.Always() {
		t.Error("B3 has no calendar of its own")
	}
	for _, mic := range []string{"", "XLON", "xnys"} {
		if quotes.CalendarOf(mic) != quotes.AlwaysOpen || !quotes.AlwaysOpen.Always() {
			t.Errorf("%q is not always open", mic)
		}
	}
}

func TestSessionsOfADay(t *testing.T) {
	const newYork, saoPaulo = "America/New_York", "America/Sao_Paulo"
	for _, c := range []struct {
		calendar *quotes.Calendar
		zone, at string
		want     quotes.Session
		day      string
	}{
		{us, newYork, "2026-11-20 03:59:59", quotes.Closed, "2026-11-19"},
		{us, newYork, "2026-11-20 04:00:00", quotes.Pre, "2026-11-20"},
		{us, newYork, "2026-11-20 09:29:59", quotes.Pre, "2026-11-20"},
		{us, newYork, "2026-11-20 09:30:00", quotes.Regular, "2026-11-20"},
		{us, newYork, "2026-11-20 15:59:59", quotes.Regular, "2026-11-20"},
		{us, newYork, "2026-11-20 16:00:00", quotes.Post, "2026-11-20"},
		{us, newYork, "2026-11-20 20:00:00", quotes.Closed, "2026-11-20"},
		{us, newYork, "2026-11-21 12:00:00", quotes.Closed, "2026-11-20"}, // Saturday
		{us, newYork, "2026-11-26 12:00:00", quotes.Closed, "2026-11-25"}, // Thanksgiving
		{us, newYork, "2026-11-27 12:59:59", quotes.Regular, "2026-11-27"},
		{us, newYork, "2026-11-27 13:00:00", quotes.Post, "2026-11-27"},
		{us, newYork, "2026-11-27 17:00:00", quotes.Closed, "2026-11-27"},
		{us, newYork, "2001-09-14 12:00:00", quotes.Closed, "2001-09-10"},
		{us, newYork, "2021-12-31 12:00:00", quotes.Regular, "2021-12-31"}, // New Year's Day 2022 is a Saturday
		{us, newYork, "2021-06-18 12:00:00", quotes.Regular, "2021-06-18"}, // before Juneteenth was a holiday
		{us, newYork, "2150-07-06 10:00:00", quotes.Regular, "2150-07-06"}, // beyond the table
		{us, newYork, "1950-07-05 10:00:00", quotes.Regular, "1950-07-05"},
		{b3, saoPaulo, "2026-07-01 09:44:59", quotes.Closed, "2026-06-30"},
		{b3, saoPaulo, "2026-07-01 09:45:00", quotes.Pre, "2026-07-01"},
		{b3, saoPaulo, "2026-07-01 10:00:00", quotes.Regular, "2026-07-01"},
		{b3, saoPaulo, "2026-07-01 17:00:00", quotes.Post, "2026-07-01"},
		{b3, saoPaulo, "2026-07-01 18:00:00", quotes.Closed, "2026-07-01"},
		{b3, saoPaulo, "2026-11-19 17:30:00", quotes.Regular, "2026-11-19"}, // New York has standard time
		{b3, saoPaulo, "2026-11-19 18:00:00", quotes.Closed, "2026-11-19"},
		{b3, saoPaulo, "2018-11-21 17:30:00", quotes.Post, "2018-11-21"},   // before B3 followed it
		{b3, saoPaulo, "2026-02-18 11:00:00", quotes.Closed, "2026-02-13"}, // Ash Wednesday, after Carnival
		{b3, saoPaulo, "2026-02-18 12:45:00", quotes.Pre, "2026-02-18"},
		{b3, saoPaulo, "2026-02-18 13:00:00", quotes.Regular, "2026-02-18"},
		{quotes.AlwaysOpen, "UTC", "2026-11-21 00:00:00", quotes.Regular, "2026-11-21"},
		{quotes.AlwaysOpen, "UTC", "2026-11-21 23:59:59", quotes.Regular, "2026-11-21"},
		{quotes.AlwaysOpen, "UTC", "1969-12-31 23:59:59", quotes.Regular, "1969-12-31"},
	} {
		at := moment(t, c.zone, c.at)
		if got := c.calendar.Session(at); got != c.want {
			t.Errorf("%s in %s is %s, not %s", c.at, c.zone, got, c.want)
		}
		if got := c.calendar.Day(at).Date; got != c.day {
			t.Errorf("%s in %s belongs to %s, not to %s", c.at, c.zone, got, c.day)
		}
	}
}

// TestSummerTime holds that the sessions keep to New York's clock when it is
// put forward and back, and so move in UTC.
func TestSummerTime(t *testing.T) {
	for date, open := range map[string]string{
		"2026-03-06": "14:30", "2026-03-09": "13:30", // summer time begins on March 8
		"2026-10-30": "13:30", "2026-11-02": "14:30", // and ends on November 1
	} {
		day := us.Day(moment(t, "America/New_York", date+" 12:00:00"))
		if got := day.Open.Format("15:04"); day.Date != date || got != open || day.Close.Sub(day.Open) != 390*time.Minute {
			t.Errorf("%s opens at %s UTC, not at %s", day.Date, got, open)
		}
	}
	friday := us.Day(moment(t, "America/New_York", "2026-03-06 12:00:00"))
	if next, _ := us.Next(friday.End); next.Sub(friday.Begin) != 71*time.Hour {
		t.Errorf("the weekend of the change is %v long", next.Sub(friday.Begin))
	}
}

func TestNextChange(t *testing.T) {
	for _, c := range []struct {
		calendar       *quotes.Calendar
		zone, at, next string
		session        quotes.Session
	}{
		{us, "America/New_York", "2026-11-25 03:00:00", "2026-11-25 04:00:00", quotes.Pre},
		{us, "America/New_York", "2026-11-25 04:00:00", "2026-11-25 09:30:00", quotes.Regular},
		{us, "America/New_York", "2026-11-25 09:30:00", "2026-11-25 16:00:00", quotes.Post},
		{us, "America/New_York", "2026-11-25 19:00:00", "2026-11-25 20:00:00", quotes.Closed},
		{us, "America/New_York", "2026-11-25 20:00:00", "2026-11-27 04:00:00", quotes.Pre},
		{b3, "America/Sao_Paulo", "2026-11-19 12:00:00", "2026-11-19 18:00:00", quotes.Closed},
		{quotes.AlwaysOpen, "UTC", "2026-11-19 12:00:00", "2026-11-20 00:00:00", quotes.Regular},
	} {
		next, session := c.calendar.Next(moment(t, c.zone, c.at))
		if !next.Equal(moment(t, c.zone, c.next)) || session != c.session {
			t.Errorf("after %s comes %s at %v", c.at, session, next)
		}
	}
}

// TestSessionsPartitionTime draws moments, most of them near a change, and
// holds the answers of a calendar against each other.
func TestSessionsPartitionTime(t *testing.T) {
	calendars := []*quotes.Calendar{us, b3, quotes.AlwaysOpen}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(calendars).Draw(t, "calendar")
		at := time.Unix(rapid.Int64Range(-1e9, 6e9).Draw(t, "second"), 0)
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			at, _ = c.Next(at)
		}
		at = at.Add(time.Duration(rapid.Int64Range(-2, 2).Draw(t, "nanoseconds")))
		checkDay(t, c, at)
		checkNext(t, c, at)
	})
}

func checkDay(t *rapid.T, c *quotes.Calendar, at time.Time) {
	d := c.Day(at)
	if at.Before(d.Begin) || d.Open.Before(d.Begin) || !d.Open.Before(d.Close) || d.End.Before(d.Close) {
		t.Fatalf("%v is in %+v", at, d)
	}
	want := quotes.Closed
	switch {
	case at.Before(d.Open):
		want = quotes.Pre
	case at.Before(d.Close):
		want = quotes.Regular
	case at.Before(d.End):
		want = quotes.Post
	}
	if got := c.Session(at); got != want {
		t.Fatalf("%v is %s, its day %+v says %s", at, got, d, want)
	}
	// The span is all that lies between two begins.
	last := d.End
	for c.Day(last) == d {
		next, _ := c.Next(last)
		if !next.After(last) {
			t.Fatalf("after %v comes %v", last, next)
		}
		last = next
	}
	following := c.Day(last)
	if !following.Begin.Equal(last) || following.Date <= d.Date || c.Day(last.Add(-1)) != d || c.Day(d.Begin) != d || c.Day(d.Begin.Add(-1)) == d {
		t.Fatalf("the span of %+v ends at %v, where %+v begins", d, last, following)
	}
}

func checkNext(t *rapid.T, c *quotes.Calendar, at time.Time) {
	next, session := c.Next(at)
	if !next.After(at) || c.Session(next) != session || session == c.Session(at) != c.Always() {
		t.Fatalf("after %v, %s, comes %s at %v, where it is %s", at, c.Session(at), session, next, c.Session(next))
	}
	between := at.Add(time.Duration(rapid.Int64Range(0, int64(next.Sub(at))-1).Draw(t, "between")))
	if c.Session(between) != c.Session(at) {
		t.Fatalf("%v is %s, before the next change of %v at %v", between, c.Session(between), at, next)
	}
}

func TestAskingACalendarAllocatesNothing(t *testing.T) {
	at := moment(t, "America/New_York", "2026-11-20 10:00:00")
	us.Session(at)
	if n := testing.AllocsPerRun(100, func() { us.Session(at); us.Day(at); us.Next(at) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCalendar(b *testing.B) {
	at := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	b.Run("session", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			us.Session(at.Add(time.Duration(i%48) * time.Hour))
		}
	})
	b.Run("day", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			us.Day(at.Add(time.Duration(i%48) * time.Hour))
		}
	})
}
