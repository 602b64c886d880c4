package deliver

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrInvalid is what every refusal of a channel wraps. Its text is for the one
// who sets the channel and says what to change.
var ErrInvalid = errors.New("invalid channel")

// Bounds of what a channel has.
const (
	MaxName    = 80   // characters
	MaxAddress = 2048 // bytes
)

// ChannelID is a channel's number, given by the Store.
type ChannelID int64

// Kind says how a channel reaches its person.
type Kind string

// The kinds.
const (
	Push    Kind = "push"    // a browser's push subscription; Address is its endpoint, Secret its keys
	Email   Kind = "email"   // Address is a mail address, to be confirmed
	Ntfy    Kind = "ntfy"    // Address is a topic's URL
	Slack   Kind = "slack"   // Address is the URL of an incoming webhook; others understand the same
	Discord Kind = "discord" // Address is the URL of a webhook
	Webhook Kind = "webhook" // Address is a URL; Secret signs what is posted
	Post    Kind = "post"    // Address is a URL that takes plain text
	Service Kind = "service" // Address is the name of a service of the operator
)

// Channel is one way to reach a person.
type Channel struct {
	ID      ChannelID
	Profile int64 // whose it is
	Kind    Kind
	Name    string // for its owner: 1 to MaxName characters
	Address string // by Kind
	Secret  string // by Kind; it leaves the server at most once, at the making
	Enabled bool
	// Alerts and Messages say what it takes: the alerts of its owner that do not
	// say otherwise, and what the operator sends.
	Alerts, Messages bool
	// Confirmed is when its owner proved that the address is theirs; zero is not
	// yet. Only addresses of mail need it.
	Confirmed time.Time
	// CodeHash is the SHA-256 of the code that confirms it, in hexadecimal
	// digits, and after a space the second since 1970 at which it ends; "" when
	// there is none.
	CodeHash string
	Created  time.Time
	// Version counts the changes that people make: 1, 2, 3 and so on.
	Version int64

	Delivered time.Time // when it last took something; zero is never
	Failing   time.Time // since when it has taken nothing of what it was sent; zero: it does
	Error     string    // what became of the last try that failed, for its owner
}

// Usable says that the channel is given what comes.
func (c *Channel) Usable() bool { return c.Enabled && !c.Confirmed.IsZero() }

// Validate says whether the name and the address may be stored; what an address
// must be beyond that its kind's Sender says. Every error wraps ErrInvalid.
func (c *Channel) Validate() error {
	if strings.TrimSpace(c.Name) == "" {
		return fmt.Errorf("%w: the name is empty; write 1 to %d characters", ErrInvalid, MaxName)
	}
	if err := plainText("name", c.Name); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(c.Name); n > MaxName {
		return fmt.Errorf("%w: the name has %d characters; shorten it to %d", ErrInvalid, n, MaxName)
	}
	if c.Address == "" {
		return fmt.Errorf("%w: the address is empty", ErrInvalid)
	}
	if len(c.Address) > MaxAddress {
		return fmt.Errorf("%w: the address has %d bytes; at most %d are allowed", ErrInvalid, len(c.Address), MaxAddress)
	}
	return plainText("address", c.Address)
}

// plainText refuses what no line of text has.
func plainText(what, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: the %s is not valid UTF-8", ErrInvalid, what)
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%w: the %s has control characters; write it on one line", ErrInvalid, what)
	}
	return nil
}
