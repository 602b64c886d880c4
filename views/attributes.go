package views

import (
	"strconv"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// rowAttributes are the figures that the page's script needs of a symbol, on
// the element that shows it.
func rowAttributes(c *Clock, r Row) templ.OrderedAttributes {
	in := r.Instrument
	attributes := templ.OrderedAttributes{
		{Key: "data-symbol", Value: in.Symbol.String()},
		{Key: "data-name", Value: in.Name},
		{Key: "data-decimals", Value: strconv.Itoa(in.Decimals)},
		{Key: "data-exchange", Value: exchange(in)},
		{Key: "data-tz", Value: timeZone(in)},
		{Key: "data-zone", Value: c.Zone(in.TimeZone)},
		{Key: "data-tick", Value: quotes.FormatDecimal(tick(in))},
	}
	q := r.Quote
	if q == nil {
		return append(attributes, attribute("data-version", "0"))
	}
	attributes = append(attributes,
		attribute("data-version", strconv.FormatInt(q.Version, 10)),
		attribute("data-dir", Direction(q.Change, in.Decimals)),
		attribute("data-session", string(q.Session)),
		attribute("data-state", c.State(r)),
	)
	for _, figure := range []struct {
		key   string
		value decimal.NullDecimal
	}{
		{"data-price", q.Price}, {"data-change", q.Change}, {"data-percent", q.ChangePercent},
		{"data-close", q.PreviousClose}, {"data-low", q.Low}, {"data-high", q.High}, {"data-volume", q.Volume},
	} {
		if figure.value.Valid {
			attributes = append(attributes, attribute(figure.key, quotes.FormatDecimal(figure.value.Decimal)))
		}
	}
	return attributes
}

func attribute(key, value string) templ.KeyValue[string, any] {
	return templ.KeyValue[string, any]{Key: key, Value: value}
}

// timeZone is the zone of an instrument; without one it is a market that never
// closes.
func timeZone(in quotes.Instrument) string {
	if in.TimeZone == "" {
		return "UTC"
	}
	return in.TimeZone
}

// exchange is the market's code, or what its instruments are.
func exchange(in quotes.Instrument) string {
	switch {
	case in.Exchange != "":
		return in.Exchange
	case in.Type == quotes.Crypto:
		return "Crypto"
	}
	return ""
}

// typeName is an instrument's type in words.
func typeName(in quotes.Instrument) string {
	switch in.Type {
	case quotes.Stock:
		return "Stock"
	case quotes.ETF:
		return "ETF"
	case quotes.Crypto:
		return "Crypto"
	}
	return ""
}

// facts are what is known of an instrument, in a few words each.
func facts(in quotes.Instrument) []string {
	var out []string
	for _, s := range []string{in.Exchange, typeName(in), in.Currency} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// figures is a quote that templates may ask for its numbers, an empty one when
// none is known.
func figures(r Row) *quotes.StockQuote {
	if r.Quote == nil {
		return &quotes.StockQuote{}
	}
	return r.Quote
}
