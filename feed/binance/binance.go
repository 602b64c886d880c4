// Package binance is the feed of Binance's spot market: public, without a key.
// It asks for the symbols that are watched, over one connection, and gives their
// trades, best bids and offers and the figures of the last 24 hours as Binance
// counts them, so that its previous close is the price of 24 hours ago. It
// refuses more symbols than one connection carries.
//
//   - binance.go  the scheme: from a URL to a feed.Spec
//   - session.go  one connection: what is asked for, and what comes
//   - gate.go     a snapshot before what has waited for it
//   - send.go     requests, as slowly as Binance wants them
//   - decode.go   one message to updates
//   - rest.go     the instruments and the snapshots
//
// The rules are those of
// https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams.
package binance

import (
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	name = "binance"

	// The addresses for market data alone, which need no account and are
	// reachable from more countries than the exchange's own.
	streamURL = "wss://data-stream.binance.vision/stream"
	restURL   = "https://data-api.binance.vision/api/v3"

	// limit is how many symbols one connection carries: 1024 streams, three a
	// symbol.
	limit = 1024 / len(channels)

	// staleAfter: a symbol that trades has its 24 hours' figures told anew each
	// second. Many hardly trade; the Tape waits longer for these.
	staleAfter = time.Minute
	// silentAfter: a watch list of such symbols alone may rest for minutes.
	silentAfter = 5 * time.Minute
)

// channels are the streams of each symbol.
var channels = [...]string{"trade", "bookTicker", "miniTicker"}

const usage = "binance://?symbols=BTCUSDT,ETHUSDT"

// Scheme opens "binance://?symbols=BTCUSDT,ETHUSDT". With symbols the source has
// these alone, and asks for them whether they are watched or not.
func Scheme() feed.Scheme {
	return feed.Scheme{
		Usage: usage, Open: open, Settings: []string{"BINANCE_URL", "BINANCE_REST_URL"},
		Parameters: []feed.Parameter{{Name: "symbols", Means: "a comma list: these alone, and always"}},
	}
}

// Source is the feed. It is made by the Scheme. One Run at a time.
type Source struct {
	stream, rest string
	only         []quotes.Symbol // the symbols of the URL, nil for all

	mu     sync.Mutex
	listed map[quotes.Symbol]bool // guarded by mu; nil until Binance has said what it has
}

func open(u *url.URL, env feed.Env) (feed.Spec, error) {
	s := &Source{}
	var err error
	if s.only, err = parse(u); err != nil {
		return feed.Spec{}, err
	}
	if s.stream, err = socket.Base(streamURL, env, "BINANCE_URL"); err != nil {
		return feed.Spec{}, err
	}
	if s.rest, err = restBase(env); err != nil {
		return feed.Spec{}, err
	}
	return feed.Spec{
		Source: s, Instruments: s.instruments, Timeliness: quotes.Live,
		StaleAfter: staleAfter, SilentAfter: silentAfter, Basis: quotes.Rolling24h,
	}, nil
}

// restBase is the address of the REST interface: at BINANCE_REST_URL, or where
// the streams are when only these are elsewhere.
func restBase(env feed.Env) (string, error) {
	base, err := socket.Base(restURL, env, "BINANCE_REST_URL")
	if err == nil && base == restURL {
		return socket.Base(restURL, env, "BINANCE_URL")
	}
	return base, err
}

// parse takes the URL's symbols, nil for all.
func parse(u *url.URL) ([]quotes.Symbol, error) {
	syms, err := dialogue.ParseURL(u, usage)
	if err == nil && len(syms) > limit {
		return nil, fmt.Errorf("%d symbols; one connection carries %d: leave symbols out to follow what is watched", len(syms), limit)
	}
	return syms, err
}

// Name implements feed.Source.
func (s *Source) Name() string { return name }

// has says that Binance has the symbol, as far as that is known, and that the
// URL does not leave it out.
func (s *Source) has(sym quotes.Symbol) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listed == nil || s.listed[sym]
}
