package feedtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

// The vendor of these tests is called toy. Its socket greets with "hello", wants
// {"key":"…"} first, and takes {"add":["A"]} and {"drop":["A"]}, which it answers
// with {"has":[…],"not":[…]}. Its trades and quotes are {"t":…} and {"q":…}.
var toySymbols = []quotes.Symbol{
	quotes.MustSymbol("AAA"), quotes.MustSymbol("BBB"), quotes.MustSymbol("CCC"), quotes.MustSymbol("DDD"), quotes.MustSymbol("EEE"),
}

// toyMessage is every message of the toy vendor and its clients.
type toyMessage struct {
	Key   string          `json:"key,omitempty"`
	Add   []quotes.Symbol `json:"add,omitempty"`
	Drop  []quotes.Symbol `json:"drop,omitempty"`
	Has   []quotes.Symbol `json:"has,omitempty"`
	Not   []quotes.Symbol `json:"not,omitempty"`
	Error string          `json:"error,omitempty"`
	Trade quotes.Symbol   `json:"t,omitzero"`
	Quote quotes.Symbol   `json:"q,omitzero"`
	Price string          `json:"p,omitempty"`
	Size  string          `json:"s,omitempty"`
	Ask   string          `json:"a,omitempty"`
	Asked string          `json:"as,omitempty"`
	ID    uint64          `json:"id,omitempty"`
	Time  int64           `json:"ms,omitempty"`
}

// toyCase is the suite's case of the toy vendor, and so the example of one.
func toyCase(source toy) VendorCase {
	return VendorCase{
		Scheme: source.scheme(), URL: "toy://", Addresses: []string{"TOY_URL"}, Settings: map[string]string{"TOY_KEY": "hunter2"},
		Symbols: toySymbols, Limit: 3, Rate: 20,
		Greet: func(c *Client) { c.Send(`"hello"`) },
		Receive: func(c *Client, msg []byte) {
			var m toyMessage
			if err := json.Unmarshal(msg, &m); err != nil {
				c.Complain("%q: %v", msg, err)
			}
			switch {
			case m.Key != "":
				c.Send(`"welcome"`)
			case m.Add != nil:
				c.Subscribe(nil, m.Add...)
			case m.Drop != nil:
				c.Unsubscribe(nil, m.Drop...)
			}
		},
		Answer: func(c *Client, a Answer) {
			if !a.Unsubscribe {
				c.Send(toyText(toyMessage{Has: a.Accepted, Not: a.Refused}))
			}
		},
		REST: func(v *Vendor, w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/list":
				_ = json.NewEncoder(w).Encode(v.Symbols())
			case "/figures":
				_ = json.NewEncoder(w).Encode(v.Figures())
			default:
				http.NotFound(w, r)
			}
		},
		Trade: func(f TradeFrame) string {
			return toyText(toyMessage{Trade: f.Symbol, Price: f.Price, Size: f.Size, ID: f.ID, Time: f.Time.UnixMilli()})
		},
		Quote: func(f QuoteFrame) string {
			return toyText(toyMessage{Quote: f.Symbol, Price: f.Bid, Size: f.BidSize, Ask: f.Ask, Asked: f.AskSize, Time: f.Time.UnixMilli()})
		},
		Control: []string{`"hello"`}, Unknown: []string{`{"news":"none"}`},
		Faults: []Fault{
			{Name: "wrong key", At: First, Do: func(c *Client) { c.Send(`{"error":"key"}`) }, Want: ForGood, Says: "no such key"},
			{Name: "second connection", At: Hello, Do: func(c *Client) { c.Send(`{"error":"limit"}`) }, Want: Slowly},
			{Name: "restart", At: Streaming, Do: func(c *Client) { c.Send(`{"error":"restart"}`) }, Want: Retried, Says: "restart"},
			{Name: "complaint", At: Streaming, Do: func(c *Client) { c.Send(`{"error":"careful"}`) }, Want: GoesOn, Says: "careful"},
		},
	}
}

