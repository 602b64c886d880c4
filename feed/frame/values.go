package frame

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Text reads a string's content, or the text of a number, true or false; null
// is nil. It is valid as long as the message.
func (r *Reader) Text() []byte {
	r.unread = false
	switch r.peek() {
	case '"':
		return r.str()
	case '{', '[':
		r.fail("it has an object or array where a text is expected")
		return nil
	}
	text := r.literal()
	if string(text) == "null" {
		return nil
	}
	return text
}

// Decimal reads a number, or a string with one, exactly as it is written
// (quotes.ParseDecimal). null and an empty string are no number, and not valid.
func (r *Reader) Decimal() decimal.NullDecimal {
	return r.decimal(r.Text())
}

// Figure is Decimal for sums as a day's volume: decimals beyond
// quotes.MaxDigits in all are cut off instead of refused.
func (r *Reader) Figure() decimal.NullDecimal {
	text := r.Text()
	if len(text) <= quotes.MaxDigits {
		return r.decimal(text)
	}
	if kept := cut(text); kept != nil {
		text = kept
	}
	return r.decimal(text)
}

// cut takes the decimals beyond quotes.MaxDigits digits from a number in plain
// notation; of anything else, and of a number without a decimal too many, it is
// nil.
func cut(text []byte) []byte {
	digits, point, end := 0, -1, 0
	for i, c := range text {
		switch {
		case c == '.' && point < 0:
			point = i
		case c == '-' && i == 0, c == '0' && digits == 0 && point < 0:
		case '0' <= c && c <= '9':
			if digits++; digits > quotes.MaxDigits && point >= 0 && end == 0 {
				end = i
			}
		default:
			return nil
		}
	}
	switch {
	case end == 0:
		return nil
	case text[end-1] == '.':
		end--
	}
	return text[:end]
}

func (r *Reader) decimal(text []byte) decimal.NullDecimal {
	if r.err != nil || len(text) == 0 {
		return decimal.NullDecimal{}
	}
	d, err := quotes.ParseDecimal(string(text))
	if err != nil {
		r.fail(err.Error())
		return decimal.NullDecimal{}
	}
	return quotes.Some(d)
}

// Uint reads a whole number, or a string with one; null is 0.
func (r *Reader) Uint() uint64 {
	text := r.Text()
	if r.err != nil || text == nil {
		return 0
	}
	if len(text) > 20 {
		r.fail("a whole number is too long")
		return 0
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		r.fail("it has something else where a whole number is expected")
	}
	return n
}

// Bool reads true or false; null is false.
func (r *Reader) Bool() bool {
	switch text := r.Text(); {
	case string(text) == "true":
		return true
	case text != nil && string(text) != "false":
		r.fail("it has something else where true or false is expected")
	}
	return false
}

// Time reads a string with a time (RFC 3339) and returns it in UTC; null and an
// empty string are the zero time.
func (r *Reader) Time() time.Time {
	text := r.Text()
	if r.err != nil || len(text) == 0 {
		return time.Time{}
	}
	if len(text) > len(time.RFC3339Nano) {
		r.fail("a time is too long")
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(text))
	if err != nil {
		r.fail("a time is not as RFC 3339 writes it")
		return time.Time{}
	}
	return t.UTC()
}

// str reads a string.
func (r *Reader) str() []byte {
	begin := r.at
	raw, escaped := r.skipString()
	if !escaped {
		return raw
	}
	var s string
	if err := json.Unmarshal(r.data[begin:r.at], &s); err != nil {
		r.fail("a string has a wrong escape")
		return nil
	}
	return []byte(s)
}
