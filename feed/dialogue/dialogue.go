// Package dialogue is a source's life on one connection to its vendor: it dials
// when anything is wanted, asks for what is watched no faster than the vendor
// takes it, asks again where no answer comes, and hands each message to the
// source. What is said, both ways, is the source's Protocol.
//
//   - dialogue.go  Run: from the first wish to the end of the connection
//   - follow.go    the requests: demand, pace, what has no answer
//   - gate.go      a symbol's news wait until its snapshot has been told
//   - url.go       the URL of a feed that has no parameter but symbols
//   - report.go    messages that were not understood, told once a minute
package dialogue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const defaultPatience = 10 * time.Second

// Protocol is what a source says and understands on one connection. The methods
// are called by one goroutine at a time.
type Protocol interface {
	// Requests are the messages that take back and ask for symbols, in the order
	// in which they are sent. Either list may be empty.
	Requests(add, remove []quotes.Symbol) [][]byte
	// Take understands one message. An error that wraps frame.ErrMalformed is
	// told the operator now and then, and the next message may be sound; any
	// other ends the connection.
	Take(msg []byte, received time.Time) error
}

// Options say with whom the dialogue is.
type Options struct {
	// URL is the socket's.
	URL    string
	Header http.Header
	// ReadLimit is the longest message in bytes, that of socket.Options when 0.
	ReadLimit int64
	// Credentials is the advice for a vendor that does not take ours, as in
	// rest.Request.
	Credentials string
	// Always are symbols that are asked for, watched or not.
	Always []quotes.Symbol
	// Limit and Has are those of feed.NewSubscriptions.
	Limit int
	Has   func(quotes.Symbol) bool
	// Gap is the least time between two requests.
	Gap time.Duration
	// Patience is how long a request may be without an answer before it is asked
	// again, and then before the symbol counts as refused; 10 s when 0. A
	// connection on which nothing was ever confirmed ends instead.
	Patience time.Duration
	// Open begins the protocol of a new connection.
	Open func(t *Talk) Protocol
}

// Talk is one connection, for its Protocol.
type Talk struct {
	// Subscriptions are to be told the vendor's answers.
	Subscriptions *feed.Subscriptions
	// Emit is the source's.
	Emit func(feed.Update)

	again []quotes.Symbol
	wake  chan struct{} // holds one: something is to be asked
}

// Again has symbols asked for once more, each by itself: the vendor has refused a
// request because of another symbol that was in it. What is not wanted any more,
// or was confirmed meanwhile, is left out. For the Protocol's methods.
func (t *Talk) Again(syms ...quotes.Symbol) {
	t.again = append(t.again, syms...)
	t.Wake()
}

// Wake has the dialogue look at once for what is to be asked: after a refusal
// there is a place for another.
func (t *Talk) Wake() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// Run waits until any symbol is wanted, dials, and speaks with the vendor until
// ctx or the connection ends. The error is never nil.
func Run(ctx context.Context, o Options, demand *feed.Demand, emit func(feed.Update)) error {
	o.Patience = cmp.Or(o.Patience, defaultPatience)
	if err := o.await(ctx, demand); err != nil {
		return err
	}
	conn, err := socket.Dial(ctx, socket.Options{URL: o.URL, Header: o.Header, ReadLimit: o.ReadLimit})
	if err != nil {
		return o.refused(err)
	}
	defer conn.Close()
	d := &dialogue{Options: o, conn: conn, demand: demand, talk: &Talk{Emit: emit, wake: make(chan struct{}, 1)}}
	d.talk.Subscriptions = feed.NewSubscriptions(o.Limit, o.Has, d.subscription)
	d.protocol = o.Open(d.talk)
	ctx, end := context.WithCancelCause(ctx)
	var follower sync.WaitGroup
	follower.Go(func() { end(d.follow(ctx)) })
	err = d.read(ctx)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	end(nil)
	follower.Wait()
	return o.refused(err)
}

// dialogue is a connection that is open. What follows demand and what reads take
// turns by mu.
type dialogue struct {
	Options
	conn   *socket.Conn
	demand *feed.Demand

	// backlog is the longest that requests took to be sent, at their pace: so
	// long after it was wanted may a symbol have been asked for. Of the follower.
	backlog time.Duration

	mu       sync.Mutex // guards all below, and the calls of emit
	talk     *Talk
	protocol Protocol
	report   Report
	again    map[quotes.Symbol]bool // asked for a second time
	answered bool                   // the vendor has confirmed a subscription
}

// subscription is what Subscriptions emit into.
func (d *dialogue) subscription(u feed.Update) {
	d.answered = d.answered || u.Kind == feed.Subscribed
	d.talk.Emit(u)
}

// await waits until anything is wanted: vendors end connections on which nobody
// asks for anything.
func (o Options) await(ctx context.Context, demand *feed.Demand) error {
	for {
		wanted, changed := o.wanted(demand)
		if len(wanted) > 0 || ctx.Err() != nil {
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// wanted are the symbols to ask for, and a channel that is closed when that has
// changed.
func (o Options) wanted(demand *feed.Demand) ([]quotes.Symbol, <-chan struct{}) {
	watched, changed := demand.Watched()
	if o.Has != nil {
		watched = slices.DeleteFunc(watched, func(sym quotes.Symbol) bool { return !o.Has(sym) })
	}
	return append(slices.Clone(o.Always), watched...), changed
}

// read hands on what comes until the connection ends.
func (d *dialogue) read(ctx context.Context) error {
	for {
		msg, err := d.conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := d.take(msg, time.Now()); err != nil {
			return err
		}
	}
}

func (d *dialogue) take(msg []byte, now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.talk.Emit(feed.Update{Kind: feed.Received, Time: now.UTC()})
	err := d.protocol.Take(msg, now)
	if errors.Is(err, frame.ErrMalformed) {
		d.report.Malformed(err, now, d.talk.Emit)
		return nil
	}
	return err
}

// refused says how to go on after an answer that is none, or a farewell.
func (o Options) refused(err error) error {
	const policyViolation, tryAgainLater = 1008, 1013 // RFC 6455, section 7.4.1, and its registry
	if farewell, ok := errors.AsType[*socket.CloseError](err); ok && (farewell.Code == policyViolation || farewell.Code == tryAgainLater) {
		return &feed.Failure{Err: fmt.Errorf("connection ended: %w", err), Slow: true, Advice: "the vendor asks for patience; it is tried again slowly"}
	}
	return rest.Refused(err, o.Credentials)
}
