// Package coinbase is the feed of the Coinbase Exchange: trades, best quotes and
// figures of 24 hours by its public socket, without a key. Its previous close is
// the price of 24 hours ago.
//
//   - coinbase.go  the scheme: from a URL to a feed.Spec
//   - session.go   one connection: what is asked, and what is answered
//   - decode.go    Decoder: from messages to updates
//   - symbol.go    BTC/USD here is BTC-USD there
//   - products.go  the list of instruments
//
// What it follows: docs.cdp.coinbase.com/exchange/websocket-feed (channels,
// errors, rate limits). A subscription has to be asked for within 5 seconds, so
// that the connection is opened when the first symbol is wanted. Halts of single
// products are not told: the vendor says them only in a channel that repeats the
// whole list, a megabyte, every few seconds.
package coinbase

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	name       = "coinbase"
	socketURL  = "wss://ws-feed.exchange.coinbase.com"
	restURL    = "https://api.exchange.coinbase.com"
	urlSetting = "COINBASE_URL"
	usage      = "coinbase://?symbols=BTC/USD,ETH/USD"

	// gap keeps the requests to 20 a second; the vendor takes 100 of an address.
	gap = 50 * time.Millisecond
	// staleAfter is long for a channel that confirms the newest trade of every
	// product each second.
	staleAfter = time.Minute
	// silentAfter is when a connection whose products tell no price, not even of
	// the many that trade at every moment, is taken for dead.
	silentAfter = 3 * time.Minute
)

// Scheme opens "coinbase://?symbols=BTC/USD,ETH/USD". The symbols are asked for
// whether anybody watches them or not, and are then all that the source has;
// without them it has every product of the exchange and follows what is watched.
func Scheme() feed.Scheme {
	return feed.Scheme{
		Usage: usage, Open: open, Settings: []string{urlSetting},
		Parameters: []feed.Parameter{{Name: "symbols", Means: "a comma list: these alone, and always"}},
	}
}

func open(u *url.URL, env feed.Env) (feed.Spec, error) {
	always, err := dialogue.ParseURL(u, usage)
	if err != nil {
		return feed.Spec{}, err
	}
	if i := slices.IndexFunc(always, func(sym quotes.Symbol) bool { return !isPair(sym) }); i >= 0 {
		return feed.Spec{}, fmt.Errorf("symbol %s is no product of the exchange; write one like BTC/USD", always[i])
	}
	s := &source{always: always}
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
	// listed is what the last list of products had, nil before the first.
	listed atomic.Pointer[map[quotes.Symbol]bool]
}

func (s *source) Name() string { return name }

func (s *source) Run(ctx context.Context, demand *feed.Demand, emit func(feed.Update)) error {
	return dialogue.Run(ctx, dialogue.Options{
		URL: s.socket, Always: s.always, Has: s.has, Gap: gap,
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
