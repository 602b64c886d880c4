package binance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

// symbols are those of the played vendor: the recorded ones, and two more than a
// connection carries.
func symbols() []quotes.Symbol {
	list := []quotes.Symbol{quotes.MustSymbol("BTCUSDT"), quotes.MustSymbol("ETHUSDT")}
	for len(list) < limit+2 {
		list = append(list, quotes.MustSymbol(fmt.Sprintf("X%dUSDT", len(list))))
	}
	return list
}

// vendorCase is Binance as its documentation tells.
func vendorCase() feedtest.VendorCase {
	return feedtest.VendorCase{
		Scheme: Scheme(), URL: "binance://", Addresses: []string{"BINANCE_URL", "BINANCE_REST_URL"},
		Symbols: symbols(), Limit: limit, Rate: 5,
		Receive: receive,
		Answer: func(c *feedtest.Client, a feedtest.Answer) {
			if len(a.Refused) > 0 {
				c.Send(fmt.Sprintf(`{"code":2,"msg":"Invalid request: no such stream","id":%d}`, a.Detail))
				return
			}
			c.Send(fmt.Sprintf(`{"result":null,"id":%d}`, a.Detail))
		},
		REST: func(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/api/v3/exchangeInfo":
				fmt.Fprint(w, exchangeInfo(v.Symbols()))
			case "/api/v3/ticker/24hr":
				fmt.Fprint(w, statistics(v, r))
			default:
				v.Complain("it asked for %s", r.URL)
			}
		},
		Trade: func(f feedtest.TradeFrame) string {
			ms := f.Time.UnixMilli()
			return fmt.Sprintf(`{"stream":"%s@trade","data":{"e":"trade","E":%d,"s":"%s","t":%d,"p":"%s","q":"%s","T":%d,"m":true,"M":true}}`,
				strings.ToLower(f.Symbol.String()), ms+1, f.Symbol, f.ID, f.Price, f.Size, ms)
		},
		Quote: func(f feedtest.QuoteFrame) string {
			return fmt.Sprintf(`{"stream":"%s@bookTicker","data":{"u":400900217,"s":"%s","b":"%s","B":"%s","a":"%s","A":"%s"}}`,
				strings.ToLower(f.Symbol.String()), f.Symbol, f.Bid, f.BidSize, f.Ask, f.AskSize)
		},
		Control: []string{`{"result":null,"id":0}`, `{"result":["btcusdt@trade"],"id":3}`},
		Unknown: []string{
			`{"stream":"btcusdt@avgPrice","data":{"e":"avgPrice","E":1693907033000,"s":"BTCUSDT","i":"5m","w":"25776.86000000","T":1693907032213}}`,
			`{"stream":"btcusdt@depth","data":{"e":"depthUpdate","E":1672515782136,"s":"BTCUSDT","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}}`,
		},
		Faults: []feedtest.Fault{
			{
				Name: "a malformed request", At: feedtest.Streaming, Want: feedtest.GoesOn, Says: "Invalid JSON",
				Do: func(c *feedtest.Client) {
					c.Send(`{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}`)
				},
			},
			{
				Name: "a refused subscription in its other form", At: feedtest.Asked, Want: feedtest.GoesOn, Says: "no such stream (code 2)",
				Do: func(c *feedtest.Client) { c.Send(`{"error":{"code":2,"msg":"no such stream"},"id":1}`) },
			},
			{
				Name: "a restart", At: feedtest.Streaming, Want: feedtest.Retried, Says: "about to restart",
				Do: func(c *feedtest.Client) { c.Send(`{"event":{"e":"serverShutdown","E":1693907033000}}`) },
			},
			{
				Name: "a restart told by a stream", At: feedtest.Streaming, Want: feedtest.Retried, Says: "about to restart",
				Do: func(c *feedtest.Client) {
					c.Send(`{"stream":"btcusdt@trade","data":{"e":"serverShutdown","E":1693907033000}}`)
				},
			},
			{
				Name: "the end of the 24 hours", At: feedtest.Streaming, Want: feedtest.Retried, Says: "1008",
				Do: func(c *feedtest.Client) { c.Close(1008, "disconnected") },
			},
			{Name: "a blocked address", At: feedtest.Upgrade, Status: 403, Want: feedtest.Slowly, Says: "does not serve this network"},
			{Name: "a banned address", At: feedtest.REST, Status: 418, Want: feedtest.Slowly},
			{Name: "a country that is not served", At: feedtest.Upgrade, Status: 451, Want: feedtest.Slowly, Says: "does not serve this country"},
		},
		Recorded: []feedtest.Recording{
			{File: "binance-btcusdt.ndjson.gz", Symbols: symbols()[:1], Updates: 12_000},
			{File: "binance-ethusdt.ndjson.gz", Symbols: symbols()[1:2], Updates: 12_000},
		},
	}
}

