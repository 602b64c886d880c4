package feed

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
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
	Silent   Phase = "silent"  // as Waiting: said nothing for too long and was ended
	Finished Phase = "finished"
	Failed   Phase = "failed"
)

// mostRefused bounds the refusals that a State tells.
const mostRefused = 100

// ratePeriod is what a rate is the mean of, in looks of a second.
const ratePeriod = 10

// State is what can be said of a source at one moment.
type State struct {
	Name       string
	URL        string // as configured, less its secrets
	Timeliness quotes.Timeliness
	Note       string // the Spec's
	Phase      Phase
	Since      time.Time // of the phase; while waiting and silent, when it went down, over all attempts since

	LastMessage time.Time // when the source last said anything
	LastUpdate  time.Time // when it last said something of a symbol
	// Messages counts what came from the vendor, Emitted what the source made of
	// it; a source that does not tell its messages has one for each update.
	Messages, Emitted       int64
	MessageRate, UpdateRate float64         // in a second, the mean of the last ten
	Updates                 [outcomes]int64 // what became of the updates, by Outcome

	// LastError is the last failure, or the last thing that the vendor said of
	// the connection; Advice is what to do about it, "" for nothing.
	LastError, Advice string
	LastErrorAt       time.Time
	Restarts          int

	Symbols, Listed int // with a quote of this source; instruments
	// Asked and Got count the subscriptions that the source asked its vendor for,
	// and those confirmed; both are 0 for a source that sends everything.
	Asked, Got int
	// Refused says why a symbol is not subscribed, of at most a hundred.
	Refused  map[quotes.Symbol]string
	Restored int // symbols that began with a stored quote

	// MarketTime is the time at the market, where the quotes are in the hours of
	// the exchanges and the source's clock may be another than ours: a
	// simulation's. It is zero elsewhere.
	MarketTime time.Time
}

// account counts what a source says. Each method may be called at any time.
type account struct {
	messages, emitted       atomic.Int64
	outcomes                [outcomes]atomic.Int64
	lastMessage, lastUpdate atomic.Int64 // nanoseconds since 1970

	mu      sync.Mutex             // guards all below
	asked   map[quotes.Symbol]bool // whether the vendor has confirmed
	refused map[quotes.Symbol]string
	looks   [ratePeriod + 1]look // a ring
	looked  int
	changes int64 // of asked
}

// look is what was counted at one moment.
type look struct {
	at                time.Time
	messages, emitted int64
}

func (a *account) message(now time.Time) {
	a.messages.Add(1)
	a.lastMessage.Store(now.UnixNano())
}

func (a *account) update(now time.Time, outcome Outcome) {
	a.emitted.Add(1)
	a.outcomes[outcome].Add(1)
	a.lastUpdate.Store(now.UnixNano())
}

// subscription notes what a source says of one.
func (a *account) subscription(u Update) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.refused, u.Symbol)
	a.changes++
	switch u.Kind {
	case Asked:
		a.ask(u.Symbol, false)
	case Subscribed:
		a.ask(u.Symbol, true)
	case Refused:
		delete(a.asked, u.Symbol)
		if a.refused == nil {
			a.refused = make(map[quotes.Symbol]string)
		}
		if len(a.refused) < mostRefused {
			a.refused[u.Symbol] = u.Note
		}
	default:
		delete(a.asked, u.Symbol)
	}
}

func (a *account) ask(sym quotes.Symbol, confirmed bool) {
	if a.asked == nil {
		a.asked = make(map[quotes.Symbol]bool)
	}
	a.asked[sym] = confirmed
}

// disconnect forgets the subscriptions: the next connection has its own.
func (a *account) disconnect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked, a.refused = nil, nil; a.changes > 0 {
		a.changes++
	}
}

// subscribed returns the symbols that the source has asked its vendor for and
// the number of changes to them, which is 0 for a source that never asks.
func (a *account) subscribed() (asked []quotes.Symbol, changes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.asked)), a.changes
}

// heard is when the source last said something of a symbol.
func (a *account) heard() time.Time { return moment(a.lastUpdate.Load()) }

// lastWord is when the source said anything last, of prices or not.
func (a *account) lastWord() time.Time {
	return moment(max(a.lastUpdate.Load(), a.lastMessage.Load()))
}

// look takes the figures that the rates are computed from, once a second.
func (a *account) look(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.looks[a.looked%len(a.looks)] = look{now, a.said(), a.emitted.Load()}
	a.looked++
}

// said is how many messages came.
func (a *account) said() int64 {
	if n := a.messages.Load(); n > 0 {
		return n
	}
	return a.emitted.Load()
}

// tell adds all that is counted to a state.
func (a *account) tell(st *State) {
	st.Messages, st.Emitted = a.said(), a.emitted.Load()
	for i := range st.Updates {
		st.Updates[i] = a.outcomes[i].Load()
	}
	st.LastUpdate = a.heard()
	if st.LastMessage = moment(a.lastMessage.Load()); st.LastMessage.Before(st.LastUpdate) {
		st.LastMessage = st.LastUpdate
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	st.Asked, st.Refused = len(a.asked), maps.Clone(a.refused)
	for _, confirmed := range a.asked {
		if confirmed {
			st.Got++
		}
	}
	if a.looked < 2 {
		return
	}
	first, last := a.looks[max(0, a.looked-len(a.looks))%len(a.looks)], a.looks[(a.looked-1)%len(a.looks)]
	if seconds := last.at.Sub(first.at).Seconds(); seconds > 0 {
		st.MessageRate = float64(last.messages-first.messages) / seconds
		st.UpdateRate = float64(last.emitted-first.emitted) / seconds
	}
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds)
}
