package sim

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// session is what one regular session of one symbol was, as far as it is
// measured.
type session struct {
	listing    listing
	open, shut int64

	perSecond []float64
	volume    [13]float64 // by half hours
	spreads   map[int64]float64
	quoted    float64
	sizes     []float64
	trades    []int64 // times in nanoseconds
	prices    []float64
	mids      []float64 // at the begin of each minute
	mid       float64

	prints, odd, average, derivative, amended float64
	locked, crossed                           float64
}

func (s *session) take(u feed.Update) {
	at := u.Time.UnixNano()
	if at < s.open || at >= s.shut {
		return
	}
	for int64(len(s.mids)) <= (at-s.open)/int64(time.Minute) { // the first is that of the open
		s.mids = append(s.mids, s.mid)
	}
	switch u.Kind {
	case feed.Trade:
		s.trade(u, at)
	case feed.Quote:
		s.quote(u)
	case feed.Correction, feed.Cancel:
		s.amended++
	}
	s.perSecond[(at-s.open)/int64(time.Second)]++
}

func (s *session) trade(u feed.Update, at int64) {
	if u.CountsVolume {
		s.volume[(at-s.open)*13/(s.shut-s.open)] += u.Size.InexactFloat64()
	}
	s.prints++
	s.trades = append(s.trades, at)
	size := u.Size.InexactFloat64()
	switch {
	case size < lot:
		s.odd++
		return
	case !u.MovesLast && u.MovesRange:
		s.derivative++ // and sold out of sequence
		return
	case !u.MovesLast:
		s.average++
		return
	}
	s.sizes = append(s.sizes, size)
	s.prices = append(s.prices, u.Price.InexactFloat64())
}

func (s *session) quote(u feed.Update) {
	if !u.Bid.Valid || !u.Ask.Valid { // at a price band
		return
	}
	s.quoted++
	ticks := u.Ask.Decimal.CoefficientInt64() - u.Bid.Decimal.CoefficientInt64()
	switch {
	case ticks == 0:
		s.locked++
	case ticks < 0:
		s.crossed++
	}
	s.spreads[ticks]++
	s.mid = middle(u)
}

func middle(u feed.Update) float64 {
	return (u.Ask.Decimal.InexactFloat64() + u.Bid.Decimal.InexactFloat64()) / 2
}

// sessions plays a trading day of New York and measures some symbols.
func sessions(rate float64, symbols ...string) ([]*session, []float64) {
	day := phaseAt(quotes.CalendarOf("XNYS"), time.Date(2026, time.March, 10, 15, 0, 0, 0, time.UTC).UnixNano())
	listings := pick(0, symbols...)
	bySymbol := make(map[quotes.Symbol]*session)
	var list []*session
	for _, l := range listings {
		s := &session{
			listing: l, open: day.open, shut: day.shut, spreads: make(map[int64]float64),
			perSecond: make([]float64, (day.shut-day.open)/int64(time.Second)),
		}
		bySymbol[l.symbol] = s
		list = append(list, s)
	}
	c := usual()
	c.rate, c.real = rate, true
	m := newMarket(c, listings, day.open-int64(time.Minute))
	emit := func(u feed.Update) { bySymbol[u.Symbol].take(u) }
	m.begin(context.Background(), day.open-int64(time.Minute), func(u feed.Update) {
		if u.Kind == feed.Quote {
			bySymbol[u.Symbol].mid = middle(u)
		}
	})
	var market []float64 // the common factor's returns of each minute
	before := m.factor.at(day.open)
	for now := day.open; now < day.shut; {
		now += int64(time.Minute)
		for at := now - int64(time.Minute); at < now; {
			at += rushStep
			m.advance(context.Background(), at, emit)
		}
		level := m.factor.at(now)
		market, before = append(market, level-before), level
	}
	return list, market
}

// tableRow is a figure with its range over the four symbols of the real session,
// and the range that ours must be in: a bit wider, for a symbol of today is none
// of them, and has fewer updates than most of them.
type tableRow struct {
	name, real  string
	least, most float64
	of          func(*session) float64
}

