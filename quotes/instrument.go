package quotes

import "github.com/shopspring/decimal"

// InstrumentType says what kind of thing is traded.
type InstrumentType string

// The types of instrument.
const (
	Stock  InstrumentType = "stock"
	ETF    InstrumentType = "etf"
	Crypto InstrumentType = "crypto"
)

// Instrument is what a symbol stands for.
type Instrument struct {
	Symbol Symbol `json:"symbol"`
	Name   string `json:"name"`
	// Exchange is the market identifier code (ISO 10383), "" for markets
	// without one, as most crypto venues.
	Exchange string `json:"exchange,omitempty"`
	// Currency of the price: ISO 4217, or the usual code of a coin; "" when
	// the source does not say.
	Currency string         `json:"currency,omitempty"`
	Type     InstrumentType `json:"type,omitempty"`
	// Decimals is how many decimals a price is shown with.
	Decimals int `json:"decimals"`
	// TickSize is the smallest step of the price, zero when not known.
	TickSize decimal.Decimal `json:"-"`
	// TimeZone is the exchange's IANA time zone, "UTC" for 24/7 markets.
	TimeZone string `json:"time_zone"`
}
