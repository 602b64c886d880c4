package feed_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// A week with everything: Thursday, November 26, 2026, is Thanksgiving, and on
// Friday the exchanges close at 13:00.
const (
	tuesday   = "2026-11-24"
	wednesday = "2026-11-25"
	friday    = "2026-11-27"
	monday    = "2026-11-30"
)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

// ny is a moment by New York's clock, which is written "09:30" or "09:30:05".
func ny(day, clock string) time.Time {
	if len(clock) == len("09:30") {
		clock += ":00"
	}
	at, err := time.ParseInLocation(time.DateTime, day+" "+clock, newYork)
	if err != nil {
		panic(err)
	}
	return at.UTC()
}

// nasdaq is an instrument of a stock exchange.
var nasdaq = quotes.Instrument{Symbol: aapl, Currency: "USD", Exchange: "XNAS"}

func newStockTape() *feed.Tape {
	return feed.NewTape(feed.Spec{Timeliness: quotes.Live, StaleAfter: 30 * time.Second}, "test", nasdaq)
}

// print is an ordinary trade at a moment, of 100 shares and without a number.
func print(at time.Time, price string) feed.Update {
	u := trade(0, 0, price, "100")
	u.Time = at
	return u
}

// marked changes an update.
func marked(u feed.Update, change func(*feed.Update)) feed.Update {
	change(&u)
	return u
}

// regular marks a trade as one of the regular session.
func regular(u *feed.Update) { u.Regular = true }

func previousClose(at time.Time, price string) feed.Update {
	return feed.Update{Symbol: aapl, Kind: feed.Day, Time: at, PreviousClose: some(price)}
}

func gap(at time.Time) feed.Update { return feed.Update{Symbol: aapl, Kind: feed.Break, Time: at} }

// figures writes what a quote says: session, price, change, base, the day's
// range and volume, and the extended price with its change.
func figures(tape *feed.Tape) string { return figuresOf(tape.Quote(1)) }

func figuresOf(q *quotes.StockQuote) string {
	text := string(q.Session)
	for _, f := range []struct {
		name  string
		value decimal.NullDecimal
	}{
		{" ", q.Price}, {" by ", q.Change}, {" from ", q.PreviousClose}, {" open ", q.Open}, {" high ", q.High},
		{" low ", q.Low}, {" volume ", q.Volume}, {" extended ", q.ExtendedPrice}, {" by ", q.ExtendedChange},
	} {
		if f.value.Valid {
			text += f.name + quotes.FormatDecimal(f.value.Decimal)
		}
	}
	return text
}

func wantFigures(t *testing.T, tape *feed.Tape, want string) {
	t.Helper()
	if diff := cmp.Diff(want, figures(tape)); diff != "" {
		t.Error(diff)
	}
}

// step is an update, or a Turn where there is none, and the quote after it.
type step struct {
	at     time.Time // of the Turn
	update feed.Update
	want   string // "" is not looked at
}

func walk(t *testing.T, tape *feed.Tape, steps []step) {
	t.Helper()
	for i, s := range steps {
		if s.update.Kind == 0 {
			tape.Turn(s.at)
		} else {
			tape.Apply(s.update, s.update.Time)
		}
		if got := figures(tape); s.want != "" && got != s.want {
			t.Errorf("step %d:\n got %s\nwant %s", i, got, s.want)
		}
	}
}

