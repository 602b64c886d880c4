package alpaca

import (
	"fmt"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// control is a message that speaks of the connection: a success, an error, or the
// whole list of what is subscribed.
type control struct {
	kind           string // "success", "error" or "subscription"
	text           string
	code           int
	trades, quotes []string
	statuses       []string
}

// decoder takes messages of the stream apart.
type decoder struct {
	// symbols are those whose messages matter, by their text; any is all.
	symbols map[string]quotes.Symbol
	any     bool
	// controls are those of the last message.
	controls []control
}

// mostSymbols bounds what a decoder of any symbol remembers.
const mostSymbols = 50_000

// NewDecoder returns the decoder of a recorded stream, of whatever symbols.
func NewDecoder() feed.Decoder { return &decoder{symbols: make(map[string]quotes.Symbol), any: true} }

// Decode implements feed.Decoder: a message is an array of objects. Of an object
// that is malformed in itself nothing is taken, and the others are; from where the
// text is no JSON any more, nothing is. The error is the first that was met.
func (d *decoder) Decode(msg []byte, _ time.Time, emit func(feed.Update)) (first error) {
	d.controls = d.controls[:0]
	r := frame.New(msg)
	for r.Array(); r.More(); {
		err := d.object(&r, emit)
		if r.Err() != nil {
			break
		}
		if first == nil {
			first = err
		}
	}
	if err := r.End(); first == nil {
		first = err
	}
	return first
}

// object takes the object that r is at. One of another type than those that
// matter is left for r to pass over, whatever is in it.
func (d *decoder) object(r *frame.Reader, emit func(feed.Update)) error {
	kind, err := kindOf(*r)
	switch string(kind) {
	case "success", "error", "subscription":
		return d.control(string(kind), r)
	case "t", "q", "s", "l", "c", "x":
		var f fields
		f.read(r)
		if sym, ok := d.symbol(f.symbol); ok && r.Err() == nil {
			return f.tell(sym, emit)
		}
		return nil
	}
	return err
}

// kindOf looks for the type of the object that comes next, which is its first
// member as a rule.
func kindOf(r frame.Reader) ([]byte, error) {
	for r.Object(); r.Next(); {
		if string(r.Key()) == "T" {
			return r.Text(), nil
		}
	}
	return nil, r.Err()
}

func (d *decoder) symbol(text []byte) (quotes.Symbol, bool) {
	sym, ok := d.symbols[string(text)]
	if ok || !d.any {
		return sym, ok
	}
	sym, err := quotes.ParseSymbol(string(text))
	if err != nil {
		return sym, false
	}
	if len(d.symbols) < mostSymbols {
		d.symbols[string(text)] = sym
	}
	return sym, true
}

func (d *decoder) control(kind string, r *frame.Reader) error {
	c := control{kind: kind}
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "msg":
			c.text = string(r.Text())
		case "code":
			c.code = int(r.Uint())
		case "trades":
			c.trades = texts(r)
		case "quotes":
			c.quotes = texts(r)
		case "statuses":
			c.statuses = texts(r)
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("a message of type %s: %w", kind, err)
	}
	d.controls = append(d.controls, c)
	return nil
}

func texts(r *frame.Reader) (list []string) {
	for r.Array(); r.More(); {
		list = append(list, string(r.Text()))
	}
	return list
}
