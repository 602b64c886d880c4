package deliver

import (
	"context"
	"errors"
	"time"
)

// Sender delivers to the channels of one kind. Any number may call it at once.
type Sender interface {
	// Send makes one try, until ctx ends at the latest. It returns nil when the
	// receiver has taken the message. An error of Gone, Permanent or RetryAfter
	// says what follows; any other is tried again later. The error's text is
	// shown to the owner of the channel: it says what to do where that is known,
	// and has no secret and nothing of the network that the program runs in.
	Send(ctx context.Context, c Channel, m Message) error
}

// Preparer is a Sender that looks at a channel before it is stored, whether it
// is new or was changed.
type Preparer interface {
	// Prepare checks the address (and, where there is one, the secret) and may
	// complete the channel: with a secret, or a better spelling of the address.
	// An error that wraps ErrInvalid is the owner's to mend.
	Prepare(ctx context.Context, c *Channel) error
}

// Confirmer is a Sender whose addresses must be confirmed before anything else is
// sent there.
type Confirmer interface {
	// SendCode sends the code that confirms the channel, as one try. The error
	// is as Send's.
	SendCode(ctx context.Context, c Channel, code string) error
}

// Namer is a Sender whose addresses are names that the operator has given.
type Namer interface{ Names() []string }

// Senders are those that there are, by kind. The map is not changed once it is
// in use.
type Senders map[Kind]Sender

// failure is an error that says what follows from it.
type failure struct {
	error
	gone, permanent bool
	after           time.Duration
}

func (f *failure) Unwrap() error { return f.error }

// Gone makes an error of a receiver that is no more: a push subscription is
// removed, another channel turned off.
func Gone(err error) error { return &failure{error: err, gone: true} }

// Permanent makes an error of a message that the receiver will never take: it is
// given up at once.
func Permanent(err error) error { return &failure{error: err, permanent: true} }

// RetryAfter makes an error of a receiver that asks to be left alone for a while.
func RetryAfter(wait time.Duration, err error) error { return &failure{error: err, after: wait} }

// Verdict is what an error of Send says of the try.
type Verdict struct {
	Gone, Permanent bool
	After           time.Duration // 0 where the receiver names no time
}

// VerdictOf reads an error of Send.
func VerdictOf(err error) Verdict {
	f, ok := errors.AsType[*failure](err)
	if !ok {
		return Verdict{}
	}
	return Verdict{Gone: f.gone, Permanent: f.permanent, After: f.after}
}
