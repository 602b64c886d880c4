// Package replay is the feed that plays a recorded session again, at the
// recorded pace or faster: trades and best quotes from a CSV file, or the raw
// messages of a vendor through that vendor's own decoder, plain or gzip.
// The updates keep their recorded time. It reads the file as it plays, one
// buffer ahead, and refuses a file that is not exactly the format instead of
// guessing: a replay that left something out would show wrong day figures.
//
//   - replay.go       the scheme: from a URL to a feed.Spec
//   - recording.go    the file, and whose messages are in it
//   - options.go      the URL's path and parameters
//   - parameters.go   what they mean, for the help
//   - source.go       the feed.Source: rounds, breaks, the end
//   - pace.go         when a row is due
//   - rows.go         the file, line by line
//   - row.go          one line of a CSV file to one feed.Update
//   - message.go      one line with a message of a vendor to its updates
//   - instruments.go  what the file trades, by one scan
//
// # The file
//
// The first line is
//
//	time,symbol,type,price,size,bid,bid_size,ask,ask_size
//
// and every other one a row of nine cells, unquoted. time is RFC 3339, up to
// nanoseconds. type is "trade", with price and size, or "quote", with bid,
// bid_size, ask and ask_size, of which a side that was not there is empty; the
// other type's cells are empty. Prices are above zero, sizes are not below it,
// all exact decimal text (quotes.ParseDecimal).
//
// # Raw messages
//
// A line is a message as it came from the vendor's socket, and before it when
// that was: nanoseconds since 1970 and a space, or, as the recorder of cryptofeed
// writes it, seconds with decimals, a colon and a space. Empty lines are passed
// over, and those that begin with an address (wss://…), which tell what the
// client did. The pace is that at which the messages came; the times of the
// updates are the vendor's, but for what it gives none for.
//
// # The parameters
//
//   - format: csv, or the vendor of the messages, as "binance". Without it the
//     begin of the file tells.
//   - speed: 1 (the default) to 10000, decimals allowed; or max, which waits
//     for nothing.
//   - loop: 1 begins again after the end, for ever; 0 (the default) ends.
//   - from: where to begin, an RFC 3339 time or a duration after the first row
//     (90s). What is older is emitted at once, without waiting, so that it
//     counts in the day's figures; every round of a loop begins so.
//   - lenient: 1 skips and counts malformed rows; with 0 (the default) the
//     first one ends the source for good.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// name is the Source's.
const name = "replay"

// staleAfter is the silence after which a symbol is stale. It is measured on
// the clock of the replay, not of the recording.
const staleAfter = 60 * time.Second

// usage is one line for people.
const usage = "replay://PATH?speed=10&loop=1&from=90s&lenient=1&format=csv"

// Scheme opens "replay://PATH?speed=10&loop=1&from=90s&lenient=1&format=csv".
// PATH is absolute (replay:///tmp/x.csv.gz) or relative to the working directory
// (replay://data/x.csv, replay://../x.csv). formats are those of raw messages by
// their names; nothing is written to them.
func Scheme(formats map[string]Format) feed.Scheme {
	return feed.Scheme{
		Usage: usage, Parameters: parameters(formats),
		Open: func(u *url.URL, _ feed.Env) (feed.Spec, error) { return open(u, formats) },
	}
}

func open(u *url.URL, formats map[string]Format) (feed.Spec, error) {
	path, err := parsePath(u)
	if err != nil {
		return feed.Spec{}, err
	}
	opt, err := parseOptions(u.RawQuery)
	if err != nil {
		return feed.Spec{}, err
	}
	if err := check(path); err != nil {
		return feed.Spec{}, err
	}
	rec, err := identify(path, opt.format, formats)
	if err != nil {
		return feed.Spec{}, err
	}
	return feed.Spec{
		Source: newSource(rec, opt),
		Instruments: func(ctx context.Context) ([]quotes.Instrument, error) {
			return instruments(ctx, rec, opt.lenient)
		},
		Timeliness: quotes.Replayed,
		StaleAfter: staleAfter,
		Basis:      rec.basis(),
	}, nil
}

// check says why there is no such file to be read.
func check(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no such file; write replay:///an/absolute/path.csv, or a path relative to the working directory: %w", err)
	case err != nil:
		return fmt.Errorf("look at the file: %w", err)
	case !info.Mode().IsRegular(): // before it is opened: opening a pipe would wait
		return fmt.Errorf("%s is not a regular file; name a recording, plain or gzip", path)
	}
	return nil
}
