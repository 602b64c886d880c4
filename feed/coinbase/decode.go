package coinbase

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// maxProducts bounds what a decoder remembers, whatever a server sends.
const maxProducts = 10_000

// Decoder turns the messages of one connection into updates. It keeps of each
// product what the next message is held against. One goroutine uses it.
type Decoder struct {
	products map[string]*product // by the vendor's id; nil for one that is not wanted
}

// product is what a decoder knows of one.
type product struct {
	symbol quotes.Symbol
	// begun says that a message came since the product was subscribed.
	begun bool
	// Of the newest trade: ticker and match both tell it, in either order.
	tradeID uint64
	time    time.Time
}

// NewDecoder returns the decoder of a new connection.
func NewDecoder() *Decoder { return &Decoder{products: make(map[string]*product)} }

// Decode emits what a message says of prices. received is the time of messages
// that bear none.
func (d *Decoder) Decode(message []byte, received time.Time, emit func(feed.Update)) error {
	_, err := d.decode(message, received, emit)
	return err
}

// control is what a message says beside prices.
type control struct {
	// kind is the message's type where the session has to act on it:
	// "subscriptions", "error" or "".
	kind string
	// channels are the product ids of each channel that is subscribed.
	channels map[string][]string
	// text is an error's message with its reason.
	text string
}

// message is every field that any message has a use for.
type message struct {
	kind, product, text, reason []byte
	price, size, lastSize       decimal.NullDecimal
	bid, bidSize, ask, askSize  decimal.NullDecimal
	open, high, low, volume     decimal.NullDecimal
	tradeID, lastTradeID        uint64
	time                        time.Time
	channels                    frame.Reader
	channelsThere               bool
}

func (d *Decoder) decode(text []byte, received time.Time, emit func(feed.Update)) (control, error) {
	m, err := read(text)
	if err != nil {
		return control{}, err
	}
	if m.time.IsZero() {
		m.time = received.UTC()
	}
	switch string(m.kind) {
	case "ticker":
		return control{}, d.ticker(m, emit)
	case "match", "last_match":
		return control{}, d.match(m, emit)
	case "heartbeat":
		d.heartbeat(m, emit)
	case "subscriptions":
		channels, err := readChannels(m)
		return control{kind: "subscriptions", channels: channels}, err
	case "error":
		return control{kind: "error", text: errorText(m)}, nil
	case "":
		return control{}, fmt.Errorf("%w: it has no type", frame.ErrMalformed)
	}
	return control{}, nil // other types may come at any time, and are to be ignored
}

func read(text []byte) (message, error) {
	var m message
	r := frame.New(text)
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "type":
			m.kind = r.Text()
		case "product_id":
			m.product = r.Text()
		case "price":
			m.price = r.Decimal()
		case "size":
			m.size = r.Figure()
		case "last_size":
			m.lastSize = r.Figure()
		case "best_bid":
			m.bid = r.Decimal()
		case "best_bid_size":
			m.bidSize = r.Figure()
		case "best_ask":
			m.ask = r.Decimal()
		case "best_ask_size":
			m.askSize = r.Figure()
		case "open_24h":
			m.open = r.Decimal()
		case "high_24h":
			m.high = r.Decimal()
		case "low_24h":
			m.low = r.Decimal()
		case "volume_24h":
			m.volume = r.Figure()
		case "trade_id":
			m.tradeID = r.Uint()
		case "last_trade_id":
			m.lastTradeID = r.Uint()
		case "time":
			m.time = r.Time()
		case "message":
			m.text = r.Text()
		case "reason":
			m.reason = r.Text()
		case "channels":
			m.channels, m.channelsThere = r, true
		}
	}
	return m, r.End()
}

// ticker is the state of a product at its newest trade: that trade, the best
// quotes, and the figures of the last 24 hours.
func (d *Decoder) ticker(m message, emit func(feed.Update)) error {
	p, err := d.product(m.product)
	if p == nil {
		return err
	}
	if !positive(m.price) {
		return fmt.Errorf("%w: a ticker of %s without a price", frame.ErrMalformed, p.symbol)
	}
	p.begin(m.time, emit)
	p.trade(m, m.lastSize, emit)
	emit(feed.Update{
		Symbol: p.symbol, Kind: feed.Day, Time: m.time,
		PreviousClose: above0(m.open), Open: above0(m.open), High: above0(m.high), Low: above0(m.low), Volume: m.volume,
	})
	quote := feed.Update{Symbol: p.symbol, Kind: feed.Quote, Time: m.time}
	if positive(m.bid) { // an empty side is "0"
		quote.Bid, quote.BidSize = m.bid, m.bidSize
	}
	if positive(m.ask) {
		quote.Ask, quote.AskSize = m.ask, m.askSize
	}
	emit(quote)
	return nil
}

