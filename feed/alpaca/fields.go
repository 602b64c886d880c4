package alpaca

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// fields are the members of a trade, quote, status or the like as they stand in
// the message. The stream and the REST interface name them alike.
type fields struct {
	kind, symbol, time, exchange, tape []byte
	conditions                         [8]byte
	count                              int // of conditions
	id, price, size                    []byte
	bid, bidSize, ask, askSize         []byte
	original                           []byte // id of the trade that is corrected
	correctPrice, correctSize          []byte
	status                             []byte
	upper, lower                       []byte // price bands
}

// read takes the members of the object that comes next.
func (f *fields) read(r *frame.Reader) {
	*f = fields{}
	for r.Object(); r.Next(); {
		if into := f.member(r.Key()); into != nil {
			*into = r.Text()
		} else if string(r.Key()) == "c" {
			f.readConditions(r)
		}
	}
}

// member is where a member belongs, nil for those that do not matter.
func (f *fields) member(key []byte) *[]byte {
	switch string(key) {
	case "T":
		return &f.kind
	case "S":
		return &f.symbol
	case "t":
		return &f.time
	case "x":
		return &f.exchange
	case "z":
		return &f.tape
	case "i":
		return &f.id
	case "p":
		return &f.price
	case "s":
		return &f.size
	case "bp":
		return &f.bid
	case "bs":
		return &f.bidSize
	case "ap":
		return &f.ask
	case "as":
		return &f.askSize
	case "oi":
		return &f.original
	case "cp":
		return &f.correctPrice
	case "cs":
		return &f.correctSize
	case "sc":
		return &f.status
	case "u":
		return &f.upper
	case "d":
		return &f.lower
	}
	return nil
}

// readConditions takes the codes. One of more than a letter is unknown, and so is
// what comes after the eighth: a zero byte stands for them.
func (f *fields) readConditions(r *frame.Reader) {
	for r.Array(); r.More(); {
		code := r.Text()
		switch {
		case f.count == len(f.conditions):
			f.conditions[f.count-1] = 0
		case len(code) == 1:
			f.conditions[f.count] = code[0]
			f.count++
		default:
			f.count++
		}
	}
}

// update makes the update that a data message says; ok is false for one that says
// nothing that an update has, as a status that is no halt.
func (f *fields) update(sym quotes.Symbol) (u feed.Update, ok bool, err error) {
	u = feed.Update{Symbol: sym}
	if u.Time, err = parseTime(f.time); err != nil {
		return u, false, err
	}
	ok = true
	switch string(f.kind) {
	case "t":
		err = f.trade(&u)
	case "q":
		err = f.quote(&u)
	case "c":
		u.Kind = feed.Correction
		u.TradeID, err = tradeID(f.original, f.exchange)
		if err == nil {
			err = f.amount(f.correctPrice, f.correctSize, &u)
		}
	case "x":
		u.Kind = feed.Cancel
		u.TradeID, err = tradeID(f.id, f.exchange)
	case "s":
		u.Kind = feed.Status
		u.Halted, ok = halts(f.status)
	case "l":
		u.Kind = feed.Status
		u.Halted, ok = suspended(f.id)
	default:
		ok = false
	}
	return u, ok && err == nil, err
}

func (f *fields) trade(u *feed.Update) (err error) {
	u.Kind = feed.Trade
	if u.TradeID, err = tradeID(f.id, f.exchange); err != nil {
		return err
	}
	if err := f.amount(f.price, f.size, u); err != nil {
		return err
	}
	var tape byte
	if len(f.tape) == 1 {
		tape = f.tape[0]
	}
	m := allowed(tape, f.conditions[:f.count])
	u.MovesLast, u.MovesRange, u.CountsVolume, u.Regular = m.last, m.ranges, m.volume, m.regular
	return nil
}

// amount takes the price and the size of a trade.
func (f *fields) amount(price, size []byte, u *feed.Update) (err error) {
	if u.Price, err = number("price", price); err != nil {
		return err
	}
	if u.Price.Sign() == 0 {
		return errors.New("a price of 0")
	}
	u.Size, err = number("size", size)
	return err
}

// quote takes sizes as they come: the exchanges tell them in round lots or in
// shares, which changed in time and is not in the message.
func (f *fields) quote(u *feed.Update) error {
	u.Kind = feed.Quote
	if err := side(f.bid, f.bidSize, &u.Bid, &u.BidSize); err != nil {
		return err
	}
	return side(f.ask, f.askSize, &u.Ask, &u.AskSize)
}

// side takes one side of a quote; a price of 0 says that nobody is there.
func side(price, size []byte, p, s *decimal.NullDecimal) (err error) {
	if len(price) == 0 {
		return nil
	}
	if p.Decimal, err = number("price", price); err != nil || p.Decimal.Sign() == 0 {
		return err
	}
	p.Valid = true
	if len(size) > 0 {
		s.Valid = true
		s.Decimal, err = number("size", size)
	}
	return err
}

// number is a decimal that is not below 0.
func number(what string, text []byte) (decimal.Decimal, error) {
	d, err := quotes.ParseDecimal(string(text))
	if err == nil && d.Sign() < 0 {
		err = errors.New("it is below 0")
	}
	if err != nil {
		return d, fmt.Errorf("%s %.30q: %w", what, text, err)
	}
	return d, nil
}

// tradeID makes one number of a trade's, which is of its exchange alone, and of
// the exchange's letter, so that it is the symbol's. 0 is a trade without number.
func tradeID(id, exchange []byte) (uint64, error) {
	if len(id) == 0 {
		return 0, nil
	}
	n, err := strconv.ParseUint(string(id), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("trade id %.30q", id)
	}
	var letter byte
	if len(exchange) == 1 {
		letter = exchange[0]
	}
	return n<<8 | uint64(letter), nil
}

func parseTime(text []byte) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		return time.Time{}, fmt.Errorf("time %.40q", text)
	}
	return t.UTC(), nil
}
