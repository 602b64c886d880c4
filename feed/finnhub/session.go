package finnhub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// reportEvery bounds what is said of malformed messages.
	reportEvery = time.Minute
	// retryAfter is when a snapshot that failed is asked for again.
	retryAfter = time.Minute
	// lookEvery is how often gates and rounds are looked after.
	lookEvery = 500 * time.Millisecond
)

// source is the feed. It is made by the Scheme.
type source struct {
	stream string // with the token
	calls  *caller
	only   []quotes.Symbol // the symbols of the URL, nil for all
	limit  int

	mu     sync.Mutex // guards listed
	listed map[quotes.Symbol]quotes.Instrument
}

// Name implements feed.Source.
func (s *source) Name() string { return name }

// Run implements feed.Source.
func (s *source) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	conn, err := socket.Dial(ctx, socket.Options{URL: s.stream})
	if err != nil {
		return dialFailure(err)
	}
	defer conn.Close()
	c := &session{
		source: s, conn: conn, decoder: newDecoder(), changed: make(chan struct{}, 1), added: make(chan struct{}, 1), emit: emit,
		gates: make(map[quotes.Symbol]*gate), due: make(map[quotes.Symbol]time.Time),
	}
	c.subs = feed.NewSubscriptions(s.limit, s.has, emit)
	return c.run(ctx, demand)
}

// has says that Finnhub has the symbol, as far as that is known.
func (s *source) has(sym quotes.Symbol) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.listed[sym]
	return ok || s.listed == nil
}

// calendar is that of a symbol.
func (s *source) calendar(sym quotes.Symbol) *quotes.Calendar {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.listed[sym]
	if !ok && !strings.Contains(sym.String(), ":") {
		in.TimeZone = newYork
	}
	return calendarOf(in)
}

// session is one connection. Run's goroutine reads, a second one follows what is
// watched, and a third asks for the snapshots, as slowly as the limit wants it.
type session struct {
	source  *source
	conn    *socket.Conn
	decoder *decoder      // of the reader
	changed chan struct{} // there may be a place for another symbol
	added   chan struct{} // there are new symbols

	mu       sync.Mutex // guards all below, and every call of emit
	emit     func(feed.Update)
	subs     *feed.Subscriptions
	gates    map[quotes.Symbol]*gate     // of what is asked for
	due      map[quotes.Symbol]time.Time // when its snapshot is to be asked for next
	faults   int                         // since they were last reported
	reported time.Time
}

// run reads and follows until either ends.
func (c *session) run(ctx context.Context, demand *feed.Demand) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var helpers sync.WaitGroup
	helpers.Go(func() { cancel(c.follow(ctx, demand)) })
	helpers.Go(func() { cancel(c.repair(ctx)) })
	err := c.read(ctx)
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	cancel(err)
	helpers.Wait()
	return err
}

// read takes messages until the connection ends.
func (c *session) read(ctx context.Context) error {
	for {
		msg, err := c.conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := c.take(msg, time.Now()); err != nil {
			return err
		}
	}
}

// take tells what one message says. Its error ends the connection.
func (c *session) take(msg []byte, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.emit(feed.Update{Kind: feed.Received, Time: now.UTC()})
	complaint, err := c.decoder.message(msg, now, c.deliver)
	if err != nil {
		c.report(now, "a message of Finnhub cannot be read: "+err.Error())
	}
	if complaint != "" {
		return c.complained(complaint)
	}
	return nil
}

// deliver gives a trade to the gate of its symbol. What comes after the
// subscription has ended has no gate.
func (c *session) deliver(u feed.Update) {
	if g := c.gates[u.Symbol]; g != nil && g.Pass(u, c.emit) {
		c.subs.Confirm(u.Symbol)
	}
}

// release opens the gate of a symbol with what its snapshot says. That trades have
// come confirms the subscription: Finnhub does not answer it otherwise.
func (c *session) release(sym quotes.Symbol, g *gate, list []feed.Update) {
	first := feed.Update{Kind: feed.Break, Symbol: sym, Time: time.Now().UTC()}
	if g.release(list, first, c.emit) {
		c.subs.Confirm(sym)
	}
}

// complained takes what Finnhub says: of a symbol, of the connection, or of
// something that does not end it.
func (c *session) complained(text string) error {
	text = clip(strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " "))
	if sym, ok := named(text, slices.Collect(maps.Keys(c.gates))); ok {
		c.subs.Refuse(sym, "Finnhub says: "+text)
		delete(c.gates, sym)
		delete(c.due, sym)
		ring(c.changed)
		return nil
	}
	if err := complaintFailure(text); err != nil {
		return err
	}
	c.say("Finnhub says: " + text + "; if it sends fewer symbols than are asked for, set limit= in the feed's URL to what the plan allows")
	return nil
}

