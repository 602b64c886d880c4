// Package ingest is the feed that others fill: any program posts its quotes as
// lines of JSON to this server, or writes them into its standard input. What a
// line says is checked before it is taken; what it does not say has a default,
// never a guess. Numbers keep their text.
//
//   - ingest.go   the schemes ingest:// and stdin://
//   - options.go  the URL's parameters, and the token
//   - source.go   the feed.Source that posts are given to
//   - post.go     one POST, from its token to its answer
//   - stdin.go    the feed.Source that reads a pipe
//   - lines.go    a reader of lines of bounded length
//   - line.go     one line to one feed.Update
//   - listing.go  the instruments that lines have named
//
// # The lines
//
// A line is one JSON object (NDJSON), at most 64 KiB; empty lines do not count.
// Every object has a type and a symbol; time is RFC 3339, and the moment of
// arrival where it is not given. A number may stand in quotes. What is not
// listed here is ignored, null is the same as not there.
//
//   - trade: price; size, id, and what the trade may do: moves_last,
//     moves_range and counts_volume (true unless given), regular (the trade
//     belongs to the regular session, whenever it is told; false unless given)
//   - quote: bid, bid_size, ask, ask_size: the whole best bid and offer, so a
//     side that is not given is not there
//   - day: previous_close, open, high, low, volume: those that are given
//     replace what was known
//   - status: halted, limited (by default false)
//   - correction: id of the trade, price and size that replace its own
//   - cancel: id of the trade
//   - instrument: name, exchange (ISO 10383), currency, class (stock, etf or
//     crypto), decimals, tick_size, time_zone
//
// A symbol that no instrument line has named is listed when it is first
// mentioned, with itself as the name.
package ingest

import (
	"context"
	"net/url"
	"os"
	"syscall"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// tokenSetting names the token that posts bear.
const tokenSetting = "INGEST_TOKEN"

// The URLs, for people.
const (
	postUsage = "ingest://?name=mine&timeliness=live&stale_after=1m"
	pipeUsage = "stdin://?name=mine&timeliness=delayed&delay=15m"
)

// Scheme opens "ingest://?name=NAME&timeliness=live|delayed&delay=15m&stale_after=1m",
// whose Spec.Posts takes what clients post. It needs the setting INGEST_TOKEN.
func Scheme() feed.Scheme {
	return feed.Scheme{Usage: postUsage, Open: openPosts, Settings: []string{tokenSetting}, Parameters: parameters()}
}

// StdinScheme opens "stdin://" with the same parameters: the same lines, from
// the standard input. The source is finished at its end.
func StdinScheme() feed.Scheme {
	return feed.Scheme{Usage: pipeUsage, Open: openPipe, Parameters: parameters()}
}

func openPosts(u *url.URL, env feed.Env) (feed.Spec, error) {
	opt, err := parseOptions(u, "ingest", postUsage)
	if err != nil {
		return feed.Spec{}, err
	}
	token, err := readToken(env)
	if err != nil {
		return feed.Spec{}, err
	}
	list := newListing()
	source := newSource(opt.name, list)
	spec := opt.spec(source, list)
	spec.Posts = newPosts(source, token)
	return spec, nil
}

func openPipe(u *url.URL, _ feed.Env) (feed.Spec, error) {
	opt, err := parseOptions(u, "stdin", pipeUsage)
	if err != nil {
		return feed.Spec{}, err
	}
	if err := checkInput(os.Stdin); err != nil {
		return feed.Spec{}, err
	}
	list := newListing()
	return opt.spec(newPipe(opt.name, openStdin, list), list), nil
}

func openStdin() (*os.File, error) { return openDescriptor(syscall.Stdin) }

// spec is what holds for the quotes of a source with these options. What is
// silent may be so by intent, so nothing is run anew for it.
func (o options) spec(source feed.Source, list *listing) feed.Spec {
	return feed.Spec{
		Source:      source,
		Instruments: func(context.Context) ([]quotes.Instrument, error) { return list.all(), nil },
		Timeliness:  o.timeliness, Delay: o.delay, StaleAfter: o.staleAfter,
	}
}
