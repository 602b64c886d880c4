package quotes

import "time"

// The rules speak of a date as its midnight in UTC.

// isDate says that date is that day of the month, in any year.
func isDate(date time.Time, month time.Month, day int) bool {
	_, m, d := date.Date()
	return m == month && d == day
}

// isNth says that date is the nth such weekday of the month.
func isNth(date time.Time, month time.Month, weekday time.Weekday, n int) bool {
	_, m, d := date.Date()
	return m == month && date.Weekday() == weekday && (d-1)/7+1 == n
}

// isLast says that date is the last such weekday of the month.
func isLast(date time.Time, month time.Month, weekday time.Weekday) bool {
	return date.Month() == month && date.Weekday() == weekday && date.AddDate(0, 0, 7).Month() != month
}

// isObserved says that date is the working day on which the United States keep
// a holiday of a fixed date: the Friday before a Saturday, the Monday after a
// Sunday.
func isObserved(date time.Time, month time.Month, day int) bool {
	switch date.Weekday() {
	case time.Friday:
		return isDate(date, month, day) || isDate(date.AddDate(0, 0, 1), month, day)
	case time.Monday:
		return isDate(date, month, day) || isDate(date.AddDate(0, 0, -1), month, day)
	}
	return isDate(date, month, day)
}

// isWeekend says that date is a Saturday or a Sunday.
func isWeekend(date time.Time) bool {
	return date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
}

// sinceEaster is by how many days date comes after the Easter Sunday of its
// year, below zero before it.
func sinceEaster(date time.Time) int {
	return int(date.Sub(easter(date.Year())) / (24 * time.Hour))
}

// easter is the Gregorian Easter Sunday of a year. The computus is the anonymous
// one of "A New Method for finding Easter" (Nature 13, 1876, page 487), in the
// form of J. Meeus, Astronomical Algorithms (1998), chapter 8.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
