package views

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Alert is one of the viewer's own alerts. Its words are those of the REST API.
type Alert struct {
	ID, Version int64
	Symbol      quotes.Symbol
	Condition   string // above, below, crosses_up …
	Level       decimal.NullDecimal
	Window      time.Duration
	Hysteresis  decimal.NullDecimal
	Repeat      string // once, always, daily
	Cooldown    time.Duration
	Sessions    string // regular, extended, both
	Note        string
	Expires     time.Time // zero is never
	Deliver     string    // "" as the profile has it, "none", or a comma list
	Paused      bool
	// Spent says that it has fired and is not armed again yet.
	Spent bool
	Fired time.Time // zero is never
	Count int64
}

// AlertGroup is the alerts of one symbol, with its quote.
type AlertGroup struct {
	Row
	// Missing says that no source has the symbol now.
	Missing bool
	Alerts  []Alert
}

// Firing is one line of the history.
type Firing struct {
	ID         int64
	Instrument quotes.Instrument
	Message    string // as the notification had it
	Time       time.Time
	Price      decimal.NullDecimal
	Late       bool
	Quote      *quotes.StockQuote // at that moment
}

// History is the newest firings, or those before a number.
type History struct {
	Firings []Firing
	Older   bool // there are older ones
	// Symbol bounds it to one symbol, the zero symbol does not.
	Symbol quotes.Symbol
}

// SymbolAlertList is the alerts of one symbol, and what fired last.
type SymbolAlertList struct {
	Alerts  []Alert
	History History
	Version int64
}

// plainPrice is the newest price without marks between the thousands, for a
// field; "" without one.
func plainPrice(r Row) string {
	if r.Quote == nil || !r.Quote.Price.Valid {
		return ""
	}
	return r.Quote.Price.Decimal.StringFixed(places(r.Instrument.Decimals))
}

// AlertsPage is "/alerts".
type AlertsPage struct {
	Site
	AlertList
	History
	LastID int64
	Bell
	MarketWords
}

// AlertList is the viewer's alerts, by symbol.
type AlertList struct {
	Groups []AlertGroup
	// Version grows with every change of them.
	Version int64
	// Most is how many there may be.
	Most int
	// Away says that they cannot be read now.
	Away bool
}

// Count is how many there are.
func (l AlertList) Count() int {
	n := 0
	for _, g := range l.Groups {
		n += len(g.Alerts)
	}
	return n
}

// condition is what a person may choose to wait for. Its value is the API's word
// and, for a level that has a sign, + or − behind it.
type condition struct {
	Value, Label string
	// Level is what the level is a number of: price, percent, volume, spread; ""
	// without one.
	Level               string
	Window, Back, Timed bool
}

// conditions are all that are offered, in their groups.
var conditions = []struct {
	Name string
	List []condition
}{
	{"Price", []condition{
		{"above", "Price above", "price", false, true, true},
		{"below", "Price below", "price", false, true, true},
		{"crosses_up", "Price rises to", "price", false, true, true},
		{"crosses_down", "Price falls to", "price", false, true, true},
		{"crosses", "Price crosses, either way", "price", false, true, true},
	}},
	{"Change", []condition{
		{"percent_day+", "Up on the day by", "percent", false, true, true},
		{"percent_day-", "Down on the day by", "percent", false, true, true},
		{"percent_window+", "Up within a time by", "percent", true, true, true},
		{"percent_window-", "Down within a time by", "percent", true, true, true},
	}},
	{"The day", []condition{
		{"day_high", "New high of the day", "", false, true, false},
		{"day_low", "New low of the day", "", false, true, false},
		{"volume_above", "Volume above", "volume", false, true, false},
		{"spread_above", "Spread above", "spread", false, true, true},
	}},
	{"Trading", []condition{
		{"halted", "Trading halted", "", false, false, false},
		{"resumed", "Trading resumed", "", false, false, false},
		{"stale", "No quotes any more", "", false, false, false},
	}},
}

