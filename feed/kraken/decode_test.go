package kraken

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// What the vendor sends, by its documentation.
const (
	aTicker   = `{"channel":"ticker","type":"snapshot","data":[{"symbol":"BTC/USD","bid":105944.20,"bid_qty":2.5,"ask":105944.30,"ask_qty":3.2,"last":105899.40,"volume":163.28908096,"vwap":105904.39279,"low":104711.00,"high":106613.10,"change":250.00,"change_pct":0.24,"timestamp":"2023-10-06T17:35:55.440295Z"}]}`
	aTrade    = `{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":105944.20,"qty":0.00027625,"ord_type":"limit","trade_id":10218208,"timestamp":"2023-10-06T17:35:56.440295Z"}]}`
	aSnapshot = `{"channel":"trade","type":"snapshot","data":[{"symbol":"BTC/USD","side":"buy","price":105944.10,"qty":1,"ord_type":"limit","trade_id":7,"timestamp":"2023-10-06T17:35:50Z"},{"symbol":"ETH/USD","side":"sell","price":2000.00,"qty":2,"ord_type":"market","trade_id":3,"timestamp":"2023-10-06T17:35:51Z"},{"symbol":"BTC/USD","side":"buy","price":105944.00,"qty":1.50,"ord_type":"limit","trade_id":8,"timestamp":"2023-10-06T17:35:52Z"}]}`
	anAnswer  = `{"method":"subscribe","result":{"channel":"ticker","symbol":"BTC/USD","snapshot":true},"success":true,"time_in":"2023-09-25T07:48:11.118187Z","time_out":"2023-09-25T07:48:11.118229Z","req_id":1}`
	aRefusal  = `{"error":"Currency pair not supported BTC/USX","method":"subscribe","req_id":2,"success":false,"symbol":"BTC/USX"}`
	aStatus   = `{"channel":"status","data":[{"api_version":"v2","connection_id":13834774380200032777,"system":"online","version":"2.0.0"}],"type":"update"}`
	halted    = `{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"BTC/USD","status":"cancel_only","price_increment":0.1},{"symbol":"ETH/USD","status":"limit_only"}]}}`
	lifted    = `{"channel":"instrument","type":"update","data":{"assets":[],"pairs":[{"symbol":"BTC/USD","status":"online"}]}}`
	beat      = `{"channel":"heartbeat"}`
	closed    = `{"channel":"status","type":"update","data":[{"system":"maintenance"}]}`
)

// decodeAll feeds messages to a decoder and writes what it emits as lines.
func decodeAll(t *testing.T, d *Decoder, messages ...string) []string {
	t.Helper()
	var lines []string
	for _, m := range messages {
		if err := d.Decode([]byte(m), noon, func(u feed.Update) { lines = append(lines, line(u)) }); err != nil {
			t.Fatalf("%s: %v", m, err)
		}
	}
	return lines
}

func line(u feed.Update) string {
	if u.Kind == feed.Reported {
		return "report " + u.Note
	}
	text := map[feed.Kind]string{feed.Trade: "trade", feed.Quote: "quote", feed.Day: "day", feed.Status: "status", feed.Break: "break"}[u.Kind]
	text += " " + u.Symbol.String() + " " + u.Time.Format("15:04:05.000000")
	switch u.Kind {
	case feed.Status:
		text += fmt.Sprint(" halted ", u.Halted)
	case feed.Trade:
		text += fmt.Sprintf(" #%d %s x %s counts %v", u.TradeID, quotes.FormatDecimal(u.Price), quotes.FormatDecimal(u.Size), u.CountsVolume && u.MovesRange)
	}
	for _, n := range []struct {
		name string
		n    decimal.NullDecimal
	}{{"bid", u.Bid}, {"x", u.BidSize}, {"ask", u.Ask}, {"x", u.AskSize}, {"previous", u.PreviousClose}, {"open", u.Open}, {"high", u.High}, {"low", u.Low}, {"volume", u.Volume}} {
		if n.n.Valid {
			text += " " + n.name + " " + quotes.FormatDecimal(n.n.Decimal)
		}
	}
	return text
}

