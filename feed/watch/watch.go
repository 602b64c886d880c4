// Package watch shows the quotes of some symbols where there is no browser: as a
// table that is redrawn in a terminal, as lines, or as JSON for another program.
// It runs a market of its own and serves nobody.
//
//   - watch.go     Options, Run, and the life of a watch
//   - command.go   the command line: arguments, environment, help
//   - newest.go    the quotes that wait to be shown: of each symbol the newest
//   - table.go     the table in its place on the screen
//   - line.go      the columns of a quote, and their colours
//   - suggest.go   what an unknown symbol may have meant
//   - window_*.go  the size of a terminal
package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/views"
)

// Form is how quotes are shown.
type Form int

// The forms.
const (
	JSON  Form = iota // one quote a line, as the wire contract has it
	Lines             // one aligned line for each change
	Table             // redrawn in place
)

const (
	// drawEvery bounds how often the table is drawn anew.
	drawEvery = 250 * time.Millisecond
	// lookEvery is how often the sources are looked at.
	lookEvery = 100 * time.Millisecond
)

// Options are what to watch, and where to show it. Specs, Symbols, Out and Notes
// are needed.
type Options struct {
	Specs   []feed.Spec
	Symbols []quotes.Symbol
	Names   []quotes.Instrument // names that win over the sources'
	Form    Form
	Colour  bool
	Out     io.Writer
	// Notes gets a line when a source changes its state, where no table says it.
	Notes io.Writer
	// Window is the size of the terminal at the moment; nil is 80 by 24.
	Window func() (columns, rows int)
}

// watch is one run.
type watch struct {
	Options
	market *feed.Market
	newest *newest
	told   map[string]feed.Phase
	table  table
}

// Run shows the quotes until ctx ends, and returns nil then and when all sources
// have ended. It returns an error for a symbol that no source has, when all
// sources have failed, and when Out takes no more.
func Run(ctx context.Context, o Options) error {
	w := &watch{Options: o, newest: newNewest(o.Symbols), told: make(map[string]feed.Phase)}
	w.market = feed.NewMarket(feed.Options{Specs: o.Specs, Names: o.Names, Publish: w.newest.put, Logger: slog.New(slog.DiscardHandler)})
	w.market.Demand().Add(o.Symbols...)
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { _ = w.market.Run(ctx) }) // returns nil
	defer group.Wait()
	defer cancel()
	return w.run(ctx)
}

func (w *watch) run(ctx context.Context) error {
	if w.Form == Table {
		w.table.begin(w.Out)
		defer w.table.end(w.Out)
	}
	look, draw := time.NewTicker(lookEvery), time.NewTicker(drawEvery)
	defer look.Stop()
	defer draw.Stop()
	for {
		select {
		case <-ctx.Done():
			return w.show(time.Now())
		case <-w.newest.wake:
			if w.Form != Table {
				if err := w.show(time.Now()); err != nil {
					return err
				}
			}
		case now := <-draw.C:
			if w.Form == Table {
				if err := w.show(now); err != nil {
					return err
				}
			}
		case now := <-look.C:
			if done, err := w.look(); done {
				return cmp.Or(err, w.show(now))
			}
		}
	}
}

// show writes what is new, or the table.
func (w *watch) show(now time.Time) error {
	changed := w.newest.take()
	if w.Form == Table {
		return w.table.draw(w, now)
	}
	var out []byte
	for _, q := range changed {
		if w.Form == JSON {
			out = append(q.AppendJSON(out), '\n')
			continue
		}
		for _, line := range w.lines(q, views.NewClock(now)) {
			out = append(out, line.text(w.Colour)...)
			out = append(out, '\n')
		}
	}
	_, err := w.Out.Write(out)
	return err
}

// look says whether there is an end to make: a symbol is unknown, or no source
// will say any more.
func (w *watch) look() (done bool, err error) {
	states := w.market.States()
	w.tell(states)
	ended, failed := 0, 0
	for _, st := range states {
		switch st.Phase {
		case feed.Failed:
			failed++
			ended++
		case feed.Finished:
			ended++
		}
	}
	if ended == len(states) && failed == ended {
		return true, fmt.Errorf("no source is left: %s", words(states[0]))
	}
	select {
	case <-w.market.Directory().Settled():
		if err := w.unknown(); err != nil {
			return true, err
		}
	default:
	}
	return ended == len(states), nil
}

// tell writes a note for each source whose state has changed, but for those
// that run as they should.
func (w *watch) tell(states []feed.State) {
	for _, st := range states {
		before := w.told[st.Name]
		if w.told[st.Name] = st.Phase; st.Phase == before || w.Form == Table {
			continue
		}
		if st.LastError != "" || st.Phase == feed.Silent {
			fmt.Fprintf(w.Notes, "tickboard: %s\n", words(st))
		}
	}
}

// words is a source's state in a sentence, with what to do about it; without
// what a terminal would obey, for vendors write into it.
func words(st feed.State) string {
	text := st.Name + ": " + strings.ToLower(views.FeedWords(string(st.Phase)))
	if st.LastError != "" && st.Phase != feed.Running {
		text += ": " + st.LastError
		if st.Advice != "" {
			text += ". " + st.Advice
		}
	}
	return plain(text)
}

// unknown is an error for the symbols that no source has.
func (w *watch) unknown() error {
	directory := w.market.Directory()
	var all []error
	for _, sym := range w.Symbols {
		if _, ok := directory.Lookup(sym); !ok {
			all = append(all, fmt.Errorf("no source has %s%s", sym, suggestion(directory, sym)))
		}
	}
	return errors.Join(all...)
}

// row is what views need of a quote.
func (w *watch) row(sym quotes.Symbol, q *quotes.StockQuote) views.Row {
	in, ok := w.market.Directory().Lookup(sym)
	if !ok {
		in = quotes.Instrument{Symbol: sym, Decimals: 2}
	}
	return views.Row{Instrument: in, Quote: q}
}
