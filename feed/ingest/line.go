package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// The bounds of an instrument's texts, in bytes.
const (
	maxName     = 200
	maxCurrency = 10
)

// The years that a time may be of: those that RFC 3339 can write in every zone.
const firstYear, lastYear = 1, 9998

// kinds are the types of line. An instrument is listed, which is no update of a
// quote. It is never written to.
var kinds = map[string]feed.Kind{
	"trade": feed.Trade, "quote": feed.Quote, "day": feed.Day, "status": feed.Status,
	"correction": feed.Correction, "cancel": feed.Cancel, "instrument": feed.Listed,
}

// field is a member that a line may have.
type field uint8

const (
	typeField field = iota
	symbolField
	timeField
	idField
	priceField
	sizeField
	movesLastField
	movesRangeField
	countsVolumeField
	regularField
	bidField
	bidSizeField
	askField
	askSizeField
	previousCloseField
	previousCloseDateField
	openField
	highField
	lowField
	volumeField
	haltedField
	limitedField
	nameField
	exchangeField
	currencyField
	classField
	decimalsField
	tickSizeField
	timeZoneField
	fields
)

var fieldNames = [fields]string{
	"type", "symbol", "time", "id", "price", "size", "moves_last", "moves_range", "counts_volume", "regular",
	"bid", "bid_size", "ask", "ask_size", "previous_close", "previous_close_date", "open", "high", "low", "volume", "halted", "limited",
	"name", "exchange", "currency", "class", "decimals", "tick_size", "time_zone",
}

// fieldsByName is never written to.
var fieldsByName = func() map[string]field {
	byName := make(map[string]field, fields)
	for f, name := range fieldNames {
		byName[name] = field(f)
	}
	return byName
}()

// line is a line that is being decoded: the text of its members, without the
// quotes of a string, nil for those that are not there. The first error stays, so
// that it is read without a question after every member. It is used again for the
// next line.
type line struct {
	text [fields][]byte
	err  error
}

// decode makes an update of a line; now is when it came. The error says what is
// wrong with it.
func (l *line) decode(text []byte, now time.Time) (feed.Update, error) {
	*l = line{}
	if err := l.split(text); err != nil {
		return feed.Update{}, err
	}
	name := l.required(typeField)
	kind, ok := kinds[name]
	if !ok && l.err == nil {
		l.fail("type %q; there are trade, quote, day, status, correction, cancel and instrument", clip(name))
	}
	u := feed.Update{Kind: kind, Symbol: l.symbol(), Time: l.time(now)}
	switch kind {
	case feed.Trade:
		l.trade(&u)
	case feed.Quote:
		l.quote(&u)
	case feed.Day:
		l.day(&u)
	case feed.Status:
		u.Halted, u.Limited = l.flag(haltedField, false), l.flag(limitedField, false)
		l.need(haltedField)
	case feed.Correction:
		u.TradeID = l.id(true)
		l.need(sizeField)
		u.Price, u.Size = l.price(priceField).Decimal, l.size(sizeField).Decimal
		l.need(priceField)
	case feed.Cancel:
		u.TradeID = l.id(true)
	case feed.Listed:
		u.Instrument = l.instrument(u.Symbol)
	}
	if l.err != nil {
		return feed.Update{}, l.err
	}
	return u, nil
}

// split finds the members.
func (l *line) split(text []byte) error {
	switch {
	case !utf8.Valid(text):
		return errors.New("it is not valid UTF-8")
	case !json.Valid(text): // frame does not look at what it skips
		return notJSON(text)
	case !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")):
		return errors.New("it is no JSON object")
	}
	r := frame.New(text)
	for r.Object(); r.Next(); {
		if f, ok := fieldsByName[string(r.Key())]; ok {
			l.text[f] = r.Text()
		}
	}
	return r.End()
}

// notJSON says what is wrong with a line that is not JSON.
func notJSON(text []byte) error {
	err := json.Unmarshal(text, new(json.RawMessage))
	return fmt.Errorf("it is not JSON: %w", err)
}

func (l *line) trade(u *feed.Update) {
	l.need(priceField)
	u.Price, u.Size = l.price(priceField).Decimal, l.size(sizeField).Decimal
	u.TradeID = l.id(false)
	u.MovesLast = l.flag(movesLastField, true)
	u.MovesRange = l.flag(movesRangeField, true)
	u.CountsVolume = l.flag(countsVolumeField, true)
	u.Regular = l.flag(regularField, false)
}

func (l *line) quote(u *feed.Update) {
	u.Bid, u.BidSize = l.side(bidField, bidSizeField)
	u.Ask, u.AskSize = l.side(askField, askSizeField)
}

// side is one side of the book, which may be missing, or come without a size.
func (l *line) side(priceAt, sizeAt field) (price, size decimal.NullDecimal) {
	price, size = l.price(priceAt), l.size(sizeAt)
	if size.Valid && !price.Valid {
		l.fail("%s without %s", fieldNames[sizeAt], fieldNames[priceAt])
	}
	return price, size
}

