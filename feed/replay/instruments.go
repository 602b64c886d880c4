package replay

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// instruments reads the whole file once and returns what it trades, sorted by
// symbol. It keeps only what it learns of each symbol. Its errors are those of
// a replay of the file.
func instruments(ctx context.Context, rec recording, lenient bool) ([]quotes.Instrument, error) {
	var skipped func()
	if lenient {
		skipped = func() {} // Run counts them
	}
	r, err := openRows(rec, skipped)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // it was only read from

	places := make(map[quotes.Symbol]int)
	e, err := r.next(ctx)
	for ; err == nil; e, err = r.next(ctx) {
		places[e.Symbol] = pricePlaces(places[e.Symbol], &e.Update)
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	list := make([]quotes.Instrument, 0, len(places))
	for sym, n := range places {
		in := instrument(sym, n)
		if rec.format != nil && rec.format.Coins {
			in.Type = quotes.Crypto
			if _, currency, ok := strings.Cut(sym.String(), "/"); ok {
				in.Currency = currency
			}
		}
		list = append(list, in)
	}
	slices.SortFunc(list, func(a, b quotes.Instrument) int { return a.Symbol.Compare(b.Symbol) })
	return list, nil
}

// instrument says of a symbol what its name and its prices tell: the smallest
// step is taken to be one of the last decimal seen.
func instrument(sym quotes.Symbol, places int) quotes.Instrument {
	currency, crypto := pair(sym.String())
	in := quotes.Instrument{
		Symbol: sym, Name: sym.String(), Currency: currency,
		Decimals: places, TickSize: decimal.New(1, -int32(places)),
		TimeZone: "UTC",
	}
	if crypto {
		in.Type = quotes.Crypto
	}
	return in
}

// pricePlaces returns the largest of most and the decimals that the update's
// prices need.
func pricePlaces(most int, u *feed.Update) int {
	if u.Kind == feed.Trade {
		return max(most, quotes.Decimals(u.Price))
	}
	for _, side := range [...]*decimal.NullDecimal{&u.Bid, &u.Ask} {
		if side.Valid {
			most = max(most, quotes.Decimals(side.Decimal))
		}
	}
	return most
}

// pair takes a name like BTCUSDT, BTC-USD or BTC/EUR apart: it returns the
// currency at its end, "" for other names, and whether what is before it is a
// coin.
func pair(symbol string) (currency string, crypto bool) {
	for _, currency := range [...]string{"USDT", "USDC", "USD", "EUR", "BTC", "ETH"} {
		base, ok := strings.CutSuffix(symbol, currency)
		if !ok {
			continue
		}
		if n := len(base); n > 0 && strings.IndexByte("-/_:", base[n-1]) >= 0 {
			base = base[:n-1]
		}
		if letters(base) < 3 {
			return "", false
		}
		money := currency == "USD" || currency == "EUR"
		return currency, !money || !notCoins[base]
	}
	return "", false
}

// notCoins are bases of foreign exchange and metals, as in EURUSD. It is never
// written to.
var notCoins = map[string]bool{
	"USD": true, "EUR": true, "GBP": true, "JPY": true, "CHF": true, "AUD": true, "CAD": true, "NZD": true,
	"BRL": true, "CNH": true, "CNY": true, "MXN": true, "XAU": true, "XAG": true,
}

// letters counts the letters of a name of letters and digits; any other name
// has none.
func letters(s string) int {
	n := 0
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
			n++
		case c < '0' || c > '9':
			return 0
		}
	}
	return n
}
