package feed_test

import (
	"testing"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func correction(seconds float64, id uint64, price, size string) feed.Update {
	return feed.Update{Symbol: aapl, Kind: feed.Correction, Time: at(seconds), TradeID: id, Price: dec(price), Size: dec(size)}
}

func cancel(seconds float64, id uint64) feed.Update {
	return feed.Update{Symbol: aapl, Kind: feed.Cancel, Time: at(seconds), TradeID: id}
}

func TestCorrectionsAndCancelsTakeTheirTradeBack(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 1, "100", "10"), trade(2, 2, "120", "20"), trade(3, 3, "105", "30"))
	wantOutcomes(t, apply(tape, correction(4, 2, "102", "25")), "merged")
	wantFigures(t, tape, "regular 105 open 100 high 105 low 100 volume 65")
	wantOutcomes(t, apply(tape, cancel(5, 3), cancel(5, 99), cancel(5, 0), cancel(5, 3), correction(5, 3, "1", "1")),
		"merged", "unmatched", "unmatched", "unmatched", "unmatched")
	wantFigures(t, tape, "regular 102 open 100 high 102 low 100 volume 35")
	wantOutcomes(t, apply(tape, trade(3, 3, "105", "30")), "duplicate") // what was taken back does not come again
	wantOutcomes(t, apply(tape, cancel(6, 1)), "merged")
	wantFigures(t, tape, "regular 102 open 102 high 102 low 102 volume 25")
	wantOutcomes(t, apply(tape, cancel(7, 2), trade(4, 1.5, "99", "1")), "merged", "merged")
	wantFigures(t, tape, "regular 99 open 99 high 99 low 99 volume 1")
}

// TestACancelGivesWayToTheNextNewest: a trade that was no last price because a
// newer one was there is one when that is taken back.
func TestACancelGivesWayToTheNextNewest(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 1, "100", "1"), trade(2, 9, "120", "1"), trade(3, 5, "110", "1"), cancel(10, 2))
	wantFigures(t, tape, "regular 110 open 100 high 110 low 100 volume 2")
}

func TestTheFiguresOfManyTradesSurviveACancel(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 0, "500", "1"))
	for i := range uint64(200) {
		apply(tape, trade(i+2, float64(i), "100", "1"))
	}
	apply(tape, cancel(300, 201))
	wantFigures(t, tape, "regular 100 open 500 high 500 low 100 volume 200")
	for i := range uint64(64) {
		apply(tape, cancel(300, 138+i))
	}
	wantOutcomes(t, apply(tape, cancel(300, 137)), "unmatched") // too old
	wantFigures(t, tape, "regular 100 open 500 high 500 low 100 volume 137")
}

func TestExtendedTradesAreAmended(t *testing.T) {
	tape := newStockTape()
	at := func(clock string, u feed.Update) feed.Update {
		u.Time = ny(tuesday, clock)
		return u
	}
	apply(tape, at("15:59", trade(1, 0, "100", "10")), at("16:10", trade(2, 0, "90", "10")), at("16:20", trade(3, 0, "80", "10")),
		at("16:30", correction(0, 3, "81", "5")))
	wantFigures(t, tape, "post 100 open 100 high 100 low 100 volume 25 extended 81 by -19")
	apply(tape, at("16:31", cancel(0, 3)))
	wantFigures(t, tape, "post 100 open 100 high 100 low 100 volume 20 extended 90 by -10")
	tape.Turn(ny(wednesday, "04:00"))
	next := func(clock string, u feed.Update) feed.Update {
		u.Time = ny(wednesday, clock)
		return u
	}
	apply(tape, next("04:01", trade(4, 0, "95", "7")), next("04:02", trade(5, 0, "96", "8")), next("04:03", cancel(0, 2)))
	wantFigures(t, tape, "pre 100 open 100 high 100 low 100 volume 10 extended 96 by -4") // yesterday's volume, today's price
	apply(tape, next("04:04", cancel(0, 5)))
	wantFigures(t, tape, "pre 100 open 100 high 100 low 100 volume 10 extended 95 by -5")
	apply(tape, next("09:30", trade(6, 0, "101", "1")), next("09:31", cancel(0, 4)))
	wantFigures(t, tape, "regular 101 by 1 from 100 open 101 high 101 low 101 volume 1")
	wantOutcomes(t, apply(tape, next("09:32", cancel(0, 1))), "unmatched") // of a day that is over
}

func TestWithoutAnyTradeOfTheDayThePriceIsTheCloseBefore(t *testing.T) {
	tape := newStockTape()
	at := func(day, clock string, u feed.Update) feed.Update {
		u.Time = ny(day, clock)
		return u
	}
	apply(tape, at(tuesday, "15:00", trade(1, 0, "400", "1")), previousClose(ny(wednesday, "09:00"), "100"),
		at(wednesday, "09:30", trade(2, 0, "1", "1")), at(wednesday, "09:31", cancel(0, 2)))
	wantFigures(t, tape, "regular 100 by 0 from 100 volume 0")
}

// TestWhatWaitedForADayThatPassedIsGone: the pre-market trades of a day without
// a regular one cannot be taken from the next day's volume.
func TestWhatWaitedForADayThatPassedIsGone(t *testing.T) {
	tape := newStockTape()
	at := func(day, clock string, u feed.Update) feed.Update {
		u.Time = ny(day, clock)
		return u
	}
	apply(tape, at(tuesday, "15:00", trade(1, 0, "100", "1")), at(wednesday, "08:00", trade(2, 0, "101", "50")),
		at(friday, "08:00", trade(3, 0, "102", "5")))
	wantOutcomes(t, apply(tape, at(friday, "08:01", cancel(0, 2))), "unmatched")
	apply(tape, at(friday, "10:00", trade(4, 0, "103", "1")))
	wantFigures(t, tape, "regular 103 by 3 from 100 open 103 high 103 low 103 volume 6")
}

func TestQuoteSaysThatItWasCorrected(t *testing.T) {
	for _, c := range []struct {
		name  string
		after []feed.Update
		want  bool
	}{
		{"a trade", nil, false},
		{"a correction", []feed.Update{correction(3, 2, "100.50", "10")}, true},
		{"a cancel", []feed.Update{cancel(3, 2)}, true},
		{"one that meets nothing", []feed.Update{correction(3, 9, "100.50", "10")}, false},
		{"what comes after it", []feed.Update{correction(3, 2, "100.50", "10"), trade(3, 4, "100.60", "10")}, false},
	} {
		tape := newTape(quotes.Live)
		apply(tape, append([]feed.Update{trade(1, 1, "100.00", "10"), trade(2, 2, "101.00", "10")}, c.after...)...)
		if got := tape.Quote(1).Corrected; got != c.want {
			t.Errorf("after %s: %t", c.name, got)
		}
	}
}
