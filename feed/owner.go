package feed

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// giveBackAfter is how long a source that had failed a symbol must have been
// healthy, without a break, before it takes the symbol from a later one.
const giveBackAfter = 30 * time.Second

// place is one symbol: the tapes of the sources that have spoken of it, and
// which of them is published. Of two sources the one before is preferred:
//
//   - the owner is the first that is healthy: its source runs, has spoken of the
//     symbol in this run, and its tape has numbers and is not stale;
//   - an owner that is not healthy any more loses the symbol at once to the
//     first that is, and keeps it while there is none;
//   - a source that was healthy, and then was not, takes the symbol from a
//     healthy owner behind it only after giveBackAfter;
//   - before any is healthy, the first that has something is published.
//
// So no quote mixes two sources, and a source that comes and goes does not make
// the numbers jump.
type place struct {
	symbol quotes.Symbol

	mu    sync.Mutex // guards all below
	seats []seat     // by source
	owner int        // -1 while nothing is published
	last  *quotes.StockQuote
	told  bool // last is, or one before it was, of a source that has spoken in this process
}

// seat is what one source has at a place.
type seat struct {
	source *supervisor
	tape   *Tape // nil until the source speaks of the symbol, and when it has it no more
	has    bool  // the tape has had something to publish
	// run is the source's run in which it spoke of the symbol last.
	run   int64
	since time.Time // healthy since; zero when it is not
	lost  bool      // was healthy once and then was not
	// rewind says that the tape's order is that of an earlier process's replay.
	rewind bool
}

func newPlace(sym quotes.Symbol, sources []*supervisor) *place {
	p := &place{symbol: sym, owner: -1, seats: make([]seat, len(sources))}
	for i, s := range sources {
		p.seats[i].source = s
	}
	return p
}

// sit begins the tape of a source, with a stored quote or nil. It returns what
// is to be published.
func (p *place) sit(source int, in quotes.Instrument, stored *quotes.StockQuote, now time.Time) *quotes.StockQuote {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.seats[source]
	if s.tape != nil {
		return nil
	}
	*s = seat{source: s.source, tape: NewTape(s.source.spec, s.source.name, in)}
	s.source.symbols.Add(1)
	if stored == nil {
		return nil
	}
	s.tape.Restore(*stored)
	s.has, s.rewind = true, s.source.spec.Timeliness == quotes.Replayed
	return p.settle(now, false)
}

// leave takes the tape of a source away, which has the symbol no more. The quote
// of an owner whom nobody follows is told once more, stale: no clock will say so.
func (p *place) leave(source int, now time.Time) *quotes.StockQuote {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.seats[source]
	if s.tape == nil {
		return nil
	}
	*s = seat{source: s.source}
	s.source.symbols.Add(-1)
	quote := p.settle(now, false)
	if p.owner < 0 && p.last != nil && !p.last.Stale {
		left := *p.last
		left.Stale, left.Version = true, s.source.versions.Next(now)
		p.last, quote = &left, &left
	}
	return quote
}

// apply merges an update of a source, and returns what is to be published.
func (p *place) apply(source int, u *Update, now time.Time) (Outcome, *quotes.StockQuote) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.seats[source]
	if s.tape == nil {
		return Unlisted, nil
	}
	clock := s.source.clock(now)
	if s.rewind {
		s.rewind = false
		s.tape.Apply(Update{Symbol: u.Symbol, Kind: Break, Time: u.Time}, clock)
	}
	outcome := s.tape.Apply(*u, clock)
	if outcome != Nonsense {
		s.run = s.source.run.Load()
	}
	s.has = s.has || outcome == Merged
	return outcome, p.settle(now, outcome == Merged && p.owner == source)
}

// adjusted is what the tape of a source has to say of its previous close, once.
func (p *place) adjusted(source int) (Adjustment, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if tape := p.seats[source].tape; tape != nil {
		return tape.Adjusted()
	}
	return Adjustment{}, false
}

