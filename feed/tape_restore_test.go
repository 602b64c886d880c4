package feed_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// restart returns the tape of the next process, which begins with the quote
// that this one stored.
func restart(t *testing.T, tape, next *feed.Tape) *feed.Tape {
	t.Helper()
	stored, err := json.Marshal(tape.Quote(5))
	if err != nil {
		t.Fatal(err)
	}
	var q quotes.StockQuote
	if err := json.Unmarshal(stored, &q); err != nil {
		t.Fatal(err)
	}
	next.Restore(q)
	return next
}

func TestARestoredQuoteIsTheSameAndStale(t *testing.T) {
	tape := newStockTape()
	apply(tape, previousClose(ny(tuesday, "09:00"), "95.00"), print(ny(tuesday, "15:00"), "100.10"), print(ny(tuesday, "16:30"), "101"),
		marked(best(0, "1", "2"), func(u *feed.Update) { u.Time = ny(tuesday, "16:31") }))
	want := *tape.Quote(7)
	want.Stale = true
	next := restart(t, tape, newStockTape())
	if diff := cmp.Diff(string(want.AppendJSON(nil)), string(next.Quote(7).AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
	if next.Healthy(ny(tuesday, "16:32")) || next.Stale(ny(tuesday, "16:32")) {
		t.Error("it is stale already")
	}
	wantOutcomes(t, apply(next, marked(best(0, "1", "2"), func(u *feed.Update) { u.Time = ny(tuesday, "16:40") })), "merged")
	if next.Quote(1).Stale || !next.Healthy(ny(tuesday, "16:41")) {
		t.Error("the source has spoken")
	}
	wantFigures(t, next, "post 100.10 by 5.10 from 95.00 open 100.10 high 100.10 low 100.10 volume 200 extended 101 by 0.90")
}

// TestTheDaysTurnAfterARestart: what the stored price is for the next day.
func TestTheDaysTurnAfterARestart(t *testing.T) {
	for _, c := range []struct {
		name     string
		stopped  time.Time // the last Turn of the first process
		resumed  feed.Update
		restored string // by the time of resumed, before it
		want     string
	}{
		{
			"the same day", ny(tuesday, "11:00"), print(ny(tuesday, "12:00"), "90"),
			"regular 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"regular 90 by -5 from 95 open 100 high 100 low 90 volume 200",
		},
		{
			"the next day, stopped after the close", ny(tuesday, "17:00"), print(ny(wednesday, "09:30"), "90"),
			"regular 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"regular 90 by -10 from 100 open 90 high 90 low 90 volume 100",
		},
		{
			"the next day, stopped before its open", ny(wednesday, "09:00"), print(ny(wednesday, "09:30"), "90"),
			"regular 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"regular 90 by -10 from 100 open 90 high 90 low 90 volume 100",
		},
		{
			"the next day, stopped before the close", ny(tuesday, "11:00"), print(ny(wednesday, "09:30"), "90"),
			"regular 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"regular 90 open 90 high 90 low 90 volume 100", // the close was not seen
		},
		{
			"a day was missed", ny(tuesday, "17:00"), print(ny(friday, "10:00"), "90"),
			"regular 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"regular 90 open 90 high 90 low 90 volume 100",
		},
		{
			"the pre-market of the next day", ny(tuesday, "17:00"), print(ny(wednesday, "08:00"), "90"),
			"pre 100 by 5 from 95 open 100 high 100 low 100 volume 100",
			"pre 100 by 5 from 95 open 100 high 100 low 100 volume 100 extended 90 by -10",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			tape := newStockTape()
			apply(tape, previousClose(ny(tuesday, "09:00"), "95"), print(ny(tuesday, "10:00"), "100"))
			tape.Turn(c.stopped)
			next := restart(t, tape, newStockTape())
			next.Turn(c.resumed.Time)
			wantFigures(t, next, c.restored)
			apply(next, c.resumed)
			wantFigures(t, next, c.want)
		})
	}
}

func TestExtendedFiguresOfAnEarlierDayAreNotRestored(t *testing.T) {
	tape := newStockTape()
	apply(tape, print(ny(tuesday, "15:00"), "100"), print(ny(tuesday, "16:30"), "101"))
	next := restart(t, tape, newStockTape())
	if !next.Turn(ny(wednesday, "05:00")) {
		t.Error("nothing turned")
	}
	wantFigures(t, next, "pre 100 open 100 high 100 low 100 volume 200")
}

func TestAStoredQuoteOfATwentyFourHourMarketTurns(t *testing.T) {
	const day = 24 * 3600
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 0, "100", "1"))
	next := restart(t, tape, newTape(quotes.Live))
	apply(next, trade(2, day, "110", "1"))
	wantFigures(t, next, "regular 110 by 10 from 100 open 110 high 110 low 110 volume 1")
	next = restart(t, tape, newTape(quotes.Live))
	apply(next, trade(2, 2*day, "110", "1"))
	wantFigures(t, next, "regular 110 open 110 high 110 low 110 volume 1")
}

// TestWhatTheSpecSaysIsNotRestored: the stored quote may be of a source that was
// configured otherwise.
func TestWhatTheSpecSaysIsNotRestored(t *testing.T) {
	tape := feed.NewTape(feed.Spec{Timeliness: quotes.Delayed, Delay: time.Minute, Basis: quotes.Rolling24h}, "old", quotes.Instrument{Symbol: aapl})
	apply(tape, previousClose(at(0), "95"), trade(1, 0, "100", "1"))
	next := restart(t, tape, newTape(quotes.Live))
	q := next.Quote(1)
	if q.Source != "test" || q.Timeliness != quotes.Live || q.Delay != 0 || q.Basis != quotes.PreviousClose || q.Currency != "USD" ||
		q.PreviousClose.Valid || q.Change.Valid || !q.Price.Valid {
		t.Errorf("%s", q.AppendJSON(nil))
	}
	empty := newTape(quotes.Live)
	empty.Restore(quotes.StockQuote{Symbol: aapl, Price: some("1")})
	if q := empty.Quote(1); q.Price.Valid || q.Stale {
		t.Errorf("a quote without a time was restored: %s", q.AppendJSON(nil))
	}
}
