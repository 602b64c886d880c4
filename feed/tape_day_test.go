package feed_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// TestASplitIsBelieved: four new shares for an old one. The source tells the
// close of the day before in the new shares, before the open or after it.
func TestASplitIsBelieved(t *testing.T) {
	for name, told := range map[string]time.Time{
		"before the open": ny(wednesday, "08:00"), "after the first trade": ny(wednesday, "09:31"),
	} {
		t.Run(name, func(t *testing.T) {
			tape := newStockTape()
			apply(tape, previousClose(ny(tuesday, "09:00"), "396"), print(ny(tuesday, "15:00"), "400"))
			day := previousClose(told, "100.00")
			early := told.Before(ny(wednesday, "09:30"))
			if early {
				apply(tape, day, print(ny(wednesday, "08:01"), "101"))
				wantFigures(t, tape, "pre 400 by 4 from 396 open 400 high 400 low 400 volume 100 extended 101 by 1.00")
			}
			apply(tape, print(ny(wednesday, "09:30"), "102"))
			if !early {
				wantFigures(t, tape, "regular 102 by -298 from 400 open 102 high 102 low 102 volume 100")
				wantOutcomes(t, apply(tape, day), "merged")
			}
			if q := tape.Quote(1); q.Change.Decimal.String() != "2" || quotes.FormatDecimal(q.PreviousClose.Decimal) != "100.00" {
				t.Errorf("%s", figures(tape))
			}
			a, ok := tape.Adjusted()
			if !ok || a.From.String() != "400" || a.To.String() != "100" {
				t.Errorf("the adjustment is %v, %v", a, ok)
			}
			if _, again := tape.Adjusted(); again {
				t.Error("it is told twice")
			}
		})
	}
}

func TestASmallDifferenceIsNoAdjustment(t *testing.T) {
	tape := newStockTape()
	apply(tape, previousClose(ny(tuesday, "09:00"), "100"), print(ny(tuesday, "15:00"), "200"))
	for _, u := range []feed.Update{
		previousClose(ny(tuesday, "15:01"), "101"),   // exactly 1 %
		previousClose(ny(tuesday, "15:02"), "99.99"), // and less
		previousClose(ny(wednesday, "08:00"), "199.5"),
	} {
		apply(tape, u)
		if a, ok := tape.Adjusted(); ok {
			t.Errorf("from %v to %v", a.From, a.To)
		}
	}
	apply(tape, previousClose(ny(wednesday, "08:01"), "50"))
	if a, ok := tape.Adjusted(); !ok || a.From.String() != "199.5" {
		t.Errorf("%v, %v", a, ok)
	}
	apply(tape, gap(ny(friday, "08:00")), previousClose(ny(friday, "08:00"), "400"))
	if a, ok := tape.Adjusted(); ok {
		t.Errorf("after a gap nobody knows: from %v to %v", a.From, a.To)
	}
}

// TestThePreviousCloseSaysItsDay: the date goes with the number, and the mark of
// an adjustment stays for the day.
func TestThePreviousCloseSaysItsDay(t *testing.T) {
	dated := func(at time.Time, price, date string) feed.Update {
		return marked(previousClose(at, price), func(u *feed.Update) { u.PreviousCloseDate = date })
	}
	tape := newStockTape()
	for i, s := range []struct {
		update feed.Update
		want   string
	}{
		{previousClose(ny(tuesday, "09:00"), "95"), "95"}, // the source does not say of which day
		{dated(ny(tuesday, "09:01"), "95", "2026-11-23"), "95 of 2026-11-23"},
		{previousClose(ny(tuesday, "09:02"), "95.00"), "95.00 of 2026-11-23"},
		{dated(ny(tuesday, "09:03"), "80", "2026-11-20"), "95.00 of 2026-11-23"}, // of the day before that
		{previousClose(ny(tuesday, "09:04"), "95.10"), "95.10"},
		{print(ny(tuesday, "10:00"), "100"), "95.10"},
		{dated(ny(tuesday, "10:01"), "47.55", "2026-11-23"), "47.55 of 2026-11-23, adjusted"},
		{dated(ny(tuesday, "10:02"), "47.56", "2026-11-23"), "47.56 of 2026-11-23, adjusted"},
		{dated(ny(wednesday, "08:00"), "47.56", "2026-11-23"), "47.56 of 2026-11-23, adjusted"}, // not the close of Tuesday
		{print(ny(wednesday, "09:30"), "101"), "100 of 2026-11-24"},
		{dated(ny(wednesday, "09:31"), "100.01", "2026-11-24"), "100.01 of 2026-11-24"},
		{print(ny(friday, "09:30"), "102"), "101 of 2026-11-25"}, // Thanksgiving lies between
		{dated(ny(monday, "08:00"), "51", "2026-11-27"), "101 of 2026-11-25"},
		{print(ny(monday, "09:30"), "52"), "51 of 2026-11-27, adjusted"},
	} {
		tape.Apply(s.update, s.update.Time)
		q := tape.Quote(1)
		got := quotes.FormatDecimal(q.PreviousClose.Decimal)
		if q.PreviousCloseDate != "" {
			got += " of " + q.PreviousCloseDate
		}
		if q.PreviousCloseAdjusted {
			got += ", adjusted"
		}
		if got != s.want {
			t.Errorf("step %d: %s, want %s", i, got, s.want)
		}
	}
	if q := restart(t, tape, newStockTape()).Quote(1); q.PreviousCloseDate != "2026-11-27" || !q.PreviousCloseAdjusted {
		t.Errorf("after a restart: %s", q.AppendJSON(nil))
	}
}

