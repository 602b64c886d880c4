package alert

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// MaxRules is how many rules one person may have.
	MaxRules = 200
	// MaxNote is the length of the longest note, in characters.
	MaxNote = 200
	// MinCooldown and MaxCooldown bound the cooldown of a rule that fires always.
	MinCooldown = time.Second
	MaxCooldown = 30 * 24 * time.Hour
	// maxDeliver bounds a rule's Deliver, in characters.
	maxDeliver = 300
	// maxPercent bounds a percent upwards; downwards a price can fall by 100.
	maxPercent = 10_000
)

// Windows are those that a PercentWindow rule may have.
var Windows = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour,
}

// ErrRule is what every refusal of a rule wraps. Its text is for the one who
// set the rule and says what to change.
var ErrRule = errors.New("this alert cannot be set")

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrRule}, args...)...)
}

// measure is what a condition's Level is a number of.
type measure int

const (
	nothing measure = iota
	price
	percent
	volume
	spread
)

// trait is what holds of a condition.
type trait struct {
	level measure
	back  bool // it knows a hysteresis
	timed bool // it counts by sessions
}

var traits = map[Condition]trait{
	Above: {price, true, true}, Below: {price, true, true},
	CrossesUp: {price, true, true}, CrossesDown: {price, true, true}, Crosses: {price, true, true},
	PercentDay: {percent, true, true}, PercentWindow: {percent, true, true},
	DayHigh: {nothing, true, false}, DayLow: {nothing, true, false},
	VolumeAbove: {volume, true, false}, SpreadAbove: {spread, true, true},
	Halted: {}, Resumed: {}, Stale: {},
}

// Validate says whether r, which is Completed, can be set at now. Every error
// wraps ErrRule.
func (r *Rule) Validate(now time.Time) error {
	if r.Symbol.IsZero() {
		return refuse("it has no symbol; name one")
	}
	t, known := traits[r.Condition]
	switch {
	case r.Condition == YearHigh || r.Condition == YearLow:
		return refuse("no feed gives 52-week figures; choose %s, %s or a price", DayHigh, DayLow)
	case !known:
		return refuse("there is no condition %q; choose above, below, crosses_up, crosses_down, crosses, percent_day, "+
			"percent_window, day_high, day_low, volume_above, spread_above, halted, resumed or stale", clipText(string(r.Condition)))
	}
	for _, check := range []func(trait) error{r.checkLevel, r.checkWindow, r.checkHysteresis, r.checkRepeat, r.checkSessions} {
		if err := check(t); err != nil {
			return err
		}
	}
	if r.expired(now) {
		return refuse("it would have expired at %s; choose a later time", r.Expires.UTC().Format(time.RFC3339))
	}
	if year := r.Expires.UTC().Year(); !r.Expires.IsZero() && year > 9999 {
		return refuse("it expires in the year %d; choose one before 10000, or none", year)
	}
	if err := validText("note", r.Note, MaxNote); err != nil {
		return fmt.Errorf("%w: %w", ErrRule, err)
	}
	return r.checkDeliver()
}

// checkDeliver does not know which channels there are: one that is gone takes
// nothing.
func (r *Rule) checkDeliver() error {
	if r.Deliver == "" || r.Deliver == "none" {
		return nil
	}
	if len(r.Deliver) > maxDeliver {
		return refuse("deliver has %d characters; shorten it to %d", len(r.Deliver), maxDeliver)
	}
	seen := make(map[string]bool)
	for way := range strings.SplitSeq(r.Deliver, ",") {
		n, err := strconv.ParseInt(way, 10, 64)
		number := err == nil && n > 0 && strconv.FormatInt(n, 10) == way
		switch {
		case way != "sound" && way != "browser" && !number:
			return refuse("there is no way %q to deliver it; leave deliver out, or write none, or a comma list of sound, browser and the numbers of channels, as sound,3", clipText(way))
		case seen[way]:
			return refuse("deliver names %s twice; name it once", way)
		}
		seen[way] = true
	}
	return nil
}

func (r *Rule) checkLevel(t trait) error {
	l := r.Level.Decimal
	switch {
	case t.level == nothing && r.Level.Valid:
		return refuse("%s takes no level; leave it out", r.Condition)
	case t.level == nothing:
		return nil
	case !r.Level.Valid:
		return refuse("%s needs a level; give a number", r.Condition)
	case !bounded(l):
		return refuse("the level has more than %d digits; round it", quotes.MaxDigits)
	case t.level != percent && l.Sign() <= 0:
		return refuse("the level is %s; give one above zero", quotes.FormatDecimal(l))
	case t.level == percent && (l.IsZero() || l.LessThan(decimal.New(-100, 0)) || l.GreaterThan(decimal.New(maxPercent, 0))):
		return refuse("the level is %s percent; give one from -100 to %d, but not 0", quotes.FormatDecimal(l), maxPercent)
	}
	return nil
}

