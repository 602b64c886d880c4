package feedtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/tickboard/tickboard/quotes"
)

// Vendor plays the vendor of one check.
type Vendor struct {
	c      VendorCase
	server *httptest.Server
	bell   *bell
	quit   chan struct{} // closed at the end: what hangs lets go
	users  sync.WaitGroup

	mu         sync.Mutex // guards all below
	figures    Figures
	fault      *Fault
	hang       map[Stage]bool // stages at which nothing is answered
	hanging    int            // requests that wait there
	refused    map[quotes.Symbol]bool
	withheld   map[quotes.Symbol]bool
	held       []func() // the answers that wait
	clients    []*Client
	opened     int // connections, from the begin
	complaints []string
}

// Client is one connection as the vendor has it. Any number may use it at once.
type Client struct {
	v       *Vendor
	ws      *websocket.Conn
	raw     net.Conn
	request *http.Request

	mu         sync.Mutex // guards what is written
	told       int        // messages to the client
	subscribed map[quotes.Symbol]bool
	asked      []quotes.Symbol // every symbol that was ever asked for, in order
	received   []time.Time     // when the client's messages came
	gone       bool
}

// Answer is what the vendor says to a request. Either list may be empty.
type Answer struct {
	// Detail is what Receive gave to Subscribe or Unsubscribe: the number of
	// the request, say.
	Detail            any
	Unsubscribe       bool
	Accepted, Refused []quotes.Symbol
}

func newVendor(c VendorCase, b *bell) *Vendor {
	v := &Vendor{
		c: c, bell: b, quit: make(chan struct{}),
		hang: make(map[Stage]bool), refused: make(map[quotes.Symbol]bool), withheld: make(map[quotes.Symbol]bool),
		figures: Figures{
			PreviousClose: "100.00", Open: "101.00", High: "110.00", Low: "90.00", Volume: "5000",
			Last: "105.00", LastSize: "7", LastID: 1, Bid: "104.90", BidSize: "3", Ask: "105.10", AskSize: "4",
			Time: time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond),
		},
	}
	v.server = httptest.NewUnstartedServer(http.HandlerFunc(v.serve))
	v.server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, rawConn{}, conn)
	}
	v.server.Start()
	return v
}

type rawConn struct{}

// close ends the vendor and all its connections.
func (v *Vendor) close() {
	close(v.quit)
	v.mu.Lock()
	clients := slices.Clone(v.clients)
	v.mu.Unlock()
	for _, c := range clients {
		c.reset()
	}
	v.server.CloseClientConnections()
	v.server.Close()
	v.users.Wait()
}

// Symbols is what the vendor has.
func (v *Vendor) Symbols() []quotes.Symbol { return v.c.Symbols }

// Figures are those of a snapshot, the same for every symbol.
func (v *Vendor) Figures() Figures {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.figures
}

// Complain notes what a client must not do; it fails the check.
func (v *Vendor) Complain(format string, args ...any) {
	v.mu.Lock()
	if len(v.complaints) < 5 {
		v.complaints = append(v.complaints, fmt.Sprintf(format, args...))
	}
	v.mu.Unlock()
	v.bell.ring()
}

// set changes something under the lock.
func (v *Vendor) set(change func()) {
	v.mu.Lock()
	change()
	v.mu.Unlock()
	v.bell.ring()
}

// at is the fault of a stage, nil for none.
func (v *Vendor) at(stage Stage) *Fault {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.fault != nil && v.fault.At == stage {
		return v.fault
	}
	return nil
}

// hangs waits for the vendor's or the client's end where the stage is not
// answered, and says whether it did.
func (v *Vendor) hangs(stage Stage, gone <-chan struct{}) bool {
	v.mu.Lock()
	hang := v.hang[stage]
	if hang {
		v.hanging++
	}
	v.mu.Unlock()
	if !hang {
		return false
	}
	v.bell.ring()
	select {
	case <-v.quit:
	case <-gone:
	}
	return true
}

func (v *Vendor) serve(w http.ResponseWriter, r *http.Request) {
	v.users.Add(1)
	defer v.users.Done()
	stage := REST
	if strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		stage = Upgrade
	}
	if v.hangs(stage, r.Context().Done()) {
		return
	}
	if f := v.at(stage); f != nil {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(f.Status)
		fmt.Fprint(w, f.Body)
		return
	}
	switch {
	case stage == Upgrade:
		v.socket(w, r)
	case v.c.REST == nil:
		v.Complain("it asked for %s, and the vendor has no REST", r.URL)
		http.NotFound(w, r)
	default:
		v.c.REST(v, w, r)
	}
}

// socket is the life of one connection.
func (v *Vendor) socket(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		v.Complain("the upgrade: %v", err)
		return
	}
	defer func() { _ = ws.CloseNow() }()
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	defer cancel()
	raw, _ := r.Context().Value(rawConn{}).(net.Conn)
	c := &Client{v: v, ws: ws, raw: raw, request: r, subscribed: make(map[quotes.Symbol]bool)}
	v.admit(c)
	defer v.dismiss(c)
	answers := true
	if f := v.at(Hello); f != nil {
		f.Do(c)
		answers = false
	} else if v.c.Greet != nil {
		v.c.Greet(c)
	}
	for {
		_, msg, err := ws.Read(ctx)
		if err != nil {
			return
		}
		c.count()
		if answers {
			answers = c.take(msg)
		}
	}
}

