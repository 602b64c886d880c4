package alert

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// MaxMessage is the length of the longest message, in characters.
const MaxMessage = 1000

const (
	// MaxLink is the length of the longest link, in characters.
	MaxLink = 500
	// maxRule bounds Notification.Rule, in characters.
	maxRule = 100
)

// ErrInvalid is what every refusal of a notification wraps. Its text is for the
// one who made the notification and says what to change.
var ErrInvalid = errors.New("invalid notification")

// Type is how a notification is meant.
type Type string

// The types.
const (
	Info    Type = "info"
	Success Type = "success"
	Warning Type = "warning"
	Error   Type = "error"
)

// ParseType takes a type as it is on the wire, in lower case.
func ParseType(s string) (Type, error) {
	switch t := Type(s); t {
	case Info, Success, Warning, Error:
		return t, nil
	}
	return "", fmt.Errorf("%w: the type is %s, success, warning or %s", ErrInvalid, Info, Error)
}

// Kind is where a notification comes from.
type Kind string

// The kinds. Notifications from before there were kinds have none.
const (
	KindMessage  Kind = "message"  // the operator has sent it
	KindAlert    Kind = "alert"    // a rule has fired
	KindIncident Kind = "incident" // a feed has failed or works again
)

// Notification is one entry of the log. Price, Rule and RuleID are an alert's;
// the zero value of what is not needed says that there is none.
type Notification struct {
	// ID is the number that the Store gave, 0 before.
	ID   int64
	Type Type
	// Message is plain text: 1 to MaxMessage characters.
	Message string
	// Time is when it was made; the Store keeps microseconds.
	Time   time.Time
	Symbol quotes.Symbol
	Price  decimal.NullDecimal
	// Rule says what the rule that fired waited for, RuleID is its number.
	Rule   string
	RuleID RuleID

	// Profile is for whom it is, 0 for everybody; it is not on the wire.
	// Watchers says that of everybody it is for those who watch Symbol.
	Profile  int64
	Watchers bool
	Kind     Kind
	// Deliver is the rule's, as it was then.
	Deliver string
	// Link is an http(s) address, or a path of ours.
	Link string
	// Expires is when it is not shown any more; zero is never. The Store keeps
	// microseconds.
	Expires time.Time
}

// Expired says that n is not to be shown at now.
func (n *Notification) Expired(now time.Time) bool {
	return !n.Expires.IsZero() && !now.Before(n.Expires)
}

// Validate says whether the log may hold n. Every error wraps ErrInvalid.
func (n *Notification) Validate() error {
	if _, err := ParseType(string(n.Type)); err != nil {
		return err
	}
	if err := validText("message", n.Message, MaxMessage); err != nil {
		return err
	}
	if strings.TrimSpace(n.Message) == "" {
		return fmt.Errorf("%w: the message is empty; write 1 to %d characters", ErrInvalid, MaxMessage)
	}
	if year := n.Time.UTC().Year(); year < 1970 || year > 9999 {
		return fmt.Errorf("%w: the time is not between the years 1970 and 9999", ErrInvalid)
	}
	if err := cmp.Or(validText("rule", n.Rule, maxRule), validText("delivery", n.Deliver, maxDeliver)); err != nil {
		return err
	}
	if err := cmp.Or(n.checkAddressee(), n.checkLink(), n.checkExpiry()); err != nil {
		return err
	}
	if n.Price.Valid {
		if _, err := quotes.ParseDecimal(quotes.FormatDecimal(n.Price.Decimal)); err != nil {
			return fmt.Errorf("%w: the price: %w", ErrInvalid, err)
		}
	}
	return nil
}

func (n *Notification) checkAddressee() error {
	switch n.Kind {
	case "", KindMessage, KindAlert, KindIncident:
	default:
		return fmt.Errorf("%w: the kind is message, alert or incident", ErrInvalid)
	}
	switch {
	case n.Profile < 0:
		return fmt.Errorf("%w: the profile is a number above 0, or none for everybody", ErrInvalid)
	case n.Profile != 0 && n.Watchers:
		return fmt.Errorf("%w: it is for one profile and for watchers; choose one of them", ErrInvalid)
	case n.Watchers && n.Symbol.IsZero():
		return fmt.Errorf("%w: it is for the watchers of no symbol; name one", ErrInvalid)
	}
	return nil
}

// checkLink takes what is safe as the address of a link: a scheme of the web
// with a host, or a path that cannot be taken for another host.
func (n *Notification) checkLink() error {
	if n.Link == "" {
		return nil
	}
	if err := validText("link", n.Link, MaxLink); err != nil {
		return err
	}
	u, err := url.Parse(n.Link)
	web := err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
	path := err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(n.Link, "/") && !strings.HasPrefix(n.Link, "//")
	if !web && !path || strings.ContainsAny(n.Link, "\\ \t\n") {
		return fmt.Errorf("%w: the link is no address of the web; write https://… or a path of this site, as /q/AAPL", ErrInvalid)
	}
	return nil
}

func (n *Notification) checkExpiry() error {
	switch {
	case n.Expires.IsZero():
		return nil
	case n.Expired(n.Time):
		return fmt.Errorf("%w: it would have expired at %s; choose a later time", ErrInvalid, n.Expires.UTC().Format(time.RFC3339))
	case n.Expires.UTC().Year() > 9999:
		return fmt.Errorf("%w: it expires after the year 9999; choose an earlier time, or none", ErrInvalid)
	}
	return nil
}

// validText checks what pages and streams show as plain text.
func validText(what, text string, most int) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%w: the %s is not valid UTF-8; send it as UTF-8", ErrInvalid, what)
	}
	if count := utf8.RuneCountInString(text); count > most {
		return fmt.Errorf("%w: the %s has %d characters; shorten it to %d", ErrInvalid, what, count, most)
	}
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return fmt.Errorf("%w: the %s has the control character U+%04X; of those only line feed and tab are allowed", ErrInvalid, what, r)
		}
	}
	return nil
}
