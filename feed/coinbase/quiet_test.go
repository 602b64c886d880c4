package coinbase

import (
	"fmt"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// TestAQuietProductIsNotStaleWhileTheVendorConfirmsItsLastTrade has a product
// that traded yesterday, and heartbeats over the day's turn.
func TestAQuietProductIsNotStaleWhileTheVendorConfirmsItsLastTrade(t *testing.T) {
	spec, err := (feed.Schemes{"coinbase": Scheme()}).Open("coinbase://", nil)
	if err != nil {
		t.Fatal(err)
	}
	tape := feed.NewTape(spec, "coinbase", quotes.Instrument{Symbol: quotes.MustSymbol("BAND/GBP"), Currency: "GBP"})
	d := NewDecoder()
	now := time.Date(2021, 4, 18, 21, 0, 0, 0, time.UTC) // 28 hours after the trade
	take := func(msg string) {
		t.Helper()
		if err := d.Decode([]byte(msg), now, func(u feed.Update) { tape.Apply(u, now) }); err != nil {
			t.Fatal(err)
		}
	}
	check := func(stale bool) {
		t.Helper()
		tape.Turn(now)
		tape.Stale(now)
		q := tape.Quote(1)
		got := fmt.Sprint(quotes.FormatDecimal(q.Price.Decimal), " ", q.PreviousClose.Decimal, " ", q.High.Decimal, " ", quotes.FormatDecimal(q.Bid.Decimal), " ", q.Stale, " ", q.Time.Format(time.RFC3339))
		if want := fmt.Sprint("14.7775 14.6647 16.55 14.7550 ", stale, " 2021-04-17T16:43:30Z"); got != want {
			t.Errorf("at %v: %s instead of %s", now, got, want)
		}
	}
	take(aTicker)
	check(false)
	for range 6 * 60 { // into the next day
		now = now.Add(30 * time.Second)
		take(`{"type":"heartbeat","sequence":90,"last_trade_id":881613,"product_id":"BAND-GBP","time":"2021-04-18T21:00:00Z"}`)
		check(false)
		if t.Failed() {
			return
		}
	}
	now = now.Add(16 * time.Minute) // longer than any symbol may be silent
	tape.Stale(now)
	if !tape.Quote(1).Stale {
		t.Error("it is not stale when heartbeats end")
	}
}
