package binance

import (
	"time"

	"github.com/tickboard/tickboard/feed"
)

// mostQueued is how many updates of a symbol wait for its snapshot; of more the
// newest do.
const mostQueued = 4096

// gate holds back what streams of a symbol until its snapshot has been told,
// which was asked for after the stream had begun: so nothing is missing between
// the two, and the break comes before everything.
type gate struct {
	open   bool
	queued []feed.Update
}

// pass emits u, or queues it.
func (g *gate) pass(u feed.Update, emit func(feed.Update)) {
	if g.open {
		emit(u)
		return
	}
	if len(g.queued) == mostQueued {
		g.queued = append(g.queued[:0], g.queued[mostQueued/2:]...)
	}
	g.queued = append(g.queued, u)
}

// release tells the snapshot and what has waited for it, without the trades that
// are in the snapshot. One of these that has waited says when the last was.
func (g *gate) release(snapshot []feed.Update, lastID uint64, emit func(feed.Update)) {
	for _, u := range snapshot {
		if u.Kind == feed.Trade {
			u.Time = g.timeOf(u)
		}
		emit(u)
	}
	for _, u := range g.queued {
		if u.Kind != feed.Trade || u.TradeID > lastID {
			emit(u)
		}
	}
	g.open, g.queued = true, nil
}

func (g *gate) timeOf(trade feed.Update) time.Time {
	for _, u := range g.queued {
		if u.Kind == feed.Trade && u.TradeID == trade.TradeID {
			return u.Time
		}
	}
	return trade.Time
}
