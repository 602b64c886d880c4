package alert

import (
	"fmt"
	"net/url"

	"github.com/tickboard/tickboard/quotes"
)

// Text says in a few words what the rule waits for, as "above 100".
func (r *Rule) Text() string {
	level := quotes.FormatDecimal(r.Level.Decimal)
	way := "up"
	if r.Level.Decimal.Sign() < 0 {
		way, level = "down", quotes.FormatDecimal(r.Level.Decimal.Neg())
	}
	switch r.Condition {
	case Above, Below:
		return string(r.Condition) + " " + level
	case CrossesUp:
		return "rises to " + level
	case CrossesDown:
		return "falls to " + level
	case Crosses:
		return "crosses " + level
	case PercentDay:
		return fmt.Sprintf("%s %s%% on the day", way, level)
	case PercentWindow:
		return fmt.Sprintf("%s %s%% within %s", way, level, windowText(int64(r.Window.Minutes())))
	case DayHigh:
		return "new high of the day"
	case DayLow:
		return "new low of the day"
	case VolumeAbove:
		return "volume above " + level
	case SpreadAbove:
		return "spread above " + level
	case Halted:
		return "trading halted"
	case Resumed:
		return "trading resumed"
	case Stale:
		return "no quotes any more"
	}
	return string(r.Condition)
}

func windowText(minutes int64) string {
	switch {
	case minutes == 1:
		return "a minute"
	case minutes < 60:
		return fmt.Sprintf("%d minutes", minutes)
	case minutes == 60:
		return "an hour"
	}
	return fmt.Sprintf("%d hours", minutes/60)
}

// Notification is what the log gets of a firing.
func (f *Firing) Notification() Notification {
	r := &f.Rule
	n := Notification{
		Type: Info, Time: f.Time, Symbol: r.Symbol, Price: f.Price, Rule: r.Text(), RuleID: r.ID,
		Profile: r.Profile, Kind: KindAlert, Link: "/q/" + (&url.URL{Path: r.Symbol.String()}).EscapedPath(), Deliver: r.Deliver,
	}
	n.Message = r.Symbol.String() + ": " + r.Text()
	if f.Price.Valid {
		n.Message += ", at " + quotes.FormatDecimal(f.Price.Decimal)
	}
	if f.Late {
		n.Message += " (late: it happened while nobody looked)"
	}
	if r.Note != "" {
		n.Message += "\n" + r.Note
	}
	return n
}
