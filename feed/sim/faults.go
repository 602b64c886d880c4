package sim

import (
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// faults are what may be wrong with a feed, one bit each.
type faults uint8

const (
	gap     faults = 1 << iota // for some seconds of each minute nothing arrives
	dup                        // some trades and quotes arrive twice
	reorder                    // some arrive after the next one of their symbol
	silence                    // a symbol says nothing for so long that it is stale
	crossed                    // some bids are above their asks
)

// faultNames are the names of the bits, in their order.
var faultNames = [...]string{"gap", "dup", "reorder", "silence", "crossed"}

func faultsOf(value string) (faults, error) {
	var f faults
	for name := range strings.SplitSeq(value, ",") {
		i := slices.Index(faultNames[:], name)
		if i < 0 {
			return 0, errValue
		}
		f |= 1 << i
	}
	return f, nil
}

const (
	// often is one update in so many that is doubled, reordered or crossed.
	often = 50
	// A gap is of one to four seconds, at any time of each gapEvery.
	gapEvery = int64(time.Minute)
	// silentShare is one symbol in so many that is silent in each stretch of time.
	silentShare = 20
)

// spoiler does to updates what a bad feed does. What it does to one follows
// from the seed, the symbol and the time alone. The market beneath is the one
// without faults, and what a source says of a symbol's state always comes
// through: no trade that is lost leaves a symbol halted.
type spoiler struct {
	faults
	seed  uint64
	quiet int64 // how long a silent symbol is silent
	held  map[quotes.Symbol]feed.Update
	emit  func(feed.Update)
}

// spoil returns the emit of a feed with faults; staleAfter is the silence that
// makes a symbol stale.
func spoil(f faults, seed uint64, staleAfter time.Duration, emit func(feed.Update)) func(feed.Update) {
	if f == 0 {
		return emit
	}
	s := &spoiler{faults: f, seed: mix(seed), quiet: 2 * int64(staleAfter), held: make(map[quotes.Symbol]feed.Update), emit: emit}
	return s.take
}

func (s *spoiler) take(u feed.Update) {
	switch u.Kind {
	case feed.Trade, feed.Quote, feed.Correction, feed.Cancel:
	default:
		delete(s.held, u.Symbol) // of the time before a break
		s.emit(u)
		return
	}
	at, symbol := u.Time.UnixNano(), hash(u.Symbol.String())
	if s.faults&gap != 0 && s.inGap(at) || s.faults&silence != 0 && s.isSilent(at, symbol) {
		return
	}
	dice := mix(s.seed ^ symbol ^ uint64(at))
	if s.faults&crossed != 0 && u.Kind == feed.Quote && u.Bid.Valid && u.Ask.Valid && dice%often == 0 {
		u.Bid, u.Ask = u.Ask, u.Bid
	}
	if s.faults&reorder != 0 {
		if before, ok := s.held[u.Symbol]; ok {
			delete(s.held, u.Symbol)
			s.emit(u)
			s.emit(before)
			return
		}
		if dice%often == 1 {
			s.held[u.Symbol] = u
			return
		}
	}
	s.emit(u)
	if s.faults&dup != 0 && dice%often == 2 {
		s.emit(u)
	}
}

func (s *spoiler) inGap(at int64) bool {
	minute, in := at/gapEvery, at%gapEvery
	dice := mix(s.seed ^ uint64(minute))
	length := int64(time.Second) + int64(dice%uint64(3*time.Second))
	begin := int64(mix(dice) % uint64(gapEvery-length))
	return in >= begin && in < begin+length
}

// isSilent says that at is in the silence of the symbol: in each stretch of
// time one symbol in some is silent for the second third.
func (s *spoiler) isSilent(at int64, symbol uint64) bool {
	stretch, in := at/(3*s.quiet), at%(3*s.quiet)
	return in/s.quiet == 1 && mix(s.seed^symbol^mix(uint64(stretch)))%silentShare == 0
}

// mix is the finalizer of SplitMix64: each bit of what comes out depends on all
// of what goes in.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
