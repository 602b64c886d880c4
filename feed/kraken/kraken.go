// Package kraken is the feed of Kraken's spot market: trades, best quotes and
// figures of 24 hours by its public socket (version 2), without a key. Its
// previous close is the price of 24 hours ago: the last price less the change
// that the vendor gives.
//
//   - kraken.go   the scheme: from a URL to a feed.Spec
//   - session.go  one connection: what is asked, and what is answered
//   - decode.go   Decoder: from messages to updates
//   - answer.go   the messages that answer a request
//   - status.go   halts: of the exchange, and of single pairs
//   - pairs.go    the list of instruments
//
// What it follows: docs.kraken.com/exchange/api-reference/spot-websocket
// (channels ticker, trade, instrument, status).
package kraken

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	name       = "kraken"
	socketURL  = "wss://ws.kraken.com/v2"
	restURL    = "https://api.kraken.com/0/public/AssetPairs"
	urlSetting = "KRAKEN_URL"
	usage      = "kraken://?symbols=BTC/USD,ETH/USD"

	// gap keeps the requests to four a second: the vendor's limit moves, and is
	// told only by "Exceeded msg rate".
	gap = 250 * time.Millisecond
	// staleAfter is long for best quotes that makers move all the time.
	staleAfter = 2 * time.Minute
	// silentAfter is when a connection that tells no price of any pair is taken
	// for dead; its heartbeats, one a second, say nothing of that.
	silentAfter = 3 * time.Minute
	// readLimit is for the list of all pairs and coins, half a megabyte today.
	readLimit = 16 << 20
)

// Scheme opens "kraken://?symbols=BTC/USD,ETH/USD". The symbols are asked for
// whether anybody watches them or not, and are then all that the source has;
// without them it has every pair of the exchange and follows what is watched.
func Scheme() feed.Scheme { return scheme(gap) }

// scheme is Scheme with another gap between requests.
func scheme(gap time.Duration) feed.Scheme {
	return feed.Scheme{
		Usage: usage, Settings: []string{urlSetting},
		Parameters: []feed.Parameter{{Name: "symbols", Means: "a comma list: these alone, and always"}},
		Open:       func(u *url.URL, env feed.Env) (feed.Spec, error) { return open(u, env, gap) },
	}
}

func open(u *url.URL, env feed.Env, gap time.Duration) (feed.Spec, error) {
	always, err := dialogue.ParseURL(u, usage)
	if err != nil {
		return feed.Spec{}, err
	}
	if i := slices.IndexFunc(always, func(sym quotes.Symbol) bool { return !isPair(sym) }); i >= 0 {
		return feed.Spec{}, fmt.Errorf("symbol %s is no pair of the exchange; write one like BTC/USD", always[i])
	}
	s := &source{always: always, gap: gap}
	if s.socket, err = socket.Base(socketURL, env, urlSetting); err != nil {
		return feed.Spec{}, err
	}
	if s.rest, err = socket.Base(restURL, env, urlSetting); err != nil {
		return feed.Spec{}, err
	}
	return feed.Spec{
		Source: s, Instruments: s.instruments, Timeliness: quotes.Live, Basis: quotes.Rolling24h,
		StaleAfter: staleAfter, SilentAfter: silentAfter,
	}, nil
}

// source is the feed.Source.
type source struct {
	socket, rest string
	always       []quotes.Symbol
	gap          time.Duration
	// listed is what the last list of pairs had, nil before the first.
	listed atomic.Pointer[map[quotes.Symbol]bool]
}

func (s *source) Name() string { return name }

func (s *source) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	return dialogue.Run(ctx, dialogue.Options{
		URL: s.socket, ReadLimit: readLimit, Always: s.always, Has: s.has, Gap: s.gap,
		Open: func(t *dialogue.Talk) dialogue.Protocol { return newSession(t) },
	}, demand, emit)
}

// has says which symbols to ask for. Before there is a list it goes by their form.
func (s *source) has(sym quotes.Symbol) bool {
	if len(s.always) > 0 {
		return slices.Contains(s.always, sym)
	}
	if listed := s.listed.Load(); listed != nil {
		return (*listed)[sym]
	}
	return isPair(sym)
}

// isPair says that a symbol has the form of a pair's.
func isPair(sym quotes.Symbol) bool { return strings.Count(sym.String(), "/") == 1 }
