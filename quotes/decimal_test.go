package quotes_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

func TestDecimalsKeepTheirText(t *testing.T) {
	for in, want := range map[string]string{
		"141.50": "141.50", "0": "0", "0.00": "0.00", "-0": "0", "-1.5": "-1.5", "-0.05": "-0.05",
		"0.000000000000000001": "0.000000000000000001", "999999999999999999": "999999999999999999",
		"1e-7": "0.0000001", "1.50E2": "150", "12e3": "12000", "1e+2": "100", "0e9": "0", "105944.20": "105944.20",
	} {
		d, err := quotes.ParseDecimal(in)
		if got := quotes.FormatDecimal(d); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestDecimalsAreCountedWithoutZerosAtTheEnd(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "0.000": 0, "12": 0, "1200": 0, "0.01000000": 2, "1.50": 1, "-0.125": 3, "1e2": 0, "0.000000000000000001": 18, "1.00000001": 8,
	} {
		if got := quotes.Decimals(quotes.MustDecimal(text)); got != want {
			t.Errorf("%s has %d decimals, not %d", text, got, want)
		}
	}
}

func TestDecimalsOutOfBoundsAreRefused(t *testing.T) {
	for _, in := range []string{
		"", "-", ".", "1.", ".5", "+1", "01", "1e", "1e+", "1e5000", "1e-5000", "1e99", "1e--2", "1e2147483648",
		"1000000000000000000", "0.0000000000000000001", "1.2.3", "0x10", "1_000", "NaN", "Infinity", "−1", "１", "1 ", "1e1.5",
		strings.Repeat("9", 100_000),
	} {
		if d, err := quotes.ParseDecimal(in); !errors.Is(err, quotes.ErrDecimal) {
			t.Errorf("%.40q gave %v, %v; want an ErrDecimal", in, d, err)
		}
	}
}

func TestAppendDecimalWritesNumbersBeyondTheBoundToo(t *testing.T) {
	for _, c := range []struct {
		d    decimal.Decimal
		want string
	}{
		{decimal.New(5, 3), "5000"},
		{decimal.New(0, 5), "0"},
		{decimal.New(5, 20), "5" + strings.Repeat("0", 20)},
		{decimal.New(1, -20), "0." + strings.Repeat("0", 19) + "1"},
		{decimal.New(1<<62, 0).Mul(decimal.New(1<<62, -3)), "21267647932558653966460912964485513.216"},
		{decimal.New(-1<<63, 0), "-9223372036854775808"},
	} {
		if got := quotes.FormatDecimal(c.d); got != c.want {
			t.Errorf("%v became %q, want %q", c.d, got, c.want)
		}
	}
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"1.50", "-0.001", "1e-7", "999999999999999999", "1e5000", "−1", "00", "1e18"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := quotes.ParseDecimal(s)
		if err != nil {
			return
		}
		text := quotes.FormatDecimal(d)
		if !json.Valid([]byte(s)) || !json.Valid([]byte(text)) {
			t.Fatalf("%q was taken and gave %q", s, text)
		}
		if digits := strings.Count(text, "") - 1; digits > quotes.MaxDigits+len("-0.")+quotes.MaxDigits {
			t.Fatalf("%q gave %d characters", s, digits)
		}
		if lib, err := decimal.NewFromString(s); err != nil || !lib.Equal(d) {
			t.Fatalf("%q is %v to us and %v, %v to the library", s, d, lib, err)
		}
		if again, err := quotes.ParseDecimal(text); err != nil || !again.Equal(d) {
			t.Fatalf("%q gave %q, which parses to %v, %v", s, text, again, err)
		}
	})
}
