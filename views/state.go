package views

import (
	"fmt"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// State is what a price is, in the words that stand next to it. What takes most
// from the price is said: a halt before silence, silence before a limit state and
// the end of the session, that before how late the data is.
func (c *Clock) State(r Row) string {
	q := r.Quote
	switch {
	case q == nil:
		return "No quote yet"
	case q.Halted:
		return "Halted"
	case q.Limited && !q.Stale:
		return "Limit state"
	case q.Stale:
		return "Stale since " + c.Time(q.Time, r.Instrument.TimeZone)
	case q.Session == quotes.Closed:
		return "Closed"
	}
	return timeliness(q)
}

// Provenance is the state's tooltip: what the data is and who says it.
func Provenance(q *quotes.StockQuote) string {
	if q == nil {
		return "No source has given a quote yet"
	}
	return timeliness(q) + " data from " + q.Source
}

func timeliness(q *quotes.StockQuote) string {
	switch q.Timeliness {
	case quotes.Live:
		return "Live"
	case quotes.Simulated:
		return "Simulated"
	case quotes.Replayed:
		return "Replayed"
	}
	if q.Delay < time.Minute {
		return "Delayed"
	}
	return fmt.Sprintf("Delayed %d min", int(q.Delay.Round(time.Minute)/time.Minute))
}

// sessionName is a session in words.
func sessionName(q *quotes.StockQuote) string {
	if q == nil {
		return Missing
	}
	switch q.Session {
	case quotes.Pre:
		return "Pre-market"
	case quotes.Regular:
		return "Regular"
	case quotes.Post:
		return "After hours"
	case quotes.Closed:
		return "Closed"
	}
	return Missing
}

// base is what a change is counted from, as it stands in a sentence.
func base(q *quotes.StockQuote) string {
	switch q.Basis {
	case quotes.Rolling24h:
		return "price 24 h before"
	case quotes.DayBegin:
		return "price at 00:00 UTC"
	}
	return "previous close"
}

// Base is what a change is counted from with the day that it is of, where that is
// known: "previous close of Nov 20".
func (c *Clock) Base(q *quotes.StockQuote) string {
	words := base(q)
	if day, err := time.Parse(time.DateOnly, q.PreviousCloseDate); err == nil {
		layout := "Jan 2"
		if day.Year() != c.now.UTC().Year() {
			layout = "Jan 2, 2006"
		}
		words += " of " + day.Format(layout)
	}
	if q.PreviousCloseAdjusted {
		words += " (adjusted by the source)"
	}
	return words
}

// ExtendedHours is the second line that pre and post market have, in words; Way
// is the change's direction.
type ExtendedHours struct{ Label, Price, Change, Way string }

// Extended is what was traded outside the regular session, with its own change;
// not shown while the regular session has its own prices.
func Extended(r Row) (line ExtendedHours, shown bool) {
	q := r.Quote
	if q == nil || !q.ExtendedPrice.Valid || q.Session == quotes.Regular {
		return line, false
	}
	decimals := r.Instrument.Decimals
	line = ExtendedHours{
		Label:  "After hours",
		Price:  Number(q.ExtendedPrice, decimals),
		Change: Signed(q.ExtendedChange, decimals) + " (" + Percent(q.ExtendedChangePercent) + ")",
		Way:    Direction(q.ExtendedChange, decimals),
	}
	if q.Session == quotes.Pre {
		line.Label = "Pre-market"
	}
	return line, true
}