func TestTheSourcesDayFiguresGoFirst(t *testing.T) {
	day := feed.Update{
		Symbol: aapl, Kind: feed.Day, Time: ny(wednesday, "09:45"),
		PreviousClose: some("99"), Open: some("101"), High: some("110"), Low: some("98"), Volume: some("5000"),
	}
	const tuesdays = "regular 100 open 100 high 100 low 100 volume 100"
	walk(t, newStockTape(), []step{
		{update: print(ny(tuesday, "15:00"), "100")},
		{update: day, want: tuesdays}, // of a day whose price is not known yet
		{update: print(ny(wednesday, "09:46"), "111"), want: "regular 111 by 12 from 99 open 101 high 111 low 98 volume 5100"},
		{
			update: marked(day, func(u *feed.Update) { u.Time, u.High = ny(wednesday, "09:47"), some("109") }),
			want:   "regular 111 by 12 from 99 open 101 high 111 low 98 volume 5000", // the newest trade is above it
		},
	})
}

// TestTheBaseIsTheSourcesWhereThereIsNoClose: a 24/7 market's previous close is
// what the source says it is.
func TestTheBaseIsTheSourcesWhereThereIsNoClose(t *testing.T) {
	const day = 24 * 3600
	crypto := func(basis quotes.Basis) *feed.Tape {
		return feed.NewTape(feed.Spec{Timeliness: quotes.Live, Basis: basis}, "test", quotes.Instrument{Symbol: aapl})
	}
	told := func(seconds float64, price string) feed.Update {
		return marked(previousClose(at(seconds), price), func(u *feed.Update) { u.High, u.Volume = some("200"), some("7") })
	}
	t.Run("day", func(t *testing.T) {
		tape := crypto(quotes.DayBegin)
		apply(tape, told(0, "90"), trade(1, 1, "100", "1"))
		wantFigures(t, tape, "regular 100 by 10 from 90 open 100 high 200 low 100 volume 8")
		apply(tape, trade(2, day, "110", "1"))
		wantFigures(t, tape, "regular 110 open 110 high 110 low 110 volume 1")
		apply(tape, told(day+1, "95"))
		wantFigures(t, tape, "regular 110 by 15 from 95 open 110 high 200 low 110 volume 7")
	})
	t.Run("24h", func(t *testing.T) {
		early := crypto(quotes.Rolling24h)
		apply(early, trade(1, 0, "100", "1"))
		wantFigures(t, early, "regular 100") // one trade is no day
		tape := crypto(quotes.Rolling24h)
		apply(tape, told(0, "90"), trade(1, 1, "100", "1"), trade(2, day, "110", "1"))
		wantFigures(t, tape, "regular 110 by 20 from 90 open 100 high 200 low 100 volume 9")
		wantOutcomes(t, apply(tape, told(day+1, "95")), "merged")
		wantFigures(t, tape, "regular 110 by 15 from 95 open 100 high 200 low 100 volume 7")
		if _, ok := tape.Adjusted(); ok {
			t.Error("a base that rolls is no adjustment")
		}
		if got := tape.Quote(1).Basis; got != quotes.Rolling24h {
			t.Errorf("the basis is %q", got)
		}
	})
}

func TestLockedAndCrossedQuotesPass(t *testing.T) {
	tape := newStockTape()
	for _, c := range []struct{ bid, ask string }{{"100", "100"}, {"100.02", "100.01"}} {
		u := best(0, c.bid, c.ask)
		u.Time = ny(tuesday, "10:00")
		wantOutcomes(t, apply(tape, u), "merged")
		if q := tape.Quote(1); q.Bid != u.Bid || q.Ask != u.Ask {
			t.Errorf("%v %v", q.Bid, q.Ask)
		}
	}
}

// TestAnAdjustmentIsLogged follows a split through a market.
func TestAnAdjustmentIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			for _, price := range []string{"400", "100.00"} {
				emit(previousClose(time.Now(), price))
			}
			return nil
		}}}
		var log bytes.Buffer
		m := feed.NewMarket(feed.Options{
			Specs: []feed.Spec{f.spec("AAPL")}, Publish: func(*quotes.StockQuote) {}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- m.Run(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if !strings.Contains(log.String(), "feed=f symbol=AAPL from=400 to=100.00\n") {
			t.Errorf("the log has no word of it:\n%s", &log)
		}
	})
}
