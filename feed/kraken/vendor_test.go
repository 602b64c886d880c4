package kraken

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

var symbols = []quotes.Symbol{quotes.MustSymbol("BTC/USD"), quotes.MustSymbol("DOGE/EUR"), quotes.MustSymbol("ETH/BTC")}

func TestVendor(t *testing.T) { feedtest.RunVendor(t, vendor()) }

// vendor plays the exchange.
func vendor() feedtest.VendorCase {
	status := func(state string) string {
		return `{"channel":"status","data":[{"api_version":"v2","connection_id":13834774380200032777,"system":"` + state + `","version":"2.0.0"}],"type":"update"}`
	}
	say := func(msg string) func(*feedtest.Client) { return func(c *feedtest.Client) { c.Send(msg) } }
	return feedtest.VendorCase{
		Scheme: scheme(time.Millisecond), URL: "kraken://", Addresses: []string{urlSetting}, Symbols: symbols,
		Greet:   say(status("online")),
		Receive: receive, Answer: answerRequest, REST: answerREST, Trade: tradeMessage, Quote: tickerMessage,
		Control: []string{
			`{"channel":"heartbeat"}`, status("online"), `{"method":"pong","req_id":101,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}`,
			`{"channel":"instrument","type":"update","data":{"assets":[],"pairs":[{"symbol":"ETH/BTC","status":"online","price_increment":0.00001}]}}`,
			`{"channel":"trade","type":"snapshot","data":[]}`,
		},
		Unknown: []string{`{"channel":"ohlc","type":"update","data":[{"symbol":"BTC/USD","close":1}]}`, `{"method":"other","result":{"warnings":["old"]},"success":true}`},
		Faults: []feedtest.Fault{
			{Name: "too many requests on the socket", At: feedtest.Asked, Do: say(`{"error":"Exceeded msg rate","method":"subscribe","success":false,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}`), Want: feedtest.GoesOn, Says: "Exceeded msg rate"},
			{Name: "no such pair", At: feedtest.Asked, Do: say(`{"error":"Currency pair not supported BTC/USD","method":"subscribe","success":false,"symbol":"BTC/USD"}`), Want: feedtest.GoesOn, Says: "not supported"},
			{Name: "maintenance", At: feedtest.Streaming, Do: say(status("maintenance")), Want: feedtest.GoesOn, Says: "maintenance"},
			{Name: "reconnects too fast", At: feedtest.Upgrade, Status: http.StatusForbidden, Body: "error code: 1015", Want: feedtest.Slowly, Says: "1015"},
			{Name: "a list too often", At: feedtest.REST, Status: http.StatusOK, Body: `{"error":["EGeneral:Too many requests"]}`, Want: feedtest.Slowly, Says: "Too many requests"},
		},
	}
}

type requestMessage struct {
	Method string `json:"method"`
	Params struct {
		Channel      string   `json:"channel"`
		Symbol       []string `json:"symbol"`
		EventTrigger string   `json:"event_trigger"`
		Snapshot     bool     `json:"snapshot"`
	} `json:"params"`
	ReqID uint64 `json:"req_id"`
}

// receive answers for both channels of a symbol when the second is asked for.
func receive(c *feedtest.Client, msg []byte) {
	var r requestMessage
	if err := json.Unmarshal(msg, &r); err != nil || r.ReqID == 0 {
		c.Complain("it sent %s", msg)
		return
	}
	switch {
	case r.Params.Channel == "instrument":
		c.Send(`{"method":"subscribe","result":{"channel":"instrument","snapshot":true},"success":true}`,
			`{"channel":"instrument","type":"snapshot","data":{"assets":[{"id":"USD","status":"enabled"}],"pairs":[{"symbol":"BTC/USD","base":"BTC","quote":"USD","status":"online"}]}}`)
		return
	case len(r.Params.Symbol) == 0, r.Method == "subscribe" && !r.Params.Snapshot, (r.Params.Channel == "ticker") != (r.Params.EventTrigger == "bbo"):
		c.Complain("it sent %s", msg)
		return
	case r.Params.Channel == "trade":
		return
	}
	var syms []quotes.Symbol
	for _, name := range r.Params.Symbol {
		syms = append(syms, quotes.MustSymbol(name))
	}
	if r.Method == "subscribe" {
		c.Subscribe(r, syms...)
	} else {
		c.Unsubscribe(r, syms...)
	}
}

