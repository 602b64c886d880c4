package alert

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Options are a Log's settings. The zero value works.
type Options struct {
	// Ring is how many of the newest entries are kept in memory; 1,024.
	Ring int
	// Poll is the longest time between two looks into the database; a second.
	Poll time.Duration
	// Keep is how many notifications retention leaves; 100,000. Below zero
	// nothing is ever removed.
	Keep int
	// KeepFor is how long they are left; 0 is for ever.
	KeepFor time.Duration
	// Logger takes the two lines of an outage, its begin and its end;
	// slog.Default().
	Logger *slog.Logger
}

// Log is a node's view of the notifications' log: its only reader at the log's
// end, with the newest entries in memory, encoded once for all streams. Any
// number may call every method at once, but for Run, which runs once.
type Log struct {
	store  Store
	encode func(dst []byte, n Notification) []byte
	opts   Options
	hint   chan struct{} // capacity 1

	// turn has capacity 1: whoever put its token in reads the log's end, and
	// alone has scratch and fresh.
	turn    chan struct{}
	scratch []byte
	fresh   uint64        // the last read that succeeded
	begun   atomic.Uint64 // the last read that began

	aged time.Time // Run's: when nothing was too old

	mu     sync.Mutex
	opened bool  // guarded by mu, as are ring and pruned
	ring   ring  //
	pruned int64 // the highest number known to be removed

	bellsMu sync.Mutex
	bells   map[chan<- struct{}]int // guarded by bellsMu: how many followers share a bell

	counts counts
}

// NewLog makes the Log of what store holds. encode appends an entry as streams
// send it; it is called by several at once. Open, or else Run, reads the
// position.
func NewLog(store Store, encode func(dst []byte, n Notification) []byte, opts Options) *Log {
	opts.Ring = cmp.Or(max(opts.Ring, 0), 1024)
	opts.Poll = cmp.Or(max(opts.Poll, 0), time.Second)
	opts.Keep = cmp.Or(opts.Keep, 100_000)
	opts.Logger = cmp.Or(opts.Logger, slog.Default())
	return &Log{
		store:  store,
		encode: encode,
		opts:   opts,
		hint:   make(chan struct{}, 1),
		turn:   make(chan struct{}, 1),
		ring:   newRing(opts.Ring, 0),
		bells:  make(map[chan<- struct{}]int),
	}
}

// Open reads the position and the newest entries. Before it, Last is 0; it may
// be left out, then Run or the first Resume does the same.
func (l *Log) Open(ctx context.Context) error { return l.catchUp(ctx) }

// Send stores n, at the present time where it has none, and tells the reader.
// When it returns without an error n is durable and every stream will get it;
// after an error of the context n was not stored. An n that is not fit for the
// log is refused with an error that wraps ErrInvalid.
func (l *Log) Send(ctx context.Context, n Notification) (Notification, error) {
	if n.Time.IsZero() {
		n.Time = time.Now()
	}
	stored, err := l.store.Append(ctx, n)
	if err != nil {
		l.counts.sendErrors.Add(1)
		return Notification{}, err
	}
	l.counts.sent.Add(1)
	l.Hint()
	return stored, nil
}

// Hint says that the log may have grown. It never blocks; one that is lost,
// doubled or wrong costs nothing but, at most, the Poll interval.
func (l *Log) Hint() {
	select {
	case l.hint <- struct{}{}:
	default:
	}
}

// Last returns the newest number that this node has read, which the database
// may be ahead of.
func (l *Log) Last() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring.last
}

// Start is where a stream begins in the log.
type Start struct {
	// ID is the number after which the stream gets every notification.
	ID int64
	// Resumed says that ID is the one that was asked for; otherwise it is the
	// newest.
	Resumed bool
	// Gap says that retention has removed notifications after ID that may have been
	// for who asks.
	Gap bool
}

// Resume decides where a stream of a profile, 0 for nobody's, begins that has seen
// everything up to the number after, if it was given one at all (a malformed one
// counts as none).
// For a number that is newer than what this node has read, and for one that is
// older than what it has in memory, it asks the database; an error is the
// database's or the context's.
func (l *Log) Resume(ctx context.Context, profile, after int64, given bool) (Start, error) {
	if l.mustRead(after, given) {
		if err := l.catchUp(ctx); err != nil {
			return Start{}, err
		}
	}
	l.mu.Lock()
	newest, held := l.ring.last, l.ring.holds(after)
	l.mu.Unlock()
	if !given || after < 0 || after > newest {
		return Start{ID: newest}, nil
	}
	if held {
		return Start{ID: after, Resumed: true}, nil
	}
	pruned, err := l.store.PrunedFor(ctx, profile)
	if err != nil {
		return Start{}, err
	}
	return Start{ID: after, Resumed: true, Gap: after < pruned}, nil
}

// mustRead says whether Resume cannot decide by what this node has read. A page
// may have got its number from the database before the reader saw it.
func (l *Log) mustRead(after int64, given bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.opened || given && after > l.ring.last
}

// Newest returns the newest notifications for an audience, newest first, and the
// number up to which they are complete: a stream that resumes with it gets every
// later one.
func (l *Log) Newest(ctx context.Context, a Audience, limit int) (newest []Notification, last int64, err error) {
	last = l.Last() // read first: what is stored from now on has a higher number
	newest, err = l.Before(ctx, a, 0, limit)
	if err == nil && len(newest) > 0 {
		last = max(last, newest[0].ID)
	}
	return newest, last, err
}

// Before returns the last notifications for an audience below the number id,
// newest first; id 0 begins at the newest.
func (l *Log) Before(ctx context.Context, a Audience, id int64, limit int) ([]Notification, error) {
	var list []Notification
	for now := time.Now(); len(list) < limit; {
		rows, err := l.store.BeforeFor(ctx, a.Profile, id, limit)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if id = rows[i].ID; len(list) < limit && a.Sees(&rows[i], now) {
				list = append(list, rows[i])
			}
		}
		if len(rows) < limit || id == 1 {
			break
		}
	}
	return list, nil
}

// Stats are a Log's figures. Those of type uint64 only grow.
type Stats struct {
	Newest     int64 // the newest number that was read
	Pruned     int64 // the highest number that retention removed
	Held       int   // entries in memory
	Followers  int
	Sent       uint64 // notifications stored by Send
	SendErrors uint64 // notifications that Send could not store or refused
	ReadErrors uint64 // looks into the database that failed
	OldReads   uint64 // reads for followers that were behind what is in memory
	Lost       uint64 // followers that retention has overtaken
}

// counts are those of Stats that are counted.
type counts struct{ sent, sendErrors, readErrors, oldReads, lost atomic.Uint64 }

// Stats returns the present figures.
func (l *Log) Stats() Stats {
	s := Stats{
		Sent:       l.counts.sent.Load(),
		SendErrors: l.counts.sendErrors.Load(),
		ReadErrors: l.counts.readErrors.Load(),
		OldReads:   l.counts.oldReads.Load(),
		Lost:       l.counts.lost.Load(),
	}
	l.mu.Lock()
	s.Newest, s.Pruned, s.Held = l.ring.last, l.pruned, l.ring.len()
	l.mu.Unlock()
	l.bellsMu.Lock()
	for _, n := range l.bells {
		s.Followers += n
	}
	l.bellsMu.Unlock()
	return s
}
