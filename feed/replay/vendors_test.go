package replay_test

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/alpaca"
	"github.com/tickboard/tickboard/feed/binance"
	"github.com/tickboard/tickboard/feed/coinbase"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/feed/kraken"
	"github.com/tickboard/tickboard/feed/replay"
	"github.com/tickboard/tickboard/quotes"
)

// vendors are told apart by their basis here, which is not the real one.
var vendors = map[string]replay.Format{
	"alpaca":   {Decoder: alpaca.NewDecoder, Basis: "alpaca"},
	"binance":  {Decoder: binance.Decoder, Basis: "binance"},
	"coinbase": {Decoder: func() feed.Decoder { return coinbase.NewDecoder() }, Basis: "coinbase"},
	"kraken":   {Decoder: func() feed.Decoder { return kraken.NewDecoder() }, Basis: "kraken"},
}

// TestRealRecordingsAreRecognizedAndPlayed opens what was recorded of real
// vendors without saying whose it is.
func TestRealRecordingsAreRecognizedAndPlayed(t *testing.T) {
	for file, want := range map[string]struct {
		vendor quotes.Basis
		symbol string
	}{
		"binance-btcusdt.ndjson.gz": {"binance", "BTCUSDT"},
		"binance-ethusdt.ndjson.gz": {"binance", "ETHUSDT"},
		"coinbase-exchange.txt.gz":  {"coinbase", "SKL/USD"},
	} {
		t.Run(file, func(t *testing.T) {
			frames := feedtest.Recorded(t, file)
			path := filepath.Join("..", "..", "..", "shared", "feeds", "recorded", file)
			spec, err := replay.Scheme(vendors).Open(&url.URL{Scheme: "replay", Path: path, RawQuery: "speed=max"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if spec.Basis != want.vendor {
				t.Errorf("it is taken for one of %q", spec.Basis)
			}
			prices := 0
			listed, err := spec.Instruments(t.Context())
			if err != nil {
				t.Error(err)
			}
			of := make(map[string]bool)
			err = spec.Source.Run(context.Background(), new(feed.Demand), func(u feed.Update) {
				of[u.Symbol.String()] = true
				if u.Kind == feed.Trade || u.Kind == feed.Quote {
					prices++
				}
			})
			if err != nil || prices < len(frames)*9/10 || !of[want.symbol] || len(of) != len(listed) {
				t.Errorf("%d prices of %d messages, of %v, %d listed: %v", prices, len(frames), of, len(listed), err)
			}
		})
	}
}
