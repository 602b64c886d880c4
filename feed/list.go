package feed

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Cache keeps the instruments of sources over restarts. A source that has none
// there has an empty list and no error.
type Cache interface {
	LoadInstruments(ctx context.Context, source string) ([]quotes.Instrument, error)
	SaveInstruments(ctx context.Context, source string, list []quotes.Instrument) error
}

const (
	// listPatience is how long a source may take for its list before the cached
	// one is used meanwhile.
	listPatience = 2 * time.Second
	// saveBesideEvery is how often the instruments that came one by one are
	// stored when there are new ones.
	saveBesideEvery = 2 * time.Second
)

// awaitList waits until the source has a list, its own or the cached one, and
// says whether it can run: not when ctx has ended or the source has for good. It
// goes on asking in the background where the list is not the source's own yet.
func (s *supervisor) awaitList(ctx context.Context, asking *sync.WaitGroup) bool {
	answers, done := make(chan error), make(chan struct{})
	defer close(done)
	asking.Go(func() { s.ask(ctx, answers, done) })
	patience := time.NewTimer(listPatience)
	defer patience.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-patience.C:
			if s.useCached(ctx) {
				return true
			}
		case err := <-answers:
			switch {
			case err == nil:
				return true
			case IsPermanent(err):
				s.useCached(ctx)
				s.end(err)
				return false
			case s.useCached(ctx):
				s.log.Warn("feed does not list its instruments; the list of an earlier time is used meanwhile", "feed", s.name, "error", err)
				s.note(err)
				return true
			}
			s.enter(Waiting, err)
		}
	}
}

// listEvery is how long a list holds: what was listed in the meantime is there a
// day later at most.
const listEvery = 24 * time.Hour

// ask asks the source for its list until it gives one, and then once a day, for
// real markets list something new most days. The answers go to who waits for
// them, until done.
func (s *supervisor) ask(ctx context.Context, answers chan<- error, done <-chan struct{}) {
	var pauses pauses
	var known []quotes.Instrument
	for {
		list, err := s.spec.Instruments(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			known = withAbsent(list, known)
			s.useList(known)
		} else {
			err = fmt.Errorf("list instruments: %w", err)
		}
		select {
		case <-ctx.Done():
			return
		case answers <- err:
		case <-done:
			if err != nil {
				s.note(err)
			}
		}
		pause := listEvery
		if err == nil {
			s.save(ctx, s.name, list)
			if s.spec.Timeliness == quotes.Simulated || s.spec.Timeliness == quotes.Replayed {
				return
			}
		} else if pause = pauses.next(err, false); IsPermanent(err) {
			return
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// withAbsent adds to a list what was known before and is not in it: a product
// whose trading rests for a day is not gone. It is after the next start.
func withAbsent(list, known []quotes.Instrument) []quotes.Instrument {
	listed := make(map[quotes.Symbol]bool, len(list))
	for _, in := range list {
		listed[in.Symbol] = true
	}
	all := slices.Clip(list)
	for _, in := range known {
		if !listed[in.Symbol] {
			all = append(all, in)
		}
	}
	return all
}

// useList makes a list the source's, in place of the one before.
func (s *supervisor) useList(list []quotes.Instrument) {
	now := time.Now()
	s.directory.list(s.index, list)
	var gone []*place
	s.mu.Lock()
	for sym, p := range s.places {
		if _, listed := s.directory.instrument(s.index, sym); !listed {
			delete(s.places, sym)
			gone = append(gone, p)
		}
	}
	var stored []quotes.Symbol
	for sym := range s.stored {
		stored = append(stored, sym)
	}
	s.mu.Unlock()
	for _, p := range gone {
		s.emit(p.leave(s.index, now))
	}
	for _, sym := range stored {
		s.restore(sym, now)
	}
}

// restore begins the tape of a symbol with its stored quote, if there is one
// and the source has the symbol.
func (s *supervisor) restore(sym quotes.Symbol, now time.Time) {
	s.emit(s.sitStored(sym, now))
}

// sitStored begins the tape, and returns what is to be published.
func (s *supervisor) sitStored(sym quotes.Symbol, now time.Time) *quotes.StockQuote {
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, ok := s.stored[sym]
	if !ok {
		return nil
	}
	in, listed := s.directory.instrument(s.index, sym)
	if !listed {
		return nil
	}
	delete(s.stored, sym)
	p := s.board.place(sym)
	s.places[sym] = p
	s.state.Restored++
	return p.sit(s.index, in, &stored, now)
}

func (s *supervisor) emit(q *quotes.StockQuote) {
	if q != nil {
		s.publish(q)
	}
}

// useCached makes the cached list the source's, and says whether there is one.
func (s *supervisor) useCached(ctx context.Context) bool {
	list := s.load(ctx, s.name)
	if len(list) == 0 {
		return false
	}
	s.useList(list)
	return true
}

// besideName is where the instruments that came one by one are cached.
func (s *supervisor) besideName() string { return s.name + "+" }

// useBeside lists what came one by one in an earlier process.
func (s *supervisor) useBeside(ctx context.Context) {
	for _, in := range s.load(ctx, s.besideName()) {
		s.directory.add(s.index, in)
	}
}

// saveBeside stores the instruments that came one by one, until ctx ends and
// then once more; saved is the number of the changes that are stored. It takes at
// most a fiftieth of the time.
func (s *supervisor) saveBeside(ctx context.Context, saved int64) {
	pause := saveBesideEvery
	for running := true; running; {
		running = sleep(ctx, pause)
		list, change := s.directory.beside(s.index, saved)
		if change == saved {
			continue
		}
		began := time.Now()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
		s.save(last, s.besideName(), list)
		cancel()
		saved, pause = change, max(saveBesideEvery, keepShare*time.Since(began))
	}
}

func (s *supervisor) load(ctx context.Context, name string) []quotes.Instrument {
	if s.cache == nil {
		return nil
	}
	list, err := s.cache.LoadInstruments(ctx, name)
	if err != nil && ctx.Err() == nil {
		s.log.Warn("the stored instruments cannot be read", "feed", s.name, "error", err)
	}
	return list
}

func (s *supervisor) save(ctx context.Context, name string, list []quotes.Instrument) {
	if s.cache == nil {
		return
	}
	if err := s.cache.SaveInstruments(ctx, name, list); err != nil && ctx.Err() == nil {
		s.log.Warn("the instruments cannot be stored", "feed", s.name, "error", err)
	}
}