func table() []tableRow {
	return []tableRow{
		{"events per second, mean", "3.3 .. 24", 3, 24, func(s *session) float64 { return mean(s.perSecond) }},
		{"events per second, most", "241 .. 1154", 60, 1200, func(s *session) float64 { return slices.Max(s.perSecond) }},
		{"index of dispersion of events per second", "17 .. 104", 10, 200, func(s *session) float64 { return dispersion(s.perSecond) }},
		{"volume of the first half hour, %", "15.1 .. 21.9", 12, 25, func(s *session) float64 { return s.share(0, 1) }},
		{"volume of a half hour about noon, %", "2.7 .. 8.4", 2, 8.4, func(s *session) float64 { return s.share(5, 10) / 5 }},
		{"volume of the last half hour, %", "14.3 .. 21.5", 12, 25, func(s *session) float64 { return s.share(12, 13) }},
		{"trades of a lot or more: of exactly 100, %", "42 .. 77", 42, 80, func(s *session) float64 { return 100 * part(s.sizes, func(n float64) bool { return n == lot }) }},
		{"their median", "100 .. 200", 100, 200, func(s *session) float64 { return quantile(s.sizes, 0.5) }},
		{"their mean", "156 .. 697", 130, 700, func(s *session) float64 { return mean(s.sizes) }},
		{"their 99th percentile", "800 .. 7000", 700, 7000, func(s *session) float64 { return quantile(s.sizes, 0.99) }},
		{"time between trades, median in ms", "0 .. 8", 0, 400, func(s *session) float64 { return quantile(s.gaps(), 0.5) }},
		{"time between trades, variation", "2.8 .. 4.5", 1.8, 5, func(s *session) float64 { m, v := moments(s.gaps()); return math.Sqrt(v) / m }},
		{"trades at the price before, %", "56 .. 88", 50, 90, func(s *session) float64 { return 100 * part(changes(s.prices), func(d float64) bool { return d == 0 }) }},
		{"autocorrelation of price changes", "-0.38 .. -0.31", -0.45, -0.2, func(s *session) float64 { d := changes(s.prices); return correlation(d[1:], d[:len(d)-1]) }},
		{"standard deviation of a minute, a year's in %", "8.4 .. 19.6", 8, 25, func(s *session) float64 { _, v := moments(s.returns()); return 100 * math.Sqrt(v*390*252) }},
		{"kurtosis of a minute's return", "4.4 .. 6.8", 3.5, 9, func(s *session) float64 { return kurtosis(s.returns()) }},
		{"locked quotes, %", "0.6 .. 2.6", 0.5, 2.6, func(s *session) float64 { return 100 * s.locked / s.quoted }},
		{"crossed quotes, %", "0 .. 0.1", 0, 0.1, func(s *session) float64 { return 100 * s.crossed / s.quoted }},
		{"average price trades, %", "0.1", 0.03, 0.3, func(s *session) float64 { return 100 * s.average / s.prints }},
		{"derivatively priced or sold trades, %", "0.12", 0.03, 0.3, func(s *session) float64 { return 100 * s.derivative / s.prints }},
		{"corrected and cancelled trades, %", "", 0.005, 0.1, func(s *session) float64 { return 100 * s.amended / s.prints }},
		{"odd lots, % (today)", "10 .. 60", 8, 62, func(s *session) float64 { return 100 * s.odd / s.prints }},
	}
}

func TestADayIsLikeTheTable(t *testing.T) {
	list, market := sessions(8, "BAC", "MS", "WFC", "XOM")
	var b strings.Builder
	fmt.Fprintf(&b, "%-46s%16s", "", "real session")
	for _, s := range list {
		fmt.Fprintf(&b, "%10s", s.listing.symbol)
	}
	line := func(name, real string, least, most float64, values ...float64) {
		fmt.Fprintf(&b, "\n%-46s%16s", name, real)
		for i, v := range values {
			fmt.Fprintf(&b, "%10.2f", v)
			if !(v >= least && v <= most) {
				t.Errorf("%v: %s is %.2f, want %v to %v", list[i].listing.symbol, name, v, least, most)
			}
		}
	}
	for _, row := range table() {
		var values []float64
		for _, s := range list {
			values = append(values, row.of(s))
		}
		line(row.name, row.real, row.least, row.most, values...)
	}
	for n := int64(1); n <= 5; n++ {
		var values []float64
		for _, s := range list {
			values = append(values, 100*s.spreads[n]/s.quoted)
		}
		line(fmt.Sprintf("spread of %d ticks, %%", n), "", 0, 100, values...)
	}
	var values []float64
	for _, s := range list {
		own := s.returns()
		values = append(values, correlation(own, market[:len(own)]))
	}
	line("correlation of minutes with the market", "0.40 .. 0.59", 0.2, 0.7, values...)
	for i, s := range list[1:] {
		var values []float64
		for _, other := range list[:i+1] {
			values = append(values, correlation(s.returns(), other.returns()))
		}
		line("correlation of minutes with "+s.listing.symbol.String(), "0.14 .. 0.25", 0.05, 0.5, values...)
	}
	t.Log("\n" + b.String())
}

func (s *session) share(from, to int) float64 {
	all, some := 0.0, 0.0
	for i, v := range s.volume {
		all += v
		if i >= from && i < to {
			some += v
		}
	}
	return 100 * some / all
}

// gaps are the milliseconds between trades.
func (s *session) gaps() []float64 {
	var list []float64
	for i := range s.trades[1:] {
		list = append(list, float64(s.trades[i+1]-s.trades[i])/1e6)
	}
	return list
}

func (s *session) returns() []float64 {
	var list []float64
	for i := range s.mids[1:] {
		list = append(list, math.Log(s.mids[i+1]/s.mids[i]))
	}
	return list
}

func changes(xs []float64) []float64 {
	var list []float64
	for i := range xs[1:] {
		list = append(list, math.Round((xs[i+1]-xs[i])*1e6)/1e6)
	}
	return list
}

func mean(xs []float64) float64 {
	m, _ := moments(xs)
	return m
}

func dispersion(counts []float64) float64 {
	m, v := moments(counts)
	return v / m
}

func part(xs []float64, is func(float64) bool) float64 {
	n := 0
	for _, x := range xs {
		if is(x) {
			n++
		}
	}
	return float64(n) / float64(len(xs))
}

func quantile(xs []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	return sorted[int(q*float64(len(sorted)-1))]
}

func kurtosis(xs []float64) float64 {
	m, v := moments(xs)
	sum := 0.0
	for _, x := range xs {
		sum += math.Pow(x-m, 4) / float64(len(xs))
	}
	return sum / (v * v)
}
