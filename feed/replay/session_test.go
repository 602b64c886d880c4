package replay

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// session is the path of the recorded session, or skips the test.
func session(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "crypto-session.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: the recorded session is not there:", path)
	}
	return path
}

func TestRecordedSessionPlaysWhole(t *testing.T) {
	path := session(t)
	for query, took := range map[string]time.Duration{"speed=10000": 30 * time.Millisecond, "": 304 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			rows, trades, symbols := 0, 0, make(map[string]int)
			start := time.Now()
			err := openPath(t, path, query).Source.Run(t.Context(), new(feed.Demand), func(u feed.Update) {
				rows++
				symbols[u.Symbol.String()]++
				if u.Kind == feed.Trade {
					trades++
				}
			})
			if err != nil || rows != 98_371 || trades != 18_556 {
				t.Errorf("%s: %d rows, %d trades, error %v; want 98371, 18556 and nil", query, rows, trades, err)
			}
			if diff := cmp.Diff(map[string]int{"BTCUSDT": 55_281, "ETHUSDT": 43_090}, symbols); diff != "" {
				t.Errorf("%s: rows by symbol (-want +got):\n%s", query, diff)
			}
			if got := time.Since(start); got < took || got > took+time.Second {
				t.Errorf("%s: took %v, want %v", query, got, took)
			}
		})
	}
}

func TestRecordedSessionNamesItsInstruments(t *testing.T) {
	got, err := openPath(t, session(t), "").Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pair := func(name string) quotes.Instrument {
		return quotes.Instrument{
			Symbol: quotes.MustSymbol(name), Name: name, Currency: "USDT", Type: quotes.Crypto,
			Decimals: 2, TickSize: quotes.MustDecimal("0.01"), TimeZone: "UTC",
		}
	}
	if diff := cmp.Diff([]quotes.Instrument{pair("BTCUSDT"), pair("ETHUSDT")}, got, exactly); diff != "" {
		t.Errorf("instruments (-want +got):\n%s", diff)
	}
}

// BenchmarkReplay is the whole way from the compressed file to emit, and
// BenchmarkRow one row of it without the file.
func BenchmarkReplay(b *testing.B) {
	source := openPath(b, session(b), "speed=max").Source
	rows := 0
	for b.Loop() {
		if err := source.Run(b.Context(), nil, func(feed.Update) { rows++ }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRow(b *testing.B) {
	line := []byte("2024-08-09T00:00:00.001692584Z,BTCUSDT,quote,,,61685.99000000,1.25869000,61686.00000000,2.44816000")
	syms := make(symbols)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := syms.parseRow(line); err != nil {
			b.Fatal(err)
		}
	}
}
