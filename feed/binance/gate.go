package binance

import (
	"slices"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
)

// release opens a gate: it tells the snapshot, and what has waited for it without
// the trades that are in the snapshot. One of these that has waited says when the
// last was, which the snapshot does not.
func release(g *dialogue.Gate, snapshot []feed.Update, lastID uint64, emit func(feed.Update)) {
	held := g.Open()
	for _, u := range snapshot {
		if i := slices.IndexFunc(held, func(h feed.Update) bool { return h.Kind == feed.Trade && h.TradeID == u.TradeID }); u.Kind == feed.Trade && i >= 0 {
			u.Time = held[i].Time
		}
		emit(u)
	}
	for _, u := range held {
		if u.Kind != feed.Trade || u.TradeID > lastID {
			emit(u)
		}
	}
}
