package alpaca

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func symbols(n int) []quotes.Symbol {
	list := make([]quotes.Symbol, n)
	for i := range list {
		list[i] = quotes.MustSymbol("S" + string(rune('A'+i/26)) + string(rune('A'+i%26)))
	}
	return list
}

// vendor is Alpaca as it speaks on this machine, with one of its feeds.
func vendor(feed string, limit int) feedtest.VendorCase {
	return feedtest.VendorCase{
		Scheme:    Scheme(),
		URL:       "alpaca://" + feed,
		Settings:  map[string]string{"ALPACA_KEY": "PKTESTKEY", "ALPACA_SECRET": "testsecret"},
		Addresses: []string{"ALPACA_URL"},
		Symbols:   symbols(32), Limit: limit,
		Greet:   func(c *feedtest.Client) { c.Send(welcomeFrame) },
		Receive: func(c *feedtest.Client, msg []byte) { receive(c, msg, feed) },
		Answer:  answer,
		REST:    func(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request) { serveREST(v, w, r, feed) },
		Trade: func(f feedtest.TradeFrame) string {
			return fmt.Sprintf(`[{"T":"t","S":"%s","i":%d,"x":"V","p":%s,"s":%s,"c":["@"],"z":"C","t":"%s"}]`,
				f.Symbol, f.ID, f.Price, f.Size, f.Time.Format(time.RFC3339Nano))
		},
		Quote: func(f feedtest.QuoteFrame) string {
			return fmt.Sprintf(`[{"T":"q","S":"%s","bx":"V","bp":%s,"bs":%s,"ax":"V","ap":%s,"as":%s,"c":["R"],"z":"C","t":"%s"}]`,
				f.Symbol, f.Bid, f.BidSize, f.Ask, f.AskSize, f.Time.Format(time.RFC3339Nano))
		},
		Control: []string{authFrame, barFrame, luldFrame},
		Unknown: []string{`[{"T":"news","S":"SAA","p":{"x":[1]}},{"T":"i","S":"SAA","p":9.12}]`, `[{"T":"success","msg":"hello"}]`},
		Faults:  faults(),
	}
}

// receive takes a request as the vendor does.
func receive(c *feedtest.Client, msg []byte, feed string) {
	var r request
	if err := json.Unmarshal(msg, &r); err != nil {
		c.Complain("request %s: %v", msg, err)
		return
	}
	syms := make([]quotes.Symbol, len(r.Trades))
	for i, text := range r.Trades {
		syms[i] = quotes.MustSymbol(text)
	}
	if !slices.Equal(r.Trades, r.Quotes) || !slices.Equal(r.Trades, r.Statuses) || !slices.Equal(r.Trades, r.LULDs) {
		c.Complain("request %s has lists that differ", msg)
	}
	switch r.Action {
	case "auth":
		if r.Key != "PKTESTKEY" || r.Secret != "testsecret" || c.Request().URL.Path != "/v2/"+feed {
			c.Complain("authentication %s at %s", msg, c.Request().URL)
		}
		c.Send(authFrame)
	case "subscribe":
		c.Subscribe(nil, syms...)
	case "unsubscribe":
		c.Unsubscribe(nil, syms...)
	default:
		c.Complain("request %s", msg)
	}
}

// answer is always the full list.
func answer(c *feedtest.Client, _ feedtest.Answer) { c.Send(acknowledgement(c.Subscribed())) }

func acknowledgement(syms []quotes.Symbol) string {
	list, err := json.Marshal(syms)
	if err != nil || syms == nil {
		list = []byte("[]")
	}
	return strings.ReplaceAll(`[{"T":"subscription","trades":L,"quotes":L,"bars":[],"updatedBars":[],"dailyBars":[],`+
		`"statuses":L,"lulds":L,"corrections":L,"cancelErrors":L}]`, "L", string(list))
}

func serveREST(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request, feed string) {
	if r.Header.Get("APCA-API-KEY-ID") != "PKTESTKEY" || r.Header.Get("APCA-API-SECRET-KEY") != "testsecret" {
		v.Complain("a call of %s without the key", r.URL)
	}
	switch r.URL.Path {
	case "/v2/assets":
		fmt.Fprint(w, assetList(symbols(32)))
	case "/v2/stocks/snapshots":
		if r.FormValue("feed") != feed {
			v.Complain("snapshots of feed %q", r.FormValue("feed"))
		}
		fmt.Fprint(w, snapshots(strings.Split(r.FormValue("symbols"), ","), v.Figures()))
	default:
		v.Complain("a call of %s", r.URL)
		http.NotFound(w, r)
	}
}

