package finnhub

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// mostSpellings bounds the spellings of symbols that a decoder keeps.
const mostSpellings = 10_000

// decoder implements feed.Decoder.
type decoder struct {
	symbols map[string]quotes.Symbol // by the vendor's spelling
}

// NewDecoder decodes the messages of Finnhub's socket.
func NewDecoder() feed.Decoder { return newDecoder() }

func newDecoder() *decoder { return &decoder{symbols: make(map[string]quotes.Symbol)} }

// Decode implements feed.Decoder. Trades of one message may be in any order; the
// Tape knows it by their times.
func (d *decoder) Decode(msg []byte, received time.Time, emit func(feed.Update)) error {
	_, err := d.message(msg, received, emit)
	return err
}

// message is Decode that also returns what an error message says, "" for others.
func (d *decoder) message(msg []byte, _ time.Time, emit func(feed.Update)) (complaint string, err error) {
	r := frame.New(msg)
	var kind, text []byte
	var data frame.Reader
	has := false
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "type":
			kind = r.Text()
		case "data":
			data, has = r, true
		case "msg":
			text = r.Text()
		}
	}
	switch {
	case r.End() != nil:
		return "", r.End()
	case kind == nil:
		return "", errors.New("a message without a type")
	case string(kind) == "error":
		return orNothing(string(text)), nil
	case string(kind) != "trade":
		return "", nil // a ping, or what was not there when this was written
	case !has:
		return "", errors.New("trades without data")
	}
	return "", d.all(&data, emit)
}

// orNothing makes an error without a text one that can be told.
func orNothing(text string) string {
	if text == "" {
		return "an error without a text"
	}
	return text
}

// all emits the trades of a list, up to one that is malformed.
func (d *decoder) all(r *frame.Reader, emit func(feed.Update)) error {
	var failed error
	for r.Array(); r.More(); {
		u, err := d.trade(r)
		switch {
		case r.Err() != nil:
			return r.Err()
		case err != nil:
			failed = err
		default:
			emit(u)
		}
	}
	if failed != nil {
		return failed
	}
	return r.Err()
}

// trade reads one. A volume of zero is that of a price update, where the venue has
// no trades: it moves the price and is no volume.
func (d *decoder) trade(r *frame.Reader) (feed.Update, error) {
	u := feed.Update{Kind: feed.Trade, MovesLast: true, MovesRange: true}
	var millis uint64
	var symbol []byte
	priced, sized := false, false
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "s":
			symbol = r.Text()
		case "p":
			p := r.Decimal()
			u.Price, priced = p.Decimal, p.Valid
		case "v":
			v := r.Decimal()
			u.Size, sized = v.Decimal, v.Valid
		case "t":
			millis = r.Uint()
		}
	}
	if r.Err() != nil {
		return u, r.Err()
	}
	var err error
	switch u.Symbol, err = d.symbol(symbol); {
	case err != nil:
		return u, err
	case !priced || u.Price.Sign() <= 0:
		return u, fmt.Errorf("a trade of %s without a price above zero", u.Symbol)
	case !sized || u.Size.Sign() < 0:
		return u, fmt.Errorf("a trade of %s without a volume", u.Symbol)
	case millis == 0 || millis > math.MaxInt64/uint64(time.Millisecond):
		return u, fmt.Errorf("a trade of %s without a time", u.Symbol)
	}
	u.Time = time.UnixMilli(int64(millis)).UTC()
	u.CountsVolume = u.Size.Sign() > 0
	return u, nil
}

func (d *decoder) symbol(text []byte) (quotes.Symbol, error) {
	if sym, ok := d.symbols[string(text)]; ok {
		return sym, nil
	}
	sym, err := quotes.ParseSymbol(string(text))
	if err == nil && len(d.symbols) < mostSpellings {
		d.symbols[string(text)] = sym
	}
	return sym, err
}
