package kraken

import (
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
)

// matches says that orders are matched in a state of the exchange or of a pair:
// in cancel_only, post_only and maintenance they are not.
func matches(state string) bool {
	switch state {
	case "online", "limit_only", "reduce_only":
		return true
	}
	return false
}

// status is the state of the exchange: it comes first on a connection, and when
// it changes.
func (d *Decoder) status(r frame.Reader, received time.Time, emit func(feed.Update)) error {
	state := ""
	for r.Array(); r.More(); {
		for r.Object(); r.Next(); {
			if string(r.Key()) == "system" {
				state = string(r.Text())
			}
		}
	}
	if err := r.Err(); err != nil || state == "" {
		return err
	}
	if closed := !matches(state); closed != d.closed {
		d.closed = closed
		note := "the exchange matches orders again"
		if closed {
			note = "the exchange matches no orders: " + state
		}
		emit(feed.Update{Kind: feed.Reported, Time: received, Note: note})
		d.tellHalts(received, emit)
	}
	return nil
}

// instruments has the state of every pair when it is subscribed, then changes.
func (d *Decoder) instruments(r frame.Reader, received time.Time, emit func(feed.Update)) error {
	for r.Object(); r.Next(); {
		if string(r.Key()) != "pairs" {
			continue
		}
		for r.Array(); r.More(); {
			d.instrument(&r)
		}
	}
	d.tellHalts(received, emit)
	return r.Err()
}

func (d *Decoder) instrument(r *frame.Reader) {
	var symbol, state string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "symbol":
			symbol = string(r.Text())
		case "status":
			state = string(r.Text())
		}
	}
	switch {
	case symbol == "" || state == "" || r.Err() != nil:
	case matches(state):
		delete(d.halted, symbol)
	case len(d.halted) < maxPairs:
		d.halted[symbol] = true
	}
}

// tellHalts tells of each pair that is subscribed what has changed.
func (d *Decoder) tellHalts(at time.Time, emit func(feed.Update)) {
	for _, p := range d.pairs {
		if halted := d.isHalted(p); p.begun && p.halted != halted {
			p.halted = halted
			emit(feed.Update{Symbol: p.symbol, Kind: feed.Status, Time: at, Halted: halted})
		}
	}
}

func (d *Decoder) isHalted(p *pair) bool { return d.closed || d.halted[p.symbol.String()] }
