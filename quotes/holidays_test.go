package quotes_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// marketHours is a list of the sessions of United States stocks by another hand
// (QuantConnect Lean, Apache-2.0).
const marketHours = "../../shared/data/market-hours-us.json"

// usDifferences are the days on which the calendar and that list differ: what
// the calendar says, and why it is right.
var usDifferences = map[string]struct{ calendar, why string }{
	"1998-11-27": {"13:00", "the day after Thanksgiving; the list has no early close before 1999-11-26"},
	"1998-12-24": {"13:00", "Christmas Eve, a Thursday; the list has no early close before 1999-11-26"},
	"1999-12-31": {"13:00", "the exchanges closed early before the year 2000; the list has no such day"},
}

func TestEveryDayOfTheMarketHours(t *testing.T) {
	holidays, early := readMarketHours(t)
	first, last := "1998-01-01", "2028-12-31" // the years of its holidays
	seen, trading := 0, 0
	for day := date(t, first); !day.After(date(t, last)); day = day.AddDate(0, 0, 1) {
		text := day.Format(time.DateOnly)
		want := "16:00"
		switch {
		case day.Weekday() == time.Saturday, day.Weekday() == time.Sunday, holidays[text]:
			want = "closed"
		case early[text]:
			want = "13:00"
		}
		got := closeOf(t, us, day)
		if got != "closed" {
			trading++
		}
		difference, explained := usDifferences[text]
		switch {
		case explained && (got != difference.calendar || got == want):
			t.Errorf("%s: the calendar says %s, the list %s; explained is %s (%s)", text, got, want, difference.calendar, difference.why)
		case !explained && got != want:
			t.Errorf("%s (%s): the calendar says %s, the list %s", text, day.Weekday(), got, want)
		}
		if explained {
			seen++
		}
	}
	if seen != len(usDifferences) || trading < 7700 {
		t.Errorf("%d of %d differences, %d trading days", seen, len(usDifferences), trading)
	}
}

// readMarketHours returns the holidays and the early closes of the list, after
// a look at its regular week.
func readMarketHours(t *testing.T) (holidays, early map[string]bool) {
	t.Helper()
	data, err := os.ReadFile(marketHours)
	if os.IsNotExist(err) {
		t.Skip("the list to hold the calendar against is not here: ", marketHours)
	}
	type session struct{ Start, End, State string }
	var lists map[string]struct {
		Friday      []session
		Holidays    []string
		EarlyCloses map[string]string
	}
	if err == nil {
		err = json.Unmarshal(data, &lists)
	}
	if err != nil {
		t.Fatal(err)
	}
	list := lists["Equity-usa-[*]"]
	if got := fmt.Sprint(list.Friday); got != "[{04:00:00 09:30:00 premarket} {09:30:00 16:00:00 market} {16:00:00 20:00:00 postmarket}]" {
		t.Fatalf("the list's sessions are %s", got)
	}
	holidays, early = map[string]bool{}, map[string]bool{}
	for _, text := range list.Holidays {
		holidays[americanDate(t, text)] = true
	}
	for text, at := range list.EarlyCloses {
		if at != "13:00:00" {
			t.Fatalf("%s closes at %s", text, at)
		}
		early[americanDate(t, text)] = true
	}
	if len(holidays) < 280 || len(early) < 60 {
		t.Fatalf("the list has %d holidays and %d early closes", len(holidays), len(early))
	}
	return holidays, early
}

// americanDate turns "7/3/2000" into "2000-07-03".
func americanDate(t *testing.T, text string) string {
	t.Helper()
	at, err := time.Parse("1/2/2006", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.Format(time.DateOnly)
}

func date(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// closeOf says when a date's regular session closes by the exchange's clock.
func closeOf(t *testing.T, c *quotes.Calendar, day time.Time) string {
	t.Helper()
	d := c.Day(day.Add(18 * time.Hour)) // in the regular session, here and there
	if d.Date != day.Format(time.DateOnly) {
		return "closed"
	}
	zone := "America/New_York"
	if c == b3 {
		zone = "America/Sao_Paulo"
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	if open := d.Open.In(location).Format("15:04"); c == us && (open != "09:30" || d.Early != (d.Close.Sub(d.Open) < 6*time.Hour)) {
		t.Errorf("%s opens at %s, early %v", d.Date, open, d.Early)
	}
	return d.Close.In(location).Format("15:04")
}

// TestHolidaysOfB3 holds the calendar against the holidays that B3 announced
// for single years.
func TestHolidaysOfB3(t *testing.T) {
	announced := map[string][]string{
		"2019": {"01-01", "01-25", "03-04", "03-05", "04-19", "05-01", "06-20", "07-09", "11-15", "11-20", "12-24", "12-25", "12-31"},
		"2020": {"01-01", "02-24", "02-25", "04-10", "04-21", "05-01", "06-11", "09-07", "10-12", "11-02", "12-24", "12-25", "12-31"},
		"2022": {"02-28", "03-01", "04-15", "04-21", "06-16", "09-07", "10-12", "11-02", "11-15", "12-30"},
		"2023": {"02-20", "02-21", "04-07", "04-21", "05-01", "06-08", "09-07", "10-12", "11-02", "11-15", "12-25", "12-29"},
		"2024": {"01-01", "02-12", "02-13", "03-29", "05-01", "05-30", "11-15", "11-20", "12-24", "12-25", "12-31"},
		"2025": {"01-01", "03-03", "03-04", "04-18", "04-21", "05-01", "06-19", "11-20", "12-24", "12-25", "12-31"},
	}
	for year, days := range announced {
		closed := map[string]bool{}
		for _, day := range days {
			closed[year+"-"+day] = true
		}
		for day := date(t, year+"-01-01"); day.Format("2006") == year; day = day.AddDate(0, 0, 1) {
			text := day.Format(time.DateOnly)
			weekend := day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
			if got := closeOf(t, b3, day) == "closed"; got != (weekend || closed[text]) {
				t.Errorf("%s (%s): closed is %v", text, day.Weekday(), got)
			}
		}
	}
}

// TestEaster holds the computus against the Good Fridays of single years, the
// earliest and latest that there are among them, and its two exceptions (1954,
// 1981, 2049, 2076).
func TestEaster(t *testing.T) {
	for _, goodFriday := range []string{
		"1818-03-20", "1943-04-23", "1954-04-16", "1981-04-17", "2000-04-21", "2008-03-21", "2011-04-22",
		"2019-04-19", "2025-04-18", "2038-04-23", "2049-04-16", "2076-04-17", "2285-03-20",
	} {
		if closeOf(t, us, date(t, goodFriday)) != "closed" {
			t.Errorf("the exchanges trade on %s", goodFriday)
		}
		if closeOf(t, us, date(t, goodFriday).AddDate(0, 0, -1)) == "closed" {
			t.Errorf("the exchanges do not trade on the day before %s", goodFriday)
		}
	}
}