// match is one trade.
func (d *Decoder) match(m message, emit func(feed.Update)) error {
	p, err := d.product(m.product)
	if p == nil {
		return err
	}
	if !positive(m.price) {
		return fmt.Errorf("%w: a match of %s without a price", frame.ErrMalformed, p.symbol)
	}
	p.begin(m.time, emit)
	p.trade(m, m.size, emit)
	return nil
}

// heartbeat comes every second for each product. Where it names the trade that
// is the newest here too, the vendor has confirmed that nothing newer is there:
// the quote is not stale, however long ago the trade was. Servers have sent 0 for
// years where they meant nothing by it, so that no other number is taken for a
// gap.
func (d *Decoder) heartbeat(m message, emit func(feed.Update)) {
	if p := d.products[string(m.product)]; p != nil && p.begun && p.tradeID != 0 && p.tradeID == m.lastTradeID {
		emit(feed.Update{Symbol: p.symbol, Kind: feed.Status, Time: p.time}) // a price that is confirmed is no newer
	}
}

// product finds what is known of a product, nil where it is none of ours.
func (d *Decoder) product(id []byte) (*product, error) {
	if p, ok := d.products[string(id)]; ok {
		return p, nil
	}
	sym, err := symbolOf(string(id))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", frame.ErrMalformed, err)
	}
	if len(d.products) >= maxProducts {
		return nil, fmt.Errorf("%w: more than %d products", frame.ErrMalformed, maxProducts)
	}
	var p *product
	if !isAuction(sym) {
		p = &product{symbol: sym}
	}
	d.products[string(id)] = p
	return p, nil
}

// begin makes the next message of a product the first after a subscription.
func (d *Decoder) begin(sym quotes.Symbol) {
	if p := d.products[productOf(sym)]; p != nil {
		p.begun, p.tradeID = false, 0
	}
}

// begin tells that a product's history starts again, once after a subscription.
func (p *product) begin(at time.Time, emit func(feed.Update)) {
	if p.begun {
		return
	}
	p.begun = true
	emit(feed.Update{Symbol: p.symbol, Kind: feed.Break, Time: at})
	p.time = at
}

// trade tells a trade, but not a second time where ticker and match both have it:
// in a ticker it stands before the figures of 24 hours, which have it in them.
func (p *product) trade(m message, size decimal.NullDecimal, emit func(feed.Update)) {
	if m.tradeID != 0 && m.tradeID == p.tradeID {
		return
	}
	if m.tradeID > p.tradeID {
		p.tradeID, p.time = m.tradeID, m.time
	}
	emit(feed.Update{
		Symbol: p.symbol, Kind: feed.Trade, Time: m.time, TradeID: m.tradeID,
		Price: m.price.Decimal, Size: size.Decimal, MovesLast: true, MovesRange: true, CountsVolume: true, Regular: true,
	})
}

func readChannels(m message) (map[string][]string, error) {
	channels := make(map[string][]string)
	if !m.channelsThere {
		return channels, nil
	}
	r := m.channels
	for r.Array(); r.More(); {
		var name string
		var ids []string
		for r.Object(); r.Next(); {
			switch string(r.Key()) {
			case "name":
				name = string(r.Text())
			case "product_ids":
				for r.Array(); r.More(); {
					ids = append(ids, string(r.Text()))
				}
			}
		}
		channels[name] = append(channels[name], ids...)
	}
	return channels, r.Err()
}

func errorText(m message) string {
	parts := slices.DeleteFunc([]string{string(m.text), string(m.reason)}, func(s string) bool { return s == "" })
	return strings.Join(parts, ": ")
}

func positive(n decimal.NullDecimal) bool { return n.Valid && n.Decimal.Sign() > 0 }

func above0(n decimal.NullDecimal) decimal.NullDecimal {
	if positive(n) {
		return n
	}
	return decimal.NullDecimal{}
}
