package views

import (
	"fmt"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// State is what a price is, in the words that stand next to it. What takes most
// from the price is said: a halt before silence, silence before the end of the
// session, that before how late the data is.
func (c *Clock) State(r Row) string {
	q := r.Quote
	switch {
	case q == nil:
		return "No quote yet"
	case q.Halted:
		return "Halted"
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

// extended is the second line that pre and post market have, "" without one.
func extended(r Row) string {
	q := r.Quote
	if q == nil || !q.ExtendedPrice.Valid {
		return ""
	}
	label := "After hours"
	if q.Session == quotes.Pre {
		label = "Pre-market"
	}
	decimals := r.Instrument.Decimals
	return fmt.Sprintf("%s %s %s (%s)", label, Number(q.ExtendedPrice, decimals),
		Signed(q.ExtendedChange, decimals), Percent(q.ExtendedChangePercent))
}
