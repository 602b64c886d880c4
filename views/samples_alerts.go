package views

import (
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// sampleAlerts is one alert in every state and of most kinds, by symbol.
func sampleAlerts(now time.Time) []AlertGroup {
	rows := sampleRows(now)
	set := func(row int, alerts ...Alert) AlertGroup {
		for i := range alerts {
			a := &alerts[i]
			a.ID, a.Version, a.Symbol = int64(10*row+i+1), 1, rows[row].Instrument.Symbol
			if a.Repeat == "" {
				a.Repeat = "once"
			}
			if a.Sessions == "" {
				a.Sessions = "regular"
			}
		}
		return AlertGroup{Row: rows[row], Alerts: alerts}
	}
	gone := AlertGroup{Missing: true, Alerts: []Alert{{ID: 91, Version: 1, Symbol: quotes.MustSymbol("LUNA/USD"), Condition: "above", Level: number("1"), Repeat: "once"}}}
	gone.Instrument = quotes.Instrument{Symbol: gone.Alerts[0].Symbol, Decimals: 2}
	return []AlertGroup{
		set(0,
			Alert{Condition: "above", Level: number("189.9"), Note: "Sell a third, then look at the spread."},
			Alert{Condition: "below", Level: number("188.6"), Repeat: "always", Cooldown: time.Hour, Spent: true, Count: 2, Fired: now.Add(-40 * time.Minute), Hysteresis: number("0.25")},
			Alert{Condition: "crosses_up", Level: number("195"), Expires: now.Add(50 * time.Hour), Sessions: "both", Deliver: "sound,browser,3,8"},
			Alert{Condition: "above", Level: number("189.5"), Spent: true, Count: 1, Fired: now.Add(-3 * time.Minute)},
			Alert{Condition: "crosses", Level: number("180"), Repeat: "always", Cooldown: 90 * time.Minute, Count: 12, Fired: now.Add(-time.Minute)},
			Alert{Condition: "below", Level: number("189.4"), Count: 1}, // armed again by hand
		),
		set(1,
			Alert{Condition: "percent_day", Level: number("-2.5"), Repeat: "daily", Spent: true, Count: 1, Fired: now.Add(-26 * time.Hour)},
			Alert{Condition: "percent_window", Level: number("1"), Window: 15 * time.Minute, Paused: true, Deliver: "none"},
			Alert{Condition: "day_high", Repeat: "always", Cooldown: 15 * time.Minute},
		),
		set(6, Alert{Condition: "below", Level: number("90000.005"), Note: hostile, Expires: now.Add(-time.Hour)}),
		set(8, Alert{Condition: "resumed"}, Alert{Condition: "volume_above", Level: number("25000000")}, Alert{Condition: "spread_above", Level: number("0.1")}),
		gone,
	}
}

// sampleHistory is some firings, of one symbol or of all.
func sampleHistory(now time.Time, of quotes.Symbol) History {
	h := History{Symbol: of, Older: of.IsZero()}
	for i, f := range []struct {
		row           int
		what, price   string
		late, earlier bool
	}{
		{0, "above 189.5", "189.52", false, false}, {0, "below 188.6", "188.59", false, false},
		{1, "down 2.5% on the day", "405.31", false, true}, {4, "new high of the day", "190.44", true, true},
	} {
		row := sampleRows(now)[f.row]
		if !of.IsZero() && row.Instrument.Symbol != of {
			continue
		}
		at := now.Add(-time.Duration(i+1) * 20 * time.Minute)
		if f.earlier {
			at = at.AddDate(0, 0, -1)
		}
		quote := *row.Quote
		quote.Price, quote.Time = number(f.price), at
		quote.SetChange()
		message := row.Instrument.Symbol.String() + ": " + f.what + ", at " + f.price
		if f.late {
			message += " (late: it happened while nobody looked)"
		}
		if i == 0 {
			message += "\n" + hostile
		}
		h.Firings = append(h.Firings, Firing{
			ID: int64(40 - i), Instrument: row.Instrument, Message: message, Time: at, Price: number(f.price), Late: f.late, Quote: &quote,
		})
	}
	return h
}
