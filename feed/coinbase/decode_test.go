package coinbase

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

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
	text := map[feed.Kind]string{feed.Trade: "trade", feed.Quote: "quote", feed.Day: "day", feed.Status: "status", feed.Break: "break"}[u.Kind]
	text += " " + u.Symbol.String() + " " + u.Time.Format("15:04:05.000000")
	if u.Kind == feed.Trade {
		text += fmt.Sprintf(" #%d %s x %s", u.TradeID, quotes.FormatDecimal(u.Price), quotes.FormatDecimal(u.Size))
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

const (
	aTicker    = `{"type":"ticker","sequence":333938798,"product_id":"BAND-GBP","price":"14.7775","open_24h":"14.6647","volume_24h":"94381.28000000","low_24h":"14.3691","high_24h":"16.55","volume_30d":"2295579.57000000","best_bid":"14.7550","best_ask":"14.8060","side":"buy","time":"2021-04-17T16:43:30.244075Z","trade_id":881613,"last_size":"0.04"}`
	aLastMatch = `{"type":"last_match","trade_id":881613,"maker_order_id":"27fff20b-af29-4f45-8744-56dd1ef57dc0","taker_order_id":"1da6ce16-c8da-4732-9f71-6049f4c6aaf8","side":"sell","size":"0.04","price":"14.7775","product_id":"BAND-GBP","sequence":333938798,"time":"2021-04-17T16:43:30.244075Z"}`
	aMatch     = `{"type":"match","trade_id":881614,"side":"sell","size":"1.50","price":"14.8000","product_id":"BAND-GBP","sequence":333938800,"time":"2021-04-17T16:43:31.5Z"}`
)

func TestASubscriptionBeginsWithABreakAndATradeIsToldOnce(t *testing.T) {
	d := NewDecoder()
	got := decodeAll(t, d, aTicker, aLastMatch, aMatch, aMatch)
	want := []string{
		"break BAND/GBP 16:43:30.244075",
		"trade BAND/GBP 16:43:30.244075 #881613 14.7775 x 0.04",
		"day BAND/GBP 16:43:30.244075 previous 14.6647 open 14.6647 high 16.55 low 14.3691 volume 94381.28000000",
		"quote BAND/GBP 16:43:30.244075 bid 14.7550 ask 14.8060",
		"trade BAND/GBP 16:43:31.500000 #881614 14.8000 x 1.50",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	d.begin(quotes.MustSymbol("BAND/GBP"))
	got = decodeAll(t, d, aMatch)
	want = []string{"break BAND/GBP 16:43:31.500000", "trade BAND/GBP 16:43:31.500000 #881614 14.8000 x 1.50"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("subscribed again:", diff)
	}
}

func TestAHeartbeatConfirmsOnlyTheTradeThatItNames(t *testing.T) {
	d := NewDecoder()
	beat := func(product string, trade int) string {
		return fmt.Sprintf(`{"type":"heartbeat","sequence":90,"last_trade_id":%d,"product_id":%q,"time":"2021-04-17T16:45:00Z"}`, trade, product)
	}
	if got := decodeAll(t, d, beat("BAND-GBP", 881613)); got != nil {
		t.Errorf("before any trade: %v", got)
	}
	decodeAll(t, d, aTicker)
	got := decodeAll(t, d, beat("BAND-GBP", 0), beat("BAND-GBP", 881614), beat("SKL-USD", 881613), beat("BAND-GBP", 881613))
	if diff := cmp.Diff([]string{"status BAND/GBP 16:43:30.244075"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnAuctionIsNoTradeOfItsProduct(t *testing.T) {
	got := decodeAll(t, NewDecoder(), strings.ReplaceAll(aTicker, "BAND-GBP", "BANDAUCTION-GBP"), strings.ReplaceAll(aMatch, "BAND-GBP", "BANDAUCTION-GBP"))
	if got != nil {
		t.Error(got)
	}
}

func TestAnEmptySideOfTheBookIsNotThere(t *testing.T) {
	got := decodeAll(t, NewDecoder(), `{"type":"ticker","product_id":"A-B","price":"1.0","best_bid":"0","best_bid_size":"0","best_ask":"1.1","best_ask_size":"2.50","open_24h":"0","volume_24h":"0","trade_id":1}`)
	want := []string{"break A/B 12:00:00.000000", "trade A/B 12:00:00.000000 #1 1.0 x 0", "day A/B 12:00:00.000000 volume 0", "quote A/B 12:00:00.000000 ask 1.1 x 2.50"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAVolumeBeyondADecimalLosesItsTailNotTheMessage(t *testing.T) {
	got := decodeAll(t, NewDecoder(), strings.Replace(aTicker, "94381.28000000", "1234567890123.12345678", 1))
	if !strings.Contains(got[2], "volume 1234567890123.12345") {
		t.Error(got[2])
	}
}

func TestMalformedMessagesEmitNothing(t *testing.T) {
	for _, m := range []string{
		"", "{", "[]", "null", `{"type":""}`, `{"product_id":"A-B"}`, aTicker + "x", aTicker[:200],
		`{"type":"ticker","product_id":"A-B"}`, `{"type":"match","product_id":"A-B","price":"-1"}`, `{"type":"match","price":"1"}`,
		`{"type":"match","product_id":"a b","price":"1"}`, `{"type":"match","product_id":"A-B","price":"1e400"}`,
		`{"type":"subscriptions","channels":[{"name":"ticker","product_ids":[{}]}]}`,
	} {
		err := NewDecoder().Decode([]byte(m), noon, func(u feed.Update) { t.Errorf("%s: emitted %v", m, line(u)) })
		if !errors.Is(err, frame.ErrMalformed) {
			t.Errorf("%s: error %v", m, err)
		}
	}
}

// TestTheRecordingSaysWhatItSays reads every recorded message a second time, with
// encoding/json, and holds the texts of its numbers against the updates.
func TestTheRecordingSaysWhatItSays(t *testing.T) {
	d := NewDecoder()
	told := make(map[string]bool) // product and trade
	for _, f := range feedtest.Recorded(t, recording) {
		var fields map[string]any
		if err := json.Unmarshal(f.Msg, &fields); err != nil {
			t.Fatal(err)
		}
		text := func(name string) string { s, _ := fields[name].(string); return s }
		var got []string
		if err := d.Decode(f.Msg, f.Received, func(u feed.Update) {
			if u.Kind != feed.Break {
				got = append(got, line(u))
			}
		}); err != nil {
			t.Fatalf("%s: %v", f.Msg, err)
		}
		if text("product_id") == "" {
			if got != nil {
				t.Errorf("%s became %v", f.Msg, got)
			}
			continue
		}
		at, err := time.Parse(time.RFC3339, text("time"))
		if err != nil {
			t.Fatal(err)
		}
		head := strings.Replace(text("product_id"), "-", "/", 1) + " " + at.Format("15:04:05.000000")
		trade := fmt.Sprintf("trade %s #%.0f %s x %s", head, fields["trade_id"], text("price"), text("size")+text("last_size"))
		var want []string
		if key := fmt.Sprint(text("product_id"), fields["trade_id"]); !told[key] {
			told[key] = true
			want = append(want, trade)
		}
		if text("type") == "ticker" {
			want = append(want,
				fmt.Sprintf("day %s previous %s open %s high %s low %s volume %s", head, text("open_24h"), text("open_24h"), text("high_24h"), text("low_24h"), text("volume_24h")),
				fmt.Sprintf("quote %s bid %s ask %s", head, text("best_bid"), text("best_ask")))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s:\n%s", f.Msg, diff)
		}
	}
	if len(told) != 107 {
		t.Errorf("%d trades were told", len(told))
	}
}

// FuzzDecode holds that whatever a server sends is refused or makes updates that
// a Tape can take.
func FuzzDecode(f *testing.F) {
	for _, seed := range feedtest.Seeds(f, recording, 40) {
		f.Add(seed)
	}
	for _, seed := range []string{
		aTicker, aLastMatch, aMatch,
		`{"type":"error","message":"Failed to subscribe","reason":"X-Y is not a valid product"}`,
		`{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28.464459Z"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		d := NewDecoder()
		for range 2 {
			err := d.Decode(msg, noon, func(u feed.Update) {
				if u.Symbol.IsZero() || u.Time.IsZero() || u.Time.Location() != time.UTC {
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

// goal is how many recorded messages a second one core has to decode; the test
// fails only far below it, for a machine that is busy with other things.
const goal = 100_000

func TestDecodingIsNotFarBelowItsGoal(t *testing.T) {
	frames := feedtest.Recorded(t, recording)
	best := 0.0
	for range 5 {
		began := time.Now()
		n := 0
		for range 10 {
			n += decodeFrames(t, frames)
		}
		best = max(best, float64(n)/time.Since(began).Seconds())
	}
	t.Logf("%.0f messages a second", best)
	if best < goal/50 {
		t.Errorf("%.0f messages a second, the goal is %d", best, goal)
	}
}

func BenchmarkDecode(b *testing.B) {
	frames := feedtest.Recorded(b, recording)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n += decodeFrames(b, frames)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(0, "ns/op") // of a whole recording: it says nothing
}

// decodeFrames decodes a recording as one connection and returns how many
// messages it has.
func decodeFrames(tb testing.TB, frames []feedtest.Frame) int {
	d := NewDecoder()
	for _, f := range frames {
		if err := d.Decode(f.Msg, f.Received, func(feed.Update) {}); err != nil {
			tb.Fatal(err)
		}
	}
	return len(frames)
}

func TestAnErrorNamesWholeProducts(t *testing.T) {
	for text, want := range map[string]bool{
		"Failed to subscribe: BTC-USD is not a valid product": true,
		"Failed to subscribe: BTC-USDT is not valid":          false,
		"Failed to subscribe: WBTC-USD is delisted.":          false,
		"no product 'BTC-USD'.":                               true,
		"delisted: BTC-USD.":                                  true,
	} {
		if names(text, "BTC-USD") != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

func TestTheURL(t *testing.T) {
	for _, bad := range []string{"symbols=", "symbols=BTCUSD", "symbols=BTCAUCTION/USD", "symbols=A/B/C", "limit=3"} {
		if _, err := (feed.Schemes{"coinbase": Scheme()}).Open("coinbase://?"+bad, nil); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	for _, bad := range []string{"coinbase://host", "coinbase:///path", "coinbase:x", "coinbase://?symbols=BTC/USD#x"} {
		if _, err := (feed.Schemes{"coinbase": Scheme()}).Open(bad, nil); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
	spec, err := (feed.Schemes{"coinbase": Scheme()}).Open("coinbase://?symbols=btc/usd,ETH/USD", nil)
	if err != nil || spec.Basis != quotes.Rolling24h || spec.Source.Name() != "coinbase" {
		t.Errorf("%+v, %v", spec, err)
	}
}

func TestProductsAreListedByTheirNames(t *testing.T) {
	list, err := readProducts([]byte(`[{"id":"ETH-USD","base_currency":"ETH","quote_currency":"USD","quote_increment":"0.0100","status":"online"},
		{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"1","status":"online"},
		{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"1","status":"online"}]`))
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	got := slices.Collect(func(yield func(string) bool) {
		for _, in := range list {
			yield(fmt.Sprint(in.Symbol, " ", in.Name, " ", in.Currency, " ", in.Decimals))
		}
	})
	if diff := cmp.Diff([]string{"BTC/USD BTC / USD USD 0", "ETH/USD ETH / USD USD 2"}, got); diff != "" {
		t.Error(diff)
	}
}