func toyText(m toyMessage) string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// toy is a source of the toy vendor. What is set makes it a bad one.
type toy struct {
	spoilSpec    func(*feed.Spec)
	spoilUpdate  func(*feed.Update)
	spoilError   func(error) error                // of Run and of Instruments
	spoilMessage func(t *toyRun, msg string) bool // false takes the message away

	anyURL      bool     // takes every parameter
	hidden      bool     // its settings lack one
	noKeyNeeded bool     // runs without its key
	keyInErrors bool     // shows it
	forgetful   bool     // forgets the symbols of its URL
	curious     bool     // asks for what is watched besides those
	restContext bool     // asks REST without its context
	noSnapshot  bool     // asks for none
	noBreak     bool     // begins none with a break
	oldSnapshot *Figures // is emitted again and again
	deaf        bool     // does not follow the demand while it runs
	noDrop      bool     // never takes a subscription back
	greedy      bool     // knows no limit
	hasty       bool     // confirms what it has asked for
	stubborn    bool     // asks again for what was refused
	hurried     bool     // asks thirty times
	strict      bool     // fails at a message that it does not know
	loud        bool     // reports each bad message
	quiet       bool     // reports none
	uncounted   bool     // does not count what it does not use
	absent      bool     // does not read for a while
	lingering   bool     // goes on for a while after its end
}

func (t toy) scheme() feed.Scheme {
	settings := []string{"TOY_KEY", "TOY_URL"}
	if t.hidden {
		settings = settings[:1]
	}
	return feed.Scheme{Usage: "toy://", Settings: settings, Open: func(u *url.URL, env feed.Env) (feed.Spec, error) {
		run := &toyRun{toy: t}
		only, err := quotes.ParseSymbols(u.Query().Get("symbols"))
		if !t.anyURL && (err != nil || len(u.Query()["symbols"]) > 1 || len(u.Query()) > 1 || u.RawQuery != "" && !u.Query().Has("symbols")) {
			return feed.Spec{}, fmt.Errorf("unknown parameters; write symbols=A,B: %w", err)
		}
		if run.only = only; t.forgetful {
			run.only = nil
		}
		if run.key, err = env("TOY_KEY"); err != nil || run.key == "" && !t.noKeyNeeded {
			return feed.Spec{}, errors.New("set TICKBOARD_TOY_KEY")
		}
		if run.base, err = socket.Base("http://toy.example", env, "TOY_URL"); err != nil {
			return feed.Spec{}, err
		}
		spec := feed.Spec{
			Source: run, Instruments: run.instruments, Timeliness: quotes.Live, StaleAfter: time.Minute, SilentAfter: time.Minute,
		}
		if t.spoilSpec != nil {
			t.spoilSpec(&spec)
		}
		return spec, nil
	}}
}

// toyRun is the source.
type toyRun struct {
	toy
	base, key string
	only      []quotes.Symbol

	emit     func(feed.Update)
	conn     *socket.Conn
	subs     *feed.Subscriptions
	reported bool
	messages int // that a spoiler has seen
}

func (t *toyRun) Name() string { return "toy" }

func (t *toyRun) get(ctx context.Context, path string, into any) error {
	if t.restContext {
		ctx = context.WithoutCancel(ctx)
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	body, err := rest.Get(ctx, rest.Request{URL: t.base + path, Credentials: "look at TICKBOARD_TOY_KEY"})
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

func (t *toyRun) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	syms := t.only
	if syms == nil {
		if err := t.get(ctx, "/list", &syms); err != nil {
			return nil, t.spoiled(err)
		}
	}
	list := make([]quotes.Instrument, len(syms))
	for i, sym := range syms {
		list[i] = quotes.Instrument{Symbol: sym, Name: "Triple " + sym.String(), TimeZone: "UTC"}
	}
	return list, nil
}

func (t *toyRun) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	err := t.run(ctx, demand, emit)
	if ctx.Err() != nil && t.lingering {
		time.Sleep(2 * vendorStop)
	}
	return t.spoiled(err)
}

