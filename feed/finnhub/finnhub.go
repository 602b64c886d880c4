// Package finnhub is the feed of Finnhub: trades from its socket, and previous
// closes, day figures and names from its REST interface. It has no best bids and
// offers. It asks for what is watched, up to the limit of the plan, and takes the
// prints as Finnhub has chosen them: its condition codes are its own, and those
// that must not move a price are left out by it in ways that it does not tell.
//
//   - finnhub.go      the scheme: from a URL to a feed.Spec
//   - session.go      the feed.Source: one connection, and what is asked for on it
//   - gate.go         a symbol's trades wait a moment for its snapshot
//   - failures.go     what Finnhub says, and how to go on after it
//   - decode.go       one message to updates
//   - calls.go        the calls of the REST interface, and their limit
//   - snapshot.go     one symbol's figures, and the day that they belong to
//   - rounds.go       when the snapshots are taken again
//   - instruments.go  what there is
//
// # The URL
//
// finnhub://?symbols=AAPL,BINANCE:BTCUSDT&limit=50. Its parameters:
//
//   - symbols: a comma list; the feed has these alone, and always asks for them.
//     Symbols beside American stocks are written as Finnhub does.
//   - limit: how many symbols are subscribed at once, 0 for no limit. The default
//     is what the free plan allows: 50.
//
// # The settings
//
// FINNHUB_TOKEN is the key; FINNHUB_URL is another address for the socket and the
// REST interface together.
package finnhub

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

const (
	name  = "finnhub"
	usage = "finnhub://?symbols=AAPL,MSFT&limit=50"

	// freeLimit is how many symbols the free plan sends.
	freeLimit = 50
	// staleAfter is short for a stock that trades every second, and stretched by
	// the Tape for one that does not: the free plan has the prints of one exchange.
	staleAfter = time.Minute
	// silentAfter is how long not one of the symbols may trade: with a few thin
	// ones that happens, and Finnhub is known to go silent on an open connection.
	silentAfter = 5 * time.Minute
)

// adviceToken is for a key that is missing or not taken.
const adviceToken = "set TICKBOARD_FINNHUB_TOKEN, or TICKBOARD_FINNHUB_TOKEN_FILE to the file that has it, to the key that https://finnhub.io/dashboard shows" //nolint:gosec // it names the key

// Scheme opens "finnhub://?symbols=AAPL,MSFT&limit=50".
func Scheme() feed.Scheme {
	return feed.Scheme{
		Usage: usage, Open: open, Settings: []string{"FINNHUB_TOKEN", "FINNHUB_URL"},
		Parameters: []feed.Parameter{
			{Name: "symbols", Means: "a comma list: these alone, and always"},
			{Name: "limit", Means: "symbols that may be subscribed at once, 0 for no limit"},
		},
	}
}

func open(u *url.URL, env feed.Env) (feed.Spec, error) {
	s, err := parse(u)
	if err != nil {
		return feed.Spec{}, err
	}
	if err := s.configure(env); err != nil {
		return feed.Spec{}, err
	}
	return feed.Spec{
		Source: s, Instruments: s.instruments, Timeliness: quotes.Live,
		StaleAfter: staleAfter, SilentAfter: silentAfter, Calendar: calendarOf,
	}, nil
}

// parse reads the URL strictly: what is misspelled is refused, not ignored.
func parse(u *url.URL) (*source, error) {
	if u.Opaque != "" || u.Host+u.Path != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("nothing but parameters follows finnhub://; write %s", usage)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the parameters are malformed; write them like %s", usage)
	}
	s := &source{limit: freeLimit}
	for key, list := range values {
		if len(list) > 1 {
			return nil, fmt.Errorf("%s is there %d times; write it once", key, len(list))
		}
		switch key {
		case "symbols":
			if s.only, err = quotes.ParseSymbols(list[0]); err != nil {
				return nil, fmt.Errorf("symbols: %w", err)
			}
			if len(s.only) == 0 {
				return nil, errors.New("symbols is empty; name some, as symbols=AAPL,MSFT, or leave it away")
			}
		case "limit":
			if s.limit, err = strconv.Atoi(list[0]); err != nil || s.limit < 0 {
				return nil, fmt.Errorf("limit %q: write a number of symbols, 0 for no limit", list[0])
			}
		default:
			return nil, fmt.Errorf("there is no parameter %q; there are symbols and limit", key)
		}
	}
	return s, nil
}

// configure reads the key and the addresses.
func (s *source) configure(env feed.Env) error {
	token, err := env("FINNHUB_TOKEN")
	if err != nil {
		return err
	}
	if token == "" {
		return errors.New("Finnhub asks for a key: " + adviceToken + "; it is free") //nolint:staticcheck // a name begins it
	}
	if s.stream, err = socket.Base("wss://ws.finnhub.io", env, "FINNHUB_URL"); err != nil {
		return err
	}
	s.stream = strings.TrimSuffix(s.stream, "/") + "/?" + url.Values{"token": {token}}.Encode()
	base, err := socket.Base("https://finnhub.io/api/v1", env, "FINNHUB_URL")
	if err != nil {
		return err
	}
	s.calls = newCaller(base, token)
	return nil
}
