package binance

import (
	"context"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/feed/replay"
	"github.com/tickboard/tickboard/quotes"
)

// TestRecordingIsReplayed plays the recorded messages through the decoder, found
// out by what they are.
func TestRecordingIsReplayed(t *testing.T) {
	for file, sym := range map[string]string{"binance-btcusdt.ndjson.gz": "BTCUSDT", "binance-ethusdt.ndjson.gz": "ETHUSDT"} {
		frames := feedtest.Recorded(t, file)
		path := filepath.Join("..", "..", "..", "shared", "feeds", "recorded", file)
		scheme := replay.Scheme(map[string]replay.Format{name: {Decoder: Decoder, Basis: quotes.Rolling24h}})
		spec, err := scheme.Open(&url.URL{Scheme: "replay", Path: path, RawQuery: "speed=max"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		list, err := spec.Instruments(t.Context())
		if err != nil || len(list) != 1 || list[0].Symbol.String() != sym || list[0].Decimals != 2 || list[0].Currency != "USDT" {
			t.Errorf("%s: instruments %+v, %v", file, list, err)
		}
		var trades, bests int
		err = spec.Source.Run(context.Background(), new(feed.Demand), func(u feed.Update) {
			switch u.Kind {
			case feed.Trade:
				trades++
			case feed.Quote:
				bests++
			}
		})
		if err != nil || trades+bests != len(frames) || trades == 0 || bests == 0 {
			t.Errorf("%s: %d trades and %d best quotes of %d messages, %v", file, trades, bests, len(frames), err)
		}
	}
}
