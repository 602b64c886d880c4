package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/hub"
	"github.com/tickboard/tickboard/web/sse"
)

const (
	// turnNotifications bounds the notifications of one turn; the quotes are
	// bounded by the stream's symbols.
	turnNotifications = 64

	minHelloRetry = 2 * time.Second
	maxHelloRetry = 5 * time.Second
)

// errOvertaken ends a stream that retention has overtaken: its client comes back
// with the number it has, and is told of the gap.
var errOvertaken = errors.New("retention removed notifications that the stream had not sent yet")

// errLog says that the log cannot be read now, errCaller that what the caller has
// cannot.
var (
	errLog    = errors.New("read the notifications")
	errCaller = errors.New("read what the caller has")
)

// quoteFrame is a quote with its event, shared by all streams.
type quoteFrame = hub.Frame[quotes.Symbol, *quotes.StockQuote]

// streamKind is which of the three streams one is.
type streamKind struct {
	path          string // that its calls are below
	single        bool   // of one symbol: quotes bear their version as id
	notifications bool
}

type contentOptions struct {
	kind                    streamKind
	symbols, known, unknown []quotes.Symbol
	rate                    float64
	after                   int64
	resume                  bool
	caller                  follower
}

// stream is what a content wants of its sse.Stream.
type stream interface {
	Ring(urgent bool)
	Ready(urgent bool)
	SetRate(perSecond float64)
	End(reason string)
}

// content is what one stream carries: its hello, the newest quotes of its
// symbols and, on the page's stream, the versions of the caller's things and the
// notifications.
//
// What every turn needs stands first, as in sse.Stream.
type content struct {
	desk     *desk
	member   *hub.Member[quotes.Symbol, *quotes.StockQuote, *content]
	personal *personal // nil where it is nobody's
	skip     int64     // the version that a client of a single symbol has
	single   bool      // of one symbol: quotes bear their version as id
	first    bool      // the quotes of the first turn are no news
	greets   bool      // the hello has not left
	behind   bool      // there may be notifications to take

	// The rest of what is the carrier's.
	hello    []byte          // while it has not left
	follower *alert.Follower // nil where there are no notifications
	entered  bool            // the desk knows of the follower
	gap      bool            // the hello says that notifications are missing
	place    int             // among the desk's followers
	catchUp  *catchUp        // the read of older notifications that is under way
	pending  []*alert.Entry  // taken before and not written
	before   int             // how many of the quotes that wait do so for longer than those

	kind   streamKind
	server *Server
	stream stream
	secret string

	mu      sync.Mutex // guards symbols and closed; a call may change them while the carrier takes
	symbols []quotes.Symbol
	closed  bool
}

// helloMessage is the first event of every stream.
type helloMessage struct {
	Stream    string          `json:"stream,omitempty"`
	Resumed   bool            `json:"resumed"`
	Gap       bool            `json:"gap,omitempty"`
	Symbols   []quotes.Symbol `json:"symbols"`
	Unknown   []quotes.Symbol `json:"unknown"`
	MaxRate   float64         `json:"max_rate"`
	Heartbeat float64         `json:"heartbeat"`
	Time      time.Time       `json:"time"`
}

// newContent subscribes before the first Take writes the hello, so that nothing
// falls between.
func (s *Server) newContent(ctx context.Context, o contentOptions, st stream, d *desk) (*content, error) {
	c := &content{kind: o.kind, single: o.kind.single, server: s, stream: st, desk: d, symbols: o.symbols, first: true, greets: true}
	var start alert.Start
	if o.kind.notifications {
		var err error
		if start, err = s.Log.Resume(ctx, int64(o.caller.ID), o.after, o.resume); err != nil {
			return nil, fmt.Errorf("%w: %w", errLog, err)
		}
		c.gap = start.Gap
	}
	if !o.kind.single {
		c.secret = s.registry.secret()
	}
	var err error
	if c.hello, err = s.helloFrame(c.secret, o, start); err != nil {
		return nil, err
	}
	if o.caller.ID != 0 || o.caller.away {
		if c.personal, err = s.people.join(ctx, o.caller, st); err != nil {
			return nil, fmt.Errorf("%w: %w", errCaller, err)
		}
	}
	// Whose they are must be known before any is written.
	if o.kind.notifications && !o.caller.away {
		c.follower = s.Log.Follow(d.urgent, start.ID, alert.Audience{Profile: int64(o.caller.ID), Watches: c.watches})
		c.behind = true
	}
	if o.kind.single {
		c.skip = o.after
	}
	s.Market.Demand().Add(o.symbols...)
	c.member = d.group.Join(c, o.symbols...)
	if c.secret != "" {
		s.registry.add(c.secret, c) // last: who finds it finds it whole
	}
	return c, nil
}