func answerRequest(c *feedtest.Client, a feedtest.Answer) {
	r := a.Detail.(requestMessage)
	var msgs []string
	for _, sym := range a.Refused {
		msgs = append(msgs, fmt.Sprintf(`{"error":"Currency pair not supported %s","method":"subscribe","req_id":%d,"success":false,"symbol":%q}`, sym, r.ReqID, sym))
	}
	for _, sym := range a.Accepted {
		if f := c.Vendor().Figures(); !a.Unsubscribe {
			old := feedtest.TradeFrame{Symbol: sym, ID: f.LastID - 1, Price: "1.0", Size: "1", Time: f.Time.Add(-time.Hour)}
			last := feedtest.TradeFrame{Symbol: sym, ID: f.LastID, Price: f.Last, Size: f.LastSize, Time: f.Time}
			msgs = append(msgs,
				`{"channel":"trade","type":"snapshot","data":[`+element(old)+`,`+element(last)+`]}`,
				tickerSnapshot(sym, f))
		}
		for _, channel := range channels {
			msgs = append(msgs, fmt.Sprintf(`{"method":%q,"req_id":%d,"result":{"channel":%q,"snapshot":true,"symbol":%q},"success":true,"time_in":"2023-09-24T14:10:23.799685Z","time_out":"2023-09-24T14:10:23.799703Z"}`,
				r.Method, r.ReqID, channel, sym))
		}
	}
	c.Send(msgs...)
}

func tickerSnapshot(sym quotes.Symbol, f feedtest.Figures) string {
	change := quotes.FormatDecimal(quotes.MustDecimal(f.Last).Sub(quotes.MustDecimal(f.PreviousClose)))
	return fmt.Sprintf(`{"channel":"ticker","type":"snapshot","data":[{"symbol":%q,"bid":%s,"bid_qty":%s,"ask":%s,"ask_qty":%s,"last":%s,"volume":%s,"vwap":100.5,"low":%s,"high":%s,"change":%s,"change_pct":5.00,"timestamp":%q}]}`,
		sym, f.Bid, f.BidSize, f.Ask, f.AskSize, f.Last, f.Volume, f.Low, f.High, change, f.Time.Format(time.RFC3339Nano))
}

func tradeMessage(f feedtest.TradeFrame) string {
	return `{"channel":"trade","type":"update","data":[` + element(f) + `]}`
}

func element(f feedtest.TradeFrame) string {
	return fmt.Sprintf(`{"symbol":%q,"side":"buy","price":%s,"qty":%s,"ord_type":"limit","trade_id":%d,"timestamp":%q}`,
		f.Symbol, f.Price, f.Size, f.ID, f.Time.Format(time.RFC3339Nano))
}

func tickerMessage(f feedtest.QuoteFrame) string {
	return fmt.Sprintf(`{"channel":"ticker","type":"update","data":[{"symbol":%q,"bid":%s,"bid_qty":%s,"ask":%s,"ask_qty":%s,"timestamp":%q}]}`,
		f.Symbol, f.Bid, f.BidSize, f.Ask, f.AskSize, f.Time.Format(time.RFC3339Nano))
}

func answerREST(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/0/public/AssetPairs" {
		v.Complain("it asked for %s", r.URL)
	}
	list := []string{`"XGONE":{"altname":"GONEUSD","wsname":"GONE/USD","pair_decimals":2,"tick_size":"0.01","status":"delisted"}`, `"X":{"altname":"X"}`}
	for i, sym := range v.Symbols() {
		name := strings.NewReplacer("BTC", "XBT", "DOGE", "XDG").Replace(sym.String())
		list = append(list, fmt.Sprintf(`"X%d":{"altname":"X","wsname":%q,"aclass_base":"currency","base":"X","pair_decimals":%d,"fees":[[0,0.4]],"tick_size":"0.1","status":"online"}`, i, name, i+1))
	}
	fmt.Fprint(w, `{"error":[],"result":{`+strings.Join(list, ",")+`}}`)
}