func (t *toyRun) spoiled(err error) error {
	if err != nil && t.keyInErrors {
		err = fmt.Errorf("with the key %s: %w", t.key, err)
	}
	if err != nil && t.spoilError != nil {
		err = t.spoilError(err)
	}
	return err
}

func (t *toyRun) run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	t.emit, t.reported = emit, false
	if t.spoilUpdate != nil {
		t.emit = func(u feed.Update) { t.spoilUpdate(&u); emit(u) }
	}
	conn, err := socket.Dial(ctx, socket.Options{URL: t.base})
	if err != nil {
		return rest.Refused(err, "look at TICKBOARD_TOY_KEY")
	}
	defer conn.Close()
	t.conn = conn
	if err := conn.Write(ctx, []byte(toyText(toyMessage{Key: t.key}))); err != nil {
		return err
	}
	for welcome := ""; welcome != `"welcome"`; {
		msg, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		emit(feed.Update{Kind: feed.Received})
		if welcome = string(msg); strings.Contains(welcome, "error") {
			return t.message(msg)
		}
	}
	limit := 3
	if t.greedy {
		limit = 0
	}
	t.subs = feed.NewSubscriptions(limit, t.has, t.emit)
	return t.read(ctx, demand)
}

func (t *toyRun) has(sym quotes.Symbol) bool {
	return t.only == nil || t.curious || slices.Contains(t.only, sym)
}

// read reads messages in a goroutine of its own, and follows the demand.
func (t *toyRun) read(ctx context.Context, demand *feed.Demand) error {
	ctx, cancel := context.WithCancel(ctx)
	messages, done := make(chan []byte), make(chan error, 1)
	go func() {
		for {
			msg, err := t.conn.Read(ctx)
			if err != nil {
				done <- err
				return
			}
			select {
			case messages <- append([]byte{}, msg...):
			case <-ctx.Done():
			}
			if t.absent && strings.Contains(string(msg), `"t":`) {
				time.Sleep(3 * time.Second)
			}
		}
	}()
	ended := false
	defer func() {
		cancel()
		if !ended {
			<-done
		}
	}()
	for {
		watched, changed := demand.Watched()
		if t.deaf {
			changed = nil
		}
		if err := t.follow(ctx, append(watched, t.only...)); err != nil {
			return err
		}
		for followed := true; followed; {
			select {
			case err := <-done:
				ended = true
				return err
			case <-changed:
				followed = false
			case msg := <-messages:
				if !t.uncounted || strings.Contains(string(msg), `"t"`) {
					t.emit(feed.Update{Kind: feed.Received})
				}
				if err := t.message(msg); err != nil {
					return err
				}
			}
		}
	}
}

func (t *toyRun) follow(ctx context.Context, watched []quotes.Symbol) error {
	add, drop := t.subs.Follow(watched)
	if len(drop) > 0 && !t.noDrop {
		if err := t.conn.Write(ctx, []byte(toyText(toyMessage{Drop: drop}))); err != nil {
			return err
		}
	}
	for _, sym := range add {
		if err := t.snapshot(ctx, sym); err != nil {
			return err
		}
		if t.hasty {
			t.subs.Confirm(sym)
		}
	}
	if len(add) == 0 {
		return nil
	}
	if t.hurried {
		for range 30 {
			_ = t.conn.Write(ctx, []byte(toyText(toyMessage{Add: add})))
		}
	}
	return t.conn.Write(ctx, []byte(toyText(toyMessage{Add: add})))
}

