package binance

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// maxSymbols bounds the spellings of symbols that a decoder keeps.
const maxSymbols = 10_000

// Decoder makes updates of the messages of one connection, for live and recorded
// ones alike.
func Decoder() feed.Decoder { return newDecoder() }

// decoder keeps the symbols that it has met, so that a message costs a look-up
// and not another parse.
type decoder struct{ symbols map[string]quotes.Symbol }

func newDecoder() *decoder { return &decoder{make(map[string]quotes.Symbol)} }

// Decode implements feed.Decoder.
func (d *decoder) Decode(msg []byte, received time.Time, emit func(feed.Update)) error {
	m, err := parseMessage(msg)
	if err != nil {
		return err
	}
	return d.update(&m, received, emit)
}

// message is one that came, taken apart: an event, or the answer to a request.
// The texts are parts of what came.
type message struct {
	event  []byte // its type, nil for the best bid and offer and for an answer
	fields fields

	answer bool
	id     uint64 // of the request
	fault  string // what Binance says of it, "" when it was granted
}

// fields are an event's fields by their names, which are one letter each, and
// of which some differ only in the case.
type fields ['z' + 1][]byte

// wanted are the fields of which a value is used in any event.
const wanted = "eEstpqTuabABohlvc"

// parseMessage takes a message apart. One of a kind that is not known is a
// message without anything.
func parseMessage(msg []byte) (m message, err error) {
	r := frame.New(msg)
	err = m.walk(&r)
	if err == nil {
		err = r.End()
	}
	return m, err
}

// walk reads an object: an event, or an answer, or what has one of them in it.
func (m *message) walk(r *frame.Reader) error {
	whole := *r
	var code []byte
	for r.Object(); r.Next(); {
		switch key := r.Key(); {
		case len(key) == 1 && strings.IndexByte(wanted, key[0]) >= 0:
			m.fields[key[0]] = r.Text()
		case string(key) == "data", string(key) == "event", string(key) == "error":
			if err := m.walk(r); err != nil {
				return err
			}
		case string(key) == "result":
			m.answer = true
		case string(key) == "id":
			m.answer = true
			m.id = r.Uint()
		case string(key) == "code":
			m.answer = true
			code = r.Text()
		case string(key) == "msg":
			m.fault = string(r.Text())
		}
	}
	if m.fields['e'] != nil {
		m.event = m.fields['e']
	}
	if len(code) > 0 {
		m.fault = fmt.Sprintf("%s (code %s)", m.fault, code)
	}
	if r.Err() != nil && m.foreign() {
		*m = message{event: m.event} // whatever its fields are, they are not ours
		*r = whole
		r.Skip()
	}
	return r.Err()
}

// foreign says that the event is of a type that is not used here.
func (m *message) foreign() bool {
	switch string(m.event) {
	case "", "trade", "24hrMiniTicker", "serverShutdown":
		return false
	}
	return true
}

// update emits what the message says of a price.
func (d *decoder) update(m *message, received time.Time, emit func(feed.Update)) (err error) {
	var u feed.Update
	switch {
	case string(m.event) == "trade":
		u, err = m.fields.trade()
	case string(m.event) == "24hrMiniTicker":
		u, err = m.fields.day()
	case m.event == nil && m.fields['u'] != nil && m.fields['s'] != nil:
		u, err = m.fields.quote()
		u.Time = received.UTC() // Binance gives none
	case m.event == nil && !m.answer:
		return errors.New("it is neither an event nor an answer")
	default:
		return nil
	}
	if err == nil {
		u.Symbol, err = d.symbol(m.fields['s'])
	}
	if err != nil {
		return err
	}
	emit(u)
	return nil
}

func (d *decoder) symbol(text []byte) (quotes.Symbol, error) {
	if sym, ok := d.symbols[string(text)]; ok {
		return sym, nil
	}
	sym, err := quotes.ParseSymbol(string(text))
	if err == nil && len(d.symbols) < maxSymbols {
		d.symbols[string(text)] = sym
	}
	return sym, err
}

