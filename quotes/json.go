package quotes

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// AppendJSON appends the quote as the wire contract has it: one object, numbers
// as exact decimals in plain notation, what is not known left out. It does not
// allocate when dst has room (about 500 bytes).
func (q *StockQuote) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"symbol":"`...)
	dst = append(dst, q.Symbol.name...) // a symbol has nothing to escape
	dst = append(dst, '"')
	for _, f := range [...]struct {
		key   string
		value *decimal.NullDecimal
	}{
		{`,"price":`, &q.Price}, {`,"change":`, &q.Change}, {`,"change_percent":`, &q.ChangePercent},
		{`,"previous_close":`, &q.PreviousClose}, {`,"open":`, &q.Open}, {`,"high":`, &q.High},
		{`,"low":`, &q.Low}, {`,"volume":`, &q.Volume},
		{`,"bid":`, &q.Bid}, {`,"bid_size":`, &q.BidSize}, {`,"ask":`, &q.Ask}, {`,"ask_size":`, &q.AskSize},
		{`,"extended_price":`, &q.ExtendedPrice}, {`,"extended_change":`, &q.ExtendedChange},
		{`,"extended_change_percent":`, &q.ExtendedChangePercent},
	} {
		if f.value.Valid {
			dst = AppendDecimal(append(dst, f.key...), f.value.Decimal)
		}
	}
	dst = appendText(dst, `,"previous_close_date":`, q.PreviousCloseDate)
	if q.PreviousCloseAdjusted {
		dst = append(dst, `,"previous_close_adjusted":true`...)
	}
	dst = appendText(dst, `,"basis":`, string(q.Basis))
	dst = appendText(dst, `,"currency":`, q.Currency)
	dst = appendTime(dst, `,"time":"`, q.Time)
	dst = appendTime(dst, `,"price_time":"`, q.PriceTime)
	dst = appendTime(dst, `,"extended_time":"`, q.ExtendedTime)
	dst = appendInt(dst, `,"version":`, q.Version)
	dst = appendText(dst, `,"session":`, string(q.Session))
	dst = appendText(dst, `,"timeliness":`, string(q.Timeliness))
	if q.Delay > 0 {
		dst = appendInt(dst, `,"delay":`, int64(q.Delay/time.Second))
	}
	if q.Halted {
		dst = append(dst, `,"halted":true`...)
	}
	if q.Limited {
		dst = append(dst, `,"limited":true`...)
	}
	if q.Stale {
		dst = append(dst, `,"stale":true`...)
	}
	dst = appendText(dst, `,"source":`, q.Source)
	return append(dst, '}')
}

// MarshalJSON implements json.Marshaler with AppendJSON.
func (q *StockQuote) MarshalJSON() ([]byte, error) {
	return q.AppendJSON(make([]byte, 0, 512)), nil
}

// wireQuote is StockQuote as encoding/json reads it.
type wireQuote struct {
	Symbol                Symbol      `json:"symbol"`
	Price                 json.Number `json:"price"`
	Change                json.Number `json:"change"`
	ChangePercent         json.Number `json:"change_percent"`
	PreviousClose         json.Number `json:"previous_close"`
	Open                  json.Number `json:"open"`
	High                  json.Number `json:"high"`
	Low                   json.Number `json:"low"`
	Volume                json.Number `json:"volume"`
	Bid                   json.Number `json:"bid"`
	BidSize               json.Number `json:"bid_size"`
	Ask                   json.Number `json:"ask"`
	AskSize               json.Number `json:"ask_size"`
	ExtendedPrice         json.Number `json:"extended_price"`
	ExtendedChange        json.Number `json:"extended_change"`
	ExtendedChangePercent json.Number `json:"extended_change_percent"`
	PreviousCloseDate     string      `json:"previous_close_date"`
	PreviousCloseAdjusted bool        `json:"previous_close_adjusted"`
	Basis                 Basis       `json:"basis"`
	Currency              string      `json:"currency"`
	Time                  time.Time   `json:"time"`
	PriceTime             time.Time   `json:"price_time"`
	ExtendedTime          time.Time   `json:"extended_time"`
	Version               int64       `json:"version"`
	Session               Session     `json:"session"`
	Timeliness            Timeliness  `json:"timeliness"`
	Delay                 int64       `json:"delay"`
	Halted                bool        `json:"halted"`
	Limited               bool        `json:"limited"`
	Stale                 bool        `json:"stale"`
	Source                string      `json:"source"`
}

// UnmarshalJSON reads what AppendJSON writes. Fields it does not know are
// ignored, as is a date that is none; numbers are read exactly and within the
// bounds of ParseDecimal.
func (q *StockQuote) UnmarshalJSON(data []byte) error {
	var w wireQuote
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	out := StockQuote{
		Symbol: w.Symbol, Basis: w.Basis, Currency: w.Currency, Time: w.Time, Version: w.Version,
		Session: w.Session, Timeliness: w.Timeliness, Delay: time.Duration(w.Delay) * time.Second,
		PreviousCloseAdjusted: w.PreviousCloseAdjusted, PriceTime: w.PriceTime, ExtendedTime: w.ExtendedTime,
		Halted: w.Halted, Limited: w.Limited, Stale: w.Stale, Source: w.Source,
	}
	if IsDate(w.PreviousCloseDate) {
		out.PreviousCloseDate = w.PreviousCloseDate
	}
	for _, f := range [...]struct {
		key  string
		text json.Number
		into *decimal.NullDecimal
	}{
		{"price", w.Price, &out.Price}, {"change", w.Change, &out.Change},
		{"change_percent", w.ChangePercent, &out.ChangePercent},
		{"previous_close", w.PreviousClose, &out.PreviousClose}, {"open", w.Open, &out.Open},
		{"high", w.High, &out.High}, {"low", w.Low, &out.Low}, {"volume", w.Volume, &out.Volume},
		{"bid", w.Bid, &out.Bid}, {"bid_size", w.BidSize, &out.BidSize},
		{"ask", w.Ask, &out.Ask}, {"ask_size", w.AskSize, &out.AskSize},
		{"extended_price", w.ExtendedPrice, &out.ExtendedPrice},
		{"extended_change", w.ExtendedChange, &out.ExtendedChange},
		{"extended_change_percent", w.ExtendedChangePercent, &out.ExtendedChangePercent},
	} {
		if f.text == "" {
			continue
		}
		d, err := ParseDecimal(f.text.String())
		if err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
		*f.into = Some(d)
	}
	*q = out
	return nil
}

// appendTime appends a member with a time, whose opening quote key ends with;
// nothing for the zero time.
func appendTime(dst []byte, key string, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	return append(t.UTC().AppendFormat(append(dst, key...), time.RFC3339Nano), '"')
}

// appendInt appends a member with a whole number.
func appendInt(dst []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(dst, key...), n, 10)
}

// appendText appends a member with a text, nothing when it is empty.
func appendText(dst []byte, key, text string) []byte {
	if text == "" {
		return dst
	}
	return AppendJSONString(append(dst, key...), text)
}

// AppendJSONString appends text as a JSON string. Like encoding/json it escapes
// what HTML and JavaScript would take as markup or line ends, and replaces
// invalid UTF-8 by U+FFFD; unlike it, it does not allocate.
func AppendJSONString(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\b':
			dst = append(dst, `\b`...)
		case r == '\f':
			dst = append(dst, `\f`...)
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < ' ' || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029':
			dst = append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
