// Package history keeps what the quotes have been: a short series of each
// symbol's prices of the day, for sparklines.
//
//   - intraday.go  Intraday: the day's prices as far as they were seen
package history

import (
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// maxPoints bounds a series; it must be even.
	maxPoints = 96
	// firstStep is the time between the points of a series that has just begun.
	firstStep = time.Second
)

// Intraday keeps the prices of each symbol since it was first seen on the UTC
// day on which they were traded, at even steps. A series has at most 96 points: when it is full every
// second point goes and the step doubles, so that it always covers the whole
// time. Any number may use it at once; nothing of it blocks.
type Intraday struct {
	mu     sync.RWMutex
	series map[quotes.Symbol]*series
}

// series is one symbol's prices: points[i] is the last price before
// begin + (i+1)·step. All its points have their place from the begin, so that a
// day that fills takes no more memory than one that has just begun.
type series struct {
	begin  time.Time
	step   time.Duration
	count  int // of the points that there are
	points [maxPoints]price
}

// price is a decimal as a series keeps it, without a pointer. A price has at most
// quotes.MaxDigits digits, which an int64 holds.
type price struct {
	coefficient int64
	exponent    int32
}

func priceOf(d decimal.Decimal) price { return price{d.CoefficientInt64(), d.Exponent()} }

func (p price) decimal() decimal.Decimal { return decimal.New(p.coefficient, p.exponent) }

// NewIntraday returns an empty history.
func NewIntraday() *Intraday {
	return &Intraday{series: make(map[quotes.Symbol]*series)}
}

// Observe notes the price of a quote. A quote of another day, or from before
// the series' begin (a replay that starts again), begins the series anew.
func (h *Intraday) Observe(q *quotes.StockQuote) {
	if !q.Price.Valid {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s, at := h.series[q.Symbol], q.Traded()
	if s == nil || at.Before(s.begin) || dayOf(at) != dayOf(s.begin) {
		s = &series{begin: at, step: firstStep}
		h.series[q.Symbol] = s
	}
	s.observe(at, priceOf(q.Price.Decimal))
}

// Points returns the prices of a symbol, oldest first, evenly spread in time.
func (h *Intraday) Points(sym quotes.Symbol) []decimal.Decimal {
	h.mu.RLock()
	defer h.mu.RUnlock()
	s := h.series[sym]
	if s == nil {
		return nil
	}
	points := make([]decimal.Decimal, s.count)
	for i, p := range s.points[:s.count] {
		points[i] = p.decimal()
	}
	return points
}

func (s *series) observe(at time.Time, last price) {
	i := int(at.Sub(s.begin) / s.step)
	for i >= maxPoints {
		s.halve()
		i = int(at.Sub(s.begin) / s.step)
	}
	if i < s.count-1 {
		return // late: the point has its price
	}
	s.fill(i)
	s.points[i] = last
	s.count = i + 1
}

// fill makes points up to the n-th, in whose time nothing was traded.
func (s *series) fill(n int) {
	for ; s.count < n; s.count++ {
		s.points[s.count] = s.points[s.count-1]
	}
}

// halve keeps the later one of each two points.
func (s *series) halve() {
	s.fill(maxPoints)
	s.count = maxPoints / 2
	for i := range s.count {
		s.points[i] = s.points[2*i+1]
	}
	s.step *= 2
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
