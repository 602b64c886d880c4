package views

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// level is a line across the day's chart, or an arrow at its edge for one that
// lies beyond what the chart shows.
type level struct {
	Y     string // from the top, in percent of the chart's height
	Label string // "" where another one's says it
	Edge  string // "", up or down
}

// labelRoom is how far apart labels have to be, in hundredths of a percent.
const labelRoom = 800

// newLevels are the lines of the alerts that wait at a price. The chart shows
// the day's prices; a level beyond them moves no line of it.
func newLevels(c *Clock, r Row, alerts []Alert) []level {
	s := newSpark(r)
	if s.Points == "" {
		return nil
	}
	alerts = slices.DeleteFunc(slices.Clone(alerts), func(a Alert) bool { return !c.Live(a) })
	slices.SortStableFunc(alerts, func(a, b Alert) int { return b.Level.Decimal.Cmp(a.Level.Decimal) })
	var lines, list []level
	var over, under []string
	last := -labelRoom
	for _, a := range alerts {
		words := a.Words(r.Instrument)
		switch at := a.Level.Decimal; {
		case at.GreaterThan(s.High):
			over = append(over, words)
		case at.LessThan(s.Low):
			under = append(under, words)
		default:
			y := s.height(at)
			line := level{Y: hundredths(y), Label: words}
			if y-last < labelRoom {
				lines[len(lines)-1].Label += " · " + words
				line.Label = ""
				list = append(list, line)
				continue
			}
			last = y
			lines = append(lines, line)
		}
	}
	slices.Reverse(over) // the nearest first
	if len(over) > 0 {
		list = append(list, level{Y: "0", Edge: "up", Label: "↑ " + few(over)})
	}
	if len(under) > 0 {
		list = append(list, level{Y: "100", Edge: "down", Label: "↓ " + few(under)})
	}
	list = append(list, lines...)
	slices.SortStableFunc(list, func(a, b level) int { return cmp.Compare(a.Edge, b.Edge) })
	return list
}

// height is how far below the top of the chart a price is drawn, in hundredths
// of a percent; the chart has a margin above and below.
func (s spark) height(price decimal.Decimal) int {
	const margin = 15
	at := share(price, s.Low, s.High, sparkHeight*100)
	return int(((sparkHeight+margin)*100 - at) * 100 / (sparkHeight + 2*margin))
}

func hundredths(n int) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

// few are the first three of a list, and how many more there are.
func few(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, " · ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], " · "), len(list)-most)
}

// below is where a line's label stands: above the line, or below one that is
// near the top.
func (l level) below() string {
	if strings.HasPrefix(l.Y, "0.") || len(l.Y) == 4 { // less than 10 %
		return "14"
	}
	return "-5"
}
