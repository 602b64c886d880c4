package binance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/rest"
	"github.com/tickboard/tickboard/quotes"
)

// product is what exchangeInfo says of a symbol.
type product struct {
	Symbol     string `json:"symbol"`
	Status     string `json:"status"`
	BaseAsset  string `json:"baseAsset"`
	QuoteAsset string `json:"quoteAsset"`
	Filters    []struct {
		FilterType string `json:"filterType"`
		TickSize   string `json:"tickSize"`
	} `json:"filters"`
}

// instruments lists what is traded.
func (s *Source) instruments(ctx context.Context) ([]quotes.Instrument, error) {
	body, err := rest.Get(ctx, rest.Request{URL: s.rest + "/exchangeInfo?permissions=SPOT&showPermissionSets=false&symbolStatus=TRADING"})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Symbols []product `json:"symbols"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the list of products is malformed: %w", err)
	}
	var list []quotes.Instrument
	for _, p := range answer.Symbols {
		in, ok := p.instrument()
		if ok && (s.only == nil || slices.Contains(s.only, in.Symbol)) {
			list = append(list, in)
		}
	}
	if len(list) == 0 {
		return nil, s.nothing(len(answer.Symbols))
	}
	slices.SortFunc(list, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
	list = slices.CompactFunc(list, func(a, b quotes.Instrument) bool { return a.Symbol == b.Symbol })
	s.keep(list)
	return list, nil
}

// nothing is the error of an empty list.
func (s *Source) nothing(products int) error {
	if products == 0 {
		return errors.New("the list of products is empty")
	}
	return feed.Permanent(fmt.Errorf("none of the symbols %v is traded there; write them as Binance does, like BTCUSDT", s.only))
}

func (s *Source) keep(list []quotes.Instrument) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listed = make(map[quotes.Symbol]bool, len(list))
	for _, in := range list {
		s.listed[in.Symbol] = true
	}
}

// instrument is false for what is not traded or has no symbol of ours.
func (p *product) instrument() (quotes.Instrument, bool) {
	sym, err := quotes.ParseSymbol(p.Symbol)
	if err != nil || p.Status != "TRADING" {
		return quotes.Instrument{}, false
	}
	in := quotes.Instrument{
		Symbol: sym, Name: p.BaseAsset + " / " + p.QuoteAsset, Currency: p.QuoteAsset,
		Type: quotes.Crypto, Decimals: 8, TimeZone: "UTC",
	}
	for _, f := range p.Filters {
		tick, err := quotes.ParseDecimal(f.TickSize)
		if f.FilterType == "PRICE_FILTER" && err == nil && tick.Sign() > 0 {
			in.TickSize = tick
			in.Decimals = quotes.Decimals(tick)
		}
	}
	return in, true
}

// ticker is a symbol's statistics of the last 24 hours.
type ticker struct {
	Symbol    string `json:"symbol"`
	OpenPrice string `json:"openPrice"`
	HighPrice string `json:"highPrice"`
	LowPrice  string `json:"lowPrice"`
	LastPrice string `json:"lastPrice"`
	LastQty   string `json:"lastQty"`
	Volume    string `json:"volume"`
	BidPrice  string `json:"bidPrice"`
	BidQty    string `json:"bidQty"`
	AskPrice  string `json:"askPrice"`
	AskQty    string `json:"askQty"`
	CloseTime int64  `json:"closeTime"`
	LastID    int64  `json:"lastId"` // -1 when nothing was traded
}

// atOnce is how many symbols one request for statistics names; it counts as
// many as forty of the 6,000 that a minute allows.
const atOnce = 100

// errNoSymbol is the answer to a request that names a symbol that Binance does
// not have.
var errNoSymbol = errors.New("there is no such symbol at Binance")

// tickers asks for the statistics of at most atOnce symbols.
func (s *Source) tickers(ctx context.Context, syms []quotes.Symbol) ([]ticker, error) {
	names, err := json.Marshal(syms)
	if err != nil {
		return nil, err
	}
	body, err := rest.Get(ctx, rest.Request{URL: s.rest + "/ticker/24hr?symbols=" + url.QueryEscape(string(names))})
	if err != nil {
		if strings.Contains(err.Error(), "-1121") { // "Invalid symbol."
			err = errNoSymbol
		}
		return nil, err
	}
	var list []ticker
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("the statistics are malformed: %w", err)
	}
	return list, nil
}

// snapshot is what a ticker says of its symbol, as updates that begin anew, and
// the number of the last trade in it. All of it is of the ticker's time: when
// the last trade was, Binance does not say there.
func (t *ticker) snapshot() (list []feed.Update, lastID uint64, err error) {
	sym, err := quotes.ParseSymbol(t.Symbol)
	if err != nil {
		return nil, 0, err
	}
	now := time.UnixMilli(min(max(t.CloseTime, 0), lastTime)).UTC()
	f := fields{
		'o': []byte(t.OpenPrice), 'h': []byte(t.HighPrice), 'l': []byte(t.LowPrice), 'v': []byte(t.Volume),
		'b': []byte(t.BidPrice), 'B': []byte(t.BidQty), 'a': []byte(t.AskPrice), 'A': []byte(t.AskQty),
		'E': fmt.Append(nil, t.CloseTime),
	}
	day, dayErr := f.day()
	quote, quoteErr := f.quote()
	last, lastErr := figure([]byte(t.LastPrice))
	amount, amountErr := size([]byte(t.LastQty))
	if err := first([]error{dayErr, quoteErr, lastErr, amountErr}); err != nil {
		return nil, 0, fmt.Errorf("the statistics of %s: %w", sym, err)
	}
	quote.Time = now
	list = append(list, feed.Update{Kind: feed.Break, Time: now}, day)
	if last.Valid && t.LastID >= 0 {
		lastID = uint64(t.LastID)
		// It is in the day's figures already.
		list = append(list, feed.Update{
			Kind: feed.Trade, Time: now, TradeID: lastID, Price: last.Decimal, Size: amount, MovesLast: true, Regular: true,
		})
	}
	list = append(list, quote)
	for i := range list {
		list[i].Symbol = sym
	}
	return list, lastID, nil
}