// report tells of a fault that does not end the connection, at most once a minute.
func (c *session) report(now time.Time, fault string) {
	c.faults++
	if now.Sub(c.reported) < reportEvery {
		return
	}
	if c.faults > 1 {
		fault = fmt.Sprintf("%s (and %d faults before it)", fault, c.faults-1)
	}
	c.say(fault)
	c.faults, c.reported = 0, now
}

func (c *session) say(text string) {
	c.emit(feed.Update{Kind: feed.Reported, Time: time.Now().UTC(), Note: text})
}

// follow keeps the subscriptions to what is watched. It returns why it cannot.
func (c *session) follow(ctx context.Context, demand *feed.Demand) error {
	for {
		watched, changed := demand.Watched()
		if c.source.only != nil {
			watched = c.source.only
		}
		add, remove := c.change(watched)
		if err := c.ask(ctx, "unsubscribe", remove); err != nil {
			return err
		}
		if err := c.ask(ctx, "subscribe", add); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-c.changed:
		}
	}
}

func (c *session) change(watched []quotes.Symbol) (add, remove []quotes.Symbol) {
	c.mu.Lock()
	defer c.mu.Unlock()
	add, remove = c.subs.Follow(watched)
	now := time.Now()
	for _, sym := range remove {
		delete(c.gates, sym)
		delete(c.due, sym)
	}
	for _, sym := range add {
		c.gates[sym] = &gate{since: now}
		c.due[sym] = now
	}
	ring(c.added)
	return add, remove
}

// ask sends a message a symbol.
func (c *session) ask(ctx context.Context, what string, syms []quotes.Symbol) error {
	for _, sym := range syms {
		msg, err := json.Marshal(struct {
			Type   string        `json:"type"`
			Symbol quotes.Symbol `json:"symbol"`
		}{what, sym})
		if err == nil {
			err = c.conn.Write(ctx, msg)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repair tells the snapshots: of what is new, and of all at the turn of their day.
// It returns why there can be no more.
func (c *session) repair(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		sym, ok := c.next(time.Now())
		if !ok {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			case <-c.added:
			}
			continue
		}
		figures, err := c.fetch(ctx, sym)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.tell(sym, figures, err); err != nil {
			return err
		}
	}
}

// fetch asks for a snapshot, and opens the gates that have waited enough meanwhile.
func (c *session) fetch(ctx context.Context, sym quotes.Symbol) (snapshot, error) {
	var figures snapshot
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		figures, err = c.source.calls.snapshot(ctx, sym)
	}()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return figures, err
		case <-tick.C:
			c.next(time.Now())
		}
	}
}

// next is the symbol whose snapshot has been due for the longest. Gates that have
// waited enough are opened.
func (c *session) next(now time.Time) (first quotes.Symbol, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for sym, g := range c.gates {
		if !g.IsOpen() && now.Sub(g.since) >= holdTime {
			c.release(sym, g, nil)
		}
	}
	for sym, at := range c.due {
		if at.After(now) || ok && !at.Before(c.due[first]) {
			continue
		}
		first, ok = sym, true
	}
	return first, ok
}

// tell tells a snapshot. Where there is none the trades alone have to do; it is
// asked for again later. Its error ends the connection.
func (c *session) tell(sym quotes.Symbol, figures snapshot, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if feed.IsPermanent(err) && !notInPlan(err) {
		return err
	}
	g := c.gates[sym]
	if g == nil {
		return nil // it is not watched any more
	}
	now := time.Now()
	calendar := c.source.calendar(sym)
	c.due[sym] = nextRound(calendar, now)
	if err != nil {
		c.postpone(sym, err, now)
		c.report(now, fmt.Sprintf("there are no figures of %s, and its trades alone have to do: %v", sym, err))
	}
	c.release(sym, g, figures.updates(sym, calendar))
	return nil
}

// postpone has a snapshot that failed asked for later, and all of them where
// Finnhub wants patience.
func (c *session) postpone(failed quotes.Symbol, err error, now time.Time) {
	later := now.Add(retryAfter)
	f, _ := errors.AsType[*feed.Failure](err)
	for sym, at := range c.due {
		if sym == failed || f != nil && f.Slow && at.Before(later) {
			c.due[sym] = later
		}
	}
}

// ring wakes who waits, or who will.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// clip shortens what a vendor says.
func clip(text string) string {
	const most = 300
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