func assetList(syms []quotes.Symbol) string {
	var list []string
	for _, sym := range syms {
		list = append(list, fmt.Sprintf(`{"id":"x","class":"us_equity","exchange":"NASDAQ","symbol":"%s","name":"%s Inc. Common Stock","status":"active","tradable":true}`, sym, sym))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// snapshots answers with figures of the last day that has opened, whenever that
// is asked for.
func snapshots(syms []string, f feedtest.Figures) string {
	calendar := quotes.CalendarOf("XNYS")
	day := calendar.Day(f.Time)
	if f.Time.Before(day.Open) {
		day = calendar.Day(day.Begin.Add(-time.Second))
	}
	before := calendar.Day(day.Begin.Add(-time.Second))
	at := f.Time.Format(time.RFC3339Nano)
	var list []string
	for _, sym := range syms {
		list = append(list, fmt.Sprintf(`"%s":{"latestTrade":{"t":"%s","x":"V","p":%s,"s":%s,"c":["@"],"i":%d,"z":"C"},`+
			`"latestQuote":{"t":"%s","ax":"V","ap":%s,"as":%s,"bx":"V","bp":%s,"bs":%s,"c":["R"],"z":"C"},`+
			`"minuteBar":{"t":"%s","o":1,"h":1,"l":1,"c":1,"v":1,"n":1,"vw":1},`+
			`"dailyBar":{"t":"%s","o":%s,"h":%s,"l":%s,"c":%s,"v":%s,"n":9,"vw":1.5},`+
			`"prevDailyBar":{"t":"%s","o":1,"h":1,"l":1,"c":%s,"v":1,"n":1,"vw":1}}`,
			sym, at, f.Last, f.LastSize, f.LastID, at, f.Ask, f.AskSize, f.Bid, f.BidSize, at,
			midnight(day), f.Open, f.High, f.Low, f.Last, f.Volume, midnight(before), f.PreviousClose))
	}
	return "{" + strings.Join(list, ",") + "}"
}

// midnight begins the date of a trading day, in New York.
func midnight(day quotes.Day) string {
	return day.Begin.Add(-4 * time.Hour).Format(time.RFC3339)
}

func errorMessage(code int, text string) string {
	return fmt.Sprintf(`[{"T":"error","code":%d,"msg":"%s"}]`, code, text)
}

// faults are the vendor's error codes, each at the moment at which it comes.
func faults() []feedtest.Fault {
	say := func(code int, text string) func(*feedtest.Client) {
		return func(c *feedtest.Client) { c.Send(errorMessage(code, text)) }
	}
	afterGreeting := func(code int, text string, want feedtest.Ending, says string) feedtest.Fault {
		return feedtest.Fault{Name: fmt.Sprint(code, " ", text), At: feedtest.First, Do: say(code, text), Want: want, Says: says}
	}
	return []feedtest.Fault{
		afterGreeting(402, "auth failed", feedtest.ForGood, "check TICKBOARD_ALPACA_KEY"),
		afterGreeting(404, "auth timeout", feedtest.Retried, "404"),
		afterGreeting(406, "connection limit exceeded", feedtest.Slowly, "one connection"),
		afterGreeting(429, "too many requests", feedtest.Slowly, "429"),
		afterGreeting(500, "internal error", feedtest.Slowly, "500"),
		afterGreeting(400, "invalid syntax", feedtest.Slowly, "400"),
		afterGreeting(401, "not authenticated", feedtest.Retried, "401"),
		afterGreeting(407, "slow client", feedtest.Retried, "overloaded"),
		afterGreeting(408, "v2 not enabled", feedtest.ForGood, "enable"),
		afterGreeting(409, "insufficient subscription", feedtest.ForGood, "Algo Trader Plus"),
		afterGreeting(411, "insufficient scope", feedtest.ForGood, "may not read"),
		afterGreeting(499, "what will come", feedtest.Retried, "499: what will come"),
		{Name: "406 instead of the greeting", At: feedtest.Hello, Do: say(406, "connection limit exceeded"), Want: feedtest.Slowly, Says: "one connection"},
		{Name: "405 to a subscription", At: feedtest.Asked, Do: say(405, "symbol limit exceeded"), Want: feedtest.GoesOn, Says: "symbol limit"},
		{Name: "403 once more", At: feedtest.Streaming, Do: say(403, "already authenticated"), Want: feedtest.GoesOn, Says: "403"},
		{Name: "407 while it streams", At: feedtest.Streaming, Do: say(407, "slow client"), Want: feedtest.Retried, Says: "overloaded"},
		{Name: "406 while it streams", At: feedtest.Streaming, Do: say(406, "connection limit exceeded"), Want: feedtest.Slowly, Says: "one connection"},
		{Name: "500 while it streams", At: feedtest.Streaming, Do: say(500, "internal error"), Want: feedtest.Slowly, Says: "500"},
	}
}

func TestVendor(t *testing.T) {
	for feed, limit := range map[string]int{"iex": 30, "sip": 0, "delayed_sip": 0} {
		t.Run(feed, func(t *testing.T) { feedtest.RunVendor(t, vendor(feed, limit)) })
	}
}
