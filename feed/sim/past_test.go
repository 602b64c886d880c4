package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
)

func TestTheDayBeforeTheStartHasAPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock begins at midnight
		spec := opened(t, "sim://?count=1")
		time.Sleep(10 * time.Hour)
		start := time.Now()
		past := make(map[string]int)
		var low, high decimal.Decimal
		var last time.Time
		run(t, spec, time.Nanosecond, func(u feed.Update) {
			switch {
			case u.Kind == feed.Day:
				low, high, last = u.Low.Decimal, u.High.Decimal, u.Time
			case u.Kind != feed.Trade || !u.Time.Before(start):
			case u.Time.Before(last) || u.Price.LessThan(low) || u.Price.GreaterThan(high) || u.CountsVolume:
				t.Errorf("%v at %v: %v is not within %v and %v, goes back in time or counts twice", u.Symbol, u.Time, u.Price, low, high)
			default:
				past[u.Symbol.String()]++
				last = u.Time
			}
		})
		if len(past) != len(universe(0)) || past["AAPL"] != 40 || past["SIM0000"] != 0 {
			t.Errorf("%d symbols have a past, AAPL %d trades, SIM0000 %d", len(past), past["AAPL"], past["SIM0000"])
		}
	})
}
