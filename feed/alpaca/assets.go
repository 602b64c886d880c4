package alpaca

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// mics are the market identifier codes (ISO 10383) of the exchanges as Alpaca
// names them. What else there is has none.
var mics = map[string]string{
	"NASDAQ": "XNAS", "NYSE": "XNYS", "ARCA": "ARCX", "NYSEARCA": "ARCX", "BATS": "BATS", "AMEX": "XASE", "OTC": "OTCM",
}

const newYork = "America/New_York"

// fakepaca is the one instrument of the test stream.
func fakepaca() quotes.Instrument {
	return quotes.Instrument{
		Symbol: quotes.MustSymbol("FAKEPACA"), Name: "Fakepaca, Alpaca's test stock", Currency: "USD",
		Type: quotes.Stock, Decimals: 2, TickSize: decimal.New(1, -2), TimeZone: "UTC",
	}
}

// list asks for all active American stocks.
func (c *caller) list(ctx context.Context, address string) ([]quotes.Instrument, error) {
	body, err := c.get(ctx, address, url.Values{"status": {"active"}, "asset_class": {"us_equity"}})
	if err != nil {
		return nil, err
	}
	list, err := parseAssets(body)
	if err != nil {
		return nil, fmt.Errorf("the list of assets: %w", err)
	}
	return list, nil
}

// parseAssets reads the list and returns it sorted, each symbol once. A symbol
// that is none to us is left out, and so is what is not active.
func parseAssets(body []byte) ([]quotes.Instrument, error) {
	var list []quotes.Instrument
	r := frame.New(body)
	for r.Array(); r.More(); {
		if in, ok := parseAsset(&r); ok {
			list = append(list, in)
		}
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	bySymbol := func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) }
	slices.SortStableFunc(list, bySymbol)
	return slices.CompactFunc(list, func(a, b quotes.Instrument) bool { return a.Symbol == b.Symbol }), nil
}

func parseAsset(r *frame.Reader) (quotes.Instrument, bool) {
	in := quotes.Instrument{
		Currency: "USD", Type: quotes.Stock, Decimals: 2, TickSize: decimal.New(1, -2), TimeZone: newYork,
	}
	var class, status, symbol string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "class":
			class = string(r.Text())
		case "status":
			status = string(r.Text())
		case "symbol":
			symbol = string(r.Text())
		case "name":
			in.Name = strings.Join(strings.Fields(string(r.Text())), " ")
		case "exchange":
			in.Exchange = mics[string(r.Text())]
		}
	}
	sym, err := quotes.ParseSymbol(symbol)
	if err != nil || class != "us_equity" || status != "active" {
		return in, false
	}
	in.Symbol = sym
	if in.Name == "" {
		in.Name = symbol
	}
	if slices.ContainsFunc(strings.Fields(in.Name), func(word string) bool { return word == "ETF" || word == "ETFs" }) {
		in.Type = quotes.ETF
	}
	return in, true
}

// choose keeps the symbols that the URL names, all without any, and remembers
// what the feed has.
func (s *source) choose(list []quotes.Instrument) []quotes.Instrument {
	if len(s.always) > 0 {
		list = slices.DeleteFunc(list, func(in quotes.Instrument) bool { return !slices.Contains(s.always, in.Symbol) })
	}
	has := make(map[quotes.Symbol]bool, len(list))
	for _, in := range list {
		has[in.Symbol] = true
	}
	s.listed.Store(&has)
	return list
}
