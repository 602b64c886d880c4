package alert

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// RuleID is a rule's number, given by the RuleStore.
type RuleID int64

// Condition says what a rule waits for.
type Condition string

// The conditions. Which price is meant the rule's Sessions say.
const (
	Above       Condition = "above"        // the price is above Level; at Level it is not
	Below       Condition = "below"        // the price is below Level; at Level it is not
	CrossesUp   Condition = "crosses_up"   // the price was below Level and is now at Level or above
	CrossesDown Condition = "crosses_down" // the price was above Level and is now at Level or below
	Crosses     Condition = "crosses"      // either of the two
	// PercentDay: the price is Level percent or more above the previous close
	// or, for a Level below zero, that much or more below it.
	PercentDay Condition = "percent_day"
	// PercentWindow: the price is Level percent or more above the lowest one of
	// the last Window or, for a Level below zero, that much or more below the
	// highest one.
	PercentWindow Condition = "percent_window"
	DayHigh       Condition = "day_high"     // the day has a new high; the first price of a day is none
	DayLow        Condition = "day_low"      // the day has a new low
	YearHigh      Condition = "year_high"    // not offered: no source gives 52-week figures
	YearLow       Condition = "year_low"     // not offered, as YearHigh
	VolumeAbove   Condition = "volume_above" // the day's volume is above Level
	SpreadAbove   Condition = "spread_above" // ask less bid is above Level
	Halted        Condition = "halted"       // trading was halted
	Resumed       Condition = "resumed"      // a halt has ended
	Stale         Condition = "stale"        // the quote has become stale; the one condition that a stale quote meets
)

// Repeat says what becomes of a rule that has fired.
type Repeat string

// The ways to repeat.
const (
	Once   Repeat = "once"   // it has done its work
	Always Repeat = "always" // it fires every time, but not before Cooldown has passed
	Daily  Repeat = "daily"  // it begins anew with the exchange's next trading day
)

// Sessions says whose prices a rule counts.
type Sessions string

// The sessions. The price of the regular session is StockQuote.Price, whenever
// it is told (the closing print comes after the close); that of the extended ones
// is ExtendedPrice.
const (
	RegularOnly  Sessions = "regular"
	ExtendedOnly Sessions = "extended"
	AllSessions  Sessions = "both"
)

// Phase says what a rule waits for.
type Phase string

// The phases.
const (
	Fresh Phase = ""      // as newly set: armed; one that crosses waits for a first price beside the line
	Under Phase = "under" // armed, the price is below the line (rules that cross)
	Over  Phase = "over"  // armed, the price is above the line (rules that cross)
	Spent Phase = "spent" // it has fired, or its moment passed during a cooldown, and it is not armed again yet
)

// State is what the engine keeps of a rule.
type State struct {
	Phase Phase
	Fired time.Time // when it last fired, by our clock; zero is never
	Count int64     // how often it has fired; it never goes back
	// Day is the trading day of the quote that last changed Phase, as
	// quotes.Day.Date; At is that quote's version, High and Low are its day's.
	Day       string
	At        int64
	High, Low decimal.NullDecimal
}

// Rule is one alert that a person has set.
type Rule struct {
	ID        RuleID
	Profile   int64 // whose it is
	Symbol    quotes.Symbol
	Condition Condition
	// Level is a price, percent, volume or spread, by Condition.
	Level decimal.NullDecimal
	// Window is one of Windows.
	Window time.Duration
	// Hysteresis is how far the value must go back from Level before a rule
	// that repeats is armed again; for a day's high or low, how far the price
	// must come back from it. Without one it is five ticks, where the tick size
	// is not known a twentieth of a percent of Level; for percents a quarter of
	// a point (of small ones a tenth of Level), for volumes nothing.
	Hysteresis decimal.NullDecimal
	Repeat     Repeat
	Cooldown   time.Duration
	Sessions   Sessions
	Note       string
	// Deliver is how it reaches its owner beside the panel: "" as the profile has
	// it, "none", or a comma list of sound, browser and numbers of channels.
	Deliver string
	Expires time.Time // zero is never
	Paused  bool
	Created time.Time
	// Version counts the changes that people make: 1, 2, 3 and so on. The
	// engine's leave it as it is.
	Version int64
	// Since is the Version with which State began anew: the last one that changed
	// what it waits for, or paused it. Those after it changed Cooldown, Note,
	// Expires and Deliver at most.
	Since int64
	State State
}

// StartsAnew says that r, in place of old, begins as if it had just been set.
func (r *Rule) StartsAnew(old *Rule) bool {
	return r.Condition != old.Condition || !equal(r.Level, old.Level) || r.Window != old.Window || !equal(r.Hysteresis, old.Hysteresis) ||
		r.Repeat != old.Repeat || r.Sessions != old.Sessions || r.Paused != old.Paused
}

// Done says that the rule fires no more unless somebody changes it: it has fired
// its one time, is paused, or has expired at now.
func (r *Rule) Done(now time.Time) bool {
	return r.Paused || r.Repeat == Once && r.State.Phase == Spent || r.expired(now)
}

func (r *Rule) expired(now time.Time) bool { return !r.Expires.IsZero() && !now.Before(r.Expires) }

// Completed returns r with what may be left out: Once, RegularOnly.
func (r Rule) Completed() Rule {
	if r.Repeat == "" {
		r.Repeat = Once
	}
	if r.Sessions == "" {
		r.Sessions = RegularOnly
	}
	return r
}
