package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// errNotRunning is of a line that came when the source did not run any more.
var errNotRunning = errors.New("the feed does not run")

// Source is the feed that posts fill. It is made by the Scheme.
type Source struct {
	name string
	list *listing

	mu      sync.Mutex    // guards all below
	run     *session      // nil while Run does not
	running chan struct{} // closed while run is there
}

func newSource(name string, list *listing) *Source {
	return &Source{name: name, list: list, running: make(chan struct{})}
}

// Name implements feed.Source.
func (s *Source) Name() string { return s.name }

// Run implements feed.Source: as long as it runs, posts are taken. It ends with
// ctx, and with it all posts do.
func (s *Source) Run(ctx context.Context, _ *feed.Demand, emit func(feed.Update)) error {
	run := newSession(s.list, emit)
	s.mu.Lock()
	s.run = run
	close(s.running)
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.run, s.running = nil, make(chan struct{})
	s.mu.Unlock()
	run.end()
	return ctx.Err()
}

// session is what posts emit into. It waits for the source to run, for as long as
// patience and ctx last, and is nil after that.
func (s *Source) session(ctx context.Context, patience time.Duration) *session {
	run, running := s.state()
	if run != nil {
		return run
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-running:
	case <-timer.C:
	case <-ctx.Done():
	}
	run, _ = s.state()
	return run
}

func (s *Source) state() (run *session, running <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.run, s.running
}

// session is one Run: it lets one line at a time through.
type session struct {
	list  *listing
	ended chan struct{} // closed when nothing is taken any more

	mu       sync.Mutex // guards all below, and is held while ended is closed
	emit     func(feed.Update)
	reported time.Time
	outcome  feed.Outcome // of the last update
}

func newSession(list *listing, emit func(feed.Update)) *session {
	return &session{list: list, emit: emit, ended: make(chan struct{})}
}

// take emits what a line says, and returns what became of it. It blocks for as long
// as emit does. After the end of the session the error is errNotRunning; another is
// what is wrong with the line.
func (r *session) take(u feed.Update) (feed.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome = feed.Merged
	if r.over() {
		return r.outcome, errNotRunning
	}
	listed, err := r.list.note(&u)
	if err != nil {
		return r.outcome, err
	}
	if listed != nil {
		r.emit(feed.Update{Kind: feed.Listed, Symbol: u.Symbol, Time: u.Time, Instrument: listed})
	}
	if u.Kind != feed.Listed {
		u.Outcome = &r.outcome
		r.emit(u)
	}
	return r.outcome, nil
}

// report tells the operator of a line that was refused, at most once in so long.
func (r *session) report(every time.Duration, now time.Time, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over() || !r.reported.IsZero() && now.Sub(r.reported) < every {
		return
	}
	r.reported = now
	r.emit(feed.Update{Kind: feed.Reported, Time: now, Note: fmt.Sprintf(format, args...)})
}

// end lets nothing through from now on.
func (r *session) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.ended)
}

func (r *session) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}
