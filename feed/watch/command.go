package watch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	usage = "Usage: tickboard watch SYMBOL… [--feed URL]… [--json]"
	help  = usage + `

Prints quotes as they change, until Ctrl-C: a table in a terminal, elsewhere a
line of JSON for each quote. Flags stand before or after the symbols.

  --feed URL          a source, may be given several times, as tickboard feeds lists them
                      default: sim://   variable: TICKBOARD_FEED
  --instruments FILE  names for the sources' symbols, as for the server
                      variable: TICKBOARD_INSTRUMENTS
  --json              lines of JSON in a terminal too

It needs no server. NO_COLOR takes the colours out of the table.`
)

// Command is tickboard watch with its arguments: it shows quotes until ctx ends,
// on stdout, and says on stderr how the sources are. Open makes sources of their
// URLs; env is the environment. An error is for the person who called it.
func Command(ctx context.Context, args []string, env func(string) (string, bool), open func(urls []string) ([]feed.Spec, error), stdout, stderr io.Writer) error {
	c := command{env: env}
	if err := c.parse(args); errors.Is(err, flag.ErrHelp) {
		_, err := fmt.Fprintln(stdout, help)
		return err
	} else if err != nil {
		return err
	}
	o := Options{Symbols: c.symbols, Out: stdout, Notes: stderr}
	var err error
	if o.Specs, err = open(c.feeds); err != nil {
		return err
	}
	if o.Names, err = feed.ReadInstrumentsFile(c.instruments); err != nil {
		return fmt.Errorf("--instruments: %w", err)
	}
	if file, ok := stdout.(*os.File); ok && !c.json {
		o.Form, o.Colour = c.form(file)
		o.Window = func() (int, int) { columns, rows, _ := Window(file); return columns, rows }
	}
	return Run(ctx, o)
}

// command is what was asked for.
type command struct {
	env         func(string) (string, bool)
	symbols     []quotes.Symbol
	feeds       []string
	instruments string
	json        bool
}

// parse reads the arguments, and the environment for what they leave out.
func (c *command) parse(args []string) error {
	names, err := c.flags(args)
	if err != nil {
		return err
	}
	c.symbols, err = quotes.ParseSymbols(strings.Join(names, ","))
	switch {
	case err != nil:
		return err
	case len(c.symbols) == 0:
		return errors.New("name the symbols, as tickboard watch AAPL MSFT. " + usage)
	case len(c.feeds) == 0:
		return errors.New("--feed is empty: give one, as sim://")
	}
	return nil
}

// flags reads the flags, and returns what stands before, between and behind them.
func (c *command) flags(args []string) (names []string, err error) {
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	given := false
	fs.Func("feed", "", func(urls string) error {
		c.feeds, given = append(c.feeds, strings.Fields(urls)...), true
		return nil
	})
	instruments, _ := c.env("TICKBOARD_INSTRUMENTS")
	fs.StringVar(&c.instruments, "instruments", instruments, "")
	fs.BoolVar(&c.json, "json", false, "")
	for rest := args; len(rest) > 0; {
		if err := fs.Parse(rest); errors.Is(err, flag.ErrHelp) {
			return nil, err
		} else if err != nil {
			return nil, fmt.Errorf("%w. %s", err, usage)
		}
		if rest = fs.Args(); len(rest) > 0 {
			names, rest = append(names, rest[0]), rest[1:]
		}
	}
	if given {
		return names, nil
	}
	c.feeds = []string{"sim://"}
	if urls, ok := c.env("TICKBOARD_FEED"); ok {
		c.feeds = strings.Fields(urls)
	}
	return names, nil
}

// form is how quotes are shown on a file, and whether in colour (no-color.org).
func (c *command) form(file *os.File) (Form, bool) {
	if _, _, ok := Window(file); !ok {
		return JSON, false
	}
	if terminal, _ := c.env("TERM"); terminal == "dumb" {
		return Lines, false
	}
	plain, _ := c.env("NO_COLOR")
	return Table, plain == ""
}
