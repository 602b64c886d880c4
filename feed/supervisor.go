package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// The pause before a failed source is called again: doubled from the first to
// the last, and spread by a fifth to either side so that many nodes do not call
// at once. A source that ran well for steadyRun begins with the first again.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	steadyRun  = time.Minute

	// The pause after a Failure that is Slow: never shorter than the first.
	firstSlowPause = time.Minute
	lastSlowPause  = 10 * time.Minute
)

// supervisor runs one source for as long as it makes sense, and feeds its tapes.
type supervisor struct {
	index     int
	name      string
	spec      Spec
	directory *Directory
	demand    *Demand
	versions  *quotes.Versions
	publish   func(*quotes.StockQuote)
	log       *slog.Logger
	account   account

	mu    sync.Mutex // guards all below
	tapes map[quotes.Symbol]*Tape
	state State // but for what is counted
}

// run lists and runs the source until ctx ends or the source has ended for good.
func (s *supervisor) run(ctx context.Context) {
	s.enter(Starting, nil)
	listed := false
	for pauses := (pauses{}); ; {
		began := time.Now()
		var err error
		if !listed {
			if err = s.list(ctx); err == nil {
				listed = true
			}
		}
		if listed {
			s.enter(Running, nil)
			err = s.spec.Source.Run(ctx, s.demand, s.take)
			s.account.disconnect()
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil || IsPermanent(err) {
			s.end(err)
			return
		}
		s.enter(Waiting, err)
		if !sleep(ctx, pauses.next(err, time.Since(began) >= steadyRun)) {
			return
		}
	}
}

func (s *supervisor) list(ctx context.Context) error {
	instruments, err := s.spec.Instruments(ctx)
	if err != nil {
		return fmt.Errorf("list instruments: %w", err)
	}
	s.directory.list(s.index, instruments)
	return nil
}

func (s *supervisor) end(err error) {
	phase := Finished
	if err != nil {
		phase = Failed
	}
	s.enter(phase, err)
	s.directory.end(s.index)
}

// enter notes and logs a change of phase.
func (s *supervisor) enter(phase Phase, err error) {
	s.mu.Lock()
	s.state.Phase, s.state.Since = phase, time.Now()
	if err != nil {
		s.state.LastError, s.state.LastErrorAt, s.state.Advice = err.Error(), time.Now(), advice(err)
	}
	if phase == Waiting {
		s.state.Restarts++
	}
	s.mu.Unlock()
	switch phase {
	case Failed:
		s.log.Error("feed has failed for good and is not tried again", "feed", s.name, "error", err, "advice", advice(err))
	case Waiting:
		s.log.Warn("feed has failed and is tried again", "feed", s.name, "error", err, "advice", advice(err))
	default:
		s.log.Info("feed is "+string(phase), "feed", s.name)
	}
}

// advice is what a Failure says that can be done about it.
func advice(err error) string {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Advice
	}
	return ""
}

// take is what the source emits into.
func (s *supervisor) take(u Update) {
	now := time.Now()
	if u.Kind >= Received {
		s.hear(u, now)
		return
	}
	in, listed, owned := s.directory.instrument(s.index, u.Symbol)
	s.mu.Lock()
	outcome := Unlisted
	var quote *quotes.StockQuote
	if listed {
		tape := s.tape(in)
		if outcome = tape.Apply(u, s.spec.now()); outcome == Merged && owned {
			quote = tape.Quote(s.versions.Next(now))
		}
	}
	s.mu.Unlock()
	s.account.update(now, outcome)
	if quote != nil {
		s.publish(quote)
	}
}

// hear takes what the source says of itself.
func (s *supervisor) hear(u Update, now time.Time) {
	switch u.Kind {
	case Received:
		s.account.message(now)
	case Listed:
		if u.Instrument == nil || !s.directory.add(s.index, *u.Instrument) {
			s.account.update(now, Unlisted)
		}
	case Asked, Subscribed, Released, Refused:
		s.account.subscription(u)
	case Reported:
		s.mu.Lock()
		s.state.LastError, s.state.LastErrorAt, s.state.Advice = u.Note, now, ""
		s.mu.Unlock()
		s.log.Warn("feed reports", "feed", s.name, "what", u.Note)
	default:
		s.account.update(now, Nonsense)
	}
}

func (s *supervisor) tape(in quotes.Instrument) *Tape {
	tape := s.tapes[in.Symbol]
	if tape == nil {
		tape = NewTape(s.spec, s.name, in)
		s.tapes[in.Symbol] = tape
	}
	return tape
}

// sweep publishes the quotes that have become stale.
func (s *supervisor) sweep() {
	now, by := time.Now(), s.spec.now()
	s.account.look(now)
	var stale []*quotes.StockQuote
	s.mu.Lock()
	for sym, tape := range s.tapes {
		if !tape.Stale(by) {
			continue
		}
		if _, _, owned := s.directory.instrument(s.index, sym); owned {
			stale = append(stale, tape.Quote(s.versions.Next(now)))
		}
	}
	s.mu.Unlock()
	for _, q := range stale {
		s.publish(q)
	}
}

func (s *supervisor) snapshot() State {
	s.mu.Lock()
	state := s.state
	state.Symbols = len(s.tapes)
	s.mu.Unlock()
	state.Listed = s.directory.count(s.index)
	s.account.tell(&state)
	return state
}

// pauses are those between the calls of a source.
type pauses struct{ last, slow time.Duration }

// next is the pause after a failure of a Run, which was a steady one or not.
func (p *pauses) next(err error, steady bool) time.Duration {
	if steady {
		*p = pauses{}
	}
	if f, ok := errors.AsType[*Failure](err); ok && f.Slow {
		p.slow = min(max(2*p.slow, firstSlowPause), lastSlowPause)
		return p.slow + time.Duration(0.2*rand.Float64()*float64(p.slow))
	}
	p.last = min(max(2*p.last, firstPause), lastPause)
	return jitter(p.last)
}

func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.8 + 0.4*rand.Float64()))
}

// sleep waits for d and says whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
