package alpaca

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// loginTime is how long the greeting and the answer to the key may take.
	loginTime = 10 * time.Second
	// answerTime is how long the vendor may take to acknowledge a subscription.
	answerTime = 10 * time.Second
	// again is how long to wait with what failed, and with saying so again.
	again = time.Minute
)

// source is the feed.Source. Its Run is called by one goroutine at a time.
type source struct {
	plan   *plan
	limit  int
	always []quotes.Symbol // the symbols of the URL
	rounds func(now time.Time) time.Time

	key, secret               string
	stream, snapshots, assets string
	calls                     *caller

	listed atomic.Pointer[map[quotes.Symbol]bool] // nil until the list was asked for

	// bare says that the feed takes no subscription of statuses.
	bare bool
}

func (s *source) Name() string { return s.plan.name }

// Run is one connection, from its dial to its end.
func (s *source) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	conn, err := socket.Dial(ctx, socket.Options{URL: s.stream})
	if err != nil {
		return rest.Refused(err, adviceKey)
	}
	defer conn.Close()
	if err := s.login(ctx, conn, emit); err != nil {
		return err
	}
	return newSession(s, conn, demand, emit).run(ctx)
}

// login waits to be greeted, shows the key and waits until it is taken.
func (s *source) login(ctx context.Context, conn *socket.Conn, emit func(feed.Update)) error {
	limited, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	var d decoder
	for {
		msg, err := conn.Read(limited)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			return fmt.Errorf("Alpaca did not answer the authentication within %v", loginTime) //nolint:staticcheck // a name begins it
		case err != nil:
			return fmt.Errorf("authenticate: %w", err)
		}
		emit(feed.Update{Kind: feed.Received})
		// What is malformed is no greeting; the time runs out on it.
		_ = d.Decode(msg, time.Time{}, func(feed.Update) {})
		for _, c := range d.controls {
			switch {
			case c.kind == "error":
				return failure(c)
			case c.text == "connected":
				err = conn.Write(limited, encode(request{Action: "auth", Key: s.key, Secret: s.secret}))
			case c.text == "authenticated":
				return nil
			}
			if err != nil {
				return fmt.Errorf("authenticate: %w", err)
			}
		}
	}
}

// request is a message to the vendor.
type request struct {
	Action   string   `json:"action"`
	Key      string   `json:"key,omitempty"`
	Secret   string   `json:"secret,omitempty"`
	Trades   []string `json:"trades,omitempty"`
	Quotes   []string `json:"quotes,omitempty"`
	Statuses []string `json:"statuses,omitempty"`
	LULDs    []string `json:"lulds,omitempty"`
}

func encode(r request) []byte {
	msg, err := json.Marshal(r) //nolint:gosec // the vendor is told the secret in this way
	if err != nil {
		panic(err) // texts alone
	}
	return msg
}

// session is what belongs to one connection. Its methods are called by the
// goroutine of Run alone.
type session struct {
	*source
	conn    *socket.Conn
	demand  *feed.Demand
	emit    func(feed.Update)
	decoder *decoder
	follower

	reports map[string]time.Time // when each kind of trouble was told
}

func newSession(s *source, conn *socket.Conn, demand *feed.Demand, emit func(feed.Update)) *session {
	n := &session{
		source: s, conn: conn, demand: demand, emit: emit,
		decoder: &decoder{symbols: make(map[string]*security), national: s.plan.national},
		reports: make(map[string]time.Time),
	}
	n.follower = newFollower(feed.NewSubscriptions(s.limit, s.has, emit))
	return n
}

// run follows what is watched and takes what comes, until ctx or the connection
// ends. What it has started has ended when it returns.
func (n *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer n.conn.Close()
	defer cancel()

	in := inbox{messages: make(chan []byte), taken: make(chan struct{}, 1), failed: make(chan error, 1)}
	helpers.Go(func() { in.fill(ctx, n.conn) })
	n.start = helpers.Go

	look := time.NewTicker(time.Second)
	defer look.Stop()
	round := n.rounds(time.Now())
	n.refuseUnlisted()
	watched, changed := n.demand.Watched()
	n.follow(watched)
	for {
		if err := n.step(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-in.failed:
			return err
		case msg := <-in.messages:
			err := n.take(msg)
			if err != nil {
				return err
			}
			in.taken <- struct{}{}
		case <-changed:
			watched, changed = n.demand.Watched()
			n.follow(watched)
		case f := <-n.fetched:
			n.arrived(f, time.Now())
		case now := <-look.C:
			n.stirred = true // what is to be done again may be due
			if n.late(now) {
				return fmt.Errorf("Alpaca did not acknowledge a subscription within %v", answerTime) //nolint:staticcheck // a name begins it
			}
			if !round.IsZero() && !now.Before(round) {
				n.refresh()
				round = n.rounds(now)
			}
		}
	}
}

// inbox hands over messages, one at a time.
type inbox struct {
	messages chan []byte
	taken    chan struct{} // says that the message is not used any more; never full
	failed   chan error
}

func (in *inbox) fill(ctx context.Context, conn *socket.Conn) {
	for {
		msg, err := conn.Read(ctx)
		if err != nil {
			in.failed <- err
			return
		}
		select {
		case in.messages <- msg:
		case <-ctx.Done():
			return
		}
		select {
		case <-in.taken:
		case <-ctx.Done():
			return
		}
	}
}

// take is one message of the stream.
func (n *session) take(msg []byte) error {
	n.emit(feed.Update{Kind: feed.Received})
	if err := n.decoder.Decode(msg, time.Time{}, n.emit); err != nil {
		n.report("malformed", "a message could not be read: "+err.Error())
	}
	for _, c := range n.decoder.controls {
		if err := n.control(c); err != nil {
			return err
		}
	}
	return nil
}

func (n *session) control(c control) error {
	switch {
	case c.kind == "subscription":
		n.acknowledged(c)
	case c.kind != "error":
	case c.code == codeAuthTwice:
		n.report("control", failure(c).Error())
	case c.code == codeSymbolLimit, c.code == codeInvalidAction:
		n.notTaken(c)
	default:
		return failure(c)
	}
	return nil
}

// report tells of trouble that does not end the connection, of each kind once a
// minute at most.
func (n *session) report(kind, note string) {
	if now := time.Now(); now.Sub(n.reports[kind]) >= again {
		n.reports[kind] = now
		n.emit(feed.Update{Kind: feed.Reported, Time: now.UTC(), Note: note})
	}
}