func (t *toyRun) snapshot(ctx context.Context, sym quotes.Symbol) error {
	if t.noSnapshot {
		return nil
	}
	var f Figures
	if err := t.get(ctx, "/figures", &f); err != nil {
		return err
	}
	if t.oldSnapshot != nil {
		if t.oldSnapshot.Last == "" {
			*t.oldSnapshot = f
		}
		f = *t.oldSnapshot
	}
	for _, number := range []string{f.PreviousClose, f.Last, f.LastSize} {
		if _, err := quotes.ParseDecimal(number); err != nil {
			return fmt.Errorf("the figures: %w", err)
		}
	}
	if !t.noBreak {
		t.emit(feed.Update{Kind: feed.Break, Symbol: sym, Time: f.Time})
	}
	t.emit(feed.Update{Kind: feed.Day, Symbol: sym, Time: f.Time, PreviousClose: quotes.Some(quotes.MustDecimal(f.PreviousClose))})
	t.emit(feed.Update{
		Kind: feed.Trade, Symbol: sym, Time: f.Time, Price: quotes.MustDecimal(f.Last), Size: quotes.MustDecimal(f.LastSize),
		MovesLast: true,
	})
	return nil
}

// message takes one message; its error ends the connection.
func (t *toyRun) message(msg []byte) error {
	if t.spoilMessage != nil && !t.spoilMessage(t, string(msg)) || string(msg) == `"hello"` {
		return nil
	}
	var m toyMessage
	if err := json.Unmarshal(msg, &m); err != nil {
		return t.malformed(err)
	}
	for _, sym := range m.Has {
		t.subs.Confirm(sym)
	}
	for _, sym := range m.Not {
		t.subs.Refuse(sym, "the vendor has no such symbol")
		if t.stubborn {
			_ = t.conn.Write(context.Background(), []byte(toyText(toyMessage{Add: []quotes.Symbol{sym}})))
		}
	}
	switch {
	case m.Error == "key":
		return &feed.Failure{Err: errors.New("the vendor knows no such key"), Advice: "look at TICKBOARD_TOY_KEY", Permanent: true}
	case m.Error == "limit":
		return &feed.Failure{Err: errors.New("a connection is open already"), Slow: true}
	case m.Error == "restart":
		return errors.New("the vendor is about to restart")
	case m.Error != "":
		t.emit(feed.Update{Kind: feed.Reported, Note: "the vendor says: " + m.Error})
	case !m.Trade.IsZero() || !m.Quote.IsZero():
		return t.price(m)
	case t.strict && m.Has == nil && m.Not == nil:
		return errors.New("unknown message")
	}
	return nil
}

func (t *toyRun) price(m toyMessage) error {
	price, err := quotes.ParseDecimal(m.Price)
	if err == nil && price.Sign() <= 0 {
		err = errors.New("a price that is not above zero")
	}
	size, sizeErr := quotes.ParseDecimal(m.Size)
	if err := errors.Join(err, sizeErr); err != nil {
		return t.malformed(err)
	}
	at := time.UnixMilli(m.Time).UTC()
	u := feed.Update{Kind: feed.Trade, Symbol: m.Trade, Time: at, TradeID: m.ID, Price: price, Size: size, MovesLast: true, MovesRange: true, CountsVolume: true}
	if !m.Quote.IsZero() {
		u = feed.Update{
			Kind: feed.Quote, Symbol: m.Quote, Time: at, Bid: quotes.Some(price), BidSize: quotes.Some(size),
			Ask: quotes.Some(quotes.MustDecimal(m.Ask)), AskSize: quotes.Some(quotes.MustDecimal(m.Asked)),
		}
	}
	t.emit(u)
	return nil
}

func (t *toyRun) malformed(err error) error {
	if t.strict {
		return err
	}
	if !t.quiet && (t.loud || !t.reported) {
		t.reported = true
		t.emit(feed.Update{Kind: feed.Reported, Note: "a malformed message: " + strings.ReplaceAll(err.Error(), "\n", " ")})
	}
	return nil
}
