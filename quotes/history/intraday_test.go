package history_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/history"
)

var (
	aapl = quotes.MustSymbol("AAPL")
	noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

func observe(h *history.Intraday, at time.Time, price string) {
	h.Observe(&quotes.StockQuote{Symbol: aapl, Time: at, Price: quotes.Some(quotes.MustDecimal(price))})
}

func texts(points []decimal.Decimal) []string {
	list := make([]string, 0, len(points))
	for _, p := range points {
		list = append(list, quotes.FormatDecimal(p))
	}
	return list
}

func TestPointsAreEvenlySpreadAndCarryThePriceOverASilence(t *testing.T) {
	h := history.NewIntraday()
	observe(h, noon, "10.00")
	observe(h, noon.Add(400*time.Millisecond), "10.10")
	observe(h, noon.Add(3*time.Second), "10.30")
	observe(h, noon.Add(time.Second), "99.00") // late: its point has a price already
	want := []string{"10.10", "10.10", "10.10", "10.30"}
	if diff := cmp.Diff(want, texts(h.Points(aapl))); diff != "" {
		t.Error(diff)
	}
}

func TestAWholeDayStaysWithinTheBound(t *testing.T) {
	h := history.NewIntraday()
	begin := dayBegin(noon)
	for s := range 24 * 60 * 60 {
		observe(h, begin.Add(time.Duration(s)*time.Second), decimal.New(int64(s+1), -2).StringFixed(2))
	}
	points := h.Points(aapl)
	if len(points) < 40 || len(points) > 96 {
		t.Errorf("%d points", len(points))
	}
	for i := 1; i < len(points); i++ {
		if !points[i].GreaterThan(points[i-1]) {
			t.Fatalf("a rising day has point %d = %s after %s", i, points[i], points[i-1])
		}
	}
	if last := quotes.FormatDecimal(points[len(points)-1]); last != "864.00" {
		t.Errorf("the last point is %s, not the last price", last)
	}
}

func TestALongSilenceLeapsOverManySteps(t *testing.T) {
	h := history.NewIntraday()
	observe(h, dayBegin(noon), "1.00")
	observe(h, dayBegin(noon).Add(23*time.Hour), "2.00")
	points := h.Points(aapl)
	if n := len(points); n > 96 || quotes.FormatDecimal(points[0]) != "1.00" || quotes.FormatDecimal(points[n-1]) != "2.00" {
		t.Errorf("%v", texts(points))
	}
}

func TestANewDayAndANewRoundBeginAnew(t *testing.T) {
	h := history.NewIntraday()
	for name, at := range map[string]time.Time{"the next day": noon.Add(12 * time.Hour), "a replay's new round": noon.Add(-time.Minute)} {
		observe(h, noon, "10.00")
		observe(h, noon.Add(5*time.Second), "11.00")
		observe(h, at, "12.00")
		if diff := cmp.Diff([]string{"12.00"}, texts(h.Points(aapl))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestAClosedMarketKeepsItsDay: what is bid and offered in the morning after is none
// of the day's prices, although it comes on another date.
func TestAClosedMarketKeepsItsDay(t *testing.T) {
	h := history.NewIntraday()
	observe(h, noon, "10.00")
	observe(h, noon.Add(time.Second), "11.00")
	for _, later := range []time.Duration{time.Hour, 20 * time.Hour} {
		h.Observe(&quotes.StockQuote{
			Symbol: aapl, Time: noon.Add(later), PriceTime: noon.Add(time.Second), Price: quotes.Some(quotes.MustDecimal("11.00")), Session: quotes.Closed,
		})
	}
	if diff := cmp.Diff([]string{"10.00", "11.00"}, texts(h.Points(aapl))); diff != "" {
		t.Error(diff)
	}
}

func TestASymbolWithoutPriceHasNoPoints(t *testing.T) {
	h := history.NewIntraday()
	h.Observe(&quotes.StockQuote{Symbol: aapl, Time: noon})
	if points := h.Points(aapl); len(points) != 0 {
		t.Errorf("%v", points)
	}
}

func dayBegin(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