func (r *Rule) checkWindow(trait) error {
	switch {
	case r.Condition != PercentWindow && r.Window != 0:
		return refuse("%s takes no window; leave it out", r.Condition)
	case r.Condition == PercentWindow && !slices.Contains(Windows, r.Window):
		return refuse("the window is one of %s; choose one of them", windowTexts())
	}
	return nil
}

func windowTexts() string {
	texts := make([]string, len(Windows))
	for i, w := range Windows {
		texts[i] = FormatSpan(w)
	}
	return strings.Join(texts, ", ")
}

func (r *Rule) checkHysteresis(t trait) error {
	h := r.Hysteresis
	switch {
	case !h.Valid:
		return nil
	case !t.back:
		return refuse("%s takes no hysteresis; leave it out", r.Condition)
	case !bounded(h.Decimal):
		return refuse("the hysteresis has more than %d digits; round it", quotes.MaxDigits)
	case h.Decimal.Sign() < 0:
		return refuse("the hysteresis is %s; give 0 or more", quotes.FormatDecimal(h.Decimal))
	case r.Level.Valid && h.Decimal.GreaterThanOrEqual(r.Level.Decimal.Abs()):
		return refuse("the hysteresis is %s, and no value goes back so far from %s; give less",
			quotes.FormatDecimal(h.Decimal), quotes.FormatDecimal(r.Level.Decimal))
	}
	return nil
}

func (r *Rule) checkRepeat(trait) error {
	switch {
	case r.Repeat != Once && r.Repeat != Always && r.Repeat != Daily:
		return refuse("there is no repeat %q; choose once, always or daily", clipText(string(r.Repeat)))
	case r.Repeat != Always && r.Cooldown != 0:
		return refuse("a cooldown is for alerts that repeat always; leave it out, or choose always")
	case r.Repeat == Always && (r.Cooldown < MinCooldown || r.Cooldown > MaxCooldown):
		return refuse("an alert that repeats always needs a cooldown from %s to %s; give one", FormatSpan(MinCooldown), FormatSpan(MaxCooldown))
	}
	return nil
}

func (r *Rule) checkSessions(t trait) error {
	switch {
	case r.Sessions != RegularOnly && r.Sessions != ExtendedOnly && r.Sessions != AllSessions:
		return refuse("there are no sessions %q; choose regular, extended or both", clipText(string(r.Sessions)))
	case !t.timed && r.Sessions != RegularOnly:
		return refuse("%s is not told by session; choose regular", r.Condition)
	}
	return nil
}

// bounded says that d is a number that ParseDecimal takes.
func bounded(d decimal.Decimal) bool {
	if d.Exponent() > quotes.MaxDigits || d.Exponent() < -quotes.MaxDigits {
		return false
	}
	_, err := quotes.ParseDecimal(quotes.FormatDecimal(d))
	return err == nil
}

// clipText shortens what a refusal repeats of its input.
func clipText(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// Advice is what to tell a person whose rule the newest quote meets already.
type Advice struct {
	Text    string    // one sentence, with the offer
	Instead Condition // what to offer, "" where there is nothing
}

// Met says whether the newest quote q, nil where there is none, meets r already,
// so that r would fire at once, and what to offer instead. Rules that wait for a
// crossing or another event are never met before it.
func (r *Rule) Met(q *quotes.StockQuote) (Advice, bool) {
	b, conditional := r.met()
	if q == nil || q.Stale || !conditional || r.Condition == PercentWindow {
		return Advice{}, false
	}
	s, ok := r.series().whole(q)
	if !ok || !b.reached(s) {
		return Advice{}, false
	}
	level := quotes.FormatDecimal(r.Level.Decimal)
	switch r.Condition {
	case Above:
		return Advice{fmt.Sprintf("%s is above %s already, at %s. To be told when it next rises to %s, choose crosses_up.",
			r.Symbol, level, quotes.FormatDecimal(s.value), level), CrossesUp}, true
	case Below:
		return Advice{fmt.Sprintf("%s is below %s already, at %s. To be told when it next falls to %s, choose crosses_down.",
			r.Symbol, level, quotes.FormatDecimal(s.value), level), CrossesDown}, true
	}
	return Advice{Text: fmt.Sprintf("%s is there already, so the alert would fire at once. Choose another level than %s.", r.Symbol, level)}, true
}
