package finnhub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed/feedtest"
	"github.com/tickboard/tickboard/quotes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "tok&n/of=finnhub"

func symbols(n int) []quotes.Symbol {
	list := make([]quotes.Symbol, n)
	for i := range list {
		list[i] = quotes.MustSymbol("S" + string(rune('A'+i)))
	}
	return list
}

// vendor is Finnhub as it speaks on this machine.
func vendor() feedtest.VendorCase {
	return feedtest.VendorCase{
		Scheme: Scheme(), URL: "finnhub://?limit=4",
		Settings: map[string]string{"FINNHUB_TOKEN": testToken}, Addresses: []string{"FINNHUB_URL"},
		Symbols: symbols(6), Limit: 4,
		Greet:   greet,
		Receive: receive,
		Answer: func(c *feedtest.Client, a feedtest.Answer) {
			for _, sym := range a.Refused {
				c.Send(fmt.Sprintf(`{"msg":"Invalid symbol: %s","type":"error"}`, sym))
			}
		},
		REST: serveREST,
		Trade: func(f feedtest.TradeFrame) string {
			return fmt.Sprintf(`{"data":[{"c":["1","12"],"p":%s,"s":"%s","t":%d,"v":%s}],"type":"trade"}`, f.Price, f.Symbol, f.Time.UnixMilli(), f.Size)
		},
		Unconfirmed: true,
		Control:     []string{`{"type":"ping"}`},
		Unknown:     []string{`{"type":"news","data":[{"category":"x","id":1,"s":"SA","p":7}]}`},
		Faults: []feedtest.Fault{
			{Name: "a wrong key is told", At: feedtest.Hello, Do: says("Invalid API key"), Want: feedtest.ForGood, Says: "Invalid API key"},
			{Name: "a limit of calls", At: feedtest.Hello, Do: says("API limit reached. Please try again later. Remaining Limit: 0"), Want: feedtest.Slowly, Says: "API limit reached"},
			{Name: "a second connection", At: feedtest.Upgrade, Status: http.StatusTooManyRequests, Want: feedtest.Slowly, Says: "one connection for a key"},
			{Name: "too many symbols", At: feedtest.Streaming, Do: says("Subscribing to too many symbols"), Want: feedtest.GoesOn, Says: "limit="},
			{Name: "a symbol that is not allowed", At: feedtest.Asked, Do: says("You don't have access to SA."), Want: feedtest.GoesOn, Says: "You don't have access"},
			{Name: "a goodbye", At: feedtest.Streaming, Do: func(c *feedtest.Client) { c.Close(1008, "token in use") }, Want: feedtest.Retried, Says: "token in use"},
		},
	}
}

func greet(c *feedtest.Client) {
	if got := c.Request().URL.Query().Get("token"); got != testToken {
		c.Complain("the token %q", got)
	}
}

func says(text string) func(*feedtest.Client) {
	return func(c *feedtest.Client) { c.Send(fmt.Sprintf(`{"msg":%q,"type":"error"}`, text)) }
}

func receive(c *feedtest.Client, msg []byte) {
	var r struct{ Type, Symbol string }
	if err := json.Unmarshal(msg, &r); err != nil {
		c.Complain("request %s: %v", msg, err)
		return
	}
	sym, err := quotes.ParseSymbol(r.Symbol)
	switch {
	case err != nil:
		c.Complain("request %s: %v", msg, err)
	case r.Type == "subscribe":
		c.Subscribe(nil, sym)
	case r.Type == "unsubscribe":
		c.Unsubscribe(nil, sym)
	default:
		c.Complain("request %s", msg)
	}
}

func serveREST(v *feedtest.Vendor, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Finnhub-Token") != testToken || strings.Contains(r.URL.RawQuery, "token") {
		v.Complain("a call of %s without the key in its header", r.URL)
	}
	switch f := v.Figures(); r.URL.Path {
	case "/api/v1/stock/symbol":
		var list []string
		for _, sym := range v.Symbols() {
			list = append(list, fmt.Sprintf(`{"currency":"USD","description":"%s INC","displaySymbol":"%[1]s","figi":"","mic":"XNAS","symbol":"%[1]s","type":"Common Stock"}`, sym))
		}
		fmt.Fprintf(w, "[%s]", strings.Join(list, ","))
	case "/api/v1/quote":
		fmt.Fprintf(w, `{"c":%s,"d":5,"dp":5.0,"h":%s,"l":%s,"o":%s,"pc":%s,"t":%d}`, f.Last, f.High, f.Low, f.Open, f.PreviousClose, f.Time.Unix())
	default:
		v.Complain("a call of %s", r.URL)
		http.NotFound(w, r)
	}
}

func TestFinnhubPassesTheSuite(t *testing.T) { feedtest.RunVendor(t, vendor()) }
