package coinbase

import (
	"strings"

	"github.com/tickboard/tickboard/quotes"
)

// symbolOf makes "BTC/USD" of the product id "BTC-USD".
func symbolOf(id string) (quotes.Symbol, error) {
	return quotes.ParseSymbol(strings.Replace(id, "-", "/", 1))
}

// productOf makes the product id "BTC-USD" of "BTC/USD".
func productOf(sym quotes.Symbol) string {
	return strings.Replace(sym.String(), "/", "-", 1)
}

// isAuction says that a symbol is of the product that an opening auction runs
// under ("BTCAUCTION-USD"): its prices are not those of BTC/USD.
func isAuction(sym quotes.Symbol) bool {
	base, _ := parts(sym)
	return strings.HasSuffix(base, "AUCTION")
}

// parts are the two sides of "BTC/USD".
func parts(sym quotes.Symbol) (base, quote string) {
	base, quote, _ = strings.Cut(sym.String(), "/")
	return base, quote
}

// isPair says that a symbol has the form of a product's.
func isPair(sym quotes.Symbol) bool {
	return strings.Count(sym.String(), "/") == 1 && !isAuction(sym)
}
