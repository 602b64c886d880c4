package sim

import (
	"context"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// BenchmarkUpdate is one update of a market of 10,000 symbols, with all that it
// takes to know whose turn it is.
func BenchmarkUpdate(b *testing.B) {
	for name, burst := range map[string]bool{"burst": true, "drip": false} {
		b.Run(name, func(b *testing.B) {
			listings := universe(10_000)
			m := newMarket(config{seed: 7, rate: 20, burst: burst}, listings, start)
			m.begin(context.Background(), start, func(feed.Update) {})
			left := 0
			emit := func(feed.Update) { left-- }
			b.ReportAllocs()
			left = b.N
			b.ResetTimer()
			for now := start; left > 0; now += int64(pause) {
				m.advance(context.Background(), now, emit)
			}
		})
	}
}

func BenchmarkBegin(b *testing.B) {
	listings := universe(0)
	for b.Loop() {
		newMarket(config{seed: 7, rate: 2, burst: true}, listings, start).begin(context.Background(), start, func(feed.Update) {})
	}
}

// BenchmarkDay is one day of the whole market at full speed.
func BenchmarkDay(b *testing.B) {
	for _, raw := range []string{"sim://?speed=max", "sim://?speed=max&hours=real&start=2026-03-09T05:00:00Z"} {
		b.Run(raw, func(b *testing.B) {
			updates := 0
			for b.Loop() {
				s := newSource(configOf(b, raw), universe(0), time.Now)
				if err := s.Run(b.Context(), nil, func(feed.Update) { updates++ }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(updates)/float64(b.N), "updates")
		})
	}
}
