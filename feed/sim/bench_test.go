package sim

import (
	"context"
	"testing"

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
