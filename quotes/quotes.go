// Package quotes is the domain: what a symbol, an instrument and a stock quote
// are, and how a quote looks on the wire. It knows no feed, no stream and no
// page; everything else may import it, it imports the standard library and the
// decimal library alone.
//
//   - symbol.go      Symbol: the one spelling of a ticker, parsed at the edge
//   - decimal.go     exact decimals: bounded parsing, appending without allocation
//   - quote.go       StockQuote and the computation of its change
//   - json.go        the quote on the wire
//   - instrument.go  Instrument: what a symbol stands for
//   - calendar.go    Calendar: trading days and sessions; the rules of each market
//     stand in calendar_us.go and calendar_b3.go, what they share in holidays.go,
//     and daycache.go makes asking cheap
//   - storage.go     what a database says when it cannot do what it was asked
//   - version.go     Versions: numbers that say which of two quotes is newer
package quotes
