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
	symbols map[string]*security
	any     bool
	// national says that the quotes are the best of all exchanges, which limit
	// states are found by.
	national bool
	// controls are those of the last message.
	controls []control
}

// mostSymbols bounds what a decoder of any symbol remembers.
const mostSymbols = 50_000

// NewDecoder returns the decoder of a recorded stream, of whatever symbols. Limit
// states are not found in it: the recording does not say of which feed it is.
func NewDecoder() feed.Decoder { return &decoder{symbols: make(map[string]*security), any: true} }

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
		if sec := d.security(f.symbol); sec != nil && r.Err() == nil {
			return d.tell(&f, sec, emit)
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

// security is that of a symbol, nil when its messages do not matter.
func (d *decoder) security(text []byte) *security {
	sec := d.symbols[string(text)]
	if sec != nil || !d.any {
		return sec
	}
	sym, err := quotes.ParseSymbol(string(text))
	if err != nil {
		return nil
	}
	sec = &security{symbol: sym}
	if len(d.symbols) < mostSymbols {
		d.symbols[string(text)] = sec
	}
	return sec
}

// tell emits what a data message says.
func (d *decoder) tell(f *fields, sec *security, emit func(feed.Update)) error {
	u, ok, err := f.update(sec.symbol)
	switch {
	case err != nil:
	case d.national:
		err = sec.limits.tell(f, u, ok, emit)
	case ok:
		emit(u)
	}
	if err != nil {
		return fmt.Errorf("a message of type %s of %s: %w", f.kind, sec.symbol, err)
	}
	return nil
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
