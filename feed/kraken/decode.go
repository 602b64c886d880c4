package kraken

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// maxPairs bounds what a decoder remembers, whatever a server sends.
const maxPairs = 10_000

// Decoder turns the messages of one connection into updates. One goroutine uses
// it.
type Decoder struct {
	pairs map[string]*pair // by the vendor's symbol
	// closed says that the exchange matches no orders; halted are the pairs of
	// which that is true alone.
	closed bool
	halted map[string]bool
}

// pair is what a decoder knows of one.
type pair struct {
	symbol quotes.Symbol
	// begun says that a message came since the pair was subscribed.
	begun bool
	// halted is what was told last.
	halted bool
}

// NewDecoder returns the decoder of a new connection.
func NewDecoder() *Decoder {
	return &Decoder{pairs: make(map[string]*pair), halted: make(map[string]bool)}
}

// Decode emits what a message says of prices. received is the time of messages
// that bear none.
func (d *Decoder) Decode(message []byte, received time.Time, emit func(feed.Update)) error {
	_, err := d.decode(message, received, emit)
	return err
}

// decode returns the answer to a request where the message is one.
func (d *Decoder) decode(text []byte, received time.Time, emit func(feed.Update)) (answer, error) {
	var channel, kind []byte
	var data frame.Reader
	var a answer
	r := frame.New(text)
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "channel":
			channel = r.Text()
		case "type":
			kind = r.Text()
		case "data":
			data = r
		default:
			a.read(&r)
		}
	}
	if err := r.End(); err != nil {
		return answer{}, err
	}
	if len(channel) == 0 {
		if a.method == "" && a.err == "" {
			return answer{}, fmt.Errorf("%w: it is of no channel and answers nothing", frame.ErrMalformed)
		}
		return a, nil
	}
	received = received.UTC()
	var err error
	switch string(channel) {
	case "ticker":
		err = d.tickers(data, received, emit)
	case "trade":
		err = d.trades(data, string(kind) == "snapshot", received, emit)
	case "instrument":
		err = d.instruments(data, received, emit)
	case "status":
		err = d.status(data, received, emit)
	}
	return answer{}, err // other channels may come at any time
}

// ticker is one element of that channel.
type ticker struct {
	symbol                     []byte
	bid, bidSize, ask, askSize decimal.NullDecimal
	last, change               decimal.NullDecimal
	high, low, volume          decimal.NullDecimal
	time                       time.Time
}

func (d *Decoder) tickers(r frame.Reader, received time.Time, emit func(feed.Update)) error {
	for r.Array(); r.More(); {
		t := readTicker(&r)
		p, err := d.pair(t.symbol, r.Err())
		if err != nil {
			return err
		}
		if t.time.IsZero() {
			t.time = received
		}
		d.begin(p, t.time, emit)
		day := feed.Update{
			Symbol: p.symbol, Kind: feed.Day, Time: t.time,
			PreviousClose: t.previousClose(), High: above0(t.high), Low: above0(t.low), Volume: t.volume,
		}
		if day.PreviousClose.Valid || day.High.Valid || day.Low.Valid || day.Volume.Valid {
			emit(day)
		}
		quote := feed.Update{Symbol: p.symbol, Kind: feed.Quote, Time: t.time}
		if quote.Bid = above0(t.bid); quote.Bid.Valid {
			quote.BidSize = t.bidSize
		}
		if quote.Ask = above0(t.ask); quote.Ask.Valid {
			quote.AskSize = t.askSize
		}
		emit(quote)
	}
	return r.Err()
}

func readTicker(r *frame.Reader) ticker {
	var t ticker
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "symbol":
			t.symbol = r.Text()
		case "bid":
			t.bid = r.Decimal()
		case "bid_qty":
			t.bidSize = r.Figure()
		case "ask":
			t.ask = r.Decimal()
		case "ask_qty":
			t.askSize = r.Figure()
		case "last":
			t.last = r.Decimal()
		case "change":
			t.change = r.Decimal()
		case "high":
			t.high = r.Decimal()
		case "low":
			t.low = r.Decimal()
		case "volume":
			t.volume = r.Figure()
		case "timestamp":
			t.time = r.Time()
		}
	}
	return t
}

