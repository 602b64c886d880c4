package replay

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// header is the first line of every file, and the names of the columns.
const header = "time,symbol,type,price,size,bid,bid_size,ask,ask_size"

// The columns, in the header's order.
const (
	timeColumn = iota
	symbolColumn
	typeColumn
	priceColumn
	sizeColumn
	bidColumn
	bidSizeColumn
	askColumn
	askSizeColumn
	columns
)

// maxSymbols bounds the spellings of symbols that one file may have: one is
// kept for each.
const maxSymbols = 100_000

// The years a row may be of: those of which any two are apart by less than the
// longest time.Duration.
const firstYear, lastYear = 1970, 2260

// symbols keeps each spelling that a file has used: a row costs a look-up, not
// another parse.
type symbols map[string]quotes.Symbol

func (s symbols) parse(text string) (quotes.Symbol, error) {
	if sym, ok := s[text]; ok {
		return sym, nil
	}
	if len(s) >= maxSymbols {
		return quotes.Symbol{}, fmt.Errorf("more than %d symbols", maxSymbols)
	}
	text = strings.Clone(text) // or the whole line would be kept with it
	sym, err := quotes.ParseSymbol(text)
	if err == nil {
		s[text] = sym
	}
	return sym, err
}

// events is the parser of rows.
func (s symbols) events(line []byte, add func(event)) error {
	u, err := s.parseRow(line)
	if err == nil {
		add(event{u, u.Time})
	}
	return err
}

// parseRow makes an update of a line without its end. The error says what is
// wrong, not where.
func (s symbols) parseRow(line []byte) (feed.Update, error) {
	row, err := split(string(line))
	if err != nil {
		return feed.Update{}, err
	}
	u := feed.Update{}
	if u.Time, err = parseTime(row.text[timeColumn]); err != nil {
		return feed.Update{}, err
	}
	if u.Symbol, err = s.parse(row.text[symbolColumn]); err != nil {
		return feed.Update{}, err
	}
	switch row.text[typeColumn] {
	case "trade":
		row.trade(&u)
	case "quote":
		row.quote(&u)
	default:
		return feed.Update{}, fmt.Errorf("type %q is neither trade nor quote", clip(row.text[typeColumn]))
	}
	if row.err != nil {
		return feed.Update{}, row.err
	}
	return u, nil
}

// cells are one row. The first error stays, so that a row is read without a
// question after every cell.
type cells struct {
	text [columns]string
	err  error
}

func split(line string) (cells, error) {
	var row cells
	if n := strings.Count(line, ",") + 1; n != columns {
		return row, fmt.Errorf("%d cells instead of %d", n, columns)
	}
	for i := range row.text {
		row.text[i], line, _ = strings.Cut(line, ",")
	}
	return row, nil
}

func (c *cells) trade(u *feed.Update) {
	u.Kind = feed.Trade
	u.MovesLast, u.MovesRange, u.CountsVolume = true, true, true
	u.Price = c.required(priceColumn, c.price(priceColumn))
	u.Size = c.required(sizeColumn, c.size(sizeColumn))
	c.empty("trade", bidColumn, bidSizeColumn, askColumn, askSizeColumn)
}

func (c *cells) quote(u *feed.Update) {
	u.Kind = feed.Quote
	u.Bid, u.BidSize = c.side(bidColumn, bidSizeColumn)
	u.Ask, u.AskSize = c.side(askColumn, askSizeColumn)
	c.empty("quote", priceColumn, sizeColumn)
}

// side is one side of the book, which may be empty, or come without a size.
func (c *cells) side(priceAt, sizeAt int) (price, size decimal.NullDecimal) {
	price, size = c.price(priceAt), c.size(sizeAt)
	if size.Valid && !price.Valid {
		c.fail("%s without %s", column(sizeAt), column(priceAt))
	}
	return price, size
}

func (c *cells) price(at int) decimal.NullDecimal {
	d := c.decimal(at)
	if d.Valid && d.Decimal.Sign() <= 0 {
		c.fail("%s %s is not above zero", column(at), c.text[at])
	}
	return d
}

func (c *cells) size(at int) decimal.NullDecimal {
	d := c.decimal(at)
	if d.Valid && d.Decimal.Sign() < 0 {
		c.fail("%s %s is below zero", column(at), c.text[at])
	}
	return d
}

// decimal reads a cell; an empty one is no number.
func (c *cells) decimal(at int) decimal.NullDecimal {
	if c.text[at] == "" {
		return decimal.NullDecimal{}
	}
	d, err := quotes.ParseDecimal(c.text[at])
	if err != nil {
		c.fail("%s: %w", column(at), err)
	}
	return quotes.Some(d)
}

func (c *cells) required(at int, d decimal.NullDecimal) decimal.Decimal {
	if !d.Valid {
		c.fail("%s is empty", column(at))
	}
	return d.Decimal
}

// empty refuses the cells of the other type.
func (c *cells) empty(rowType string, at ...int) {
	for _, i := range at {
		if c.text[i] != "" {
			c.fail("a %s has no %s", rowType, column(i))
		}
	}
}

func (c *cells) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// column is the name of a column.
func column(at int) string { return strings.Split(header, ",")[at] }

// parseTime takes an RFC 3339 time and returns it in UTC.
func parseTime(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !strictTime(text) {
		return time.Time{}, fmt.Errorf("%q is no RFC 3339 time like 2024-08-09T00:00:00.001692584Z", clip(text))
	}
	t = t.UTC()
	if y := t.Year(); y < firstYear || y > lastYear {
		return time.Time{}, fmt.Errorf("time %q is not of the years %d to %d", text, firstYear, lastYear)
	}
	return t, nil
}

// strictTime refuses what time.Parse takes beyond RFC 3339 (go.dev/issue/54580:
// an hour of one digit, a decimal comma, any offset), and decimals below the
// nanosecond, which it would drop.
func strictTime(text string) bool {
	const seconds, nanoseconds = len("2006-01-02T15:04:05"), len("2006-01-02T15:04:05.999999999")
	if text[len("2006-01-02T15")] != ':' || text[seconds] == ',' {
		return false
	}
	local, utc := strings.CutSuffix(text, "Z")
	if !utc {
		offset := len(text) - len("+07:00")
		hour, minute := text[offset+1:offset+3], text[offset+4:]
		if hour > "23" || minute > "59" {
			return false
		}
		local = text[:offset]
	}
	return len(local) <= nanoseconds
}

// clip shortens a text from the file for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
