package alert

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// MaxMessage is the length of the longest message, in characters.
const MaxMessage = 1000

// maxRule bounds Notification.Rule, in characters.
const maxRule = 100

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

// Notification is one entry of the log. Symbol, Price and Rule are an alert's;
// their zero values say that there is none.
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
	// Rule names the rule that fired.
	Rule string
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
	if err := validText("rule", n.Rule, maxRule); err != nil {
		return err
	}
	if n.Price.Valid {
		if _, err := quotes.ParseDecimal(quotes.FormatDecimal(n.Price.Decimal)); err != nil {
			return fmt.Errorf("%w: the price: %w", ErrInvalid, err)
		}
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
