package history_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

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

// TestPointsAreThePricesAsTheyWere compares with a series of the decimals
// themselves, over prices of every kind that there may be and silences of any
// length.
func TestPointsAreThePricesAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, model := history.NewIntraday(), plain{begin: dayBegin(noon), step: time.Second}
		at := model.begin
		for range rapid.IntRange(1, 300).Draw(t, "prices") {
			price := decimal.New(rapid.Int64Range(-1e18+1, 1e18-1).Draw(t, "coefficient"), rapid.Int32Range(-18, 0).Draw(t, "exponent"))
			h.Observe(&quotes.StockQuote{Symbol: aapl, Time: at, Price: quotes.Some(price)})
			model.observe(at, price)
			if diff := cmp.Diff(texts(model.points), texts(h.Points(aapl))); diff != "" {
				t.Fatal(diff)
			}
			most := rapid.SampledFrom([]time.Duration{2 * time.Second, 5 * time.Minute}).Draw(t, "most")
			at = at.Add(time.Duration(rapid.Int64Range(int64(-most/8), int64(most)).Draw(t, "pause")))
			if at.Before(model.begin) || at.Sub(model.begin) >= 24*time.Hour {
				return
			}
		}
	})
}

// plain is a series as it is said to be: the prices of the steps that have begun,
// every second one left out when there are more than 96.
type plain struct {
	begin  time.Time
	step   time.Duration
	points []decimal.Decimal
}

func (p *plain) observe(at time.Time, price decimal.Decimal) {
	for int(at.Sub(p.begin)/p.step) >= 96 {
		var later []decimal.Decimal
		for i := 1; i < 96; i += 2 {
			later = append(later, p.points[min(i, len(p.points)-1)])
		}
		p.points, p.step = later, 2*p.step
	}
	i := int(at.Sub(p.begin) / p.step)
	switch {
	case i == len(p.points)-1:
		p.points[i] = price
	case i >= len(p.points):
		for len(p.points) < i {
			p.points = append(p.points, p.points[len(p.points)-1])
		}
		p.points = append(p.points, price)
	}
}

// TestADayTakesNoMoreMemoryThanItsBegin: what is observed after the first quote of
// a symbol is kept where that is.
func TestADayTakesNoMoreMemoryThanItsBegin(t *testing.T) {
	begun := []*history.Intraday{history.NewIntraday(), history.NewIntraday()} // one for the run that is not counted
	for _, h := range begun {
		observe(h, dayBegin(noon), "10.00")
	}
	q := &quotes.StockQuote{Symbol: aapl, Price: quotes.Some(quotes.MustDecimal("11.00"))}
	if n := testing.AllocsPerRun(1, func() {
		for s := range 24 * 60 * 60 {
			q.Time = dayBegin(noon).Add(time.Duration(s) * time.Second)
			begun[0].Observe(q)
		}
		begun = begun[1:]
	}); n != 0 {
		t.Errorf("%v allocations in a day", n)
	}
}

func dayBegin(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }
