package dialogue

import (
	"testing"

	"github.com/tickboard/tickboard/feed"
)

func TestAGateHoldsWhatComesBeforeItOpens(t *testing.T) {
	var g Gate
	emit := func(feed.Update) { t.Error("it has let something through") }
	for _, u := range []feed.Update{{Kind: feed.Trade, TradeID: 1}, {Kind: feed.Quote, TradeID: 2}, {Kind: feed.Quote, TradeID: 3}, {Kind: feed.Day, TradeID: 4}} {
		if g.Pass(u, emit) || g.IsOpen() {
			t.Error("it is open")
		}
	}
	var ids []uint64
	for _, u := range g.Open() {
		ids = append(ids, u.TradeID)
	}
	if len(ids) != 3 || ids[0] != 1 || ids[1] != 4 || ids[2] != 3 {
		t.Errorf("it held %v; of the quotes the newest counts", ids)
	}
	passed := 0
	if !g.Pass(feed.Update{Kind: feed.Quote}, func(feed.Update) { passed++ }) || passed != 1 || !g.IsOpen() || len(g.Open()) != 0 {
		t.Error("it does not stay open, or tells again what it held")
	}
}

func TestWhatAGateHoldsIsBounded(t *testing.T) {
	var g Gate
	const n = 3*mostHeld + 7
	for id := range uint64(n) {
		g.Pass(feed.Update{Kind: feed.Trade, TradeID: id + 1}, nil)
	}
	held := g.Open()
	if last := held[len(held)-1].TradeID; last != n || len(held) > mostHeld || len(held) < mostHeld/2 {
		t.Errorf("%d waited, the last of them %d", len(held), last)
	}
}
