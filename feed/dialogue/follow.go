package dialogue

import (
	"context"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// follow sends requests as demand changes, until ctx ends or one cannot be sent.
func (d *dialogue) follow(ctx context.Context) error {
	look := time.NewTicker(max(d.Patience/10, time.Millisecond))
	defer look.Stop()
	for {
		requests, changed := d.requests()
		for _, request := range requests {
			if err := d.send(ctx, request); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-d.talk.wake:
		case <-look.C:
		}
	}
}

// send sends one request, and then waits for the gap.
func (d *dialogue) send(ctx context.Context, request []byte) error {
	if err := d.conn.Write(ctx, request); err != nil {
		return err
	}
	gap := time.NewTimer(d.Gap)
	defer gap.Stop()
	select {
	case <-gap.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// requests are the messages to be sent now, and a channel that is closed when
// demand has changed.
func (d *dialogue) requests() ([][]byte, <-chan struct{}) {
	wanted, changed := d.wanted(d.demand)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refuseUnanswered()
	var requests [][]byte
	if add, remove := d.talk.Subscriptions.Follow(wanted); len(add)+len(remove) > 0 {
		for _, sym := range add {
			delete(d.again, sym)
		}
		requests = d.protocol.Requests(add, remove)
	}
	for _, sym := range d.talk.again {
		requests = append(requests, d.protocol.Requests([]quotes.Symbol{sym}, nil)...)
	}
	d.talk.again = d.talk.again[:0]
	return requests, changed
}

// refuseUnanswered has a symbol that got no answer asked for again, and gives it
// up when that gets none either.
func (d *dialogue) refuseUnanswered() {
	for _, sym := range d.talk.Subscriptions.Unconfirmed(2 * d.Patience) {
		delete(d.again, sym)
		d.talk.Subscriptions.Refuse(sym, "the vendor does not answer the request for it")
	}
	for _, sym := range d.talk.Subscriptions.Unconfirmed(d.Patience) {
		if d.again == nil {
			d.again = make(map[quotes.Symbol]bool)
		}
		if !d.again[sym] {
			d.again[sym] = true
			d.talk.again = append(d.talk.again, sym)
		}
	}
}
