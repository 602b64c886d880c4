package coinbase

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/quotes"
)

// instruments asks for the products, and for the names of what they trade.
func (s *source) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	body, err := rest.Get(ctx, rest.Request{URL: s.rest + "/products"})
	if err != nil {
		return nil, err
	}
	list, err := readProducts(body)
	if err != nil {
		return nil, fmt.Errorf("the list of products: %w", err)
	}
	if len(s.always) > 0 {
		list = slices.DeleteFunc(list, func(in quotes.Instrument) bool { return !slices.Contains(s.always, in.Symbol) })
	}
	if len(list) == 0 {
		return nil, errors.New("the exchange lists no such product; look at the symbols of the feed's URL")
	}
	s.name(ctx, list)
	listed := make(map[quotes.Symbol]bool, len(list))
	for _, in := range list {
		listed[in.Symbol] = true
	}
	s.listed.Store(&listed)
	return list, nil
}

// readProducts reads the list of the products that are traded, sorted by symbol.
// One whose id is no symbol here is left out.
func readProducts(body []byte) ([]quotes.Instrument, error) {
	var list []quotes.Instrument
	r := frame.New(body)
	for r.Array(); r.More(); {
		if in, traded := readProduct(&r); traded {
			list = append(list, in)
		}
	}
	slices.SortFunc(list, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
	list = slices.CompactFunc(list, func(a, b quotes.Instrument) bool { return a.Symbol == b.Symbol })
	return list, r.End()
}

func readProduct(r *frame.Reader) (quotes.Instrument, bool) {
	in := quotes.Instrument{Type: quotes.Crypto, TimeZone: "UTC"}
	var id, base, status string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "id":
			id = string(r.Text())
		case "base_currency":
			base = string(r.Text())
		case "quote_currency":
			in.Currency = string(r.Text())
		case "quote_increment":
			in.TickSize = r.Decimal().Decimal
		case "status":
			status = string(r.Text())
		}
	}
	sym, err := symbolOf(id)
	in.Symbol = sym
	in.Name = base + " / " + in.Currency
	in.Decimals = quotes.Decimals(in.TickSize)
	return in, err == nil && isPair(sym) && status == "online" && in.TickSize.Sign() >= 0
}

// name gives the instruments the names of their currencies, "Bitcoin / US
// Dollar", where the exchange tells them: a list is good without.
func (s *source) name(ctx context.Context, list []quotes.Instrument) {
	body, err := rest.Get(ctx, rest.Request{URL: s.rest + "/currencies"})
	if err != nil {
		return
	}
	names := make(map[string]string)
	r := frame.New(body)
	for r.Array(); r.More(); {
		var id, name string
		for r.Object(); r.Next(); {
			switch string(r.Key()) {
			case "id":
				id = string(r.Text())
			case "name":
				name = string(r.Text())
			}
		}
		names[id] = name
	}
	if r.End() != nil {
		return
	}
	for i, in := range list {
		base, quote := parts(in.Symbol)
		if names[base] != "" && names[quote] != "" {
			list[i].Name = names[base] + " / " + names[quote]
		}
	}
}