func TestBareNumbersKeepTheirTextAndTheChangeGivesThePreviousClose(t *testing.T) {
	got := decodeAll(t, NewDecoder(), aStatus, beat, aTicker, aTrade)
	want := []string{
		"break BTC/USD 17:35:55.440295",
		"status BTC/USD 17:35:55.440295 halted false",
		"day BTC/USD 17:35:55.440295 previous 105649.40 high 106613.10 low 104711.00 volume 163.28908096",
		"quote BTC/USD 17:35:55.440295 bid 105944.20 x 2.5 ask 105944.30 x 3.2",
		"trade BTC/USD 17:35:56.440295 #10218208 105944.20 x 0.00027625 counts true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestASnapshotTellsOnlyTheNewestTradeOfAPair(t *testing.T) {
	d := NewDecoder()
	got := decodeAll(t, d, aSnapshot)
	want := []string{
		"break BTC/USD 17:35:52.000000",
		"status BTC/USD 17:35:52.000000 halted false",
		"trade BTC/USD 17:35:52.000000 #8 105944.00 x 1.50 counts false",
		"break ETH/USD 17:35:51.000000",
		"status ETH/USD 17:35:51.000000 halted false",
		"trade ETH/USD 17:35:51.000000 #3 2000.00 x 2 counts false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.again(quotes.MustSymbol("ETH/USD"))
	if got := decodeAll(t, d, aSnapshot); len(got) != 4 || got[0] != "trade BTC/USD 17:35:52.000000 #8 105944.00 x 1.50 counts false" {
		t.Errorf("subscribed again: %v", got)
	}
}

func TestHaltsOfAPairAndOfTheExchangeAreToldAndLift(t *testing.T) {
	d := NewDecoder()
	decodeAll(t, d, aTrade, aSnapshot)
	for _, step := range []struct {
		message string
		want    []string
	}{
		{halted, []string{"status BTC/USD 12:00:00.000000 halted true"}},
		{halted, nil},
		{closed, []string{"report the exchange matches no orders: maintenance", "status ETH/USD 12:00:00.000000 halted true"}},
		{lifted, nil},
		{closed, nil},
	} {
		if diff := cmp.Diff(step.want, decodeAll(t, d, step.message)); diff != "" {
			t.Errorf("%s: %s", step.message, diff)
		}
	}
	if got := decodeAll(t, d, aStatus); len(got) != 3 || got[0] != "report the exchange matches orders again" {
		t.Errorf("open again: %v", got)
	}
}

func TestAPairThatIsHaltedBeginsSo(t *testing.T) {
	if got := decodeAll(t, NewDecoder(), halted, aTrade); len(got) != 3 || got[1] != "status BTC/USD 17:35:56.440295 halted true" {
		t.Error(got)
	}
}

func TestWhatIsNotThereIsNotZero(t *testing.T) {
	got := decodeAll(t, NewDecoder(),
		`{"channel":"ticker","type":"update","data":[{"symbol":"A/B","bid":0.0,"bid_qty":0,"ask":1.10,"ask_qty":3,"last":1.0,"change":1.0,"volume":1234567890123.12345678}]}`,
		`{"channel":"ticker","type":"update","data":[{"symbol":"A/B","last":9007199254740993,"change":-0.0000000001}]}`)
	want := []string{
		"break A/B 12:00:00.000000", "status A/B 12:00:00.000000 halted false",
		"day A/B 12:00:00.000000 volume 1234567890123.12345",
		"quote A/B 12:00:00.000000 ask 1.10 x 3",
		"quote A/B 12:00:00.000000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnswers(t *testing.T) {
	for text, want := range map[string]answer{
		anAnswer: {method: "subscribe", channel: "ticker", symbol: "BTC/USD", request: 1},
		aRefusal: {method: "subscribe", symbol: "BTC/USX", err: "Currency pair not supported BTC/USX", request: 2},
		aTrade:   {},
	} {
		if got, err := NewDecoder().decode([]byte(text), noon, func(feed.Update) {}); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestMalformedMessagesEmitNothing(t *testing.T) {
	for _, m := range []string{
		"", "{", "[]", "null", "{}", aTicker + "x", aTicker[:200], `{"channel":""}`,
		`{"channel":"trade","data":[{}]}`, `{"channel":"ticker","data":[{"symbol":"a b"}]}`, `{"channel":"trade","data":{}}`,
		`{"channel":"trade","data":[{"symbol":"A/B"}]}`, `{"channel":"trade","data":[{"symbol":"A/B","price":-1}]}`,
		`{"channel":"trade","type":"snapshot","data":[{"symbol":"A/B","price":1e400}]}`,
		`{"channel":"status","data":[{"system":{}}]}`, `{"channel":"instrument","data":{"pairs":[1]}}`,
	} {
		err := NewDecoder().Decode([]byte(m), noon, func(u feed.Update) {
			if u.Kind == feed.Trade || u.Kind == feed.Quote || u.Kind == feed.Day {
				t.Errorf("%s: emitted %v", m, line(u))
			}
		})
		if !errors.Is(err, frame.ErrMalformed) {
			t.Errorf("%s: error %v", m, err)
		}
	}
}

// FuzzDecode holds that whatever a server sends is refused or makes updates that
// a Tape can take.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{aTicker, aTrade, aSnapshot, anAnswer, aRefusal, aStatus, halted, lifted, beat, closed} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		d := NewDecoder()
		for range 2 {
			err := d.Decode(msg, noon, func(u feed.Update) {
				if u.Kind != feed.Reported && u.Symbol.IsZero() || u.Time.IsZero() || u.Time.Location() != time.UTC {
					t.Errorf("%q: %+v", msg, u)
				}
				if u.Kind == feed.Trade && u.Price.Sign() <= 0 || u.Bid.Valid && u.Bid.Decimal.Sign() <= 0 || u.Ask.Valid && u.Ask.Decimal.Sign() <= 0 {
					t.Errorf("%q: %+v", msg, u)
				}
			})
			if err != nil && !errors.Is(err, frame.ErrMalformed) {
				t.Errorf("%q: %v", msg, err)
			}
		}
	})
}

// goal is how many messages a second one core has to decode; the test fails only
// far below it, for a machine that is busy with other things.
const goal = 100_000

func TestDecodingIsNotFarBelowItsGoal(t *testing.T) {
	best := 0.0
	for range 5 {
		began := time.Now()
		n := 0
		for range 5 {
			n += decodeSome(t)
		}
		best = max(best, float64(n)/time.Since(began).Seconds())
	}
	t.Logf("%.0f messages a second", best)
	if best < goal/50 {
		t.Errorf("%.0f messages a second, the goal is %d", best, goal)
	}
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += decodeSome(b)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(0, "ns/op") // of some messages: it says nothing
}

// decodeSome decodes a hundred tickers, each with two trades, as a busy pair has
// them, and returns how many messages that is.
func decodeSome(tb testing.TB) int {
	const rounds = 100
	d := NewDecoder()
	msgs := [][]byte{[]byte(aTicker), []byte(aTrade), []byte(aTrade)}
	for range rounds {
		for _, m := range msgs {
			if err := d.Decode(m, noon, func(feed.Update) {}); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return rounds * len(msgs)
}

func TestTheURL(t *testing.T) {
	schemes := feed.Schemes{"kraken": Scheme()}
	for _, bad := range []string{"kraken://?symbols=", "kraken://?symbols=XBTUSD", "kraken://?limit=3", "kraken://host", "kraken:///path"} {
		if _, err := schemes.Open(bad, nil); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	spec, err := schemes.Open("kraken://?symbols=btc/usd", nil)
	if err != nil || spec.Basis != quotes.Rolling24h || spec.Source.Name() != "kraken" {
		t.Errorf("%+v, %v", spec, err)
	}
}

func TestPairsHaveTheNamesOfTheSocket(t *testing.T) {
	list, err := readPairs([]byte(`{"error":[],"result":{"XXBTZUSD":{"altname":"XBTUSD","wsname":"XBT/USD","pair_decimals":1,"tick_size":"0.1","status":"online"},"XDGUSD":{"wsname":"XDG/USD","pair_decimals":7,"status":"post_only"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range list {
		got = append(got, fmt.Sprint(in.Symbol, " ", in.Name, " ", in.Currency, " ", in.Decimals, " ", in.TickSize))
	}
	if diff := cmp.Diff([]string{"BTC/USD BTC / USD USD 1 0.1", "DOGE/USD DOGE / USD USD 7 0"}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := readPairs([]byte(`{"error":["EService:Unavailable"]}`)); err == nil {
		t.Error("an error is a list")
	}
}
