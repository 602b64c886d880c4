package views

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// FeedWords is a source's state in words.
func FeedWords(state string) string {
	words := map[string]string{
		"starting": "Starting: asks what there is", "running": "Running", "waiting": "Down, trying again",
		"silent": "Silent, connecting anew", "finished": "Finished: there is no more", "failed": "Failed, not tried again",
	}
	if w, ok := words[state]; ok {
		return w
	}
	return state
}

// feedSummary says how all sources together are.
func feedSummary(feeds []Feed) string {
	if len(feeds) == 0 {
		return ""
	}
	running, down := 0, []string{}
	for _, f := range feeds {
		switch f.State {
		case "running":
			running++
		case "waiting", "silent", "failed":
			down = append(down, f.Name)
		}
	}
	summary := fmt.Sprintf("%d of %d sources run.", running, len(feeds))
	if len(feeds) == 1 {
		summary = fmt.Sprintf("%d of 1 source runs.", running)
	}
	if len(down) > 0 {
		summary += " Down: " + strings.Join(down, ", ") + "."
	}
	return summary
}

// dataWords says what a source's data is.
func dataWords(f Feed) string {
	words := timeliness(&quotes.StockQuote{Timeliness: f.Timeliness}) + " data"
	if f.Note != "" {
		words += ", " + f.Note
	}
	return words
}

// ago is how long something is past, "never" for what has not been.
func (c *Clock) ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return c.Age(t) + " ago"
}

// Age is the time since t in its largest unit.
func (c *Clock) Age(t time.Time) string {
	switch d := max(c.now.Sub(t), 0); {
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + " s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	}
	return strconv.Itoa(int(c.now.Sub(t)/(24*time.Hour))) + " days"
}

func rate(perSecond float64) string { return Number(quotes.Some(decimal.NewFromFloat(perSecond)), 1) }

func count(n int64) string { return Full(quotes.Some(decimal.NewFromInt(n))) }

// quoted is how many symbols have a quote, and how many of them a stored one.
func quoted(f Feed) string {
	if f.Restored > 0 {
		return fmt.Sprintf("%s, %s restored", count(int64(f.Symbols)), count(int64(f.Restored)))
	}
	return count(int64(f.Symbols))
}

// subscriptions is what a source asked its vendor for, and what became of it.
func subscriptions(f Feed) string {
	if f.Asked == 0 && len(f.Refused) == 0 {
		return "none asked"
	}
	words := fmt.Sprintf("%d asked, %d confirmed", f.Asked, f.Confirmed)
	if n := len(f.Refused); n > 0 {
		words += fmt.Sprintf(", %d refused", n)
	}
	return words
}

// droppedWords are the updates that changed nothing because they could not, by
// reason.
func droppedWords(f Feed) string {
	var list []string
	for _, name := range sortedKeys(f.Outcomes) {
		if n := f.Outcomes[name]; n > 0 && name != "merged" && name != "unchanged" {
			list = append(list, name+" "+count(n))
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
