package finnhub

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

var exactly = cmp.Options{
	cmp.Comparer(func(a, b decimal.Decimal) bool { return quotes.FormatDecimal(a) == quotes.FormatDecimal(b) }),
	cmp.Comparer(func(a, b quotes.Symbol) bool { return a == b }),
}

// A real message, of tspannhw/FLiPN-Py-Stocks.
const captured = `{"type":"trade","data":[{"c":["1","24","12"],"p":129.58,"s":"AAPL","t":1672348887666,"v":1}]}`

func decode(t testing.TB, msg string) ([]feed.Update, error) {
	t.Helper()
	var list []feed.Update
	err := NewDecoder().Decode([]byte(msg), time.Now(), func(u feed.Update) { list = append(list, u) })
	return list, err
}

func TestTradesAreDecodedExactly(t *testing.T) {
	trade := func(sym, price, size string, millis int64) feed.Update {
		u := feed.Update{
			Kind: feed.Trade, Symbol: quotes.MustSymbol(sym), Time: time.UnixMilli(millis).UTC(), Price: quotes.MustDecimal(price),
			Size: quotes.MustDecimal(size), MovesLast: true, MovesRange: true,
		}
		u.CountsVolume = u.Size.Sign() > 0
		return u
	}
	for msg, want := range map[string][]feed.Update{
		captured: {trade("AAPL", "129.58", "1", 1672348887666)},
		`{"data":[{"c":null,"p":105944.20,"s":"BINANCE:BTCUSDT","t":1575526691134,"v":0.011467},{"p":1.08320,"s":"OANDA:EUR_USD","t":1575526691133,"v":0}],"type":"trade"}`: {
			trade("BINANCE:BTCUSDT", "105944.20", "0.011467", 1575526691134), trade("OANDA:EUR_USD", "1.08320", "0", 1575526691133),
		},
		`{"type":"trade","data":[]}`:            nil,
		`{"type":"ping"}`:                       nil,
		`{"type":"error","msg":"x"}`:            nil,
		`{"type":"candle","data":{"p":[1,{}]}}`: nil,
	} {
		got, err := decode(t, msg)
		if diff := cmp.Diff(want, got, exactly); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", msg, err, diff)
		}
	}
}

func TestMalformedTradeIsNoneAndTheOthersAre(t *testing.T) {
	for bad, want := range map[string]string{
		`{"p":1,"s":"A B","t":1,"v":1}`:                    "malformed symbol",
		`{"p":1,"t":1,"v":1}`:                              "malformed symbol",
		`{"s":"A","t":1,"v":1}`:                            "without a price",
		`{"p":0,"s":"A","t":1,"v":1}`:                      "without a price",
		`{"p":1,"s":"A","t":1}`:                            "without a volume",
		`{"p":1,"s":"A","t":1,"v":-1}`:                     "without a volume",
		`{"p":1,"s":"A","v":1}`:                            "without a time",
		`{"p":1,"s":"A","t":18446744073709551615,"v":1}`:   "without a time",
		`{"p":1e400,"s":"A","t":1,"v":1}`:                  "malformed",
		`{"p":1,"s":"A","t":1.5,"v":1}`:                    "malformed",
		`{"P":1,"p":null,"s":"A","t":1,"v":1,"V":[1,"}"]}`: "without a price",
	} {
		got, err := decode(t, `{"data":[{"p":2.50,"s":"B","t":1,"v":1},`+bad+`],"type":"trade"}`)
		if err == nil || !strings.Contains(err.Error(), want) || len(got) != 1 || got[0].Symbol.String() != "B" {
			t.Errorf("%s: %v, error %v, want one with %q", bad, got, err, want)
		}
	}
	for _, msg := range []string{"", "{}", "[]", `{"type":"trade"}`, `{"type":"trade","data":{}}`, captured[:40]} {
		if got, err := decode(t, msg); err == nil || len(got) > 0 {
			t.Errorf("%s: %v", msg, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		captured, `{"type":"ping"}`, `{"msg":"Invalid symbol: AAPL","type":"error"}`, captured[:50], `{"type":"trade","data":[null,{}]}`,
		`{"data":[{"p":0.00001305,"s":"BINANCE:BTCUSDT","t":1575526691134,"v":0,"c":null}],"type":"trade"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		d := newDecoder()
		for range 2 { // what it remembers changes nothing
			_, _ = d.message(msg, time.Now(), func(u feed.Update) {
				if u.Kind != feed.Trade || u.Symbol.IsZero() || u.Price.Sign() <= 0 || u.Size.Sign() < 0 || u.Time.Unix() < 0 || u.Time.Location() != time.UTC ||
					u.Price.NumDigits() > quotes.MaxDigits || u.CountsVolume != (u.Size.Sign() > 0) {
					t.Errorf("%q: %+v", msg, u)
				}
			})
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	several := `{"data":[` + strings.Repeat(`{"c":["1","24","12"],"p":129.58,"s":"AAPL","t":1672348887666,"v":100},`, 9) +
		`{"c":["1"],"p":61685.99,"s":"BINANCE:BTCUSDT","t":1672348887666,"v":0.00017}],"type":"trade"}`
	for name, msg := range map[string]string{"one trade": captured, "ten trades": several} {
		b.Run(name, func(b *testing.B) {
			d := newDecoder()
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Decode([]byte(msg), time.Time{}, func(feed.Update) {}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
		})
	}
}
