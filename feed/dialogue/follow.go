package dialogue

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// errUnanswered is a connection that is open and serves nobody.
var errUnanswered = errors.New("the vendor answers no request")

// follow sends requests as demand changes, until ctx ends or one cannot be sent.
func (d *dialogue) follow(ctx context.Context) error {
	look := time.NewTicker(max(d.Patience/10, time.Millisecond))
	defer look.Stop()
	for {
		requests, changed, err := d.requests()
		if err != nil {
			return err
		}
		began := time.Now()
		for _, request := range requests {
			if err := d.send(ctx, request); err != nil {
				return err
			}
		}
		d.backlog = max(d.backlog, time.Since(began))
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
		d.linger(ctx)
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

// lastWords is how long a connection that takes nothing is still listened to.
const lastWords = time.Second

// linger lets what reads find out first why nothing could be sent: the vendor
// has said so, most likely, before it left.
func (d *dialogue) linger(ctx context.Context) {
	wait := time.NewTimer(lastWords)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// requests are the messages to be sent now, and a channel that is closed when
// demand has changed. The error ends the connection.
func (d *dialogue) requests() (requests [][]byte, changed <-chan struct{}, err error) {
	wanted, changed := d.wanted(d.demand)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.refuseUnanswered(); err != nil {
		return nil, nil, err
	}
	if add, remove := d.talk.Subscriptions.Follow(wanted); len(add)+len(remove) > 0 {
		for _, sym := range add {
			delete(d.again, sym)
		}
		requests = d.protocol.Requests(add, remove)
	}
	unconfirmed := d.talk.Subscriptions.Unconfirmed(0)
	for _, sym := range d.talk.again {
		if slices.Contains(unconfirmed, sym) {
			requests = append(requests, d.protocol.Requests([]quotes.Symbol{sym}, nil)...)
		}
	}
	d.talk.again = d.talk.again[:0]
	return requests, changed, nil
}

// refuseUnanswered has a symbol that got no answer asked for again, and gives it
// up when that gets none either. Where nothing was confirmed yet it is the
// connection that is given up: with all symbols refused nobody would notice that
// it is dead.
func (d *dialogue) refuseUnanswered() error {
	late := d.talk.Subscriptions.Unconfirmed(2*d.Patience + d.backlog)
	if len(late) > 0 && !d.answered {
		return errUnanswered
	}
	for _, sym := range late {
		delete(d.again, sym)
		d.talk.Subscriptions.Refuse(sym, "the vendor does not answer the request for it")
	}
	for _, sym := range d.talk.Subscriptions.Unconfirmed(d.Patience + d.backlog) {
		if d.again == nil {
			d.again = make(map[quotes.Symbol]bool)
		}
		if !d.again[sym] {
			d.again[sym] = true
			d.talk.again = append(d.talk.again, sym)
		}
	}
	return nil
}
