package finnhub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

const newYork = "America/New_York"

// calendarOf gives American stocks their common trading days, whichever market
// identifier Finnhub has for them, and any others those of their exchange: what
// trades on venues of coins and currencies never closes.
func calendarOf(in quotes.Instrument) *quotes.Calendar {
	if in.TimeZone == newYork {
		return quotes.CalendarOf("XNYS")
	}
	return quotes.CalendarOf(in.Exchange)
}

// instruments are the American stocks, or the symbols of the URL.
func (s *source) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	body, err := s.calls.get(ctx, "/stock/symbol", url.Values{"exchange": {"US"}})
	if err != nil {
		return nil, err
	}
	list, err := parseInstruments(body)
	if err != nil {
		return nil, fmt.Errorf("Finnhub's list of stocks: %w", err) //nolint:staticcheck // a name begins it
	}
	list = s.choose(list)
	known := make(map[quotes.Symbol]quotes.Instrument, len(list))
	for _, in := range list {
		known[in.Symbol] = in
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = known
	return list, nil
}

// choose takes the symbols of the URL, also those that are no American stocks.
func (s *source) choose(all []quotes.Instrument) []quotes.Instrument {
	if s.only == nil {
		return all
	}
	var list []quotes.Instrument
	for _, sym := range s.only {
		in := quotes.Instrument{Symbol: sym, Name: sym.String(), Decimals: 2, TimeZone: "UTC"}
		if i, ok := slices.BinarySearchFunc(all, sym, func(in quotes.Instrument, sym quotes.Symbol) int { return in.Symbol.Compare(sym) }); ok {
			in = all[i]
		}
		list = append(list, in)
	}
	slices.SortFunc(list, bySymbol)
	return list
}

func bySymbol(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) }

// parseInstruments reads the list, without what has a symbol that is none here.
func parseInstruments(body []byte) ([]quotes.Instrument, error) {
	var list []quotes.Instrument
	r := frame.New(body)
	for r.Array(); r.More(); {
		if in, ok := instrument(&r); ok {
			list = append(list, in)
		}
	}
	if err := r.End(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("it is empty")
	}
	slices.SortStableFunc(list, bySymbol)
	return slices.CompactFunc(list, func(a, b quotes.Instrument) bool { return a.Symbol == b.Symbol }), nil
}

func instrument(r *frame.Reader) (quotes.Instrument, bool) {
	in := quotes.Instrument{Decimals: 2, TimeZone: newYork}
	var symbol string
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "symbol":
			symbol = string(r.Text())
		case "description":
			in.Name = strings.ToValidUTF8(strings.Join(strings.Fields(string(r.Text())), " "), "")
		case "currency":
			in.Currency = string(r.Text())
		case "mic":
			in.Exchange = string(r.Text())
		case "type":
			in.Type = instrumentType(string(r.Text()))
		}
	}
	var err error
	in.Symbol, err = quotes.ParseSymbol(symbol)
	in.Name = cmp.Or(in.Name, symbol)
	return in, err == nil && r.Err() == nil
}

func instrumentType(text string) quotes.InstrumentType {
	switch text {
	case "Common Stock", "ADR", "REIT", "Preference", "NY Reg Shrs", "Foreign Sh.", "Ltd Part", "MLP", "Tracking Stk":
		return quotes.Stock
	case "ETP":
		return quotes.ETF
	}
	return ""
}