var (
	windowOptions = []option{
		{"1m", "1 minute"}, {"5m", "5 minutes"}, {"15m", "15 minutes"}, {"30m", "30 minutes"},
		{"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "24 hours"},
	}
	repeatOptions   = []option{{"once", "Once"}, {"always", "Every time"}, {"daily", "Once a day"}}
	cooldownOptions = []option{
		{"1m", "1 minute"}, {"5m", "5 minutes"}, {"15m", "15 minutes"}, {"1h", "1 hour"}, {"4h", "4 hours"}, {"24h", "1 day"},
	}
	sessionOptions = []option{
		{"regular", "Regular hours"}, {"extended", "Extended hours"}, {"both", "Regular and extended hours"},
	}
)

// Words says what the alert waits for, as "above 190.00".
func (a Alert) Words(in quotes.Instrument) string {
	level := a.LevelWords(in)
	percent := func() string {
		if a.Level.Decimal.Sign() < 0 {
			return "down " + strings.TrimPrefix(level, minus) + "%"
		}
		return "up " + level + "%"
	}
	switch a.Condition {
	case "above", "below", "crosses":
		return a.Condition + " " + level
	case "crosses_up":
		return "rises to " + level
	case "crosses_down":
		return "falls to " + level
	case "percent_day":
		return percent() + " on the day"
	case "percent_window":
		return percent() + " within " + span(a.Window)
	case "day_high":
		return "new high of the day"
	case "day_low":
		return "new low of the day"
	case "volume_above":
		return "volume above " + level
	case "spread_above":
		return "spread above " + level
	case "halted":
		return "trading halted"
	case "resumed":
		return "trading resumed"
	case "stale":
		return "no quotes any more"
	}
	return a.Condition
}

// LevelWords is the level as people read it: a price with the instrument's
// decimals, and never fewer than the level has.
func (a Alert) LevelWords(in quotes.Instrument) string {
	if !a.onPrice() && a.Condition != "spread_above" {
		return Full(a.Level)
	}
	return Number(a.Level, max(in.Decimals, int(-a.Level.Decimal.Exponent())))
}

// onPrice says that the level is a price.
func (a Alert) onPrice() bool {
	switch a.Condition {
	case "above", "below", "crosses_up", "crosses_down", "crosses":
		return a.Level.Valid
	}
	return false
}

// Phase is the alert's state at the clock's moment in a word: paused, expired,
// fired, waits, rests or armed.
func (c *Clock) Phase(a Alert) string {
	switch {
	case a.Paused:
		return "paused"
	case !a.Expires.IsZero() && !c.now.Before(a.Expires):
		return "expired"
	case a.Spent && a.Repeat == "once":
		return "fired"
	case a.Spent:
		return "waits"
	case a.Repeat == "always" && !a.Fired.IsZero() && c.now.Before(a.Fired.Add(a.Cooldown)):
		return "rests"
	}
	return "armed"
}

// phaseWords say the state to a person; a time may follow them.
func phaseWords(a Alert, phase string) (words string, at time.Time) {
	switch phase {
	case "paused":
		return "Paused", at
	case "expired":
		return "Expired", a.Expires
	case "fired":
		return "Fired", a.Fired
	case "rests":
		return "Armed again at", a.Fired.Add(a.Cooldown)
	case "waits":
		switch {
		case a.Repeat == "daily":
			return "Fired; armed again on the next trading day", at
		case a.onPrice() || strings.HasPrefix(a.Condition, "percent") || strings.HasPrefix(a.Condition, "day_"):
			return "Waits for the price to come back", at
		}
		return "Waits for the value to come back", at
	}
	return "Armed", at
}

// times says how often it has fired, "" for never.
func (a Alert) times() string {
	switch a.Count {
	case 0:
		return ""
	case 1:
		return "Fired once"
	case 2:
		return "Fired twice"
	}
	return "Fired " + strconv.FormatInt(a.Count, 10) + " times"
}

// Live says that the alert has a line in the chart: it waits at a price.
func (c *Clock) Live(a Alert) bool {
	phase := c.Phase(a)
	return a.onPrice() && phase != "paused" && phase != "expired" && phase != "fired"
}

// terms are what else holds of an alert, in a few words each.
func (a Alert) terms(in quotes.Instrument) []string {
	var out []string
	switch a.Repeat {
	case "always":
		out = append(out, "Every time, at most once in "+span(a.Cooldown))
	case "daily":
		out = append(out, "Once a day")
	default:
		out = append(out, "Once")
	}
	switch a.Sessions {
	case "extended":
		out = append(out, "extended hours")
	case "both":
		out = append(out, "regular and extended hours")
	}
	if a.Hysteresis.Valid {
		back := Full(a.Hysteresis)
		if a.onPrice() {
			back = Number(a.Hysteresis, max(in.Decimals, int(-a.Hysteresis.Decimal.Exponent())))
		}
		out = append(out, "armed again "+back+" back")
	}
	return append(out, delivery(a.Deliver)...)
}

// delivery says how the alert reaches its owner, where that is not as usual.
func delivery(deliver string) []string {
	switch deliver {
	case "":
		return nil
	case "none":
		return []string{"shown in the panel alone"}
	}
	var ways []string
	channels := 0
	for way := range strings.SplitSeq(deliver, ",") {
		switch way {
		case "sound", "browser":
			ways = append(ways, way)
		default:
			channels++
		}
	}
	switch {
	case channels == 1:
		ways = append(ways, "1 channel")
	case channels > 1:
		ways = append(ways, strconv.Itoa(channels)+" channels")
	}
	return []string{"by " + strings.Join(ways, ", ")}
}

// span is a duration in its largest whole unit: "15 minutes", "an hour".
func span(d time.Duration) string {
	for _, unit := range []struct {
		name string
		of   time.Duration
		one  string
	}{{"days", 24 * time.Hour, "a day"}, {"hours", time.Hour, "an hour"}, {"minutes", time.Minute, "a minute"}, {"seconds", time.Second, "a second"}} {
		switch {
		case d == unit.of:
			return unit.one
		case d >= unit.of && d%unit.of == 0:
			return strconv.FormatInt(int64(d/unit.of), 10) + " " + unit.name
		}
	}
	return d.String()
}

// Away is how far the price has to go to an alert's level, in percent of itself:
// "0.08% away"; "" where that says nothing.
func (a Alert) Away(r Row) string {
	if !a.onPrice() || r.Quote == nil || r.Quote.Price.Decimal.Sign() <= 0 {
		return ""
	}
	price := r.Quote.Price.Decimal
	way := a.Level.Decimal.Sub(price).Abs().Shift(2).DivRound(price, 2)
	return Number(quotes.Some(way), 2) + "% away"
}

// What is the condition that a firing tells of, and the note of its alert. The
// symbol and the price are shown beside it.
func (f Firing) What() (what, note string) {
	what, note, _ = strings.Cut(f.Message, "\n")
	what = strings.TrimPrefix(what, f.Instrument.Symbol.String()+": ")
	if f.Price.Valid {
		before, after, found := strings.Cut(what, ", at "+quotes.FormatDecimal(f.Price.Decimal))
		if found && (after == "" || strings.HasPrefix(after, " (late")) {
			what = before
		}
	}
	return what, note
}

// tick is the step of a price.
func tick(in quotes.Instrument) decimal.Decimal {
	if in.TickSize.Sign() > 0 {
		return in.TickSize
	}
	return decimal.New(1, -places(in.Decimals))
}
