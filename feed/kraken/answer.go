package kraken

import "github.com/tickboard/tickboard/feed/frame"

// answer is a message that answers a request: one for each symbol of it.
type answer struct {
	method, channel, symbol string
	err                     string // why not, "" for success
	request                 uint64 // the number that the request bore, 0 for none
}

// read takes the field that comes next, if it is one of an answer's.
func (a *answer) read(r *frame.Reader) {
	switch string(r.Key()) {
	case "method":
		a.method = string(r.Text())
	case "error":
		a.err = string(r.Text())
	case "symbol": // of a refusal; a success has it in its result
		a.symbol = string(r.Text())
	case "req_id":
		a.request = r.Uint()
	case "result":
		for r.Object(); r.Next(); {
			switch string(r.Key()) {
			case "channel":
				a.channel = string(r.Text())
			case "symbol":
				a.symbol = string(r.Text())
			}
		}
	}
}
