package deliver

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"sync"
	"time"
)

// Options are a Runner's settings. The senders are needed; every other has a
// default.
type Options struct {
	Senders Senders
	// PublicURL is where links lead; without it messages have none but those to
	// other sites.
	PublicURL *url.URL
	// Tries is how many are under way at once, TriesPerProfile how many of them
	// for one profile; 128 and 4.
	Tries, TriesPerProfile int
	// TryTime is how long one may take; 10 seconds.
	TryTime time.Duration
	// Lease is how long a row is kept from other processes; a minute.
	Lease time.Duration
	// Poll is the longest time between two looks into the database; a second.
	Poll time.Duration
	// FirstWait is the wait after the first try that failed; each further one is
	// twice as long, up to LastWait; 5 seconds and an hour.
	FirstWait, LastWait time.Duration
	// GiveUp is the age from which a row is not tried again; 24 hours.
	GiveUp time.Duration
	// TurnOff is how long a channel may fail before it is turned off; a week.
	TurnOff time.Duration
	// Rate is what one channel gets; 60 an hour.
	Rate Rate
	// KeepDelivered and KeepDead are how long rows are kept; 7 and 30 days.
	KeepDelivered, KeepDead time.Duration
	// Grace is how long the tries that are under way have left at a stop; 300 ms.
	Grace time.Duration
	// Alone says that no other process works on the outbox: what one that was
	// killed had begun comes again at once, not when its leases have passed.
	Alone bool
	// Logger takes the two lines of an outage, and channels that are turned off.
	Logger *slog.Logger
}

const day = 24 * time.Hour

func (o *Options) complete() {
	o.Tries = cmp.Or(o.Tries, 128)
	o.TriesPerProfile = cmp.Or(o.TriesPerProfile, 4)
	o.TryTime = cmp.Or(o.TryTime, 10*time.Second)
	o.Lease = cmp.Or(o.Lease, time.Minute)
	o.Poll = cmp.Or(o.Poll, time.Second)
	o.FirstWait = cmp.Or(o.FirstWait, 5*time.Second)
	o.LastWait = cmp.Or(o.LastWait, time.Hour)
	o.GiveUp = cmp.Or(o.GiveUp, day)
	o.TurnOff = cmp.Or(o.TurnOff, 7*day)
	o.Rate = cmp.Or(o.Rate, Rate{Count: 60, Per: time.Hour})
	o.KeepDelivered = cmp.Or(o.KeepDelivered, 7*day)
	o.KeepDead = cmp.Or(o.KeepDead, 30*day)
	o.Grace = cmp.Or(o.Grace, 300*time.Millisecond)
	o.Logger = cmp.Or(o.Logger, slog.Default())
}

// Runner works on the outbox: it tries what is due, many channels at once, so
// that one that is slow holds up no other, and of each channel one row after the
// other. Several, in several processes, share one outbox. Hint, Senders and Stats
// may be called by any number at once; Run runs once.
type Runner struct {
	outbox Outbox
	opts   Options
	hint   chan struct{} // capacity 1
	ended  chan struct{} // capacity 1: a try has ended

	mu    sync.Mutex
	rows  map[RowID]bool // guarded by mu: under way here
	of    map[int64]int  // guarded by mu: how many of them by profile
	stats Stats          // guarded by mu
}

// NewRunner makes a Runner of what the outbox holds.
func NewRunner(outbox Outbox, o Options) *Runner {
	o.complete()
	return &Runner{
		outbox: outbox, opts: o, hint: make(chan struct{}, 1), ended: make(chan struct{}, 1),
		rows: make(map[RowID]bool), of: make(map[int64]int),
	}
}

// Hint says that the outbox may have grown. It never blocks; one that is lost,
// doubled or wrong costs nothing but, at most, the Poll interval.
func (r *Runner) Hint() { ring(r.hint) }

// Senders are those that there are.
func (r *Runner) Senders() Senders { return r.opts.Senders }

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, then it returns nil: after the tries under way,
// which have Grace to end and are then cut short; their rows are free for the
// next process. A database that fails does not end it: an outage is logged once,
// and the next look tries again.
func (r *Runner) Run(ctx context.Context) error {
	tries, cut := context.WithCancel(context.WithoutCancel(ctx))
	w := work{tries: tries, rest: time.NewTimer(0)}
	defer func() {
		late := time.AfterFunc(r.opts.Grace, cut)
		w.all.Wait()
		late.Stop()
		cut()
	}()
	poll, upkeep := time.NewTicker(r.opts.Poll), time.NewTicker(upkeepEvery)
	defer poll.Stop()
	defer upkeep.Stop()
	defer w.rest.Stop()
	var down outage
	err, freed := r.upkeep(ctx), !r.opts.Alone
	for {
		if err == nil && !freed {
			err = r.outbox.FreeAll(ctx)
			freed = err == nil
		}
		if err == nil {
			err = r.begin(ctx, &w)
		}
		if ctx.Err() != nil {
			return nil
		}
		down.note(r.opts.Logger, err)
		err = nil
		select {
		case <-r.hint:
		case <-r.ended:
		case <-w.rest.C:
		case <-poll.C:
		case <-upkeep.C:
			err = r.upkeep(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// work is what Run has in hand.
type work struct {
	tries context.Context // what tries end with
	all   sync.WaitGroup  // those under way
	due   []Due           // found by the last look, and not begun yet
	next  time.Time       // no look before
	rest  *time.Timer     // rings then
}

// restTimes is how much longer than a look the rest after it is: where very many
// channels wait, looking takes a quarter of a processor at most.
const restTimes = 3

// begin begins a try of each row that is due, as far as there is room. It looks
// for more when it has begun all that it knew of.
func (r *Runner) begin(ctx context.Context, w *work) error {
	if r.start(w); len(w.due) > 0 {
		return nil // a try that ends makes room
	}
	began := time.Now()
	if wait := w.next.Sub(began); wait > 0 {
		w.rest.Reset(wait)
		return nil
	}
	due, err := r.outbox.Due(ctx, began, 8*r.opts.Tries)
	if err != nil {
		return err
	}
	w.due, w.next = due, time.Now().Add(min(restTimes*time.Since(began), r.opts.Poll))
	r.start(w)
	return nil
}

// start begins what is known to be due. What may not begin now, because its
// profile has enough tries under way, is found by a later look.
func (r *Runner) start(w *work) {
	for len(w.due) > 0 {
		d := w.due[0]
		ok, full := r.take(d)
		if full {
			return
		}
		w.due = w.due[1:]
		if ok {
			w.all.Go(func() {
				defer r.give(d)
				r.try(w.tries, d)
			})
		}
	}
}

// take makes room for a try; give gives it back. Full is that there is no room
// for any.
func (r *Runner) take(d Due) (ok, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rows) >= r.opts.Tries {
		return false, true
	}
	if r.rows[d.ID] || r.of[d.Profile] >= r.opts.TriesPerProfile {
		return false, false
	}
	r.rows[d.ID] = true
	r.of[d.Profile]++
	return true, false
}

func (r *Runner) give(d Due) {
	r.mu.Lock()
	delete(r.rows, d.ID)
	if r.of[d.Profile]--; r.of[d.Profile] == 0 {
		delete(r.of, d.Profile)
	}
	r.mu.Unlock()
	ring(r.ended)
}