// look lets time pass: sessions turn, tapes become stale, an owner changes. It
// returns what is to be published.
func (p *place) look(now time.Time) *quotes.StockQuote {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := false
	for i := range p.seats {
		s := &p.seats[i]
		if s.tape == nil {
			continue
		}
		clock := s.source.clock(now)
		turned, stale := s.tape.Turn(clock), s.tape.Stale(clock)
		changed = changed || (turned || stale) && i == p.owner
	}
	return p.settle(now, changed)
}

// settle says who owns the symbol now. It returns the owner's quote where that
// is another owner or, as the caller says, has changed. The caller has mu.
func (p *place) settle(now time.Time, changed bool) *quotes.StockQuote {
	if owner := p.choose(now); owner != p.owner {
		p.owner, changed = owner, true
	}
	if !changed || p.owner < 0 || !p.seats[p.owner].has {
		return nil
	}
	s := &p.seats[p.owner]
	if p.last == nil {
		s.source.board.quoted.Add(1)
	}
	if !p.told && s.run != 0 {
		p.told = true
		s.source.board.told.Add(1)
	}
	p.last = s.tape.Quote(s.source.versions.Next(now))
	return p.last
}

// choose is the rule of who owns the symbol. The caller has mu.
func (p *place) choose(now time.Time) int {
	if len(p.seats) == 1 {
		return p.something()
	}
	for i := range p.seats {
		p.seats[i].feel(now)
	}
	if p.owner >= 0 && p.seats[p.owner].healthy() {
		for i := range p.owner {
			if s := &p.seats[i]; s.healthy() && (!s.lost || now.Sub(s.since) >= giveBackAfter) {
				return i
			}
		}
		return p.owner
	}
	for i := range p.seats {
		if p.seats[i].healthy() {
			return i
		}
	}
	return p.something()
}

// something is the owner while nobody is healthy.
func (p *place) something() int {
	if p.owner >= 0 && p.seats[p.owner].tape != nil {
		return p.owner
	}
	for i := range p.seats {
		if p.seats[i].has {
			return i
		}
	}
	return -1
}

// feel notes whether the source is healthy at the place now.
func (s *seat) feel(now time.Time) {
	running := s.tape != nil && s.run != 0 && s.run == s.source.run.Load()
	switch healthy := running && s.has && s.tape.Healthy(s.source.clock(now)); {
	case healthy && s.since.IsZero():
		s.since = now
	case !healthy && !s.since.IsZero():
		s.since, s.lost = time.Time{}, true
	}
}

func (s *seat) healthy() bool { return !s.since.IsZero() }

// newest is what was published last, when it is newer than a version; nil
// otherwise.
func (p *place) newest(version int64) *quotes.StockQuote {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil || p.last.Version <= version {
		return nil
	}
	return p.last
}

// board are the places of a market. Any number may use it at once.
type board struct {
	sources []*supervisor

	mu     sync.RWMutex // guards all below
	places map[quotes.Symbol]*place
	list   []*place // the same; it only grows

	quoted atomic.Int64 // places with a published quote
	told   atomic.Int64 // those of them whose quote is more than a stored one
}

// place is that of a symbol, made when there is none.
func (b *board) place(sym quotes.Symbol) *place {
	b.mu.RLock()
	p := b.places[sym]
	b.mu.RUnlock()
	if p != nil {
		return p
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if p = b.places[sym]; p == nil {
		p = newPlace(sym, b.sources)
		b.places[sym] = p
		b.list = append(b.list, p)
	}
	return p
}

// all are the places that there are.
func (b *board) all() []*place {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.list
}

// look lets time pass at every place and publishes what that changes.
func (b *board) look(now time.Time, publish func(*quotes.StockQuote)) {
	for _, p := range b.all() {
		if q := p.look(now); q != nil {
			publish(q)
		}
	}
}
