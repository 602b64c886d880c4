package alert

import (
	"context"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Errors that a RuleStore's methods wrap.
var (
	ErrNoRule      = errors.New("there is no such alert; it may have been deleted")
	ErrRules       = errors.New("there are too many alerts")
	ErrRuleChanged = errors.New("the alert was changed meanwhile; load it again and repeat the change")
)

// RuleStore is the database behind the rules. Any number may call every method
// at once; what is stored when one returns without an error survives a power cut.
type RuleStore interface {
	// Rules returns the first rules above the number after, in the order of
	// their numbers, at most limit. RulesOf returns those of a profile, and Rule
	// one, or an error that wraps ErrNoRule.
	Rules(ctx context.Context, after RuleID, limit int) ([]Rule, error)
	RulesOf(ctx context.Context, profile int64) ([]Rule, error)
	Rule(ctx context.Context, id RuleID) (Rule, error)

	// AddRule stores r as it is but for its number and the Version and Since 1, and
	// returns it as stored. Times are kept in microseconds. Where the profile has most
	// rules already the error wraps ErrRules; 0 is any number.
	AddRule(ctx context.Context, r Rule, most int) (Rule, error)

	// UpdateRule stores r in place of the rule of its number whose Version and
	// Profile are r's, and returns it as stored, with the next Version. Its
	// Symbol, Created and State.Count stay. Without anew only Cooldown, Note,
	// Expires and Deliver change. Otherwise the error wraps ErrNoRule or
	// ErrRuleChanged.
	UpdateRule(ctx context.Context, r Rule, anew bool) (Rule, error)

	// DeleteRule removes a profile's rule; its history stays. The error may
	// wrap ErrNoRule.
	DeleteRule(ctx context.Context, profile int64, id RuleID) error

	// RestoreRule brings back a profile's rule that was deleted after a time, as it
	// was but for the next Version; one that is there is returned as it is. The
	// error may wrap ErrNoRule, and ErrRules as AddRule's.
	RestoreRule(ctx context.Context, profile int64, id RuleID, deletedAfter time.Time, most int) (Rule, error)

	// RuleChanges returns what people changed of rules after the number after, in
	// the order of their changes, at most limit, and the number to ask with the
	// next time. Several changes of a rule count as the last one. With a limit of
	// 0 it returns the newest number. Numbers become visible in their order.
	RuleChanges(ctx context.Context, after int64, limit int) (list []RuleChange, newest int64, err error)

	// Fire stores a batch in one transaction: of each the rule's new state and,
	// where it fired, its notification and its entry in the history; if the
	// rule's state has not begun anew since the firing's Version. It answers
	// each in the order of the batch, and may be called again with the same
	// batch when it is not known whether it succeeded.
	Fire(ctx context.Context, batch []Firing) ([]Fired, error)

	// History returns the last firings that are asked for, newest first. They are
	// kept as long as their notifications.
	History(ctx context.Context, of PastQuery) ([]Past, error)
}

// PastQuery says which firings of a profile are asked for.
type PastQuery struct {
	Profile int64
	Rule    RuleID        // 0 is every rule
	Symbol  quotes.Symbol // the zero Symbol is every symbol
	Before  int64         // those with a number below it; 0 is from the newest
	Limit   int           // at most so many
}

// RuleChange is a rule as somebody has set it or, where it is Gone, its number
// and symbol.
type RuleChange struct {
	Rule Rule
	Gone bool
}

// Firing is a change of a rule's state by the engine and, where the rule fired,
// what it fired at.
type Firing struct {
	Rule  Rule               // with its new State
	Quote *quotes.StockQuote // what it fired at, as it was then; nil: it did not fire
	Price decimal.NullDecimal
	Time  time.Time // when it was decided, by our clock
	Late  bool      // it had happened before, while nobody looked
}

// Outcome says what Fire made of a firing.
type Outcome int

// The outcomes.
const (
	Stored     Outcome = iota // it is stored, by this call
	StoredThen                // it was stored already, by an earlier call or another process
	LeftOut                   // the rule has changed or gone meanwhile: nothing is stored
)

// Fired is what became of a firing.
type Fired struct {
	Rule    RuleID
	Outcome Outcome
	// Notification is its notification as stored, with its number, where the
	// outcome is Stored and the rule fired.
	Notification Notification
}

// Past is a firing in the history.
type Past struct {
	Number  int64 // its notification's
	Rule    RuleID
	Message string
	Time    time.Time
	Price   decimal.NullDecimal
	Late    bool
	Quote   quotes.StockQuote // at that moment
}
