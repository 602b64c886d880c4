package feed

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// supervisor runs one source for as long as it makes sense, and feeds its tapes.
type supervisor struct {
	index     int
	name      string
	spec      Spec
	directory *Directory
	board     *board
	demand    *Demand
	versions  *quotes.Versions
	cache     Cache
	publish   func(*quotes.StockQuote)
	log       *slog.Logger
	account   account
	watchdog  watchdog

	run     atomic.Int64 // the number of the Run that is under way, 0 between them
	symbols atomic.Int64 // tapes

	mu     sync.Mutex // guards all below
	places map[quotes.Symbol]*place
	stored map[quotes.Symbol]quotes.StockQuote // of an earlier process, not begun with yet
	state  State                               // but for what is counted
	stop   context.CancelCauseFunc             // ends the Run that is under way; nil between them
	began  time.Time                           // when that was called
	down   time.Time                           // since when no attempt has heard anything
}

// live lists and runs the source until ctx ends or the source has ended for good.
func (s *supervisor) live(ctx context.Context) {
	var asking sync.WaitGroup // and storing
	defer asking.Wait()
	s.enter(Starting, nil)
	if s.cache != nil {
		s.useBeside(ctx)
		_, saved := s.directory.beside(s.index, 0)
		asking.Go(func() { s.saveBeside(ctx, saved) })
	}
	if !s.awaitList(ctx, &asking) {
		return
	}
	var pauses pauses
	for number := int64(1); ; number++ {
		began := time.Now()
		err := s.runOnce(ctx, number)
		if ctx.Err() != nil {
			return
		}
		if err == nil || IsPermanent(err) {
			s.end(err)
			return
		}
		steady := time.Since(began) >= steadyRun
		phase := Waiting
		if errors.Is(err, errSilent) {
			phase = Silent
			steady = steady && s.account.heard().After(began)
		}
		s.enter(phase, err)
		if !sleep(ctx, pauses.next(err, steady)) {
			return
		}
	}
}

// runOnce calls the source once. Its error is the watchdog's where that ended it.
func (s *supervisor) runOnce(ctx context.Context, number int64) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s.mu.Lock()
	s.stop, s.began = stop, time.Now()
	s.mu.Unlock()
	s.run.Store(number)
	s.enter(Running, nil)
	err := s.spec.Source.Run(ctx, s.demand, s.take)
	s.run.Store(0)
	s.mu.Lock()
	s.stop = nil
	s.mu.Unlock()
	s.account.disconnect()
	s.passTime(time.Now()) // another source may have its symbols now
	if cause := context.Cause(ctx); errors.Is(cause, errSilent) {
		return cause
	}
	return err
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
	now, again := time.Now(), phase == Waiting || phase == Silent
	s.mu.Lock()
	s.state.Phase, s.state.Since = phase, now
	if again {
		s.state.Restarts++
		if s.down.IsZero() || s.account.lastWord().After(s.down) {
			s.down = now
		}
		s.state.Since = s.down
	}
	s.mu.Unlock()
	if err != nil {
		s.note(err)
	}
	switch {
	case phase == Failed:
		s.log.Error("feed has failed for good and is not tried again", "feed", s.name, "error", err, "advice", advice(err))
	case again:
		s.log.Warn("feed has failed and is tried again", "feed", s.name, "error", err, "advice", advice(err))
	default:
		s.log.Info("feed is "+string(phase), "feed", s.name)
	}
}

// note keeps an error for the State.
func (s *supervisor) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.LastError, s.state.LastErrorAt, s.state.Advice = err.Error(), time.Now(), advice(err)
}

// advice is what can be done about an error: what a Failure says, and of a host
// that cannot be reached what holds for all of them.
func advice(err error) string {
	if f, ok := errors.AsType[*Failure](err); ok && f.Advice != "" {
		return f.Advice
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "The name " + dns.Name + " cannot be looked up: check this machine's network and name server."
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return "Nothing answers there: check this machine's network and what its firewall lets out, or wait for the host."
	}
	return ""
}

// take is what the source emits into.
func (s *supervisor) take(u Update) {
	now := time.Now()
	if u.Kind >= Received {
		s.hear(&u, now)
		return
	}
	p := s.place(u.Symbol, now)
	outcome, quote := Unlisted, (*quotes.StockQuote)(nil)
	if p != nil {
		outcome, quote = p.apply(s.index, &u, now)
	}
	s.account.update(now, outcome)
	if u.Outcome != nil {
		*u.Outcome = outcome
	}
	if quote != nil {
		s.publish(quote)
	}
	if u.Kind == Day && p != nil {
		s.logAdjustment(p)
	}
}

// logAdjustment says that the source's previous close is not the one that was
// known, as after a split.
func (s *supervisor) logAdjustment(p *place) {
	if a, ok := p.adjusted(s.index); ok {
		s.log.Info("feed has adjusted a previous close, which is believed", "feed", s.name, "symbol", p.symbol,
			"from", quotes.FormatDecimal(a.From), "to", quotes.FormatDecimal(a.To))
	}
}

// hear takes what the source says of itself.
func (s *supervisor) hear(u *Update, now time.Time) {
	switch u.Kind {
	case Received:
		s.account.message(now)
	case Listed:
		if u.Instrument == nil || u.Instrument.Symbol.IsZero() || !s.directory.add(s.index, *u.Instrument) {
			s.account.update(now, Unlisted)
			return
		}
		s.restore(u.Instrument.Symbol, now)
	case Asked, Subscribed, Released, Refused:
		s.account.subscription(*u)
	case Reported:
		s.note(errors.New(u.Note))
		s.log.Warn("feed reports", "feed", s.name, "what", u.Note)
	default:
		s.account.update(now, Nonsense)
	}
}

// place is that of a symbol that the source has, nil for others.
func (s *supervisor) place(sym quotes.Symbol, now time.Time) *place {
	s.mu.Lock()
	p := s.places[sym]
	s.mu.Unlock()
	if p != nil {
		return p
	}
	// In one step, so that useList, which removes what a new list lacks, comes
	// before or after it.
	s.mu.Lock()
	defer s.mu.Unlock()
	in, listed := s.directory.instrument(s.index, sym)
	if !listed {
		return nil
	}
	p = s.board.place(sym)
	s.places[sym] = p
	p.sit(s.index, in, nil, now)
	return p
}

// passTime lets time pass at all places.
func (s *supervisor) passTime(now time.Time) { s.board.look(now, s.publish) }

// clock is the time that the source's tapes go by.
func (s *supervisor) clock(now time.Time) time.Time {
	if s.spec.Clock == nil {
		return now
	}
	return s.spec.Clock()
}

func (s *supervisor) snapshot() State {
	s.mu.Lock()
	state := s.state
	s.mu.Unlock()
	if s.spec.Timeliness == quotes.Simulated && s.spec.Calendar == nil {
		state.MarketTime = s.clock(time.Now())
	}
	state.Symbols, state.Listed = int(s.symbols.Load()), s.directory.count(s.index)
	s.account.tell(&state)
	return state
}
