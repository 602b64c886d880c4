package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/views"
)

// What a terminal obeys (xterm's control sequences).
const (
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	noWrap      = "\x1b[?7l" // what is too long is cut at the side
	wrap        = "\x1b[?7h"
	clearToEnd  = "\x1b[K"
	clearBelow  = "\x1b[J"
	upLinesForm = "\x1b[%dA"
)

// usualRows is the height of a terminal that does not say its own.
const usualRows = 24

// table is drawn again and again in the same place.
type table struct{ drawn int }

// begin and end frame all drawing. A terminal that has gone has nothing to set.
func (t *table) begin(out io.Writer) { _, _ = io.WriteString(out, hideCursor+noWrap) }

func (t *table) end(out io.Writer) { _, _ = io.WriteString(out, wrap+showCursor) }

// draw writes all lines over those of the time before.
func (t *table) draw(w *watch, now time.Time) error {
	clock := views.NewClock(now)
	lines := []string{heading().text(w.Colour)}
	for _, sym := range w.Symbols {
		for _, l := range w.linesOf(sym, w.newest.of(sym), clock) {
			lines = append(lines, l.text(w.Colour))
		}
	}
	foot := w.foot()
	if room := t.rows(w) - 1 - len(foot); len(lines) > room {
		room = max(room-1, 1)
		foot = append([]string{fmt.Sprintf("… and %d more lines: make the window higher", len(lines)-room)}, foot...)
		lines = lines[:room]
	}
	lines = append(lines, foot...)
	var b strings.Builder
	if t.drawn > 0 {
		fmt.Fprintf(&b, upLinesForm, t.drawn)
	}
	for _, l := range lines {
		b.WriteString("\r" + l + clearToEnd + "\n")
	}
	b.WriteString(clearBelow)
	t.drawn = len(lines)
	_, err := io.WriteString(w.Out, b.String())
	return err
}

// foot says how the sources are that do not simply run.
func (w *watch) foot() []string {
	var lines []string
	for _, st := range w.market.States() {
		if st.Phase != feed.Running {
			l := words(st)
			if w.Colour {
				l = "\x1b[" + amber + "m" + l + "\x1b[0m"
			}
			lines = append(lines, l)
		}
	}
	return lines
}

func (t *table) rows(w *watch) int {
	if w.Window != nil {
		if _, rows := w.Window(); rows > 0 {
			return rows
		}
	}
	return usualRows
}
