package feedtest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// VendorCase is a source that speaks with a vendor, and how that vendor speaks:
// enough for the suite to play the vendor on this machine. The functions are
// called by many goroutines at once.
type VendorCase struct {
	// Scheme and URL open the source.
	Scheme feed.Scheme
	URL    string
	// Settings are the secrets that it needs, by their names ("ALPACA_KEY").
	Settings map[string]string
	// Addresses are the names of the settings that say where the vendor is
	// ("ALPACA_URL"); each gets the address of the played one.
	Addresses []string

	// Symbols is what the vendor has: three at least, with a Limit two more
	// than that. The source has to list them.
	Symbols []quotes.Symbol
	// Limit is how many symbols the source may be subscribed to at once, 0 is
	// any number.
	Limit int
	// Rate is how many messages a second the vendor takes of a client, 0 is any
	// number.
	Rate int

	// Greet is what the vendor does with a new connection; nil is nothing.
	Greet func(c *Client)
	// Receive takes one message of the client. What it asks for goes to
	// c.Subscribe and c.Unsubscribe, which have Answer write the answer;
	// anything else (an authentication, a ping) Receive answers itself. What a
	// client must not send goes to c.Complain.
	Receive func(c *Client, msg []byte)
	// Answer writes the vendor's answer to a request; nil where it gives none.
	Answer func(c *Client, a Answer)
	// REST answers the requests that are not for the socket, with v.Figures for
	// the snapshots; nil where the source makes none.
	REST func(v *Vendor, w http.ResponseWriter, r *http.Request)
	// Trade writes a message that tells of one trade and of nothing else, Quote
	// one of a best bid and offer; Quote is nil where the vendor has none. The numbers are
	// text, and may be malformed: the message has them as they are.
	Trade func(TradeFrame) string
	Quote func(QuoteFrame) string

	// Unconfirmed says that the vendor does not answer a subscription: that
	// data come confirms it.
	Unconfirmed bool
	// Unrefusing says that the vendor has no answer that refuses a symbol.
	Unrefusing bool
	// NoPreviousClose says that the snapshots tell none.
	NoPreviousClose bool

	// Control are messages that the vendor sends beside data: heartbeats and
	// such. Unknown are sound ones of kinds that the source does not know.
	Control, Unknown []string
	// Faults are how the vendor says no.
	Faults []Fault
	// Recorded are real messages.
	Recorded []Recording

	patience time.Duration // for what has to come; 0 is vendorPatience
}

// TradeFrame is a trade to be told. Time has whole milliseconds.
type TradeFrame struct {
	Symbol      quotes.Symbol
	ID          uint64
	Price, Size string
	Time        time.Time
}

// QuoteFrame is a best bid and offer to be told. Time has whole milliseconds.
type QuoteFrame struct {
	Symbol                     quotes.Symbol
	Bid, BidSize, Ask, AskSize string
	Time                       time.Time
}

// Figures are what a snapshot says of a symbol.
type Figures struct {
	PreviousClose, Open, High, Low, Volume string
	Last, LastSize                         string // the last trade
	LastID                                 uint64
	Bid, BidSize, Ask, AskSize             string
	Time                                   time.Time // of all of it, in whole milliseconds
}

// Fault is one way in which the vendor says no, and what the source makes of it.
type Fault struct {
	Name string
	At   Stage
	// Do is what the vendor does then; with Upgrade and REST it answers with
	// Status and Body.
	Do     func(c *Client)
	Status int
	Body   string
	Want   Ending
	// Says is in what the operator gets to see: the error, its Advice, or the
	// note where the source goes on.
	Says string
}

// Stage is when a fault happens.
type Stage int

// The stages.
const (
	Upgrade   Stage = iota // in place of taking the connection
	REST                   // in answer to every request that is not for the socket
	Hello                  // in place of Greet; what the client sends is not answered
	First                  // in place of Receive for the client's first message; more is not answered
	Asked                  // in place of Answer
	Streaming              // once symbols are subscribed
)

// Ending is what a source makes of a fault.
type Ending int

// The endings.
const (
	Retried Ending = iota // Run returns an error and is called again soon
	Slowly                // a Failure that is Slow
	ForGood               // a Failure that is Permanent
	GoesOn                // the source reports it, or refuses the symbols, and the connection is used on
)

// Recording is a file of real messages in shared/feeds/recorded.
type Recording struct {
	File string
	// Symbols are those that the messages speak of; they are of the case's.
	Symbols []quotes.Symbol
	// Updates is how many trades, quotes and day figures they tell.
	Updates int
}

// vendorCheck is one promise of the suite.
type vendorCheck struct {
	name  string
	check func(context.Context, VendorCase) error
}

// vendorChecks are all that need no more than the case.
var vendorChecks = []vendorCheck{
	{"SaysWhatItIs", checkVendorSpec},
	{"SaysWhichSecretIsMissing", checkMissingSecret},
	{"StopsAtAnyMoment", checkStops},
	{"FollowsDemand", checkDemand},
	{"AsksForTheSymbolsOfItsURL", checkURLSymbols},
	{"KeepsToTheLimit", checkLimit},
	{"BelievesTheAnswerNotTheQuestion", checkConfirmation},
	{"SaysWhatItCannotGet", checkRefusal},
	{"KeepsNumbersExactly", checkExact},
	{"CountsWhatItDoesNotUse", checkUnused},
	{"LivesThroughGarbage", checkGarbage},
	{"LivesThroughAFlood", checkFlood},
	{"LivesWithAWrongClock", checkClock},
	{"TellsOldTradesAsOld", checkOldTrades},
	{"AnswersPings", checkPings},
	{"ComesBackWithASnapshot", checkReturn},
}

// RunVendor checks the source of c against the vendor that c describes, one
// subtest for each promise. It runs in real time, on loopback.
func RunVendor(t *testing.T, c VendorCase) {
	t.Helper()
	run := func(t *testing.T, check func(context.Context) error) {
		t.Helper()
		noneLeft := leftovers()
		if err := check(t.Context()); err != nil {
			t.Error(err)
		}
		if err := noneLeft(); err != nil {
			t.Error(err)
		}
	}
	for _, v := range vendorChecks {
		t.Run(v.name, func(t *testing.T) {
			run(t, func(ctx context.Context) error { return v.check(ctx, c) })
		})
	}
	for _, f := range append(c.commonFaults(), c.Faults...) {
		t.Run("Fault/"+f.Name, func(t *testing.T) {
			run(t, func(ctx context.Context) error { return checkFault(ctx, c, f) })
		})
	}
	for _, r := range c.Recorded {
		t.Run("Recorded/"+r.File, func(t *testing.T) {
			frames := Recorded(t, r.File)
			run(t, func(ctx context.Context) error { return checkRecorded(ctx, c, r, frames) })
		})
	}
}
