package deliver

import (
	"context"
	"errors"
	"time"
)

// Errors that a Store's methods wrap.
var (
	ErrNoChannel      = errors.New("there is no such channel; it may have been deleted")
	ErrChannelChanged = errors.New("the channel was changed meanwhile; load it again and repeat the change")
	ErrTooMany        = errors.New("there are as many channels as a profile may have")
	ErrTestWaits      = errors.New("a test of this channel is under way already")
)

// State says how far a row of the outbox is.
type State string

// The states.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered"
	Dead      State = "dead" // given up
)

// RowID is the number of a row of the outbox. A notification to a channel has
// one row; numbers grow, and are not given again.
type RowID int64

// Delivery is a row of the outbox.
type Delivery struct {
	ID           RowID
	Channel      ChannelID
	Profile      int64
	Notification int64  // 0 is a test
	Payload      []byte // the notification as JSON
	Created      time.Time
	Due          time.Time // not to be tried before
	Tries        int64     // how many were begun
	State        State
	Error        string    // the last try's, for the channel's owner
	Ended        time.Time // when it was delivered or given up; zero while it waits
}

// Due is a row whose time has come.
type Due struct {
	ID      RowID
	Profile int64
}

// Result is what became of a try.
type Result struct {
	State State
	// Error is "" when it was delivered.
	Error string
	// Due is when a row that waits is tried again.
	Due time.Time
	// Close turns the channel off: what waits for it is given up too. Remove
	// deletes it.
	Close, Remove bool
}

// Outbox is the database behind a Runner. Several processes may work on one:
// leases share the rows. Any number may call every method at once; what is
// stored when one returns without an error survives a power cut.
type Outbox interface {
	// Due returns rows whose time has come at now, the longest due first, at
	// most limit: of each channel only the first of those that wait, and that
	// only while nobody has it by lease.
	Due(ctx context.Context, now time.Time, limit int) ([]Due, error)

	// Lease takes a row that is due, counts a try and returns it with its
	// channel: until the time given, or Finish, nobody else gets it. It is not
	// ok when it is no longer due, when the channel has had its rate (the row
	// is then due later), or when the channel has been turned off or is gone
	// (the row is then given up, unless it is a test).
	Lease(ctx context.Context, id RowID, now, until time.Time, rate Rate) (l Lease, ok bool, err error)

	// Finish stores what became of a try, in the row and in its channel. It does
	// nothing, and is not ok, when the lease is another's by now.
	Finish(ctx context.Context, l Lease, now time.Time, r Result) (ok bool, err error)

	// Free gives a row back whose try was cut short: it is due at once. FreeAll
	// gives back those of a process that ended without it, and is only for who
	// knows that no other process works on the outbox.
	Free(ctx context.Context, l Lease) error
	FreeAll(ctx context.Context) error

	// PruneOutbox removes rows that were delivered or given up before these
	// times, some at a time, and returns how many: 0 when there are no more.
	PruneOutbox(ctx context.Context, delivered, dead time.Time) (int, error)

	// Backlog returns how many rows wait, and since when the oldest does.
	Backlog(ctx context.Context) (waiting int, since time.Time, err error)
}

// Rate is how many rows of one channel may end within a time. Beyond, they wait.
type Rate struct {
	Count int
	Per   time.Duration
}

// Lease is a row that one process tries, and to what channel.
type Lease struct {
	Delivery Delivery
	Channel  Channel
	Until    time.Time
}

// Channels is the database behind what people set. Any number may call every
// method at once; what is stored when one returns without an error survives a
// power cut.
type Channels interface {
	// Channels returns those of a profile in the order of their numbers, and
	// Channel one of them, or an error that wraps ErrNoChannel.
	Channels(ctx context.Context, profile int64) ([]Channel, error)
	Channel(ctx context.Context, profile int64, id ChannelID) (Channel, error)

	// AddChannel stores c as it is but for its number and Version 1, and returns
	// it as stored. When the profile has most channels already the error wraps
	// ErrTooMany. Times are kept in microseconds. A browser's subscription that the
	// profile has already is not added again: its channel becomes what c says, with
	// the next Version.
	AddChannel(ctx context.Context, c Channel, most int) (Channel, error)

	// UpdateChannel stores what people set in place of the channel whose ID,
	// Profile and Version are c's, and returns it as stored, with the next
	// Version. What the deliveries say of it stays, unless the address is
	// another. Otherwise the error wraps ErrNoChannel or ErrChannelChanged.
	UpdateChannel(ctx context.Context, c Channel) (Channel, error)

	// DeleteChannel removes a profile's channel with its rows. The error may
	// wrap ErrNoChannel.
	DeleteChannel(ctx context.Context, profile int64, id ChannelID) error

	// AddTest adds a row for a test, and makes what waits before it due at
	// once. The error may wrap ErrNoChannel, or ErrTestWaits while another test
	// of the channel waits.
	AddTest(ctx context.Context, profile int64, id ChannelID, payload []byte, now time.Time) (RowID, error)

	// Deliveries returns the last rows of a channel with a number below before
	// (0: from the newest), newest first, at most limit.
	Deliveries(ctx context.Context, profile int64, id ChannelID, before RowID, limit int) ([]Delivery, error)
}
