// Package alpaca is the feed of Alpaca's market data: trades, best quotes, halts,
// corrections and cancels of American stocks from its stream, and previous closes,
// day figures and names from its REST interface. It believes the vendor's
// acknowledgements and dates, not its own requests and its clock.
//
//   - alpaca.go      the scheme: from a URL to a feed.Spec
//   - plan.go        the four feeds, and what they allow
//   - session.go     the feed.Source: one connection, from its dial to its end
//   - follow.go      what is watched becomes what is subscribed and acknowledged
//   - rounds.go      when the snapshots are taken again
//   - failures.go    the vendor's errors, and how to go on after each
//   - decode.go      the messages of the stream
//   - fields.go      the members of a trade or quote, in the stream and in REST
//   - conditions.go  which trades may move what
//   - status.go      halts
//   - bands.go       limit states, from price bands and best quotes
//   - calls.go       the calls of the REST interface, and their limit
//   - snapshot.go    a snapshot to updates, by the dates of its bars
//   - assets.go      the instruments
//
// # The URL
//
// alpaca://iex, alpaca://sip, alpaca://delayed_sip or alpaca://test, the last of
// which plays FAKEPACA around the clock. Its parameters:
//
//   - symbols: a comma list; the feed has these alone, and always asks for them.
//   - limit: how many symbols may be subscribed at once, 0 for no limit. The
//     default is what the plan of the feed allows: 30 of iex, any number of sip.
//
// # The settings
//
// ALPACA_KEY and ALPACA_SECRET are the key's two halves; ALPACA_URL is another
// address for the stream, the market data and the trading interface together.
package alpaca

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/socket"
	"github.com/tickboard/tickboard/quotes"
)

// usage is one line for people.
const usage = "alpaca://iex?symbols=AAPL,MSFT&limit=30 (or sip, delayed_sip, test)"

// Scheme opens "alpaca://iex?symbols=AAPL,MSFT&limit=30".
func Scheme() feed.Scheme {
	return feed.Scheme{
		Usage: usage, Open: open, Settings: []string{"ALPACA_KEY", "ALPACA_SECRET", "ALPACA_URL"},
		Parameters: []feed.Parameter{
			{Name: "symbols", Means: "a comma list: these alone, and always"},
			{Name: "limit", Means: "symbols that may be subscribed at once, 0 for no limit; usually what the plan allows"},
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
		Source:      s,
		Instruments: s.instruments,
		Timeliness:  s.plan.timeliness,
		Delay:       s.plan.delay,
		StaleAfter:  s.plan.staleAfter,
		SilentAfter: s.plan.silentAfter,
		Calendar:    func(quotes.Instrument) *quotes.Calendar { return s.plan.calendar() },
		Note:        s.plan.note,
	}, nil
}

// parse reads the URL strictly: what is misspelled is refused, not ignored.
func parse(u *url.URL) (*source, error) {
	p, ok := plans[u.Host]
	if !ok || u.Path != "" && u.Path != "/" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return nil, errors.New("write alpaca://iex, alpaca://sip, alpaca://delayed_sip or alpaca://test")
	}
	s := &source{plan: p, limit: p.limit, rounds: p.nextRound}
	params, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the parameters are malformed; write them like %s", usage)
	}
	for name, values := range params {
		if len(values) > 1 {
			return nil, fmt.Errorf("%s is given %d times", name, len(values))
		}
		switch name {
		case "symbols":
			err = s.restrict(values[0])
		case "limit":
			s.limit, err = strconv.Atoi(values[0])
			if err != nil || s.limit < 0 {
				err = fmt.Errorf("limit %q: write a number of symbols, 0 for no limit", values[0])
			}
		default:
			err = fmt.Errorf("there is no parameter %q; there are symbols and limit", name)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *source) restrict(list string) (err error) {
	if s.always, err = quotes.ParseSymbols(list); err != nil {
		return fmt.Errorf("symbols: %w", err)
	}
	if len(s.always) == 0 {
		return errors.New("symbols is empty; name some, as symbols=AAPL,MSFT, or leave it away")
	}
	for _, sym := range s.always {
		if !s.plan.plausible(sym) {
			return fmt.Errorf("symbols: %s is none of this feed", sym)
		}
	}
	return nil
}

// configure reads the credentials and the addresses.
func (s *source) configure(env feed.Env) (err error) {
	for name, into := range map[string]*string{"ALPACA_KEY": &s.key, "ALPACA_SECRET": &s.secret} {
		if *into, err = env(name); err != nil {
			return err
		}
	}
	if s.key == "" || s.secret == "" {
		return errors.New("Alpaca asks for a key: set TICKBOARD_ALPACA_KEY and TICKBOARD_ALPACA_SECRET, " + //nolint:staticcheck // a name begins it
			"or ..._FILE with the path of a file for either; a free one is made at https://app.alpaca.markets")
	}
	s.calls = newCaller(s.key, s.secret)
	for _, a := range []struct {
		standard string
		into     *string
	}{
		{"wss://stream.data.alpaca.markets/v2/" + s.plan.feed, &s.stream},
		{"https://data.alpaca.markets/v2/stocks/snapshots", &s.snapshots},
		{tradingHost(s.key) + "/v2/assets", &s.assets},
	} {
		if *a.into, err = socket.Base(a.standard, env, "ALPACA_URL"); err != nil {
			return err
		}
	}
	return nil
}

// tradingHost is where the instruments are listed: a key of a paper account is
// unknown to the other one, and the other way round. Keys of live accounts begin
// with AK.
func tradingHost(key string) string {
	if len(key) > 2 && key[:2] == "AK" {
		return "https://api.alpaca.markets"
	}
	return "https://paper-api.alpaca.markets"
}

// instruments are the ones of the feed.
func (s *source) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	if s.plan.fake {
		return []quotes.Instrument{fakepaca()}, nil
	}
	list, err := s.calls.list(ctx, s.assets)
	if err != nil {
		return nil, err
	}
	return s.choose(list), nil
}
