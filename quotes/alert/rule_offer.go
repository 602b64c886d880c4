package alert

import "github.com/tickboard/tickboard/quotes"

// Offer is a condition that may be set, with the fields that it takes.
type Offer struct {
	Condition  Condition
	Means      string // when exactly it is met, in one sentence
	Level      string // what its Level is: price, percent, volume or spread; "" takes none
	Window     bool   // it needs one
	Hysteresis bool   // it may have one
	Sessions   bool   // it may count others than the regular one
}

// means says when a condition is met.
var means = []struct {
	condition Condition
	text      string
}{
	{Above, "The price is above the level; at the level it is not."},
	{Below, "The price is below the level; at the level it is not."},
	{CrossesUp, "The price was below the level and is now at the level or above it."},
	{CrossesDown, "The price was above the level and is now at the level or below it."},
	{Crosses, "The price has come to the level or gone over it, from either side."},
	{PercentDay, "The price is the level in percent, or more, above the previous close; with a level below zero that much or more below it."},
	{PercentWindow, "The price is the level in percent, or more, above the lowest of the window; with a level below zero that much or more below the highest."},
	{DayHigh, "The day has a new high; the first price of a day is none."},
	{DayLow, "The day has a new low; the first price of a day is none."},
	{VolumeAbove, "The day's volume is above the level; at the level it is not."},
	{SpreadAbove, "The ask less the bid is above the level; at the level it is not."},
	{Halted, "Trading was halted."},
	{Resumed, "A halt has ended."},
	{Stale, "The source tells nothing of the symbol any more."},
}

// Offers are the conditions that may be set.
func Offers() []Offer {
	names := map[measure]string{price: "price", percent: "percent", volume: "volume", spread: "spread"}
	list := make([]Offer, 0, len(means))
	for _, m := range means {
		t := traits[m.condition]
		list = append(list, Offer{
			Condition: m.condition, Means: m.text, Level: names[t.level], Window: m.condition == PercentWindow, Hysteresis: t.back, Sessions: t.timed,
		})
	}
	return list
}

// AtPrice returns r with the price of q, of the session that counts, as its
// level. Where its level is no price, or q has none, the error wraps ErrRule.
func (r Rule) AtPrice(q *quotes.StockQuote) (Rule, error) {
	if traits[r.Condition].level != price {
		return r, refuse("%s has no price for its level; give the level as a number, or none", r.Condition)
	}
	if q != nil {
		if p, _, ok := r.series().price(q); ok {
			r.Level = p
			return r, nil
		}
	}
	return r, refuse("%s has no price now; give the level as a number", r.Symbol)
}
