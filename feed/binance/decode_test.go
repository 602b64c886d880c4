package binance

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

// received is when the messages of these tests came.
var received = time.Date(2024, 8, 9, 0, 0, 1, 2_003_004, time.UTC)

func some(text string) decimal.NullDecimal { return quotes.Some(quotes.MustDecimal(text)) }

// sameText compares decimals by their text.
var sameText = cmp.Options{
	cmp.Comparer(func(a, b decimal.Decimal) bool { return quotes.FormatDecimal(a) == quotes.FormatDecimal(b) }),
	cmp.Comparer(func(a, b quotes.Symbol) bool { return a == b }),
}

func TestMessages(t *testing.T) {
	btc, pepe := quotes.MustSymbol("BTCUSDT"), quotes.MustSymbol("PEPEUSDT")
	trade := feed.Update{
		Kind: feed.Trade, Symbol: btc, Time: time.UnixMilli(1723161601437).UTC(), TradeID: 3735693016,
		Price: quotes.MustDecimal("61685.99000000"), Size: quotes.MustDecimal("0.00017000"),
		MovesLast: true, MovesRange: true, CountsVolume: true, Regular: true,
	}
	for msg, want := range map[string][]feed.Update{
		`{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161601438,"s":"BTCUSDT","t":3735693016,"p":"61685.99000000","q":"0.00017000","T":1723161601437,"m":true,"M":true}}`: {trade},
		// The raw form, and the older one with the numbers of orders under b and a.
		`{"e":"trade","E":1723161601438,"s":"BTCUSDT","t":3735693016,"p":"61685.99000000","q":"0.00017000","b":88,"a":50,"T":1723161601437,"m":true,"M":true}`: {trade},
		`{"stream":"btcusdt@bookTicker","data":{"u":50093421613,"s":"BTCUSDT","b":"61685.99000000","B":"1.25869000","a":"61686.00000000","A":"2.44816000"}}`: {{
			Kind: feed.Quote, Symbol: btc, Time: received,
			Bid: some("61685.99000000"), BidSize: some("1.25869000"), Ask: some("61686.00000000"), AskSize: some("2.44816000"),
		}},
		// One side is empty, and the other has more digits than a quote can carry.
		`{"u":1,"s":"PEPEUSDT","b":"0.00000000","B":"0.00000000","a":"0.00001234","A":"123456789012.00000000"}`: {{
			Kind: feed.Quote, Symbol: pepe, Time: received, Ask: some("0.00001234"), AskSize: some("123456789012.000000"),
		}},
		`{"stream":"btcusdt@miniTicker","data":{"e":"24hrMiniTicker","E":1723161602000,"s":"BTCUSDT","c":"61700.00000000","o":"57000.10000000","h":"62000.00000000","l":"56900.00000000","v":"45678.12345000","q":"2712345678.12345678"}}`: {{
			Kind: feed.Day, Symbol: btc, Time: time.UnixMilli(1723161602000).UTC(),
			PreviousClose: some("57000.10000000"), Open: some("57000.10000000"), High: some("62000.00000000"), Low: some("56900.00000000"), Volume: some("45678.12345000"),
		}},
		// Nothing was traded in 24 hours.
		`{"e":"24hrMiniTicker","E":1723161602000,"s":"BTCUSDT","c":"0.00","o":"0.00000000","h":"0.00000000","l":"0.00000000","v":"0.00000000","q":"0.0"}`: {{
			Kind: feed.Day, Symbol: btc, Time: time.UnixMilli(1723161602000).UTC(), Volume: some("0.00000000"),
		}},
		`{"result":null,"id":1}`:              nil,
		`{"code":2,"msg":"no","id":1}`:        nil,
		`{"e":"kline","s":"BTCUSDT","k":{}}`:  nil,
		`{"k":[1],"s":{"a":1},"e":"unknown"}`: nil,
		`{"e":"serverShutdown","E":1}`:        nil,
	} {
		var got []feed.Update
		err := Decoder().Decode([]byte(msg), received, func(u feed.Update) { got = append(got, u) })
		if strings.Contains(msg, "unknown") { // what its fields are is read before what it is
			if len(got) > 0 {
				t.Errorf("%s: %v", msg, got)
			}
			continue
		}
		if diff := cmp.Diff(want, got, sameText); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", msg, err, diff)
		}
	}
}

