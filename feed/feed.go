// Package feed turns what market feeds say into stock quotes. A Source emits
// Updates; a Tape merges the updates of one symbol of one source into the
// StockQuote; a Market runs the sources under supervision and publishes the
// quotes of the source that owns each symbol. The sources themselves live in
// the packages below and import nothing of each other.
//
//   - feed.go        Source and Update: what an adapter implements and emits
//   - decoder.go     Decoder: from a message of a vendor to updates
//   - help.go        what people are told of the schemes
//   - scheme.go      Schemes: from a feed's URL to a Spec that can run
//   - demand.go      Demand: which symbols anybody watches, counted
//   - subscriptions.go  Subscriptions: what a source with a limit asks its vendor for
//   - tape.go        Tape: the merge, its order and its refusals; beside it
//     tape_session.go  its clock and the sessions
//     tape_trade.go    which trades move what, and halts
//     tape_day.go      the figures of a day, and the day's turn
//     tape_prints.go   corrections and cancels
//     tape_silence.go  when silence makes a quote stale
//     tape_restore.go  a quote that was stored
//   - market.go      Market: all sources and the clock
//   - await.go       a start that waits for the first quotes, a moment
//   - owner.go       who owns a symbol: the tapes of the sources that have it
//   - supervisor.go  the life of one source, and the way of its updates
//   - pause.go       the pauses before a failed source is called again
//   - list.go        how a source comes by its instruments, its own or the cached
//   - keep.go        what is stored for the next process
//   - watchdog.go    the end of a source that has fallen silent
//   - state.go       State: what can be said of a source, and what it says of itself
//   - directory.go   Directory: the instruments that the sources have
//   - names.go       names for them from a file
package feed

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Source is a market feed. An adapter is one Source and the decoding of its
// vendor's messages; order, merging and state are the Tape's.
type Source interface {
	// Name is short, lower case and the same over restarts: it is the quote's
	// "source".
	Name() string

	// Run emits updates until ctx ends (it returns within 100 ms then, with
	// any error), the source fails (it returns the error and is called again
	// after a pause), the source is finished (it returns nil and is not called
	// again) or calling it again would be useless (it returns an error made by
	// Permanent). It calls emit from one goroutine at a time, and leaves no
	// goroutine behind. emit may block for a moment, never for a client.
	Run(ctx context.Context, demand *Demand, emit func(Update)) error
}

// Kind says what an Update speaks of.
type Kind uint8

// The kinds of update. The comments name the fields that each reads beside
// Symbol and Time.
const (
	Trade      Kind = iota + 1 // TradeID, Price, Size, MovesLast, MovesRange, CountsVolume
	Quote                      // Bid, BidSize, Ask, AskSize: the whole best bid and offer; what is not valid is not there
	Day                        // PreviousClose with its date, Open, High, Low, Volume: those that are valid replace what was known
	Status                     // Halted, Limited
	Correction                 // TradeID of the trade, Price and Size that replace its own
	Cancel                     // TradeID of the trade that is taken back
	Break                      // the Tape forgets the symbol's order and day figures: a new round, a snapshot follows
)

// The kinds that speak of the source itself.
const (
	Received   Kind = iota + 32 // Symbol and Time are not needed: one message came, whatever it said
	Listed                      // Instrument: one that the source has, beside those of its list
	Subscribed                  // the vendor has confirmed that it sends Symbol
	Released                    // the source does not ask for Symbol any more
	Refused                     // Note says why the source cannot send Symbol
	Reported                    // Note is what the vendor said of the connection, and what to do about it; the source goes on
	Asked                       // the source asks its vendor for Symbol
)

// Update is what one message of a source says of one symbol, and only that.
type Update struct {
	Symbol quotes.Symbol
	Kind   Kind
	// Time is the source's; the receiver's where the source has none.
	Time time.Time

	// TradeID is the source's number of the trade, 0 where it has none.
	TradeID     uint64
	Price, Size decimal.Decimal
	// What a trade's conditions allow: to be the last price, to widen the
	// day's range, to be counted in the day's volume.
	MovesLast, MovesRange, CountsVolume bool
	// Regular says that the trade belongs to the regular session, whenever it
	// is told: the closing print comes after the close.
	Regular bool

	Bid, BidSize, Ask, AskSize decimal.NullDecimal

	PreviousClose, Open, High, Low, Volume decimal.NullDecimal
	// PreviousCloseDate is the trading day that PreviousClose is of, "2006-01-02",
	// where the source says it: vendors mistake it.
	PreviousCloseDate string

	// Halted says that nothing is traded, Limited that the price is at the edge of
	// the band that limits it.
	Halted, Limited bool

	Instrument *quotes.Instrument
	Note       string

	// Outcome is where what became of the update is written before emit returns;
	// nil where the source does not ask.
	Outcome *Outcome
}

// Failure is an error of a source that says how to go on. Its text is one line:
// what the vendor said.
type Failure struct {
	Err error
	// Advice is what the operator can do about it, "" for nothing.
	Advice string
	// Permanent says that another Run would meet the same: wrong credentials, a
	// malformed file. Run is not called again.
	Permanent bool
	// Slow says that calling again soon makes it worse: a limit of connections,
	// a vendor that asks for patience. The next Run waits a minute at least.
	Slow bool
	// After is for how long the vendor asks to be left alone, where it says so
	// and Slow is set: the next Run waits as long, up to an hour.
	After time.Duration
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// Permanent marks err as one that another Run would meet again.
func Permanent(err error) error { return &Failure{Err: err, Permanent: true} }

// IsPermanent says whether err, or an error that it wraps, is a permanent
// Failure.
func IsPermanent(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Permanent
}
