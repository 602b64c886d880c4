package quotes

import "time"

// b3Hours are the stocks of B3 in São Paulo (BVMF): the pre-opening auction from
// 09:45, trading from 10:00 to 17:00, and the after-market to 18:00, which
// includes the pause before its trading at 17:30. Since B3 follows New York
// (November 2019, the first winter after Brazil gave up its own summer time)
// trading runs to 18:00 while New York has standard time, and there is no
// after-market then. On Ash Wednesday all begins at 13:00, with its auction a
// quarter of an hour before. Sources: B3, "Horários de negociação" of the equity
// market, with its circular letters at each change; B3, "Calendário de
// negociação".
func b3Hours(date time.Time) (dayHours, bool) {
	if isWeekend(date) || b3Holiday(date) {
		return dayHours{}, false
	}
	h := dayHours{begin: 9*60 + 45, open: 10 * 60, shut: 17 * 60, end: 18 * 60}
	if sinceEaster(date) == -46 {
		h.begin, h.open = 12*60+45, 13*60
	}
	if !date.Before(b3FollowsNewYork) && !date.Add(15*time.Hour).In(unitedStates().zone).IsDST() {
		h.shut = h.end
	}
	return h, true
}

// b3FollowsNewYork is the first day of the longer winter hours.
var b3FollowsNewYork = time.Date(2019, time.November, 4, 0, 0, 0, 0, time.UTC)

// b3Holiday holds the days without trading: the national holidays, none of
// which moves to another day, Carnival, Christmas Eve and the last working day
// of the year; and those of the city and the state of São Paulo as long as B3
// kept them (to 2021; in 2020 they were moved because of the epidemic and B3
// traded on them). The Day of Black Awareness was the city's from 2004 to 2019,
// and is national since 2024 (law 14.759).
func b3Holiday(date time.Time) bool {
	year := date.Year()
	switch sinceEaster(date) {
	case -48, -47, -2, 60: // Carnival, Good Friday, Corpus Christi
		return true
	}
	return isDate(date, time.January, 1) ||
		isDate(date, time.January, 25) && year <= 2021 || // the city's birthday
		isDate(date, time.April, 21) || // Tiradentes
		isDate(date, time.May, 1) ||
		isDate(date, time.June, 12) && year == 2014 || // the World Cup begins in São Paulo
		isDate(date, time.July, 9) && year >= 1998 && year <= 2021 && year != 2020 ||
		isDate(date, time.September, 7) ||
		isDate(date, time.October, 12) ||
		isDate(date, time.November, 2) ||
		isDate(date, time.November, 15) ||
		isDate(date, time.November, 20) && (year >= 2004 && year <= 2019 || year >= 2024) ||
		isDate(date, time.December, 24) ||
		isDate(date, time.December, 25) ||
		isLastWorkday(date)
}

// isLastWorkday says that date is the last day of the year that is no weekend.
func isLastWorkday(date time.Time) bool {
	_, m, d := date.Date()
	return m == time.December && (d == 31 || date.Weekday() == time.Friday && d >= 29)
}
