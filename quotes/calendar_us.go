package quotes

import "time"

// usHours are the stock exchanges of the United States. The regular session is
// from 09:30 to 16:00 in New York, the early one from 04:00 and the late one to
// 20:00 (NYSE Arca Rule 7.34-E; Nasdaq has the same). On days of an early close (13:00) the late session ends at 17:00 (NYSE Group, yearly
// "Holiday and Early Closings Calendar").
func usHours(date time.Time) (dayHours, bool) {
	if isWeekend(date) || usHoliday(date) || usSpecialClosing(date) {
		return dayHours{}, false
	}
	h := dayHours{begin: 4 * 60, open: 9*60 + 30, shut: 16 * 60, end: 20 * 60}
	if usEarlyClose(date) {
		h.shut, h.end, h.early = 13*60, 17*60, true
	}
	return h, true
}

// usHoliday holds the holidays of NYSE Rule 7.2, which the others keep too. One
// that falls on a Saturday is kept on the Friday before, one on a Sunday on the
// Monday after; but not on a Friday that ends a month or a year, so that New
// Year is never kept on December 31. Martin Luther King Jr. Day is kept since
// 1998, Juneteenth since 2022.
func usHoliday(date time.Time) bool {
	year := date.Year()
	return isObserved(date, time.January, 1) && date.Month() == time.January ||
		isNth(date, time.January, time.Monday, 3) && year >= 1998 ||
		isNth(date, time.February, time.Monday, 3) || // Washington's Birthday
		sinceEaster(date) == -2 || // Good Friday
		isLast(date, time.May, time.Monday) || // Memorial Day
		isObserved(date, time.June, 19) && year >= 2022 ||
		isObserved(date, time.July, 4) ||
		isNth(date, time.September, time.Monday, 1) || // Labor Day
		isNth(date, time.November, time.Thursday, 4) || // Thanksgiving
		isObserved(date, time.December, 25)
}

// usSpecialClosing holds the days on which the exchanges stayed closed by a
// decision of their own (NYSE, "Special Closings", and its notices since).
func usSpecialClosing(date time.Time) bool {
	switch date.Format(time.DateOnly) {
	case "1994-04-27", // mourning for President Nixon
		"2001-09-11", "2001-09-12", "2001-09-13", "2001-09-14", // the attack on New York
		"2004-06-11",               // mourning for President Reagan
		"2007-01-02",               // mourning for President Ford
		"2012-10-29", "2012-10-30", // hurricane Sandy
		"2018-12-05", // mourning for President George H. W. Bush
		"2025-01-09": // mourning for President Carter
		return true
	}
	return false
}

// usEarlyClose holds the days that close at 13:00 (the notes under NYSE's table
// of holidays): the day after Thanksgiving, Christmas Eve, and the day before
// Independence Day, when each is a working day. Until 2012 a July 3 that was a
// Wednesday was a full day and Friday, July 5, closed early. The single ones
// were decided for their year.
func usEarlyClose(date time.Time) bool {
	weekday := date.Weekday()
	switch date.Format(time.DateOnly) {
	case "1997-12-26", "1999-12-31", "2003-12-26":
		return true
	}
	return isNth(date.AddDate(0, 0, -1), time.November, time.Thursday, 4) ||
		isDate(date, time.December, 24) ||
		isDate(date, time.July, 3) && (weekday != time.Wednesday || date.Year() >= 2013) ||
		isDate(date, time.July, 5) && weekday == time.Friday && date.Year() < 2013
}