func (l *line) day(u *feed.Update) {
	u.PreviousClose, u.Open = l.price(previousCloseField), l.price(openField)
	u.High, u.Low = l.price(highField), l.price(lowField)
	u.Volume = l.size(volumeField)
	u.PreviousCloseDate = l.date(previousCloseDateField)
	if !u.PreviousClose.Valid && !u.Open.Valid && !u.High.Valid && !u.Low.Valid && !u.Volume.Valid {
		l.fail("none of previous_close, open, high, low and volume is there")
	}
	if u.PreviousCloseDate != "" && !u.PreviousClose.Valid {
		l.fail("previous_close_date without previous_close")
	}
	if u.High.Valid && u.Low.Valid && u.Low.Decimal.GreaterThan(u.High.Decimal) {
		l.fail("low is above high")
	}
}

// date is a date as 2006-01-02, "" when it is not there.
func (l *line) date(f field) string {
	text := string(l.text[f])
	if text != "" && !quotes.IsDate(text) {
		l.fail("%s %q; write a date like 2026-11-20", fieldNames[f], clip(text))
		return ""
	}
	return text
}

// instrument takes what the line says; the rest is what nobody has to know: two
// decimals, and UTC.
func (l *line) instrument(sym quotes.Symbol) *quotes.Instrument {
	in := unnamed(sym, leastDecimals)
	if name := l.words(nameField, maxName); name != "" {
		in.Name = name
	}
	in.Currency = l.words(currencyField, maxCurrency)
	if in.Exchange = l.words(exchangeField, 4); in.Exchange != "" && !mic(in.Exchange) {
		l.fail("exchange %q is no market identifier code (ISO 10383), as XNAS", clip(in.Exchange))
	}
	in.Type = quotes.InstrumentType(l.words(classField, maxCurrency))
	switch in.Type {
	case "", quotes.Stock, quotes.ETF, quotes.Crypto:
	default:
		l.fail("class %q; there are stock, etf and crypto", clip(string(in.Type)))
	}
	if l.text[decimalsField] != nil {
		n, err := strconv.Atoi(string(l.text[decimalsField]))
		if err != nil || n < 0 || n > quotes.MaxDigits {
			l.fail("decimals is not a whole number from 0 to %d", quotes.MaxDigits)
		}
		in.Decimals = n
	}
	if tick := l.price(tickSizeField); tick.Valid {
		in.TickSize = tick.Decimal
	}
	if zone := l.words(timeZoneField, maxName); zone != "" {
		if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
			l.fail("time_zone %q is no IANA time zone, as America/New_York", clip(zone))
		}
		in.TimeZone = zone
	}
	return &in
}

// mic says that s has the form of a market identifier code.
func mic(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return len(s) == 4
}

func (l *line) symbol() quotes.Symbol {
	name := l.required(symbolField)
	if l.err != nil {
		return quotes.Symbol{}
	}
	sym, err := quotes.ParseSymbol(name)
	if err != nil {
		l.fail("%w", err)
	}
	return sym
}

// time is strictly RFC 3339, and the moment of arrival where there is none.
func (l *line) time(now time.Time) time.Time {
	if l.text[timeField] == nil {
		return now
	}
	text := l.text[timeField]
	var t time.Time
	if err := t.UnmarshalText(text); err != nil || t.Year() < firstYear || t.Year() > lastYear {
		l.fail("time %q is no RFC 3339 time, as 2026-11-20T15:42:07.5Z", clip(string(text)))
	}
	return t.UTC()
}

// id is a trade's number; 0 is none.
func (l *line) id(needed bool) uint64 {
	if l.text[idField] == nil {
		if needed {
			l.need(idField)
		}
		return 0
	}
	id, err := strconv.ParseUint(string(l.text[idField]), 10, 64)
	if err != nil || id == 0 {
		l.fail("id is not a whole number above zero")
	}
	return id
}

func (l *line) price(f field) decimal.NullDecimal {
	d := l.number(f)
	if d.Valid && d.Decimal.Sign() <= 0 {
		l.fail("%s is not above zero", fieldNames[f])
	}
	return d
}

func (l *line) size(f field) decimal.NullDecimal {
	d := l.number(f)
	if d.Valid && d.Decimal.Sign() < 0 {
		l.fail("%s is below zero", fieldNames[f])
	}
	return d
}

// number reads a member exactly, in quotes or not.
func (l *line) number(f field) decimal.NullDecimal {
	if l.text[f] == nil {
		return decimal.NullDecimal{}
	}
	d, err := quotes.ParseDecimal(string(l.text[f]))
	if err != nil {
		l.fail("%s: %w", fieldNames[f], err)
	}
	return quotes.Some(d)
}

func (l *line) flag(f field, fallback bool) bool {
	switch string(l.text[f]) {
	case "":
		return fallback
	case "true":
		return true
	case "false":
		return false
	}
	l.fail("%s is neither true nor false", fieldNames[f])
	return fallback
}

// words is a text for people.
func (l *line) words(f field, most int) string {
	s := string(l.text[f])
	if len(s) > most {
		l.fail("%s is longer than %d bytes", fieldNames[f], most)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		l.fail("%s has a character that cannot be shown", fieldNames[f])
	}
	return s
}

// required is the text of a member that must be there.
func (l *line) required(f field) string {
	l.need(f)
	return string(l.text[f])
}

func (l *line) need(f field) {
	if l.text[f] == nil {
		l.fail("%s is missing", fieldNames[f])
	}
}

func (l *line) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// clip shortens a text from outside for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
