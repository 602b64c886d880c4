package binance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

// session is one connection. Run's goroutine reads; another follows the demand.
type session struct {
	source  *Source
	conn    *socket.Conn
	decoder *decoder        // of the reader
	report  dialogue.Report // of the reader
	changed chan struct{}

	// Of the follower.
	nextSend time.Time

	mu       sync.Mutex // guards all below, and every call of emit
	emit     func(feed.Update)
	subs     *feed.Subscriptions
	gates    map[quotes.Symbol]*dialogue.Gate
	requests map[uint64][]quotes.Symbol // subscriptions without an answer
	lastID   uint64                     // of a request
	due      []quotes.Symbol            // are confirmed and want a snapshot
}

// Run implements feed.Source.
func (s *Source) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	conn, err := socket.Dial(ctx, socket.Options{URL: s.stream})
	if err != nil {
		return rest.Refused(err, "")
	}
	defer conn.Close()
	ss := &session{
		source: s, conn: conn, decoder: newDecoder(), changed: make(chan struct{}, 1), emit: emit,
		gates: make(map[quotes.Symbol]*dialogue.Gate), requests: make(map[uint64][]quotes.Symbol),
	}
	ss.subs = feed.NewSubscriptions(limit, s.has, emit)
	return ss.run(ctx, demand)
}

// run reads and follows until either ends.
func (s *session) run(ctx context.Context, demand *feed.Demand) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var follower sync.WaitGroup
	follower.Go(func() { cancel(s.follow(ctx, demand)) })
	err := s.read(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(err)
	follower.Wait()
	return err
}

// read takes messages until the connection ends.
func (s *session) read(ctx context.Context) error {
	for {
		msg, err := s.conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := s.take(msg, time.Now()); err != nil {
			return err
		}
	}
}

// take tells what one message says. Its error ends the connection.
func (s *session) take(msg []byte, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.emit(feed.Update{Kind: feed.Received, Time: now.UTC()})
	m, err := parseMessage(msg)
	switch {
	case err != nil:
	case string(m.event) == "serverShutdown":
		return errors.New("the server of this connection is about to restart")
	case m.answer:
		s.answered(&m)
	default:
		err = s.decoder.update(&m, now, s.deliver)
	}
	if err != nil {
		s.report.Malformed(err, now, s.emit)
	}
	return nil
}

// deliver gives an update to the gate of its symbol. What comes after a
// subscription has ended has none.
func (s *session) deliver(u feed.Update) {
	if g := s.gates[u.Symbol]; g != nil {
		g.Pass(u, s.emit)
	}
}

// say tells the operator a line.
func (s *session) say(text string) {
	s.emit(feed.Update{Kind: feed.Reported, Time: time.Now().UTC(), Note: strings.Join(strings.Fields(text), " ")})
}

// answered takes the answer to a request. Some faults come without the number of
// what they speak of.
func (s *session) answered(m *message) {
	syms := s.requests[m.id]
	delete(s.requests, m.id)
	switch {
	case m.fault == "":
		for _, sym := range syms {
			s.subs.Confirm(sym)
		}
		s.due = append(s.due, syms...)
	case len(syms) == 0:
		s.say("Binance says: " + m.fault)
		return
	default:
		for _, sym := range syms {
			s.subs.Refuse(sym, "Binance says: "+m.fault)
			delete(s.gates, sym)
		}
	}
	s.wake()
}

// wake has the follower look again.
func (s *session) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// follow keeps the subscriptions to what is watched, and fetches the snapshots
// of what was confirmed. It returns why it cannot.
func (s *session) follow(ctx context.Context, demand *feed.Demand) error {
	s.refuseUnlisted()
	check := time.NewTicker(answerTime / 2)
	defer check.Stop()
	for {
		watched, changed := demand.Watched()
		if s.source.only != nil {
			watched = s.source.only
		}
		if err := s.subscribe(ctx, watched); err != nil {
			return err
		}
		for due := s.takeDue(); len(due) > 0; due = due[min(atOnce, len(due)):] {
			if err := s.repair(ctx, due[:min(atOnce, len(due))]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-s.changed:
		case <-check.C:
			if err := s.checkAnswers(); err != nil {
				return err
			}
		}
	}
}

// refuseUnlisted says which symbols of the URL Binance does not have.
func (s *session) refuseUnlisted() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sym := range s.source.only {
		if !s.source.has(sym) {
			s.emit(feed.Update{Kind: feed.Refused, Symbol: sym, Time: time.Now().UTC(), Note: "Binance does not trade it; write symbols as Binance does, like BTCUSDT"})
		}
	}
}

// subscribe asks for what is new and takes back what is not watched any more.
func (s *session) subscribe(ctx context.Context, watched []quotes.Symbol) error {
	s.mu.Lock()
	add, remove := s.subs.Follow(watched)
	for _, sym := range remove {
		delete(s.gates, sym)
		for id, asked := range s.requests { // an answer that comes yet is of the old subscription
			s.requests[id] = slices.DeleteFunc(asked, func(other quotes.Symbol) bool { return other == sym })
		}
	}
	for _, sym := range add {
		s.gates[sym] = new(dialogue.Gate)
	}
	s.mu.Unlock()
	if err := s.ask(ctx, "UNSUBSCRIBE", remove); err != nil {
		return err
	}
	return s.ask(ctx, "SUBSCRIBE", add)
}

func (s *session) takeDue() []quotes.Symbol {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := s.due
	s.due = nil
	return due
}

func (s *session) checkAnswers() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if late := s.subs.Unconfirmed(answerTime); len(late) > 0 {
		return fmt.Errorf("a subscription to %s, and %d others, were not answered in %v", late[0], len(late)-1, answerTime)
	}
	return nil
}

// repair tells the snapshots of symbols, with a break before each. Where Binance
// gives none the stream alone has to do, whose figures of 24 hours come within
// a second of a change.
func (s *session) repair(ctx context.Context, syms []quotes.Symbol) error {
	list, err := s.source.tickers(ctx, syms)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errNoSymbol) && len(syms) > 1: // find out which
		half := len(syms) / 2
		if err := s.repair(ctx, syms[:half]); err != nil {
			return err
		}
		return s.repair(ctx, syms[half:])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, errNoSymbol) {
		s.subs.Refuse(syms[0], err.Error())
		delete(s.gates, syms[0])
		s.wake()
		return nil
	}
	if err != nil {
		s.say("there is no snapshot, and the stream has to do: " + err.Error())
	}
	s.release(list)
	for _, sym := range syms {
		if g := s.gates[sym]; g != nil && !g.IsOpen() {
			release(g, []feed.Update{{Kind: feed.Break, Symbol: sym, Time: time.Now().UTC()}}, 0, s.emit)
		}
	}
	return nil
}

// release opens the gates of the symbols that the snapshots are of.
func (s *session) release(list []ticker) {
	for i := range list {
		snapshot, lastID, err := list[i].snapshot()
		if err != nil {
			s.say("a snapshot is malformed, and the stream has to do: " + err.Error())
			continue
		}
		if g := s.gates[snapshot[0].Symbol]; g != nil && !g.IsOpen() {
			release(g, snapshot, lastID, s.emit)
		}
	}
}
