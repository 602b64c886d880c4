package feed_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

var (
	aapl = quotes.MustSymbol("AAPL")
	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

func newTape(timeliness quotes.Timeliness) *feed.Tape {
	return feed.NewTape(feed.Spec{Timeliness: timeliness, StaleAfter: 30 * time.Second}, "test",
		quotes.Instrument{Symbol: aapl, Currency: "USD"})
}

func dec(s string) decimal.Decimal { return quotes.MustDecimal(s) }

func some(s string) decimal.NullDecimal { return quotes.Some(dec(s)) }

// trade is an ordinary trade, seconds after noon.
func trade(id uint64, seconds float64, price, size string) feed.Update {
	return feed.Update{
		Symbol: aapl, Kind: feed.Trade, Time: at(seconds), TradeID: id, Price: dec(price), Size: dec(size),
		MovesLast: true, MovesRange: true, CountsVolume: true,
	}
}

func at(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }

func best(seconds float64, bid, ask string) feed.Update {
	return feed.Update{Symbol: aapl, Kind: feed.Quote, Time: at(seconds), Bid: some(bid), BidSize: some("100"), Ask: some(ask), AskSize: some("200")}
}

// apply applies the updates and returns the outcomes.
func apply(tape *feed.Tape, updates ...feed.Update) []string {
	var outcomes []string
	for _, u := range updates {
		outcomes = append(outcomes, tape.Apply(u, u.Time).String())
	}
	return outcomes
}

func wantOutcomes(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func wantQuote(t *testing.T, tape *feed.Tape, want string) {
	t.Helper()
	if diff := cmp.Diff(want, string(tape.Quote(7).AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestTradesAndQuotesBecomeOneQuote(t *testing.T) {
	tape := newTape(quotes.Live)
	wantOutcomes(t, apply(tape,
		feed.Update{Symbol: aapl, Kind: feed.Day, Time: at(0), PreviousClose: some("100.00")},
		trade(1, 1, "101.50", "100"),
		best(2, "101.49", "101.51"),
		trade(2, 3, "99.00", "0.5"),
		trade(3, 4, "100.10", "300"),
	), "merged", "merged", "merged", "merged", "merged")
	wantQuote(t, tape, `{"symbol":"AAPL","price":100.10,"change":0.10,"change_percent":0.10,"previous_close":100.00,`+
		`"open":101.50,"high":101.50,"low":99.00,"volume":400.5,"bid":101.49,"bid_size":100,"ask":101.51,"ask_size":200,`+
		`"currency":"USD","time":"2026-11-20T12:00:04Z","version":7,"session":"regular","timeliness":"live","source":"test"}`)
}

func TestATradeMovesOnlyWhatItsMarksAllow(t *testing.T) {
	tape := newTape(quotes.Live)
	oddLot := trade(2, 2, "150", "10")
	oddLot.MovesLast, oddLot.MovesRange = false, false
	officialClose := trade(3, 3, "160", "5")
	officialClose.MovesLast, officialClose.MovesRange, officialClose.CountsVolume = false, false, false
	bunched := trade(4, 4, "170", "1")
	bunched.MovesLast = false
	wantOutcomes(t, apply(tape, trade(1, 1, "100", "100"), oddLot, officialClose, bunched), "merged", "merged", "unchanged", "merged")
	q := tape.Quote(1)
	if got := quotes.FormatDecimal(q.Price.Decimal) + " " + quotes.FormatDecimal(q.High.Decimal) + " " + quotes.FormatDecimal(q.Volume.Decimal); got != "100 170 111" {
		t.Errorf("price, high and volume are %s", got)
	}
}

func TestWhatIsOlderDoesNotReplaceWhatIsNewer(t *testing.T) {
	tape := newTape(quotes.Live)
	wantOutcomes(t, apply(tape, trade(1, 10, "100", "1"), trade(2, 5, "90", "2"), best(10, "1", "2"), best(9, "3", "4")),
		"merged", "merged", "merged", "late")
	q := tape.Quote(1)
	if !q.Price.Decimal.Equal(dec("100")) || !q.Low.Decimal.Equal(dec("90")) || !q.Volume.Decimal.Equal(dec("3")) {
		t.Errorf("a late trade counts in range and volume but is not last: %s", q.AppendJSON(nil))
	}
	if !q.Time.Equal(at(10)) || !q.Bid.Decimal.Equal(dec("1")) {
		t.Errorf("time or bid went back: %s", q.AppendJSON(nil))
	}
	yesterday := trade(3, -24*3600, "80", "1")
	wantOutcomes(t, apply(tape, yesterday), "late")
}

func TestDuplicatesChangeNothing(t *testing.T) {
	tape := newTape(quotes.Live)
	wantOutcomes(t, apply(tape, trade(1, 1, "100", "10"), trade(1, 1, "100", "10"), best(2, "1", "2"), best(3, "1", "2"),
		trade(0, 4, "100", "10"), trade(0, 4, "100", "10")),
		"merged", "duplicate", "merged", "unchanged", "merged", "merged")
	if q := tape.Quote(1); !q.Volume.Decimal.Equal(dec("30")) {
		t.Errorf("volume %s", q.Volume.Decimal)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 1, "100", "10"))
	before := string(tape.Quote(1).AppendJSON(nil))
	noTime := trade(2, 1, "100", "10")
	noTime.Time = time.Time{}
	noKind := trade(2, 1, "100", "10")
	noKind.Kind = 0
	longPrice, longSize := trade(2, 2, "1", "10"), trade(2, 2, "1", "10")
	longPrice.Price = decimal.RequireFromString("1.000000000000000001")
	longSize.Size = decimal.RequireFromString("1234567890123456789")
	day := feed.Update{Symbol: aapl, Kind: feed.Day, Time: at(2), Open: some("5"), High: some("-1")}
	wantOutcomes(t, apply(tape, trade(2, 2, "0", "10"), trade(2, 2, "-1", "10"), trade(2, 2, "1", "-10"),
		longPrice, longSize,
		best(2, "0", "1"), best(2, "1", "-1"), noTime, noKind, day),
		"nonsense", "nonsense", "nonsense", "nonsense", "nonsense", "nonsense", "nonsense", "nonsense", "nonsense", "nonsense")
	if got := tape.Apply(trade(3, 3600, "100", "10"), noon); got != feed.Nonsense {
		t.Errorf("a trade an hour ahead of our clock is %v", got)
	}
	if after := string(tape.Quote(1).AppendJSON(nil)); after != before {
		t.Errorf("the quote has changed:\n%s\n%s", before, after)
	}
}

func TestAReplayedQuoteMayBeOfAnyTime(t *testing.T) {
	tape := newTape(quotes.Replayed)
	if got := tape.Apply(trade(1, 0, "100", "1"), noon.Add(-48*time.Hour)); got != feed.Merged {
		t.Errorf("%v", got)
	}
}

func TestANewDayMakesTheLastPriceThePreviousClose(t *testing.T) {
	tape := newTape(quotes.Live)
	day := 24 * time.Hour.Seconds()
	apply(tape, feed.Update{Symbol: aapl, Kind: feed.Day, Time: at(0), PreviousClose: some("90"), Volume: some("1000")},
		trade(1, 1, "100", "10"), trade(2, day, "110", "5"))
	wantQuote(t, tape, `{"symbol":"AAPL","price":110,"change":10,"change_percent":10.00,"previous_close":100,`+
		`"open":110,"high":110,"low":110,"volume":5,"previous_close_date":"2026-11-20","currency":"USD","time":"2026-11-21T12:00:00Z","version":7,`+
		`"session":"regular","timeliness":"live","source":"test"}`)
}

func TestABreakLetsAnOlderRoundBegin(t *testing.T) {
	tape := newTape(quotes.Replayed)
	apply(tape, feed.Update{Symbol: aapl, Kind: feed.Day, Time: at(0), PreviousClose: some("90")}, trade(1, 100, "100", "10"), best(100, "1", "2"))
	wantOutcomes(t, apply(tape, feed.Update{Symbol: aapl, Kind: feed.Break, Time: at(100)}, trade(1, 1, "50", "3"), best(2, "3", "4")),
		"unchanged", "merged", "merged")
	wantQuote(t, tape, `{"symbol":"AAPL","price":50,"open":50,"high":50,"low":50,"volume":3,"bid":3,"bid_size":100,"ask":4,"ask_size":200,`+
		`"currency":"USD","time":"2026-11-20T12:00:02Z","version":7,"session":"regular","timeliness":"replayed","source":"test"}`)
}

func TestVolumeStaysWithinTheDigitsOfTheWire(t *testing.T) {
	tape := newTape(quotes.Live)
	apply(tape, trade(1, 1, "1", "9999999999.99999999"), trade(2, 2, "1", "90000000000.0000001"))
	v := tape.Quote(1).Volume.Decimal
	if v.NumDigits() > quotes.MaxDigits || !v.Equal(dec("100000000000")) {
		t.Errorf("%s", quotes.FormatDecimal(v))
	}
}

// TestTheTapeEqualsAFold holds the tape against a plain fold over random trades.
func TestTheTapeEqualsAFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tape := newTape(quotes.Live)
		var last, high, low, volume decimal.Decimal
		var newest time.Time
		seen := map[uint64]bool{}
		var order []uint64
		for i := range rapid.IntRange(1, 60).Draw(t, "trades") {
			u := trade(uint64(rapid.IntRange(1, 80).Draw(t, "id")), float64(rapid.IntRange(0, 30).Draw(t, "second")), "1", "1")
			u.Price = decimal.New(rapid.Int64Range(1, 1000).Draw(t, "price"), -2)
			u.Size = decimal.New(rapid.Int64Range(0, 1000).Draw(t, "size"), -1)
			tape.Apply(u, at(60))
			if seen[u.TradeID] {
				continue
			}
			seen[u.TradeID] = true
			order = append(order, u.TradeID)
			if i == 0 || !u.Time.Before(newest) {
				last, newest = u.Price, u.Time
			}
			if len(order) == 1 {
				high, low = u.Price, u.Price
			}
			high, low, volume = decimal.Max(high, u.Price), decimal.Min(low, u.Price), volume.Add(u.Size)
		}
		q := tape.Quote(1)
		if !q.Price.Decimal.Equal(last) || !q.High.Decimal.Equal(high) || !q.Low.Decimal.Equal(low) || !q.Volume.Decimal.Equal(volume) {
			t.Fatalf("tape %s; fold %s %s %s %s", q.AppendJSON(nil), last, high, low, volume)
		}
	})
}

func BenchmarkTape(b *testing.B) {
	tape := newTape(quotes.Replayed)
	b.ReportAllocs()
	price, size := dec("61685.99"), dec("0.00017")
	for i := 0; b.Loop(); i++ {
		u := feed.Update{Symbol: aapl, Kind: feed.Trade, Time: noon, TradeID: uint64(i) + 1, Price: price, Size: size, MovesLast: true, MovesRange: true, CountsVolume: true}
		tape.Apply(u, noon)
	}
}