// TestAStocksWeek follows a quote from the evening over a holiday into the
// short day and the next week.
func TestAStocksWeek(t *testing.T) {
	const tuesdays = " 100 by 5 from 95 open 100 high 100 low 100 volume "
	walk(t, newStockTape(), []step{
		{update: previousClose(ny(tuesday, "09:00"), "95"), want: "pre from 95"},
		{update: print(ny(tuesday, "09:01"), "96"), want: "pre from 95 volume 100 extended 96 by 1"},
		{at: ny(tuesday, "09:30"), want: "regular from 95 volume 100"},
		{update: print(ny(tuesday, "09:30"), "100"), want: "regular" + tuesdays + "200"},
		{at: ny(tuesday, "16:00"), want: "post" + tuesdays + "200"},
		{update: print(ny(tuesday, "16:30"), "101"), want: "post" + tuesdays + "300 extended 101 by 1"},
		{at: ny(tuesday, "20:00"), want: "closed" + tuesdays + "300 extended 101 by 1"},
		{at: ny(wednesday, "04:00"), want: "pre" + tuesdays + "300"},
		{update: print(ny(wednesday, "04:01"), "102"), want: "pre" + tuesdays + "300 extended 102 by 2"},
		{at: ny(wednesday, "09:30"), want: "regular" + tuesdays + "300"},
		{update: print(ny(wednesday, "09:31"), "103"), want: "regular 103 by 3 from 100 open 103 high 103 low 103 volume 200"},
		{at: ny("2026-11-26", "12:00"), want: "closed 103 by 3 from 100 open 103 high 103 low 103 volume 200"},
		{update: print(ny(friday, "12:59:59"), "104"), want: "regular 104 by 1 from 103 open 104 high 104 low 104 volume 100"},
		{update: print(ny(friday, "13:00"), "99"), want: "post 104 by 1 from 103 open 104 high 104 low 104 volume 200 extended 99 by -5"},
		{at: ny(friday, "17:00"), want: "closed 104 by 1 from 103 open 104 high 104 low 104 volume 200 extended 99 by -5"},
		{update: print(ny(monday, "15:00"), "105"), want: "regular 105 by 1 from 104 open 105 high 105 low 105 volume 100"},
	})
}

// TestThePriceHasATimeOfItsOwn where the quote's time is that of something else.
func TestThePriceHasATimeOfItsOwn(t *testing.T) {
	tape := newStockTape()
	bid := func(at time.Time) feed.Update {
		return marked(best(0, "1", "2"), func(u *feed.Update) { u.Time, u.BidSize = at, some(at.Format("150405")) })
	}
	cancelled := marked(print(ny(wednesday, "09:31"), "103"), func(u *feed.Update) { u.TradeID = 9 })
	for i, s := range []struct {
		update         feed.Update // or a Turn at its time
		price, extends string
	}{
		{bid(ny(tuesday, "09:00")), "", ""},
		{print(ny(tuesday, "10:00"), "100"), "", ""},
		{bid(ny(tuesday, "10:00:59")), "", ""},
		{bid(ny(tuesday, "10:01")), tuesday + " 10:00:00", ""},
		{print(ny(tuesday, "15:59:30"), "101"), "", ""},
		{bid(ny(tuesday, "15:59:50")), "", ""},
		{feed.Update{Time: ny(tuesday, "16:00")}, tuesday + " 15:59:30", ""},
		{marked(print(ny(tuesday, "16:00:10"), "102"), regular), "", ""},
		{print(ny(tuesday, "16:30"), "99"), tuesday + " 16:00:10", tuesday + " 16:30:00"},
		{bid(ny(tuesday, "16:31")), tuesday + " 16:00:10", tuesday + " 16:30:00"},
		{bid(ny(wednesday, "08:00")), tuesday + " 16:00:10", ""},
		{print(ny(wednesday, "08:30"), "98"), tuesday + " 16:00:10", wednesday + " 08:30:00"},
		{bid(ny(wednesday, "09:30")), tuesday + " 16:00:10", ""}, // yesterday's price still
		{cancelled, "", ""},
		{feed.Update{Symbol: aapl, Kind: feed.Cancel, TradeID: 9, Time: ny(wednesday, "09:31:10")}, tuesday + " 16:00:10", ""},
		{print(ny(wednesday, "09:32"), "104"), "", ""},
		{gap(ny(wednesday, "16:10")), wednesday + " 09:32:00", ""}, // until something else is told
		{bid(ny(wednesday, "16:10")), wednesday + " 09:32:00", ""},
	} {
		if s.update.Kind == 0 {
			tape.Turn(s.update.Time)
		} else {
			tape.Apply(s.update, s.update.Time)
		}
		clock := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.In(newYork).Format(time.DateTime)
		}
		for name, tape := range map[string]*feed.Tape{"running": tape, "restarted": restart(t, tape, newStockTape())} {
			q := tape.Quote(1)
			if got, want := clock(q.PriceTime)+"|"+clock(q.ExtendedTime), s.price+"|"+s.extends; got != want && !q.Time.IsZero() {
				t.Errorf("step %d, %s: %s, want %s", i, name, got, want)
			}
		}
	}
}

func TestTheClosingPrintComesAfterTheClose(t *testing.T) {
	tape := newStockTape()
	officialClose := marked(print(ny(tuesday, "16:01:04"), "182.02"), func(u *feed.Update) {
		u.Regular, u.MovesLast, u.MovesRange, u.CountsVolume = true, false, false, false
	})
	walk(t, tape, []step{
		{update: previousClose(ny(tuesday, "09:00"), "180")},
		{update: print(ny(tuesday, "15:59:59"), "182")},
		{update: print(ny(tuesday, "16:00:30"), "181"), want: "post 182 by 2 from 180 open 182 high 182 low 182 volume 200 extended 181 by -1"},
		{
			update: marked(print(ny(tuesday, "16:01:04"), "182.01"), regular),
			want:   "post 182.01 by 2.01 from 180 open 182 high 182.01 low 182 volume 300 extended 181 by -1.01",
		},
		{update: officialClose, want: "post 182.01 by 2.01 from 180 open 182 high 182.01 low 182 volume 300 extended 181 by -1.01"},
		{ // told before midnight of the day that is over
			update: marked(print(ny(tuesday, "21:00"), "182.03"), regular),
			want:   "closed 182.03 by 2.03 from 180 open 182 high 182.03 low 182 volume 400 extended 181 by -1.03",
		},
	})
	if got := tape.Apply(marked(print(ny(wednesday, "09:00"), "1"), regular), ny(wednesday, "09:00")); got != feed.Merged || !tape.Quote(1).Price.Decimal.Equal(dec("182.03")) {
		t.Errorf("%v: before the open there is no regular trade: %s", got, figures(tape))
	}
}

func TestOnlyEligibleTradesBeginADay(t *testing.T) {
	oddLot := func(u *feed.Update) { u.MovesLast, u.MovesRange = false, false }
	bunched := func(u *feed.Update) { u.MovesLast = false }
	const tuesdays = "regular 100 open 100 high 100 low 100 volume 100"
	walk(t, newStockTape(), []step{
		{update: print(ny(tuesday, "10:00"), "100"), want: tuesdays},
		{update: marked(print(ny(wednesday, "09:30"), "110"), oddLot), want: tuesdays},
		{update: marked(print(ny(wednesday, "09:31"), "120"), bunched), want: tuesdays},
		{update: print(ny(wednesday, "09:32"), "105"), want: "regular 105 by 5 from 100 open 120 high 120 low 105 volume 300"},
	})
}

func TestWhatIsFromBeforeTheTradingDayIsLate(t *testing.T) {
	tape := newStockTape()
	outcomes := func(now time.Time, u feed.Update) string { return tape.Apply(u, now).String() }
	wantOutcomes(t, []string{
		outcomes(ny(tuesday, "15:00"), print(ny(tuesday, "15:00"), "100")),
		outcomes(ny(wednesday, "03:59"), print(ny(tuesday, "15:59"), "101")), // the night belongs to the day before
		outcomes(ny(wednesday, "04:00"), print(ny(tuesday, "15:59:30"), "90")),
		outcomes(ny(wednesday, "04:00"), print(ny(tuesday, "19:00"), "90")),
		outcomes(ny(wednesday, "04:00"), print(ny(wednesday, "04:00"), "102")),
		outcomes(ny(wednesday, "10:00"), print(ny(wednesday, "10:00"), "103")),
		outcomes(ny(wednesday, "10:01"), print(ny(wednesday, "09:00"), "104")), // counts, but is no price any more
		outcomes(ny(wednesday, "10:01"), previousClose(ny(tuesday, "12:00"), "1")),
	}, "merged", "merged", "late", "late", "merged", "merged", "merged", "late")
	wantFigures(t, tape, "regular 103 by 2 from 101 open 103 high 103 low 103 volume 300")
}