// receive takes requests for streams: all of those that are used of a symbol.
func receive(c *feedtest.Client, msg []byte) {
	var r request
	if err := json.Unmarshal(msg, &r); err != nil || r.ID == 0 {
		c.Complain("request %s: %v", msg, err)
		return
	}
	count := make(map[string]int)
	var syms []quotes.Symbol
	for _, stream := range r.Params {
		symbol, _, _ := strings.Cut(stream, "@")
		if stream != strings.ToLower(symbol)+strings.TrimPrefix(stream, symbol) {
			c.Complain("stream %s is not in lower case", stream)
		}
		if count[symbol]++; count[symbol] == len(channels) {
			syms = append(syms, quotes.MustSymbol(symbol))
		}
	}
	switch r.Method {
	case "SUBSCRIBE":
		c.Subscribe(r.ID, syms...)
	case "UNSUBSCRIBE":
		c.Unsubscribe(r.ID, syms...)
	default:
		c.Complain("method %s", r.Method)
	}
}

func exchangeInfo(syms []quotes.Symbol) string {
	list := make([]string, 0, len(syms)+2)
	for _, sym := range syms {
		base := strings.TrimSuffix(sym.String(), "USDT")
		list = append(list, fmt.Sprintf(`{"symbol":"%s","status":"TRADING","baseAsset":"%s","quoteAsset":"USDT","filters":[`+
			`{"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"},{"filterType":"LOT_SIZE","stepSize":"0.00001000"}]}`, sym, base))
	}
	list = append(list,
		`{"symbol":"OLDUSDT","status":"BREAK","baseAsset":"OLD","quoteAsset":"USDT","filters":[]}`,
		`{"symbol":"币安人生USDT","status":"TRADING","baseAsset":"币安人生","quoteAsset":"USDT","filters":[]}`)
	return `{"timezone":"UTC","serverTime":1693907033000,"symbols":[` + strings.Join(list, ",") + `]}`
}

func statistics(v *feedtest.Vendor, r *http.Request) string {
	var names []string
	if err := json.Unmarshal([]byte(r.URL.Query().Get("symbols")), &names); err != nil || len(names) == 0 || len(names) > atOnce {
		v.Complain("it asked for the statistics of %s: %v", r.URL.RawQuery, err)
	}
	f := v.Figures()
	var list []string
	for _, name := range names {
		list = append(list, fmt.Sprintf(`{"symbol":"%s","priceChange":"0","prevClosePrice":"1.00","lastPrice":"%s","lastQty":"%s","bidPrice":"%s","bidQty":"%s",`+
			`"askPrice":"%s","askQty":"%s","openPrice":"%s","highPrice":"%s","lowPrice":"%s","volume":"%s","openTime":1,"closeTime":%d,"firstId":1,"lastId":%d}`,
			name, f.Last, f.LastSize, f.Bid, f.BidSize, f.Ask, f.AskSize, f.PreviousClose, f.High, f.Low, f.Volume, f.Time.UnixMilli(), f.LastID))
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestVendor(t *testing.T) { feedtest.RunVendor(t, vendorCase()) }