// previousClose is the price of 24 hours ago, against which the change is.
func (t *ticker) previousClose() decimal.NullDecimal {
	if !t.last.Valid || !t.change.Valid {
		return decimal.NullDecimal{}
	}
	before := t.last.Decimal.Sub(t.change.Decimal)
	if before.NumDigits() > quotes.MaxDigits {
		return decimal.NullDecimal{}
	}
	return above0(quotes.Some(before))
}

// trade is one element of that channel.
type trade struct {
	symbol      []byte
	price, size decimal.NullDecimal
	id          uint64
	time        time.Time
}

// trades tells each trade of an update. A snapshot has the last fifty, and only
// the newest of each pair is told: it is the last price, and the others, with
// what they mean for the figures of the day, are past.
func (d *Decoder) trades(r frame.Reader, snapshot bool, received time.Time, emit func(feed.Update)) error {
	var newest []trade // one a pair
	for r.Array(); r.More(); {
		t := readTrade(&r)
		p, err := d.pair(t.symbol, r.Err())
		if err != nil {
			return err
		}
		if !t.price.Valid || t.price.Decimal.Sign() <= 0 {
			return fmt.Errorf("%w: a trade of %s without a price", frame.ErrMalformed, p.symbol)
		}
		if t.time.IsZero() {
			t.time = received
		}
		if snapshot {
			newest = keepNewest(newest, t)
			continue
		}
		d.trade(p, t, false, emit)
	}
	if err := r.Err(); err != nil {
		return err
	}
	for _, t := range newest {
		d.trade(d.pairs[string(t.symbol)], t, true, emit)
	}
	return nil
}

func keepNewest(newest []trade, t trade) []trade {
	for i := range newest {
		if string(newest[i].symbol) == string(t.symbol) {
			if t.id >= newest[i].id {
				newest[i] = t
			}
			return newest
		}
	}
	return append(newest, t)
}

// trade tells a trade; one of a snapshot is in the figures already.
func (d *Decoder) trade(p *pair, t trade, past bool, emit func(feed.Update)) {
	d.begin(p, t.time, emit)
	emit(feed.Update{
		Symbol: p.symbol, Kind: feed.Trade, Time: t.time, TradeID: t.id, Price: t.price.Decimal, Size: t.size.Decimal,
		MovesLast: true, MovesRange: !past, CountsVolume: !past, Regular: true,
	})
}

func readTrade(r *frame.Reader) trade {
	var t trade
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "symbol":
			t.symbol = r.Text()
		case "price":
			t.price = r.Decimal()
		case "qty":
			t.size = r.Figure()
		case "trade_id":
			t.id = r.Uint()
		case "timestamp":
			t.time = r.Time()
		}
	}
	return t
}

// pair finds what is known of one, after its element has been read with err.
func (d *Decoder) pair(symbol []byte, err error) (*pair, error) {
	if err != nil {
		return nil, err
	}
	if p := d.pairs[string(symbol)]; p != nil {
		return p, nil
	}
	sym, err := quotes.ParseSymbol(string(symbol))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", frame.ErrMalformed, err)
	}
	if len(d.pairs) >= maxPairs {
		return nil, fmt.Errorf("%w: more than %d pairs", frame.ErrMalformed, maxPairs)
	}
	p := &pair{symbol: sym}
	d.pairs[string(symbol)] = p
	return p, nil
}

// again makes the next message of a pair the first after a subscription.
func (d *Decoder) again(sym quotes.Symbol) {
	if p := d.pairs[sym.String()]; p != nil {
		p.begun = false
	}
}

// begin tells that a pair's history starts again, once after a subscription.
func (d *Decoder) begin(p *pair, at time.Time, emit func(feed.Update)) {
	if p.begun {
		return
	}
	p.begun, p.halted = true, d.isHalted(p)
	emit(feed.Update{Symbol: p.symbol, Kind: feed.Break, Time: at})
	emit(feed.Update{Symbol: p.symbol, Kind: feed.Status, Time: at, Halted: p.halted})
}

func above0(n decimal.NullDecimal) decimal.NullDecimal {
	if n.Valid && n.Decimal.Sign() > 0 {
		return n
	}
	return decimal.NullDecimal{}
}