// watches says whether a symbol is one of the stream's or on one of the caller's
// lists, for notifications that are for those who watch it.
func (c *content) watches(sym quotes.Symbol) bool {
	if c.personal.watches(sym) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.symbols, sym)
}

// helloFrame is the first event. Its id says where in the log the stream starts.
func (s *Server) helloFrame(secret string, o contentOptions, start alert.Start) ([]byte, error) {
	hello := helloMessage{
		Stream: secret, Resumed: start.Resumed || o.kind.single && o.resume, Gap: start.Gap,
		Symbols: o.known, Unknown: o.unknown, MaxRate: o.rate,
		Heartbeat: s.Heartbeat.Seconds(), Time: time.Now().UTC(),
	}
	data, err := json.Marshal(hello)
	if err != nil {
		return nil, err
	}
	event := sse.Event{Name: "hello", Retry: sse.RandomRetry(minHelloRetry, maxHelloRetry), Data: data}
	if o.kind.notifications {
		event.ID = strconv.FormatInt(start.ID, 10)
	}
	return sse.AppendEvent(nil, event), nil
}

// ready tells the stream that there are quotes to take.
func (c *content) ready() { c.stream.Ready(false) }

// Take implements sse.Content: the hello, the newest quotes, the notifications.
// What it gives stays where it is until Wrote says that it has left. Notifications
// that did not leave keep their place among the quotes that wait: a client that is
// slower than the market always has more of those to come.
func (c *content) Take(dst [][]byte) ([][]byte, error) {
	if c.greets {
		dst = append(dst, c.hello)
	}
	if c.personal != nil {
		dst = c.personal.appendTo(dst)
	}
	d := c.desk
	d.quotes = c.member.Peek(d.quotes[:0])
	if c.skip > 0 {
		c.skipKnown()
	}
	d.entries, d.ahead, d.before = d.entries[:0], 0, len(d.quotes)
	if !c.behind {
		return c.appendQuotes(dst, d.quotes), nil
	}
	if d.ahead = len(c.pending); d.ahead > 0 {
		d.entries, d.before = append(d.entries, c.pending...), min(c.before, d.before)
		c.pending = nil
	}
	dst = c.appendQuotes(dst, d.quotes[:d.before])
	dst = appendEntries(dst, d.entries)
	dst = c.appendQuotes(dst, d.quotes[d.before:])
	if err := c.takeEntries(); err != nil {
		return dst, err
	}
	return appendEntries(dst, d.entries[d.ahead:]), nil
}

func (c *content) appendQuotes(dst [][]byte, list []*quoteFrame) [][]byte {
	for _, f := range list {
		dst = append(dst, c.frame(f))
	}
	return dst
}

func appendEntries(dst [][]byte, list []*alert.Entry) [][]byte {
	for _, e := range list {
		dst = append(dst, e.Frame)
	}
	return dst
}

// skipKnown leaves out the quote that the client has told that it has.
func (c *content) skipKnown() {
	if len(c.desk.quotes) == 0 {
		return
	}
	if c.desk.quotes[0].Version() == c.skip {
		c.member.Drop(1, false)
		c.desk.quotes = c.desk.quotes[:0]
	}
	c.skip = 0
}

// frame is a quote's event; only a stream of one symbol gives it an id.
func (c *content) frame(f *quoteFrame) []byte {
	if c.single {
		return f.Encoded()
	}
	return withoutID(f.Encoded())
}

