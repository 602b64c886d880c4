package sim

import "github.com/tickboard/tickboard/feed"

// How often a trade's conditions keep it from being last, as parts of all
// trades of the real session, and what they allow (CTA, "Consolidated Tape
// System multicast output specification", and UTP, "UTP data feed services
// specification": sale conditions and what each updates): average price (B, W)
// only volume, derivatively priced (4) and sold (out of sequence, Z) also high
// and low.
const (
	averagePrice = 0.001
	derivative   = 0.001
	outOfOrder   = 0.0002
	// amended is how often a trade is corrected, and how often it is cancelled.
	amended = 1.0 / 5000
)

// amendment is what is still to be said of the trade that was last.
type amendment uint8

const (
	asItIs amendment = iota
	toCorrect
	toCancel
)

// condition makes some of the trades of a national market others than ordinary.
func (t *ticker) condition(u *feed.Update) {
	switch c := t.rng.Float64(); {
	case c < t.sizes.odd:
		u.Size = t.oddSize()
		u.MovesLast, u.MovesRange = false, false
	case c >= 1-averagePrice:
		if t.window.n > 0 {
			u.Price = t.price(t.ticks(t.window.mean()))
		}
		u.MovesLast, u.MovesRange = false, false
	case c >= 1-averagePrice-derivative-outOfOrder:
		u.MovesLast = false
	case c >= 1-averagePrice-derivative-outOfOrder-2*amended:
		t.amends = toCorrect
		if c >= 1-averagePrice-derivative-outOfOrder-amended {
			t.amends = toCancel
		}
		t.amendsTo = u.Price.CoefficientInt64() + 1
	}
}

// amend takes back or corrects the last trade: its price by a tick, and its size.
func (t *ticker) amend(now int64) feed.Update {
	u := feed.Update{Symbol: t.symbol, Kind: feed.Cancel, Time: instant(now), TradeID: t.tradeID}
	if t.amends == toCorrect {
		u.Kind, u.Price, u.Size = feed.Correction, t.price(t.amendsTo), t.tradeSize()
	}
	t.amends = asItIs
	return u
}
