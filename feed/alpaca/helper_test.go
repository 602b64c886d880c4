package alpaca

import (
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

func opt(d decimal.NullDecimal) string {
	if !d.Valid {
		return "none"
	}
	return quotes.FormatDecimal(d.Decimal)
}