func (f *fields) trade() (feed.Update, error) {
	u := feed.Update{Kind: feed.Trade, MovesLast: true, MovesRange: true, CountsVolume: true, Regular: true}
	var errs [4]error
	u.TradeID, errs[0] = whole(f['t'])
	u.Price, errs[1] = price(f['p'])
	u.Size, errs[2] = size(f['q'])
	u.Time, errs[3] = at(f['T'])
	return u, first(errs[:])
}

func (f *fields) quote() (feed.Update, error) {
	u := feed.Update{Kind: feed.Quote}
	var errs [2]error
	u.Bid, u.BidSize, errs[0] = side(f['b'], f['B'])
	u.Ask, u.AskSize, errs[1] = side(f['a'], f['A'])
	return u, first(errs[:])
}

// day is the statistics of the last 24 hours. Their open is the price that
// Binance's own change is counted from.
func (f *fields) day() (feed.Update, error) {
	u := feed.Update{Kind: feed.Day}
	var errs [5]error
	u.Open, errs[0] = figure(f['o'])
	u.High, errs[1] = figure(f['h'])
	u.Low, errs[2] = figure(f['l'])
	var volume decimal.Decimal
	volume, errs[3] = size(f['v'])
	u.Volume = quotes.Some(volume)
	u.Time, errs[4] = at(f['E'])
	u.PreviousClose = u.Open
	return u, first(errs[:])
}

// first is the first error that there is.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// side is one side of the book; Binance writes zeros for one that is empty.
func side(priceText, sizeText []byte) (p, s decimal.NullDecimal, err error) {
	if p, err = figure(priceText); err != nil || !p.Valid {
		return p, s, err
	}
	amount, err := size(sizeText)
	return p, quotes.Some(amount), err
}

func price(text []byte) (decimal.Decimal, error) {
	d, err := quotes.ParseDecimal(string(text))
	if err == nil && d.Sign() <= 0 {
		err = fmt.Errorf("the price %.20q is not above zero", text)
	}
	return d, err
}

// figure is a price of which a zero says that there is none.
func figure(text []byte) (decimal.NullDecimal, error) {
	d, err := quotes.ParseDecimal(string(text))
	switch {
	case err != nil || d.IsZero():
		return decimal.NullDecimal{}, err
	case d.Sign() < 0:
		return decimal.NullDecimal{}, fmt.Errorf("the price %.20q is below zero", text)
	}
	return quotes.Some(d), nil
}

// size is an amount. Binance writes eight decimals, also of amounts with more
// than ten digits before them.
func size(text []byte) (decimal.Decimal, error) {
	if len(text) <= quotes.MaxDigits {
		return notNegative(quotes.ParseDecimal(string(text)))
	}
	r := frame.New(text)
	d := r.Figure()
	if err := r.End(); err != nil {
		return decimal.Decimal{}, err
	}
	return notNegative(d.Decimal, nil)
}

func notNegative(d decimal.Decimal, err error) (decimal.Decimal, error) {
	if err == nil && d.Sign() < 0 {
		err = fmt.Errorf("the amount %s is below zero", d)
	}
	return d, err
}

// lastTime is the end of the year 9999 in milliseconds.
const lastTime = 253402300799_999

// at reads milliseconds since 1970.
func at(text []byte) (time.Time, error) {
	ms, err := whole(text)
	if err == nil && (ms == 0 || ms > lastTime) {
		err = fmt.Errorf("%d is no time in milliseconds", ms)
	}
	return time.UnixMilli(int64(min(ms, lastTime))).UTC(), err
}

func whole(text []byte) (uint64, error) {
	if len(text) > 20 {
		return 0, errors.New("a whole number is too long")
	}
	return strconv.ParseUint(string(text), 10, 64)
}
