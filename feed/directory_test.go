package feed_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// BenchmarkSearch looks through a hundred thousand instruments.
func BenchmarkSearch(b *testing.B) {
	f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{untilDone}}
	spec := f.spec()
	spec.Instruments = func(context.Context) ([]quotes.Instrument, error) {
		list := make([]quotes.Instrument, 100_000)
		for i := range list {
			list[i] = quotes.Instrument{Symbol: quotes.MustSymbol(fmt.Sprint("S", i)), Name: fmt.Sprint("Company number ", i, " Incorporated")}
		}
		return list, nil
	}
	m := feed.NewMarket(feed.Options{Specs: []feed.Spec{spec}, Publish: func(*quotes.StockQuote) {}, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	<-m.Directory().Settled()
	for _, text := range []string{"", "S9", "number 77", "nothing of it"} {
		b.Run(fmt.Sprintf("%q", text), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Directory().Search(text, 20)
			}
		})
	}
	cancel()
	<-done
}
