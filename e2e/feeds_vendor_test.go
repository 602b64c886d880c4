package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// exchange is a crypto exchange as the program meets it. It trades BTC/USD all the
// time, at prices that no other exchange has.
type exchange struct {
	server *httptest.Server
	lists  map[string]string // what the REST interface answers, by path
	socket string            // the path of the socket
	// asks says that a client's message asks for prices; begin is what comes then
	// and trade a trade with its number, and the best quotes around it.
	asks  func(msg string) bool
	begin []string
	trade func(n int, at string) []string

	cancel context.CancelFunc
	ctx    context.Context
	users  sync.WaitGroup
}

func (x *exchange) start(t *testing.T) *exchange {
	x.ctx, x.cancel = context.WithCancel(context.Background())
	x.server = httptest.NewServer(x)
	t.Cleanup(x.die)
	return x
}

// die ends the exchange and all its connections.
func (x *exchange) die() {
	x.cancel()
	x.users.Wait()
	x.server.Close()
}

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.users.Add(1)
	defer x.users.Done()
	list, ok := x.lists[r.URL.Path]
	switch {
	case ok:
		fmt.Fprint(w, list)
	case r.URL.Path != x.socket:
		http.NotFound(w, r)
	default:
		if conn, err := websocket.Accept(w, r, nil); err == nil {
			x.speak(conn)
			_ = conn.CloseNow()
		}
	}
}

// speak trades once prices have been asked for.
func (x *exchange) speak(conn *websocket.Conn) {
	for {
		_, msg, err := conn.Read(x.ctx)
		if err != nil {
			return
		}
		if x.asks(string(msg)) {
			break
		}
	}
	ctx := conn.CloseRead(x.ctx)
	msgs := x.begin
	for n := 1; ; n++ {
		msgs = append(msgs, x.trade(n, time.Now().UTC().Format(time.RFC3339Nano))...)
		for _, msg := range msgs {
			if conn.Write(ctx, websocket.MessageText, []byte(msg)) != nil {
				return
			}
		}
		msgs = nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// startKraken begins one whose prices are 1000 to 1099, all its numbers with two
// decimals.
func startKraken(t *testing.T) *exchange {
	x := &exchange{
		socket: "/v2",
		lists:  map[string]string{"/0/public/AssetPairs": `{"error":[],"result":{"XXBTZUSD":{"wsname":"XBT/USD","pair_decimals":1,"tick_size":"0.1","status":"online"}}}`},
		asks:   func(msg string) bool { return strings.Contains(msg, `"ticker"`) && strings.Contains(msg, "BTC/USD") },
	}
	for _, channel := range []string{"trade", "ticker"} {
		x.begin = append(x.begin, fmt.Sprintf(`{"method":"subscribe","result":{"channel":%q,"symbol":"BTC/USD","snapshot":true},"success":true}`, channel))
	}
	x.trade = func(n int, at string) []string {
		price := 1010 + n%50
		return []string{
			fmt.Sprintf(`{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":%d.10,"qty":0.5,"ord_type":"limit","trade_id":%d,"timestamp":%q}]}`, price, n, at),
			fmt.Sprintf(`{"channel":"ticker","type":"update","data":[{"symbol":"BTC/USD","bid":%d.00,"bid_qty":1,"ask":%d.20,"ask_qty":1,"last":%d.10,"volume":1050.25,"low":1001.00,"high":1099.00,"change":%d.00,"timestamp":%q}]}`, price, price, price, price-1005, at),
		}
	}
	return x.start(t)
}

// startCoinbase begins one whose prices are 2000 to 2099.
func startCoinbase(t *testing.T) *exchange {
	return (&exchange{
		socket: "/",
		lists: map[string]string{
			"/products":   `[{"id":"BTC-USD","base_currency":"BTC","quote_currency":"USD","quote_increment":"0.01","status":"online"}]`,
			"/currencies": `[{"id":"BTC","name":"Bitcoin"},{"id":"USD","name":"US Dollar"}]`,
		},
		asks:  func(msg string) bool { return strings.Contains(msg, "BTC-USD") },
		begin: []string{`{"type":"subscriptions","channels":[{"name":"ticker","product_ids":["BTC-USD"]},{"name":"matches","product_ids":["BTC-USD"]}]}`},
		trade: func(n int, at string) []string {
			price := 2010 + n%50
			return []string{fmt.Sprintf(`{"type":"ticker","sequence":%d,"product_id":"BTC-USD","price":"%d.10","open_24h":"2005.10","volume_24h":"2050.25","low_24h":"2001.00","high_24h":"2099.00","best_bid":"%d.00","best_bid_size":"1","best_ask":"%d.20","best_ask_size":"1","time":%q,"trade_id":%d,"last_size":"0.5"}`, n, price, price, price, at, n)}
		},
	}).start(t)
}

// cryptoQuote has what tells one exchange from another.
type cryptoQuote struct {
	wireQuote
	PreviousClose json.Number `json:"previous_close"`
	Basis         string      `json:"basis"`
}

// mixed says which of a quote's prices are of another exchange than its source.
func (q cryptoQuote) mixed() []json.Number {
	begin := map[string]string{"kraken": "10", "coinbase": "20"}[q.Source]
	var mixed []json.Number
	for _, n := range []json.Number{q.Price, q.PreviousClose, q.Open, q.High, q.Low, q.Volume, q.Bid, q.Ask} {
		if n != "" && (begin == "" || len(n) != len("1000.00") || !strings.HasPrefix(string(n), begin)) {
			mixed = append(mixed, n)
		}
	}
	return mixed
}

func TestASecondExchangeTakesOverWhenTheFirstDies(t *testing.T) {
	t.Parallel()
	kraken, coinbase := startKraken(t), startCoinbase(t)
	s := startEnv(t, []string{"TICKBOARD_KRAKEN_URL=" + kraken.server.URL, "TICKBOARD_COINBASE_URL=" + coinbase.server.URL},
		"--feed", "kraken://", "--feed", "coinbase://", "--symbols", "BTC/USD", "--max-rate", "50")
	st := s.open("/events?symbols=BTC/USD")
	until := func(source string, quotes int) {
		t.Helper()
		prices := make(map[json.Number]bool)
		for deadline := time.Now().Add(patience); len(prices) < quotes; {
			if time.Now().After(deadline) {
				t.Fatalf("%d different prices of %s came", len(prices), source)
			}
			q := decode[cryptoQuote](t, st.await("stock_quote"))
			if mixed := q.mixed(); mixed != nil {
				t.Fatalf("a quote of %q has %v: %+v", q.Source, mixed, q)
			}
			if q.Source == source && q.Price != "" && q.PreviousClose != "" && q.Bid != "" && q.High != "" {
				prices[q.Price] = true
				if q.Basis != "24h" || q.Timeliness != "live" || q.Change == "" {
					t.Fatalf("%+v", q)
				}
			}
		}
	}
	until("kraken", 5)
	kraken.die()
	until("coinbase", 5)
}
