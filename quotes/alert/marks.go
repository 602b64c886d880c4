package alert

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// MaxMarked is how many notifications one change of marks may name.
const MaxMarked = 500

// ErrMarksMoved refuses to take back a clearing after which more was cleared.
var ErrMarksMoved = errors.New("more notifications have been cleared since")

// Query chooses among the notifications that an audience sees. The zero value
// of a field is any.
type Query struct {
	Audience
	// Now is when; what has expired by then is left out.
	Now    time.Time
	Before int64 // numbers below it
	Limit  int
	Type   Type
	Kind   Kind
	Symbol quotes.Symbol
	// Text is looked for in message and symbol, in upper and lower case alike.
	Text string
	// Unread leaves out what is read.
	Unread bool
}

// Noted is a notification with its reader's mark.
type Noted struct {
	Notification
	Read bool
}

// MarshalJSON implements json.Marshaler: the notification, with "read".
func (n Noted) MarshalJSON() ([]byte, error) {
	dst := n.AppendJSON(make([]byte, 0, 256))
	return append(strconv.AppendBool(append(dst[:len(dst)-1], `,"read":`...), n.Read), '}'), nil
}

// Standing is where a reader is in the log.
type Standing struct {
	// Unread counts what is neither read nor cleared, up to MostUnread.
	Unread int
	// Version is that of the marks; it only grows, and is 0 for nobody.
	Version int64
}

// MostUnread is how far Standing counts.
const MostUnread = 1000

// Choice names notifications: all up to a number, or each of some.
type Choice struct {
	UpTo int64   `json:"up_to,omitempty"`
	IDs  []int64 `json:"ids,omitempty"`
}

// Undo is what takes a clearing back.
type Undo struct {
	// UpTo is up to which number all were cleared before InsteadOf.
	UpTo      int64 `json:"up_to,omitempty"`
	InsteadOf int64 `json:"instead_of,omitempty"`
	// IDs are those that were cleared one by one.
	IDs []int64 `json:"ids,omitempty"`
}

// MarkStore keeps what each profile has read and cleared. Every change of it
// has a new version. Any number may call every method at once.
type MarkStore interface {
	// Noted returns what a query chooses and its reader has not cleared, newest
	// first.
	Noted(ctx context.Context, q Query) ([]Noted, error)

	// Standing says how much of what an audience sees is unread at a moment, of
	// those up to a number or, with 0, of all.
	Standing(ctx context.Context, a Audience, upTo int64, now time.Time) (Standing, error)

	// MarkRead marks as read, or as unread again, which only those named one by
	// one can be. Where the profile is gone it is the profiles' own error, as with
	// the others.
	MarkRead(ctx context.Context, profile int64, which Choice, read bool) error

	// Clear takes notifications out of the panel.
	Clear(ctx context.Context, profile int64, which Choice) (Undo, error)

	// Restore takes a clearing back, or returns ErrMarksMoved. What was taken back already
	// stays so.
	Restore(ctx context.Context, profile int64, what Undo) error
}