func TestASourceThatBeginsMaySpeakOfEarlierDays(t *testing.T) {
	now := ny(monday, "05:00")
	tape := newStockTape()
	var outcomes []string
	for _, u := range []feed.Update{
		gap(now),
		previousClose(now, "105"), // Friday's close
		print(ny(wednesday, "12:00"), "100"),
		print(ny(friday, "10:00"), "103"), print(ny(friday, "12:00"), "104"), // old trades first
		print(ny(wednesday, "13:00"), "101"),
		print(now, "107"),
		print(ny(friday, "12:30"), "106"),
	} {
		outcomes = append(outcomes, tape.Apply(u, now).String())
	}
	wantOutcomes(t, outcomes, "unchanged", "merged", "merged", "merged", "merged", "late", "merged", "late")
	wantFigures(t, tape, "pre 104 by 4 from 100 open 103 high 104 low 103 volume 200 extended 107 by 2")
	tape.Apply(print(ny(monday, "09:30"), "108"), ny(monday, "09:30"))
	wantFigures(t, tape, "regular 108 by 3 from 105 open 108 high 108 low 108 volume 200")
}

func TestAfterAGapAnUnseenCloseIsNoBase(t *testing.T) {
	tape := newStockTape()
	apply(tape, previousClose(ny(tuesday, "09:00"), "95"), print(ny(tuesday, "10:00"), "100"),
		gap(ny(wednesday, "17:00")), previousClose(ny(wednesday, "17:00"), "99"), print(ny(wednesday, "17:01"), "111"))
	// Wednesday's close was missed: neither Tuesday's price nor Tuesday's close is it.
	wantFigures(t, tape, "post 100 extended 111")
	apply(tape, print(ny(friday, "10:00"), "112"))
	wantFigures(t, tape, "regular 112 open 112 high 112 low 112 volume 100")
}

func TestTurnChangesTheQuoteOnlyWithTheSession(t *testing.T) {
	tape := newStockTape()
	if tape.Turn(ny(tuesday, "09:00")) {
		t.Error("a quote that says nothing has changed")
	}
	apply(tape, print(ny(tuesday, "10:00"), "100"))
	var turned []string
	for at := ny(tuesday, "10:00"); at.Before(ny(wednesday, "10:00")); at = at.Add(time.Minute) {
		if tape.Turn(at) {
			turned = append(turned, at.In(newYork).Format("15:04 ")+string(tape.Quote(1).Session))
		}
	}
	if diff := cmp.Diff([]string{"16:00 post", "20:00 closed", "04:00 pre", "09:30 regular"}, turned); diff != "" {
		t.Error(diff)
	}
}

// TestTurnTellsWhatAnUpdateLeftUnsaid holds that a session that began with an
// update which itself changed nothing is published all the same.
func TestTurnTellsWhatAnUpdateLeftUnsaid(t *testing.T) {
	tape := newStockTape()
	apply(tape, print(ny(tuesday, "15:59"), "100"))
	if got := tape.Apply(feed.Update{Symbol: aapl, Kind: feed.Status, Time: ny(tuesday, "16:00")}, ny(tuesday, "16:00")); got != feed.Unchanged {
		t.Fatal(got)
	}
	if !tape.Turn(ny(tuesday, "16:00:01")) || tape.Turn(ny(tuesday, "16:00:02")) {
		t.Error("the session has changed, once")
	}
}

func TestADelayedSourcesSessionIsThatOfItsData(t *testing.T) {
	tape := feed.NewTape(feed.Spec{Timeliness: quotes.Delayed, Delay: 15 * time.Minute}, "test", nasdaq)
	tape.Apply(print(ny(tuesday, "15:54"), "100"), ny(tuesday, "16:09"))
	tape.Turn(ny(tuesday, "16:14"))
	if got := tape.Quote(1).Session; got != quotes.Regular {
		t.Errorf("%s a minute before the delayed close", got)
	}
	tape.Turn(ny(tuesday, "16:15"))
	if got := tape.Quote(1).Session; got != quotes.Post {
		t.Errorf("%s at the delayed close", got)
	}
}

