package feed

import (
	"fmt"
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Subscriptions is what a source with a limit asks its vendor for: of what is
// watched as much as the limit allows. What is subscribed stays before what is
// new, and of the new what has waited longest comes first. It belongs to one
// connection: the next begins with another. One goroutine at a time.
type Subscriptions struct {
	limit int
	has   func(quotes.Symbol) bool
	emit  func(Update)

	asked   map[quotes.Symbol]*subscription
	refused map[quotes.Symbol]struct{} // by the vendor
	waiting []quotes.Symbol            // over the limit, longest first
}

// subscription is one that was asked for.
type subscription struct {
	at        time.Time
	confirmed bool
}

// NewSubscriptions begins with nothing. limit 0 is no limit; has says which
// symbols the source has, nil is any. Every change is emitted: Asked, Subscribed,
// Refused, Released.
func NewSubscriptions(limit int, has func(quotes.Symbol) bool, emit func(Update)) *Subscriptions {
	if has == nil {
		has = func(quotes.Symbol) bool { return true }
	}
	return &Subscriptions{
		limit: limit, has: has, emit: emit,
		asked: make(map[quotes.Symbol]*subscription), refused: make(map[quotes.Symbol]struct{}),
	}
}

// Follow says what to ask the vendor for now and what to take back, so that the
// subscriptions follow what is watched. It is to be called when that changes, and
// after Refuse, which frees a place.
func (s *Subscriptions) Follow(watched []quotes.Symbol) (add, remove []quotes.Symbol) {
	wanted := make(map[quotes.Symbol]bool, len(watched))
	for _, sym := range watched {
		wanted[sym] = s.has(sym)
	}
	for sym := range s.asked {
		if !wanted[sym] {
			remove = append(remove, sym)
		}
	}
	slices.SortFunc(remove, quotes.Symbol.Compare)
	for _, sym := range remove {
		delete(s.asked, sym)
		s.say(Released, sym, "")
	}
	queue, waited := s.queue(watched, wanted)
	return s.admit(queue, waited), remove
}

// queue is what is wanted and not asked for: what waits already, so many of
// them, then the new.
func (s *Subscriptions) queue(watched []quotes.Symbol, wanted map[quotes.Symbol]bool) (queue []quotes.Symbol, waited int) {
	for _, sym := range s.waiting {
		if wanted[sym] {
			queue = append(queue, sym)
			wanted[sym] = false
		} else {
			s.say(Released, sym, "")
		}
	}
	waited = len(queue)
	for _, sym := range watched {
		_, asked := s.asked[sym]
		_, refused := s.refused[sym]
		if wanted[sym] && !asked && !refused {
			queue = append(queue, sym)
			wanted[sym] = false
		}
	}
	return queue, waited
}

// admit asks for as much of the queue as there are places; the rest waits, and is
// told so unless it waited before.
func (s *Subscriptions) admit(queue []quotes.Symbol, waited int) []quotes.Symbol {
	room := len(queue)
	if s.limit > 0 {
		room = min(room, s.limit-len(s.asked))
	}
	add, over := queue[:room:room], queue[room:]
	for _, sym := range add {
		s.asked[sym] = &subscription{at: time.Now()}
		s.say(Asked, sym, "")
	}
	for _, sym := range over[min(max(waited-room, 0), len(over)):] {
		s.say(Refused, sym, fmt.Sprintf("over the limit of %d symbols; it is asked for when another is not watched any more", s.limit))
	}
	s.waiting = over
	return add
}

// Confirm notes that the vendor has acknowledged a subscription. Vendors repeat
// themselves: what is confirmed or was never asked for is passed over.
func (s *Subscriptions) Confirm(sym quotes.Symbol) {
	if sub := s.asked[sym]; sub != nil && !sub.confirmed {
		sub.confirmed = true
		s.say(Subscribed, sym, "")
	}
}

// Refuse notes that the vendor does not send what was asked for, and why. It is
// not asked for again, and its place is free.
func (s *Subscriptions) Refuse(sym quotes.Symbol, note string) {
	if _, asked := s.asked[sym]; asked {
		delete(s.asked, sym)
		s.refused[sym] = struct{}{}
		s.say(Refused, sym, note)
	}
}

// Unconfirmed are the symbols that were asked for longer ago than older and that
// the vendor has not answered, sorted.
func (s *Subscriptions) Unconfirmed(older time.Duration) []quotes.Symbol {
	var syms []quotes.Symbol
	for sym, sub := range s.asked {
		if !sub.confirmed && time.Since(sub.at) > older {
			syms = append(syms, sym)
		}
	}
	slices.SortFunc(syms, quotes.Symbol.Compare)
	return syms
}

func (s *Subscriptions) say(kind Kind, sym quotes.Symbol, note string) {
	s.emit(Update{Kind: kind, Symbol: sym, Time: time.Now().UTC(), Note: note})
}
