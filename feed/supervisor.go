package feed

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Phase is where the life of a source stands.
type Phase string

// The phases. Finished and Failed are for good.
const (
	Starting Phase = "starting" // has not listed its instruments yet
	Running  Phase = "running"
	Waiting  Phase = "waiting" // failed, to be called again
	Finished Phase = "finished"
	Failed   Phase = "failed"
)

// The pause before a failed source is called again: doubled from the first to
// the last, and spread by a fifth to either side so that many nodes do not call
// at once. A source that ran well for steadyRun begins with the first again.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	steadyRun  = time.Minute
)

// State is what can be said of a source at one moment.
type State struct {
	Name       string
	Timeliness quotes.Timeliness
	Note       string // the Spec's
	Phase      Phase
	Since      time.Time // of the phase
	LastUpdate time.Time // when the source last said anything
	LastError  string
	Restarts   int
	Symbols    int // with a quote
	// Updates counts what became of the updates, indexed by Outcome.
	Updates [outcomes]int64
}

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

	mu    sync.Mutex // guards all below
	tapes map[quotes.Symbol]*Tape
	state State
}

// run lists and runs the source until ctx ends or the source has ended for good.
func (s *supervisor) run(ctx context.Context) {
	s.enter(Starting, nil)
	listed := false
	for pause := firstPause; ; {
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
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil || IsPermanent(err) {
			s.end(err)
			return
		}
		if time.Since(began) >= steadyRun {
			pause = firstPause
		}
		s.enter(Waiting, err)
		if !sleep(ctx, jitter(pause)) {
			return
		}
		pause = min(2*pause, lastPause)
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
		s.state.LastError = err.Error()
	}
	if phase == Waiting {
		s.state.Restarts++
	}
	s.mu.Unlock()
	switch phase {
	case Failed:
		s.log.Error("feed has failed for good and is not tried again", "feed", s.name, "error", err)
	case Waiting:
		s.log.Warn("feed has failed and is tried again", "feed", s.name, "error", err)
	default:
		s.log.Info("feed is "+string(phase), "feed", s.name)
	}
}

// take is what the source emits into.
func (s *supervisor) take(u Update) {
	now := time.Now()
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
	s.state.Updates[outcome]++
	s.state.LastUpdate = now
	s.mu.Unlock()
	if quote != nil {
		s.publish(quote)
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
	defer s.mu.Unlock()
	state := s.state
	state.Symbols = len(s.tapes)
	return state
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
