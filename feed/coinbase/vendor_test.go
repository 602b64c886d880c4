package coinbase

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recording is what the exchange sent in some seconds of April 2021.
const recording = "coinbase-exchange.txt.gz"

var recorded = []quotes.Symbol{
	quotes.MustSymbol("SKL/USD"), quotes.MustSymbol("SKL/BTC"), quotes.MustSymbol("BAND/GBP"), quotes.MustSymbol("NMR/EUR"),
	quotes.MustSymbol("BAND/BTC"), quotes.MustSymbol("YFI/BTC"), quotes.MustSymbol("DASH/BTC"), quotes.MustSymbol("NU/GBP"),
	quotes.MustSymbol("CRV/EUR"), quotes.MustSymbol("SKL/GBP"),
}

func TestVendor(t *testing.T) { feedtest.RunVendor(t, vendor()) }

// vendor plays the exchange.
func vendor() feedtest.VendorCase {
	fault := func(message, reason string) func(*feedtest.Client) {
		return func(c *feedtest.Client) {
			c.Send(fmt.Sprintf(`{"type":"error","message":%q,"reason":%q}`, message, reason))
		}
	}
	return feedtest.VendorCase{
		Scheme: Scheme(), URL: "coinbase://", Addresses: []string{urlSetting}, Symbols: recorded,
		Rate:    100,
		Receive: receive, Answer: answer, REST: answerREST, Trade: match, Quote: ticker,
		Control: []string{
			`{"type":"heartbeat","sequence":90,"last_trade_id":0,"product_id":"SKL-USD","time":"2014-11-07T08:19:28.464459Z"}`,
			`{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"OTHER-USD","time":"2014-11-07T08:19:28.464459Z"}`,
			`{"type":"subscriptions","channels":[{"name":"level2","product_ids":["SKL-USD"]}]}`,
			`{"type":"status","products":[{"id":"SKL-USD","status":"online"}],"currencies":[]}`,
			`{"type":"match","trade_id":1,"price":"1.5","size":"2","product_id":"SKLAUCTION-USD","time":"2021-04-17T16:43:37.089723Z"}`,
		},
		Unknown: []string{`{"type":"auction","product_id":"SKL-USD","price":"1"}`, `{"type":"new"}`},
		Faults: []feedtest.Fault{
			{Name: "too slow", At: feedtest.Streaming, Do: fault("ErrSlowConsume", ""), Want: feedtest.Retried, Says: "ErrSlowConsume"},
			{Name: "a request too long", At: feedtest.Asked, Do: fault("Message too big", ""), Want: feedtest.Retried, Says: "too big"},
			{Name: "no such product", At: feedtest.Asked, Do: fault("Failed to subscribe", "SKL-USD is not a valid product"), Want: feedtest.GoesOn, Says: "not a valid product"},
			{Name: "a remark", At: feedtest.Streaming, Do: fault("Internal error", "try again"), Want: feedtest.GoesOn, Says: "Internal error: try again"},
			{Name: "patience", At: feedtest.Hello, Do: func(c *feedtest.Client) { c.Close(1013, "busy") }, Want: feedtest.Slowly, Says: "busy"},
			{Name: "a country that is not served", At: feedtest.Upgrade, Status: http.StatusForbidden, Want: feedtest.Slowly, Says: "403"},
		},
		// 107 tickers with figures and a quote each, and as many trades, which both
		// tickers and matches tell.
		Recorded: []feedtest.Recording{{File: recording, Symbols: recorded, Updates: 2*107 + 107}},
	}
}

func receive(c *feedtest.Client, msg []byte) {
	var r struct {
		Type       string   `json:"type"`
		ProductIDs []string `json:"product_ids"`
		Channels   []string `json:"channels"`
	}
	if err := json.Unmarshal(msg, &r); err != nil || strings.Join(r.Channels, " ") != "ticker matches heartbeat" || len(r.ProductIDs) == 0 {
		c.Complain("it sent %s", msg)
	}
	var syms []quotes.Symbol
	for _, id := range r.ProductIDs {
		sym, err := symbolOf(id)
		if err != nil {
			c.Complain("it sent %s", msg)
		}
		syms = append(syms, sym)
	}
	if r.Type == "subscribe" {
		c.Subscribe(nil, syms...)
	} else {
		c.Unsubscribe(nil, syms...)
	}
}