// takeEntries takes as many more notifications as one turn may have. What is not
// in memory is read elsewhere: the stream rings when it is there.
func (c *content) takeEntries() error {
	if !c.entered {
		c.desk.enter(c)
	}
	d := c.desk
	if len(d.entries) >= turnNotifications {
		c.stream.Ring(true)
		return nil
	}
	if c.catchUp != nil {
		if !c.catchUp.done.Load() {
			return nil
		}
		d.entries = append(d.entries, c.catchUp.entries...)
		err := c.catchUp.err
		if c.catchUp = nil; err != nil {
			return err
		}
	} else if c.follower.Behind() {
		var held bool
		d.entries = slices.Grow(d.entries, turnNotifications)
		room := d.entries[:len(d.entries):turnNotifications]
		if d.entries, held = c.follower.TakeHeld(room); !held {
			c.catchUp = c.server.catchUps.read(c)
			return nil
		}
	}
	if c.follower.Lost() && !c.gap {
		return errOvertaken
	}
	if c.behind = c.follower.Behind(); c.behind {
		c.stream.Ring(true)
	}
	return nil
}

// Wrote implements sse.Content. What has not left is given again: of quotes the
// newest, of notifications each.
func (c *content) Wrote(n int, now time.Time, again bool) {
	if n == 0 {
		c.keep(c.desk.entries, c.desk.before)
		return
	}
	if c.greets {
		c.hello, c.greets = nil, false
		n--
	}
	if c.personal != nil {
		n = c.personal.left(n)
	}
	d := c.desk
	written := min(n, d.before)
	ahead := min(n-written, d.ahead)
	written += min(n-written-ahead, len(d.quotes)-d.before)
	if !c.first {
		micros := now.UnixMicro()
		for _, f := range d.quotes[:written] {
			d.latency.observe(time.Duration(micros-f.Version()) * time.Microsecond)
		}
	}
	c.first = false
	c.member.Drop(written, again)
	if ahead == d.ahead {
		d.before = len(d.quotes) // of the others
	}
	c.keep(d.entries[n-written:], max(0, d.before-written))
}

// keep keeps notifications for the next turn, and how many quotes wait before them.
func (c *content) keep(entries []*alert.Entry, before int) {
	if len(entries) > 0 {
		c.pending, c.before, c.behind = slices.Clone(entries), before, true
	}
}

// Close implements sse.Content.
func (c *content) Close(sse.Report) {
	if c.secret != "" {
		c.server.registry.remove(c.secret)
	}
	c.member.Close()
	if c.follower != nil {
		c.desk.leave(c)
		c.follower.Close()
	}
	if c.personal != nil {
		c.server.people.leave(c.personal)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server.Market.Demand().Remove(c.symbols...)
	c.symbols, c.closed = nil, true
}

// change removes and adds symbols; the newest quote of each added one follows
// in the stream, if it was there before too. Over the limit nothing changes.
func (c *content) change(add, remove []quotes.Symbol) (streamSymbols, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed { // since it was found
		return streamSymbols{}, errNoStream
	}
	next := slices.DeleteFunc(slices.Clone(c.symbols), func(sym quotes.Symbol) bool {
		return slices.Contains(remove, sym) && !slices.Contains(add, sym)
	})
	for _, sym := range add {
		if !slices.Contains(next, sym) {
			next = append(next, sym)
		}
	}
	if len(next) > c.server.MaxSymbols {
		return streamSymbols{}, c.server.tooMany(len(next))
	}
	known, unknown := c.server.sort(next)
	next = slices.Concat(known, unknown)
	c.server.Market.Demand().Add(next...)
	c.server.Market.Demand().Remove(c.symbols...)
	gone := slices.DeleteFunc(slices.Clone(c.symbols), func(sym quotes.Symbol) bool { return slices.Contains(next, sym) })
	c.symbols = next
	c.member.Remove(gone...)
	c.member.Add(add...)
	return streamSymbols{known, unknown}, nil
}

// encodeQuote makes the event of a quote, once for all streams. It is written
// out here rather than through sse.AppendEvent because it is the hot path: the
// quote goes straight into its place.
func encodeQuote(dst []byte, q *quotes.StockQuote) []byte {
	dst = append(dst, "id: "...)
	dst = strconv.AppendInt(dst, q.Version, 10)
	dst = append(dst, "\nevent: stock_quote\ndata: "...)
	dst = q.AppendJSON(dst)
	return append(dst, "\n\n"...)
}

// withoutID is the same event less its first line.
func withoutID(frame []byte) []byte {
	return frame[bytes.IndexByte(frame, '\n')+1:]
}

// encodeNotification makes the event of a notification.
func encodeNotification(dst []byte, n alert.Notification) []byte {
	return sse.AppendEvent(dst, sse.Event{
		ID: strconv.FormatInt(n.ID, 10), Name: "notification", Data: n.AppendJSON(nil),
	})
}
