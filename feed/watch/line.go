package watch

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/views"
)

// columns are the table's: a width that most values have room in, negative for
// those that begin at the left.
var columns = []struct {
	name  string
	width int
}{
	{"Symbol", -10}, {"Last", 12}, {"Chg", 11}, {"Chg %", 8}, {"", -4}, {"Bid", 12}, {"Ask", 12}, {"Volume", 9},
	{"Time", -12}, {"Age", 6}, {"State", -20}, {"Source", -10},
}

// cell is a text with its colour, as the parameter of an SGR sequence
// (ECMA-48, section 8.3.117); "" is the terminal's own.
type cell struct{ text, colour string }

const (
	green = "32"
	red   = "31"
	faint = "2"
	bold  = "1"
	amber = "33"
)

// line is a row of cells, one for each column.
type line []cell

func heading() line {
	var l line
	for _, c := range columns {
		l = append(l, cell{c.name, faint})
	}
	return l
}

// lines are a quote, with a second line for pre and post market.
func (w *watch) lines(q *quotes.StockQuote, c *views.Clock) []line {
	return w.linesOf(q.Symbol, q, c)
}

// linesOf are the lines of a symbol; q is nil before its first quote.
func (w *watch) linesOf(sym quotes.Symbol, q *quotes.StockQuote, c *views.Clock) []line {
	row := w.row(sym, q)
	state := cell{c.State(row), faint}
	if q == nil {
		return []line{{{sym.String(), bold}, {views.Missing, ""}, {}, {}, {}, {}, {}, {}, {}, {}, state, {}}}
	}
	if q.Halted || q.Limited || q.Stale {
		state.colour = amber
	}
	decimals, zone := row.Instrument.Decimals, row.Instrument.TimeZone
	way := colourOf(views.Direction(q.Change, decimals))
	lines := []line{{
		{sym.String(), bold},
		{views.Number(q.Price, decimals), bold},
		{views.Signed(q.Change, decimals), way},
		{views.Percent(q.ChangePercent), way},
		{string(q.Basis), faint},
		{views.Number(q.Bid, decimals), ""},
		{views.Number(q.Ask, decimals), ""},
		{views.Big(q.Volume), ""},
		{c.Time(q.Traded(), zone) + " " + c.Zone(zone), faint},
		{c.Age(q.Time), faint},
		state,
		{q.Source, faint},
	}}
	if extended, shown := views.Extended(row); shown {
		way := colourOf(extended.Way)
		change, percent, _ := strings.Cut(extended.Change, " ")
		lines = append(lines, line{{"", ""}, {extended.Price, bold}, {change, way}, {strings.Trim(percent, "()"), way}, {"", ""}, {extended.Label, faint}}.timed(c, q.ExtendedTime, zone))
	}
	return lines
}

// timed puts a time that is known into its column, behind what l has.
func (l line) timed(c *views.Clock, at time.Time, zone string) line {
	if at.IsZero() {
		return l
	}
	for columns[len(l)].name != "Time" {
		l = append(l, cell{})
	}
	return append(l, cell{c.Time(at, zone) + " " + c.Zone(zone), faint})
}

func colourOf(way string) string { return map[string]string{"up": green, "down": red}[way] }

// text writes a line with its cells in their columns.
func (l line) text(colour bool) string {
	var b strings.Builder
	for i, c := range l {
		if i > 0 {
			b.WriteByte(' ')
		}
		text, pad := plain(c.text), ""
		if room := max(columns[i].width, -columns[i].width) - utf8.RuneCountInString(text); room > 0 {
			pad = strings.Repeat(" ", room)
		}
		if columns[i].width > 0 {
			b.WriteString(pad)
			pad = ""
		}
		if colour && c.colour != "" && text != "" {
			text = "\x1b[" + c.colour + "m" + text + "\x1b[0m"
		}
		b.WriteString(text)
		b.WriteString(pad)
	}
	return strings.TrimRight(b.String(), " ")
}

// plain is a text from outside without what a terminal would obey.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}
