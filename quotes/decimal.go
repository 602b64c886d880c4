package quotes

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// MaxDigits bounds a decimal, in significant digits and in decimals.
const MaxDigits = 18

// ErrDecimal is what every refusal of ParseDecimal wraps.
var ErrDecimal = errors.New("malformed decimal")

// ErrDigits is what the refusal of a number with too many digits wraps beside it.
var ErrDigits = fmt.Errorf("more than %d digits", MaxDigits)

// ParseDecimal takes a number as JSON writes it (RFC 8259, section 6) of at
// most MaxDigits significant digits and decimals. It keeps trailing zeros:
// what AppendDecimal writes for "141.50" is "141.50". The library's own parser
// is not for input from outside: it takes exponents of thousands.
func ParseDecimal(s string) (decimal.Decimal, error) {
	mantissa, exponent, err := splitExponent(s)
	if err != nil {
		return decimal.Decimal{}, err
	}
	digits, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	if !allDigits(whole) || pointed && !allDigits(fraction) || len(whole) > 1 && whole[0] == '0' {
		return decimal.Decimal{}, fmt.Errorf("%w %q", ErrDecimal, clip(s))
	}
	significant := strings.TrimLeft(whole+fraction, "0")
	if significant == "" && exponent > 0 {
		exponent = 0 // 0e9 is 0
	}
	exponent -= len(fraction)
	if len(significant)+max(exponent, 0) > MaxDigits || exponent < -MaxDigits {
		return decimal.Decimal{}, fmt.Errorf("%w %q: %w", ErrDecimal, clip(s), ErrDigits)
	}
	var coefficient int64
	for i := range len(significant) {
		coefficient = coefficient*10 + int64(significant[i]-'0')
	}
	for ; exponent > 0; exponent-- {
		coefficient *= 10
	}
	if negative {
		coefficient = -coefficient
	}
	return decimal.New(coefficient, int32(exponent)), nil
}

// MustDecimal is ParseDecimal for numbers written in the program; it panics on
// a malformed one.
func MustDecimal(s string) decimal.Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// Some makes an optional decimal that is there.
func Some(d decimal.Decimal) decimal.NullDecimal { return decimal.NewNullDecimal(d) }

// FormatOptional is FormatDecimal, "" for a number that is not known, and
// ParseOptional reads both.
func FormatOptional(d decimal.NullDecimal) string {
	if !d.Valid {
		return ""
	}
	return FormatDecimal(d.Decimal)
}

// ParseOptional is ParseDecimal; "" is a number that is not known.
func ParseOptional(s string) (decimal.NullDecimal, error) {
	if s == "" {
		return decimal.NullDecimal{}, nil
	}
	d, err := ParseDecimal(s)
	if err != nil {
		return decimal.NullDecimal{}, err
	}
	return Some(d), nil
}

// AppendDecimal appends d in plain notation with all its decimals. It does not
// allocate for numbers of at most MaxDigits digits.
func AppendDecimal(dst []byte, d decimal.Decimal) []byte {
	if d.NumDigits() > MaxDigits || d.Exponent() < -MaxDigits || d.Exponent() > MaxDigits {
		return append(dst, d.StringFixed(max(0, -d.Exponent()))...)
	}
	var buf [2 * MaxDigits]byte
	coefficient := d.CoefficientInt64()
	if coefficient < 0 {
		dst = append(dst, '-')
		coefficient = -coefficient
	}
	text := strconv.AppendInt(buf[:0], coefficient, 10)
	if d.Exponent() >= 0 {
		dst = append(dst, text...)
		for range d.Exponent() {
			if coefficient != 0 {
				dst = append(dst, '0')
			}
		}
		return dst
	}
	decimals := int(-d.Exponent())
	if whole := len(text) - decimals; whole > 0 {
		dst = append(dst, text[:whole]...)
		text = text[whole:]
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, '.')
	for range decimals - len(text) {
		dst = append(dst, '0')
	}
	return append(dst, text...)
}

// FormatDecimal is AppendDecimal as a string.
func FormatDecimal(d decimal.Decimal) string { return string(AppendDecimal(nil, d)) }

// Decimals is how many decimals a number of at most MaxDigits digits has, without
// the zeros at its end.
func Decimals(d decimal.Decimal) int {
	n, coefficient := int(-d.Exponent()), d.CoefficientInt64()
	for n > 0 && coefficient%10 == 0 {
		coefficient /= 10
		n--
	}
	return max(n, 0)
}

// splitExponent parts "1.5e-7" into "1.5" and -7.
func splitExponent(s string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, nil
	}
	digits := strings.TrimLeft(s[i+1:], "+-")
	if len(s[i+1:])-len(digits) > 1 || !allDigits(digits) {
		return "", 0, fmt.Errorf("%w %q", ErrDecimal, clip(s))
	}
	if len(digits) > 3 {
		return "", 0, fmt.Errorf("%w %q: %w", ErrDecimal, clip(s), ErrDigits)
	}
	exponent, err = strconv.Atoi(s[i+1:])
	return s[:i], exponent, err
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// clip shortens a text from outside for an error message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
