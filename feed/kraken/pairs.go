package kraken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/quotes"
)

// instruments asks for the pairs.
func (s *source) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	body, err := rest.Get(ctx, rest.Request{URL: s.rest})
	if err != nil {
		return nil, err
	}
	list, err := readPairs(body)
	if err != nil {
		return nil, fmt.Errorf("the list of pairs: %w", err)
	}
	if len(s.always) > 0 {
		list = slices.DeleteFunc(list, func(in quotes.Instrument) bool { return !slices.Contains(s.always, in.Symbol) })
	}
	if len(list) == 0 {
		return nil, errors.New("the exchange lists no such pair; look at the symbols of the feed's URL")
	}
	listed := make(map[quotes.Symbol]bool, len(list))
	for _, in := range list {
		listed[in.Symbol] = true
	}
	s.listed.Store(&listed)
	return list, nil
}

// readPairs reads the list of the pairs that are traded, sorted by symbol. One
// whose name is no symbol here is left out.
func readPairs(body []byte) ([]quotes.Instrument, error) {
	var list []quotes.Instrument
	var said []string
	r := frame.New(body)
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "error":
			for r.Array(); r.More(); {
				said = append(said, string(r.Text()))
			}
		case "result":
			for r.Object(); r.Next(); {
				if in, traded := readPair(&r); traded {
					list = append(list, in)
				}
			}
		}
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	if len(said) > 0 {
		return nil, refusal(said)
	}
	slices.SortFunc(list, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
	return slices.CompactFunc(list, func(a, b quotes.Instrument) bool { return a.Symbol == b.Symbol }), nil
}

// refusal is what the vendor says in place of a list, with status 200.
func refusal(said []string) error {
	err := errors.New("the vendor says " + strings.Join(said, ", "))
	if text := strings.ToLower(err.Error()); strings.Contains(text, "too many requests") || strings.Contains(text, "rate limit") {
		return &feed.Failure{Err: err, Slow: true, Advice: "too many requests came from this network; it is tried again slowly"}
	}
	return err
}

func readPair(r *frame.Reader) (quotes.Instrument, bool) {
	in := quotes.Instrument{Type: quotes.Crypto, TimeZone: "UTC"}
	var pair, state string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "wsname":
			pair = string(r.Text())
		case "status":
			state = string(r.Text())
		case "pair_decimals":
			in.Decimals = int(min(r.Uint(), quotes.MaxDigits))
		case "tick_size":
			in.TickSize = r.Decimal().Decimal
		}
	}
	base, quote, _ := strings.Cut(pair, "/")
	base, quote = plainName(base), plainName(quote)
	sym, err := quotes.ParseSymbol(base + "/" + quote)
	in.Symbol, in.Currency, in.Name = sym, quote, base+" / "+quote
	return in, err == nil && state != "delisted" && state != "work_in_progress" && in.TickSize.Sign() >= 0
}

// plainName is a coin's name in version 2 of the socket: the list has those of
// version 1, and these two differ.
func plainName(coin string) string {
	switch coin {
	case "XBT":
		return "BTC"
	case "XDG":
		return "DOGE"
	}
	return coin
}