func TestMalformedMessages(t *testing.T) {
	const trade = `{"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":"1.5","q":"2","T":1723161601437}`
	if err := Decoder().Decode([]byte(trade), received, func(feed.Update) {}); err != nil {
		t.Fatal(err)
	}
	for _, edit := range []string{
		`"p":"1.5"=>"p":"-1.5"`, `"p":"1.5"=>"p":"0"`, `"p":"1.5"=>"p":" 1"`, `"p":"1.5"=>"p":null`, `"p":"1.5"=>"p":"1.5`, `"p":"1.5",=>`,
		`"q":"2"=>"q":"-2"`, `"q":"2"=>"q":"x234567890123456789"`, `"q":"2"=>"q":""`, `"q":"2"=>"q":"-12345678901.12345678"`,
		`"t":1=>"t":-1`, `"t":1=>"t":1.5`, `"t":1=>"t":123456789012345678901`, `"T":1723161601437=>"T":0`, `"T":1723161601437=>"T":1723161601437000000`, `,"T":1723161601437=>`,
		`"s":"BTCUSDT"=>"s":"BTC USDT"`, `"s":"BTCUSDT",=>`, `}=>`, `}=>}}`, `{=>[`,
	} {
		from, to, _ := strings.Cut(edit, "=>")
		msg := strings.Replace(trade, from, to, 1)
		err := Decoder().Decode([]byte(msg), received, func(u feed.Update) { t.Errorf("%s: %+v", msg, u) })
		if err == nil {
			t.Errorf("%s is taken", msg)
		}
	}
}

func TestAnswers(t *testing.T) {
	for msg, want := range map[string]message{
		`{"result":null,"id":7}`:                               {answer: true, id: 7},
		`{"code":2,"msg":"Invalid request","id":7}`:            {answer: true, id: 7, fault: "Invalid request (code 2)"},
		`{"error":{"code":-1,"msg":"Unknown"},"id":7}`:         {answer: true, id: 7, fault: "Unknown (code -1)"},
		`{"id":7,"error":{"msg":"Unknown","code":0}}`:          {answer: true, id: 7, fault: "Unknown (code 0)"},
		`{"id":null,"result":["btcusdt@trade"]}`:               {answer: true},
		`{"event":{"e":"serverShutdown","E":1}}`:               {event: []byte("serverShutdown")},
		`{"stream":"x@y","data":{"e":"serverShutdown","E":1}}`: {event: []byte("serverShutdown")},
	} {
		m, err := parseMessage([]byte(msg))
		if err != nil || m.answer != want.answer || m.id != want.id || m.fault != want.fault || string(m.event) != string(want.event) {
			t.Errorf("%s: %+v, %v", msg, m, err)
		}
	}
}

// FuzzDecode holds that whatever comes makes an error or sound updates, and that
// a number keeps its text.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"binance-btcusdt.ndjson.gz", "binance-ethusdt.ndjson.gz"} {
		for _, frame := range feedtest.Seeds(f, file, 50) {
			f.Add(frame)
		}
	}
	f.Add([]byte(`{"e":"24hrMiniTicker","E":1723161602000,"s":"BTCUSDT","c":"1","o":"1","h":"2","l":"0.5","v":"123456789012345.12345678","q":"2"}`))
	f.Add([]byte(`{"error":{"code":2,"msg":"no"},"id":1}`))
	f.Add([]byte(`{"e":"depthUpdate","b":[["1","2"]]}`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		_ = Decoder().Decode(msg, received, func(u feed.Update) { // most of it is malformed
			if err := feedtest.Sound(u); err != nil {
				t.Errorf("%+v: %v", u, err)
			}
			if text := quotes.FormatDecimal(u.Price); u.Kind == feed.Trade && !strings.ContainsAny(string(msg), `\eE`) && !strings.Contains(string(msg), text) {
				t.Errorf("the price %s is not in the message", text)
			}
		})
	})
}

// BenchmarkDecode decodes the recorded messages.
func BenchmarkDecode(b *testing.B) {
	frames := feedtest.Recorded(b, "binance-btcusdt.ndjson.gz")
	size := 0
	for _, f := range frames {
		size += len(f.Msg)
	}
	b.SetBytes(int64(size / len(frames)))
	b.ReportAllocs()
	d := Decoder()
	updates := 0
	emit := func(feed.Update) { updates++ }
	i := 0
	for b.Loop() {
		f := &frames[i%len(frames)]
		if err := d.Decode(f.Msg, f.Received, emit); err != nil {
			b.Fatal(err)
		}
		i++
	}
	if updates != i {
		b.Fatalf("%d messages made %d updates", i, updates)
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "messages/s")
}
