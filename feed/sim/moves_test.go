package sim

import (
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// TestADashboardMoves: most updates are bids and asks, and most trades are at
// the price before, so that the mean rate must be well above the pace at which a
// person expects to see something happen.
func TestADashboardMoves(t *testing.T) {
	const rest = 2 * time.Second
	last := make(map[string]int64)
	before := start
	var still time.Duration // how much of the day was more than rest after the last change
	shown := pick(0, "AAPL", "MSFT", "NVDA", "GOOGL", "AMZN", "META", "TSLA", "JPM", "PETR4", "VALE3", "BTC/USD", "ETH/USD")
	play(usual(), shown, time.Second, day, func(u feed.Update) {
		symbol, price, at := u.Symbol.String(), u.Price.CoefficientInt64(), u.Time.UnixNano()
		if u.Kind != feed.Trade || !u.MovesLast || last[symbol] == price || at < before {
			return
		}
		last[symbol] = price
		still += max(0, time.Duration(at-before)-rest)
		before = at
	})
	share := still.Seconds() / day.Seconds()
	t.Logf("%.3f %% of the day no price changes for %v", 100*share, rest)
	if share > 0.002 {
		t.Errorf("%.3f %% of the day no price of %d changes for %v", 100*share, len(shown), rest)
	}
}
