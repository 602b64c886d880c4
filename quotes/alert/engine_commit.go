package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// firedAtOnce is how many changes one transaction has at most.
	firedAtOnce = 500
	// lookEvery is the time between two looks at the clock and at what other
	// processes have changed.
	lookEvery = 500 * time.Millisecond
	// flushTime bounds the last commit, after the end.
	flushTime = time.Second
	// retryFirst and retryMost are the pauses after a commit that failed.
	retryFirst = 50 * time.Millisecond
	retryMost  = 5 * time.Second
)

// change is a rule whose state has changed.
type change struct {
	book   *book
	watch  *watch
	firing Firing // what is committed, once it was taken
}

// queue are the changes that wait, each rule once: it is never longer than there
// are rules.
type queue struct {
	bell chan struct{} // capacity 1

	mu   sync.Mutex
	list []change // guarded by mu
}

func newQueue() queue { return queue{bell: make(chan struct{}, 1)} }

func (q *queue) add(c change) {
	q.mu.Lock()
	q.list = append(q.list, c)
	q.mu.Unlock()
	q.ring()
}

func (q *queue) ring() { ringBell(q.bell) }

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list)
}

func (q *queue) take() []change {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// ruleKey names a rule and its symbol.
type ruleKey struct {
	symbol quotes.Symbol
	id     RuleID
}

// Run commits what the engine decides, and tells Demand, until ctx ends; then it
// commits what is left and returns nil. A database that fails does not end it: an
// outage is logged once, and nothing that was decided is lost while the process
// lives.
func (e *Engine) Run(ctx context.Context) error {
	var told demanded
	defer told.release(e.opts.Demand)
	var down, away outage
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for retry := retryFirst; ; {
		pause := e.opts.Pace
		err := e.Flush(ctx)
		if ctx.Err() != nil {
			return e.last(ctx, &down)
		}
		if down.note(e.opts.Logger, err); err != nil {
			pause, retry = retry, min(2*retry, retryMost)
		} else {
			retry = retryFirst
		}
		told.follow(e.opts.Demand, e.needs.take())
		if !wait(ctx, pause) {
			return e.last(ctx, &down)
		}
		if err != nil {
			continue
		}
		select {
		case <-e.queue.bell:
		case <-look.C:
			e.expire(time.Now())
			if err := e.follow(ctx); ctx.Err() == nil {
				away.note(e.opts.Logger, err)
			}
		case <-ctx.Done():
			return e.last(ctx, &down)
		}
	}
}

// last commits what is left when ctx has ended.
func (e *Engine) last(ctx context.Context, down *outage) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	if err := e.Flush(ctx); err != nil {
		down.note(e.opts.Logger, err)
	}
	return nil
}

// wait waits, and says whether ctx goes on.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Flush commits all that was decided before it was called. After an error the
// rest waits for the next Flush, which goes on where this one has ended.
//
// Who stores the last quotes for the next process calls it first: so the rules'
// states are never older than the quotes.
func (e *Engine) Flush(ctx context.Context) error {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-e.turn }()
	rest := e.queue.take()
	for {
		if len(e.batch) == 0 {
			if rest = e.prepare(rest); len(e.batch) == 0 {
				break
			}
		}
		if err := e.commit(ctx); err != nil {
			e.queue.giveBack(rest)
			e.counts.errors.Add(1)
			return err
		}
	}
	return e.readAgain(ctx)
}

// giveBack puts changes that were taken before all others.
func (q *queue) giveBack(list []change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = append(list, q.list...)
}

// prepare makes the batch from the first of the list and returns the rest of it.
func (e *Engine) prepare(list []change) (rest []change) {
	n := min(len(list), firedAtOnce)
	for _, c := range list[:n] {
		c.book.mu.Lock()
		c.watch.queued = false
		if c.watch.firing != nil {
			c.firing = *c.watch.firing
		}
		c.firing.Rule = c.watch.rule
		c.book.mu.Unlock()
		e.batch = append(e.batch, c)
	}
	return list[n:]
}

// commit stores the batch.
func (e *Engine) commit(ctx context.Context) error {
	batch := make([]Firing, len(e.batch))
	for i := range e.batch {
		batch[i] = e.batch[i].firing
	}
	fired, err := e.store.Fire(ctx, batch)
	if err == nil && len(fired) != len(batch) {
		err = errors.New("the store has not answered each firing")
	}
	if err != nil {
		return fmt.Errorf("store the alerts that fired: %w", err)
	}
	var stored []Notification
	for i, c := range e.batch {
		if e.settle(c, fired[i].Outcome) {
			stored = append(stored, fired[i].Notification)
		}
	}
	clear(e.batch)
	e.batch = e.batch[:0]
	if len(stored) > 0 && e.opts.Stored != nil {
		e.opts.Stored(stored)
	}
	return nil
}

// settle notes what became of a change, and says whether a notification was
// stored.
func (e *Engine) settle(c change, outcome Outcome) bool {
	if outcome == LeftOut {
		e.reread[ruleKey{c.book.symbol, c.firing.Rule.ID}] = true
	}
	if c.firing.Quote == nil {
		return false
	}
	c.book.mu.Lock()
	c.watch.firing = nil
	if id := c.firing.Rule.ID; c.book.leaving[id] == c.watch {
		delete(c.book.leaving, id)
	}
	c.book.mu.Unlock()
	switch outcome {
	case LeftOut:
		e.counts.leftOut.Add(1)
	case Stored:
		e.counts.fired.Add(1)
		return true
	}
	return false
}

// readAgain reads the rules that the store knows otherwise than the engine.
func (e *Engine) readAgain(ctx context.Context) error {
	for key := range e.reread {
		r, err := e.store.Rule(ctx, key.id)
		switch {
		case err == nil:
			e.set(r, false)
		case errors.Is(err, ErrNoRule):
			e.remove(key.symbol, key.id)
		default:
			return fmt.Errorf("read an alert that was changed: %w", err)
		}
		delete(e.reread, key)
	}
	return nil
}
