package sim

import (
	"context"
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// backlog is how late an update may be. When more time has passed, because
	// the machine slept or the receiver is too slow, what is older is left out.
	backlog = int64(time.Second)
	// unasked is how many updates are emitted without a look at the context.
	unasked = 16
)

// market is the running simulation. It knows time only as what it is told, in
// nanoseconds since 1970. Updates come in the order of their times, those of
// one time in the order of their symbols, and bear the time at which they were
// due: when the market is advanced, and in which steps, makes no difference.
type market struct {
	arrivals arrivals
	factor   *factor
	tickers  []ticker
	queue    []due // a heap: the children of i are 2i+1 and 2i+2
}

// due is the next update of a ticker.
type due struct {
	at    int64
	index int32
}

func (d due) before(e due) bool { return d.at < e.at || d.at == e.at && d.index < e.index }

func newMarket(c config, listings []listing, now int64) *market {
	m := &market{
		arrivals: newArrivals(c.rate, c.burst),
		factor:   newFactor(c.seed, now),
		tickers:  make([]ticker, len(listings)),
		queue:    make([]due, len(listings)),
	}
	sizes := newLots()
	for i := range listings {
		m.tickers[i] = newTicker(&listings[i], sizes, c.seed, now, m.factor.at(now))
	}
	return m
}

// begin emits the whole picture, symbol by symbol, each after a Break where
// there was a run before.
func (m *market) begin(ctx context.Context, now int64, again bool, emit func(feed.Update)) {
	for i := range m.tickers {
		if ctx.Err() != nil {
			return
		}
		t := &m.tickers[i]
		if again {
			emit(feed.Update{Symbol: t.symbol, Kind: feed.Break, Time: instant(now - now%int64(day))})
		}
		t.snapshot(ctx, now, emit)
		var at int64
		at, t.busy = m.arrivals.first(now, t.rng)
		m.queue[i] = due{at, int32(i)}
	}
	m.heapify()
}

// next is when the next update is due.
func (m *market) next() int64 { return m.queue[0].at }

// advance emits what is due at now, until ctx ends.
func (m *market) advance(ctx context.Context, now int64, emit func(feed.Update)) {
	m.leaveOut(now - backlog)
	for n := 0; m.queue[0].at <= now; n++ {
		if n%unasked == 0 && ctx.Err() != nil {
			return
		}
		head := &m.queue[0]
		t := &m.tickers[head.index]
		emit(t.update(head.at, m.factor.at(head.at)))
		head.at, t.busy = m.arrivals.next(head.at, t.busy, t.rng)
		m.sink(0)
	}
}

// leaveOut moves what is due before horizon to after it.
func (m *market) leaveOut(horizon int64) {
	if m.queue[0].at >= horizon {
		return
	}
	for i := range m.queue {
		d := &m.queue[i]
		if d.at < horizon {
			t := &m.tickers[d.index]
			d.at, t.busy = m.arrivals.after(horizon, d.at, t.busy, t.rng)
		}
	}
	m.heapify()
}

func (m *market) heapify() {
	for i := len(m.queue)/2 - 1; i >= 0; i-- {
		m.sink(i)
	}
}

// sink restores the heap below i.
func (m *market) sink(i int) {
	q := m.queue
	d := q[i]
	for {
		child := 2*i + 1
		if child >= len(q) {
			break
		}
		if right := child + 1; right < len(q) && q[right].before(q[child]) {
			child = right
		}
		if !q[child].before(d) {
			break
		}
		q[i] = q[child]
		i = child
	}
	q[i] = d
}
