package views

import (
	"strings"

	"github.com/shopspring/decimal"
)

// Missing stands for a number that is not known.
const Missing = "—"

const minus = "−" // U+2212

// Number is d with exactly that many decimals, rounded half away from zero, as
// en-US writes it: "1,234.50".
func Number(d decimal.NullDecimal, decimals int) string {
	if !d.Valid {
		return Missing
	}
	return sign(group(d.Decimal.StringFixed(places(decimals))))
}

// Signed is Number with its sign, "+1.23" or "−0.45"; what rounds to zero has
// none.
func Signed(d decimal.NullDecimal, decimals int) string {
	text := Number(d, decimals)
	if Direction(d, decimals) == "up" {
		return "+" + text
	}
	return text
}

// Percent is Signed with two decimals and a percent sign.
func Percent(d decimal.NullDecimal) string {
	if !d.Valid {
		return Missing
	}
	return Signed(d, 2) + "%"
}

// Direction says where a change points once it is rounded as it is shown:
// "up", "down", "flat", and "" when there is none.
func Direction(d decimal.NullDecimal, decimals int) string {
	if !d.Valid {
		return ""
	}
	switch d.Decimal.Round(places(decimals)).Sign() {
	case 1:
		return "up"
	case -1:
		return "down"
	}
	return "flat"
}

// Big is d as 1.2K, 12.67M or 3.1B: at most two decimals and no trailing zeros;
// below one it has three significant digits, since crypto is traded in crumbs.
func Big(d decimal.NullDecimal) string {
	if !d.Valid {
		return Missing
	}
	if d.Decimal.Abs().LessThan(decimal.NewFromInt(1)) {
		return sign(significant(d.Decimal, 3).String())
	}
	units := []string{"", "K", "M", "B", "T"}
	thousand := decimal.NewFromInt(1000)
	unit := 0
	for unit < len(units)-1 && d.Decimal.Shift(int32(-3*unit)).Round(2).Abs().GreaterThanOrEqual(thousand) {
		unit++
	}
	return sign(group(d.Decimal.Shift(int32(-3*unit)).Round(2).String())) + units[unit]
}

// Full is all of d without trailing zeros, for tooltips: "48,210,377".
func Full(d decimal.NullDecimal) string {
	if !d.Valid {
		return Missing
	}
	return sign(group(d.Decimal.String()))
}

// significant rounds d, below one, to n significant digits.
func significant(d decimal.Decimal, n int32) decimal.Decimal {
	if d.IsZero() {
		return decimal.Zero
	}
	leading := -d.Exponent() - int32(d.NumDigits()) // zeros behind the point
	return d.Round(leading + n)
}

// places bounds what an instrument may ask for.
func places(decimals int) int32 { return int32(min(max(decimals, 0), 12)) }

// group puts commas between the thousands.
func group(number string) string {
	whole, fraction, pointed := strings.Cut(number, ".")
	digits := strings.TrimPrefix(whole, "-")
	var out strings.Builder
	if len(digits) < len(whole) {
		out.WriteByte('-')
	}
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteByte(digits[i])
	}
	if pointed {
		out.WriteString("." + fraction)
	}
	return out.String()
}

// sign writes a minus as people print it, and none before a zero.
func sign(number string) string {
	digits, negative := strings.CutPrefix(number, "-")
	if !negative {
		return number
	}
	if strings.Trim(digits, "0.,") == "" {
		return digits
	}
	return minus + digits
}
