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
// begin + (i+1)·step.
type series struct {
	begin  time.Time
	step   time.Duration
	points []decimal.Decimal
}

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
		h.series[q.Symbol] = &series{begin: at, step: firstStep, points: []decimal.Decimal{q.Price.Decimal}}
		return
	}
	s.observe(at, q.Price.Decimal)
}

// Points returns the prices of a symbol, oldest first, evenly spread in time.
func (h *Intraday) Points(sym quotes.Symbol) []decimal.Decimal {
	h.mu.RLock()
	defer h.mu.RUnlock()
	s := h.series[sym]
	if s == nil {
		return nil
	}
	return append([]decimal.Decimal(nil), s.points...)
}

func (s *series) observe(at time.Time, price decimal.Decimal) {
	i := int(at.Sub(s.begin) / s.step)
	for i >= maxPoints {
		s.halve()
		i = int(at.Sub(s.begin) / s.step)
	}
	if i < len(s.points)-1 {
		return // late: the point has its price
	}
	for len(s.points) < i {
		s.points = append(s.points, s.points[len(s.points)-1]) // nothing was traded
	}
	if i < len(s.points) {
		s.points[i] = price
	} else {
		s.points = append(s.points, price)
	}
}

// halve keeps the later one of each two points.
func (s *series) halve() {
	for len(s.points) < maxPoints {
		s.points = append(s.points, s.points[len(s.points)-1])
	}
	for i := range maxPoints / 2 {
		s.points[i] = s.points[2*i+1]
	}
	s.points = s.points[:maxPoints/2]
	s.step *= 2
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