// take answers one message and says whether the next is answered, too.
func (c *Client) take(msg []byte) bool {
	c.mu.Lock()
	first := len(c.received) == 1
	c.mu.Unlock()
	if first {
		if f := c.v.at(First); f != nil {
			f.Do(c)
			return false
		}
		c.v.mu.Lock()
		hang := c.v.hang[First]
		if hang {
			c.v.hanging++
		}
		c.v.mu.Unlock()
		if hang {
			c.v.bell.ring()
			return false
		}
	}
	c.v.c.Receive(c, msg)
	return true
}

func (v *Vendor) admit(c *Client) {
	v.mu.Lock()
	v.clients = append(v.clients, c)
	v.opened++
	n := len(v.clients)
	v.mu.Unlock()
	if n > 1 {
		v.Complain("%d connections at a time", n)
	}
	v.bell.ring()
}

func (v *Vendor) dismiss(c *Client) {
	c.mu.Lock()
	c.gone = true
	c.mu.Unlock()
	v.set(func() {
		v.clients = slices.DeleteFunc(v.clients, func(other *Client) bool { return other == c })
	})
}

// client is the connection that is open, nil for none.
func (v *Vendor) client() *Client {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.clients) == 0 {
		return nil
	}
	return v.clients[len(v.clients)-1]
}

// count holds the client's messages against the vendor's rate.
func (c *Client) count() {
	const window = 900 * time.Millisecond // a second, less what the way may squeeze
	now := time.Now()
	c.mu.Lock()
	c.received = append(c.received, now)
	rate, n := c.v.c.Rate, 0
	for _, at := range c.received {
		if now.Sub(at) < window {
			n++
		}
	}
	c.mu.Unlock()
	if rate > 0 && n > rate {
		c.v.Complain("%d messages in a second, %d are allowed", n, rate)
	}
	c.v.bell.ring()
}

// Vendor is whose connection it is.
func (c *Client) Vendor() *Vendor { return c.v }

// Request is what the connection began with: its path, query and header.
func (c *Client) Request() *http.Request { return c.request }

// Complain notes what the client must not do; it fails the check.
func (c *Client) Complain(format string, args ...any) { c.v.Complain(format, args...) }

// Send writes text messages.
func (c *Client) Send(msgs ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, msg := range msgs {
		if c.ws.Write(context.Background(), websocket.MessageText, []byte(msg)) != nil {
			return // the client has gone; what that means is for the check to say
		}
		c.told++
	}
}

// sent is how many messages the client was sent.
func (c *Client) sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

// Subscribe takes the client's request for symbols and has Answer answer it,
// perhaps later. A symbol that has been subscribed before is accepted again.
func (c *Client) Subscribe(detail any, syms ...quotes.Symbol) {
	c.v.mu.Lock()
	answer := Answer{Detail: detail}
	later := false
	for _, sym := range syms {
		if c.v.refused[sym] || !slices.Contains(c.v.c.Symbols, sym) {
			answer.Refused = append(answer.Refused, sym)
		} else {
			answer.Accepted = append(answer.Accepted, sym)
		}
		later = later || c.v.withheld[sym]
	}
	if later {
		c.v.held = append(c.v.held, func() { c.answer(answer) })
	}
	c.v.mu.Unlock()

	c.mu.Lock()
	for _, sym := range answer.Accepted {
		c.subscribed[sym] = true
	}
	c.asked = append(c.asked, syms...)
	n := len(c.subscribed)
	c.mu.Unlock()
	if limit := c.v.c.Limit; limit > 0 && n > limit {
		c.Complain("%d symbols subscribed at a time, %d are allowed", n, limit)
	}
	c.v.bell.ring()
	if !later {
		c.answer(answer)
	}
}

// Unsubscribe takes the client's request to send no more of the symbols.
func (c *Client) Unsubscribe(detail any, syms ...quotes.Symbol) {
	c.mu.Lock()
	for _, sym := range syms {
		delete(c.subscribed, sym)
	}
	c.mu.Unlock()
	c.v.bell.ring()
	c.answer(Answer{Detail: detail, Unsubscribe: true, Accepted: syms})
}

func (c *Client) answer(a Answer) {
	if f := c.v.at(Asked); f != nil {
		f.Do(c)
		return
	}
	c.v.mu.Lock()
	hang := c.v.hang[Asked]
	if hang {
		c.v.hanging++
	}
	c.v.mu.Unlock()
	switch {
	case hang:
		c.v.bell.ring()
	case c.v.c.Answer != nil:
		c.v.c.Answer(c, a)
	}
}

// Subscribed are the symbols that the vendor sends, in the order of Symbols.
func (c *Client) Subscribed() []quotes.Symbol {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []quotes.Symbol
	for _, sym := range c.v.c.Symbols {
		if c.subscribed[sym] {
			list = append(list, sym)
		}
	}
	return list
}

// hasAsked counts how often the client has asked for a symbol.
func (c *Client) hasAsked(sym quotes.Symbol) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.asked {
		if s == sym {
			n++
		}
	}
	return n
}

// Close says goodbye (RFC 6455, section 7.4) and ends the connection.
func (c *Client) Close(code int, reason string) {
	c.v.users.Go(func() { _ = c.ws.Close(websocket.StatusCode(code), reason) })
}

// cut ends the connection in the middle of a message.
func (c *Client) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A text frame of 1,000 bytes, of which five come (RFC 6455, section 5.2).
	_, _ = c.raw.Write([]byte("\x81\x7e\x03\xe8{\"e\":"))
	_ = c.raw.Close()
}

// reset ends the connection as a machine does that has gone.
func (c *Client) reset() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.raw.Close()
}

// bell wakes who waits for something to happen.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// next is closed by the next ring.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
