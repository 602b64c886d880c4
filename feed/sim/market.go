package sim

import (
	"context"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// backlog is how late an update may be by our time. When more has passed,
	// because the machine slept or the receiver is too slow, what is older is
	// left out.
	backlog = int64(time.Second)
	// unasked is how many updates are emitted without a look at the context.
	unasked = 16
)

// market is the running simulation. It knows time only as what it is told, in
// nanoseconds since 1970. Updates come in the order of their times, those of
// one time in the order of their symbols, and bear the time at which they were
// due: when the market is advanced, and in which steps, makes no difference.
type market struct {
	factor  *factor
	tickers []ticker
	queue   []due // a heap: the children of i are 2i+1 and 2i+2
	backlog int64
}

// model is what all tickers share.
type model struct {
	seed     uint64
	rate     float64
	plain    bool // only ordinary trades and quotes
	arrivals arrivals
	lots     *lots
	split    bool
	splitDay string // that splitting was chosen for
	splitter quotes.Symbol
}

// due is the next time at which something happens to a ticker.
type due struct {
	at    int64
	index int32
}

func (d due) before(e due) bool { return d.at < e.at || d.at == e.at && d.index < e.index }

func newMarket(c config, listings []listing, now int64) *market {
	mood := newMood(c.seed)
	newYork := listing{venue: nyseVenue()}
	m := &market{
		factor:  newFactor(c.seed, newHours(&newYork, c.real, mood), now),
		tickers: make([]ticker, len(listings)),
		queue:   make([]due, len(listings)),
		backlog: int64(float64(backlog) * max(1, c.speed)),
	}
	shared := &model{
		seed: c.seed, rate: c.rate, plain: !c.burst, arrivals: newArrivals(&c), lots: newLots(), split: c.split,
	}
	venues := make(map[string]*hours)
	level := m.factor.at(now)
	for i := range listings {
		l := &listings[i]
		if venues[l.exchange] == nil {
			venues[l.exchange] = newHours(l, c.real, mood)
		}
		m.tickers[i] = newTicker(l, shared, venues[l.exchange], now, level)
	}
	return m
}

// splits is the stock that is split on a date: each with the same chance,
// whatever else there is.
func (m *model) splits(date string) quotes.Symbol {
	if date != m.splitDay {
		m.splitDay = date
		best := uint64(0)
		for _, l := range universe(0) {
			if draw := mix(m.seed ^ hash(date) ^ hash(l.symbol.String())); l.kind == quotes.Stock && draw >= best {
				best, m.splitter = draw, l.symbol
			}
		}
	}
	return m.splitter
}

// begin emits the whole picture, symbol by symbol.
func (m *market) begin(ctx context.Context, now int64, emit func(feed.Update)) {
	for i := range m.tickers {
		if ctx.Err() != nil {
			return
		}
		t := &m.tickers[i]
		t.picture(ctx, now, emit)
		t.wake(now)
		m.queue[i] = due{min(t.arrival, t.alarm), int32(i)}
	}
	m.heapify()
}

// next is when something is due next.
func (m *market) next() int64 { return m.queue[0].at }

// advance emits what is due at now, until ctx ends.
func (m *market) advance(ctx context.Context, now int64, emit func(feed.Update)) {
	horizon := now - m.backlog
	m.leaveOut(horizon)
	for n := 0; m.queue[0].at <= now; n++ {
		if n%unasked == 0 && ctx.Err() != nil {
			return
		}
		head := &m.queue[0]
		t := &m.tickers[head.index]
		if at := head.at; at == t.alarm {
			t.ring(at, m.factor.at(at), emit)
			t.skip(horizon)
		} else {
			emit(t.update(at, m.factor.at(at)))
			t.follow(max(at, horizon))
		}
		head.at = min(t.arrival, t.alarm)
		m.sink(0)
	}
}

// leaveOut moves the usual updates that are due before horizon to after it.
// Alarms stay where they are.
func (m *market) leaveOut(horizon int64) {
	if m.queue[0].at >= horizon {
		return
	}
	for i := range m.queue {
		d := &m.queue[i]
		if d.at < horizon {
			t := &m.tickers[d.index]
			t.skip(horizon)
			d.at = min(t.arrival, t.alarm)
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