// answer sends the snapshots of what is new, and the list of all that is
// subscribed, in the recording's order; a request with a product that is not there
// is refused whole.
func answer(c *feedtest.Client, a feedtest.Answer) {
	if len(a.Refused) > 0 {
		c.Send(fmt.Sprintf(`{"type":"error","message":"Failed to subscribe","reason":"%s is not a valid product"}`, productOf(a.Refused[0])))
		return
	}
	var ids []string
	for _, sym := range c.Subscribed() {
		ids = append(ids, fmt.Sprintf("%q", productOf(sym)))
	}
	list := strings.Join(ids, ",")
	var msgs []string
	for _, sym := range a.Accepted {
		if f := c.Vendor().Figures(); !a.Unsubscribe {
			msgs = append(msgs, snapshot(sym, f), match(feedtest.TradeFrame{Symbol: sym, ID: f.LastID, Price: f.Last, Size: f.LastSize, Time: f.Time}))
		}
	}
	c.Send(append(msgs, `{"type":"subscriptions","channels":[{"name":"ticker","product_ids":[`+list+`]},{"name":"matches","product_ids":[`+list+`]},{"name":"heartbeat","product_ids":[`+list+`]}]}`)...)
}

func snapshot(sym quotes.Symbol, f feedtest.Figures) string {
	return fmt.Sprintf(`{"type":"ticker","sequence":1,"product_id":%q,"price":%q,"open_24h":%q,"volume_24h":%q,"low_24h":%q,"high_24h":%q,"volume_30d":"1","best_bid":%q,"best_bid_size":%q,"best_ask":%q,"best_ask_size":%q,"side":"buy","time":%q,"trade_id":%d,"last_size":%q}`,
		productOf(sym), f.Last, f.PreviousClose, f.Volume, f.Low, f.High, f.Bid, f.BidSize, f.Ask, f.AskSize, f.Time.Format(time.RFC3339Nano), f.LastID, f.LastSize)
}

func match(f feedtest.TradeFrame) string {
	return fmt.Sprintf(`{"type":"match","trade_id":%d,"maker_order_id":"27fff20b","taker_order_id":"1da6ce16","side":"sell","size":%q,"price":%q,"product_id":%q,"sequence":1,"time":%q}`,
		f.ID, f.Size, f.Price, productOf(f.Symbol), f.Time.Format(time.RFC3339Nano))
}

// ticker repeats the trade that the source has already: what is new is the quote.
func ticker(f feedtest.QuoteFrame) string {
	return fmt.Sprintf(`{"type":"ticker","sequence":1,"product_id":%q,"price":"1","trade_id":1,"last_size":"1","best_bid":%q,"best_bid_size":%q,"best_ask":%q,"best_ask_size":%q,"time":%q}`,
		productOf(f.Symbol), f.Bid, f.BidSize, f.Ask, f.AskSize, f.Time.Format(time.RFC3339Nano))
}

func answerREST(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/products":
		list := []string{
			`{"id":"SKLAUCTION-USD","base_currency":"SKL","quote_currency":"USD","quote_increment":"0.01","status":"online"}`,
			`{"id":"GONE-USD","base_currency":"GONE","quote_currency":"USD","quote_increment":"0.01","status":"delisted"}`,
			`{"id":"an id that is no symbol","status":"online"}`,
		}
		for _, sym := range v.Symbols() {
			base, quote := parts(sym)
			list = append(list, fmt.Sprintf(`{"id":%q,"base_currency":%q,"quote_currency":%q,"base_increment":"0.1","quote_increment":"0.0001","display_name":%q,"status":"online","trading_disabled":false}`,
				productOf(sym), base, quote, productOf(sym)))
		}
		fmt.Fprint(w, "["+strings.Join(list, ",")+"]")
	case "/currencies":
		fmt.Fprint(w, `[{"id":"SKL","name":"SKALE"},{"id":"USD","name":"US Dollar","details":{}}]`)
	default:
		v.Complain("it asked for %s", r.URL)
	}
}