func TestAReplaysSessionIsThatOfItsTime(t *testing.T) {
	tape := feed.NewTape(feed.Spec{Timeliness: quotes.Replayed}, "test", nasdaq)
	now := ny(monday, "03:00")
	if tape.Turn(now) {
		t.Error("a replay that has not begun has no session")
	}
	tape.Apply(print(ny(tuesday, "15:59:30"), "100"), now)
	wantFigures(t, tape, "regular 100 open 100 high 100 low 100 volume 100")
	if tape.Turn(now.Add(29*time.Second)) || !tape.Turn(now.Add(30*time.Second)) || tape.Quote(1).Session != quotes.Post {
		t.Error("its clock goes on from its newest update")
	}
	tape.Apply(gap(now), now)
	tape.Apply(print(ny(tuesday, "09:30"), "90"), now)
	wantFigures(t, tape, "regular 90 open 90 high 90 low 90 volume 100")
}

func TestACalendarOfTheSource(t *testing.T) {
	tape := feed.NewTape(feed.Spec{
		Timeliness: quotes.Live, Calendar: func(quotes.Instrument) *quotes.Calendar { return quotes.AlwaysOpen },
	}, "test", nasdaq)
	apply(tape, print(ny(tuesday, "23:00"), "100"))
	wantFigures(t, tape, "regular 100 open 100 high 100 low 100 volume 100")
}

func TestAHaltShowsAndLifts(t *testing.T) {
	tape := newTape(quotes.Live)
	halt := feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(1), Halted: true}
	lift := feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(2)}
	old := halt
	old.Time = at(1.5)
	wantOutcomes(t, apply(tape, halt), "merged")
	if !tape.Quote(1).Halted {
		t.Error("not halted")
	}
	wantOutcomes(t, apply(tape, halt, lift, old), "unchanged", "merged", "late")
	if tape.Quote(1).Halted {
		t.Error("still halted")
	}
}

func TestALimitStateShowsAndLifts(t *testing.T) {
	tape := newTape(quotes.Live)
	limit := feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(1), Limited: true}
	halt := feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(2), Halted: true}
	wantOutcomes(t, apply(tape, limit, limit), "merged", "unchanged")
	if q := tape.Quote(1); !q.Limited || q.Halted {
		t.Errorf("limited %t, halted %t", q.Limited, q.Halted)
	}
	wantOutcomes(t, apply(tape, halt), "merged")
	if q := tape.Quote(1); q.Limited || !q.Halted {
		t.Errorf("the halt that followed: limited %t, halted %t", q.Limited, q.Halted)
	}
	limit.Time = at(3)
	apply(tape, limit, gap(at(4)))
	if tape.Quote(1).Limited {
		t.Error("limited after a gap, in which its end may have come")
	}
	stored := quotes.StockQuote{Symbol: aapl, Time: at(1), Limited: true}
	again := newTape(quotes.Live)
	again.Restore(stored)
	if again.Quote(1).Limited {
		t.Error("limited after a restart")
	}
}

func TestALimitStateEndsWithItsSession(t *testing.T) {
	tape := newStockTape()
	limit := feed.Update{Symbol: aapl, Kind: feed.Status, Time: ny(tuesday, "15:59:58"), Limited: true}
	wantOutcomes(t, apply(tape, print(ny(tuesday, "15:59"), "100"), limit), "merged", "merged")
	if tape.Turn(ny(tuesday, "15:59:59")); !tape.Quote(1).Limited {
		t.Error("it ended within the session")
	}
	if !tape.Turn(ny(tuesday, "16:00")) || tape.Quote(1).Limited {
		t.Error("limited after the close")
	}
}

// TestATradeAfterAHaltLiftsIt holds that the end of a halt that nobody told, as
// in a gap, shows by the trades that follow, and not by those from before it.
func TestATradeAfterAHaltLiftsIt(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 0, "100", "1"), feed.Update{Symbol: aapl, Kind: feed.Status, Time: at(10), Halted: true})
	oddLot := marked(trade(3, 60, "100", "1"), func(u *feed.Update) { u.MovesLast = false })
	apply(tape, trade(2, 11, "100", "1"), oddLot, best(70, "1", "2"), gap(at(80)), trade(1, 9, "100", "1"))
	if !tape.Quote(1).Halted {
		t.Fatal("the halt was lifted by what does not show its end")
	}
	wantOutcomes(t, apply(tape, trade(5, 90, "100", "1")), "merged")
	if tape.Quote(1).Halted {
		t.Error("still halted")
	}
}
