package quotes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes"
)

func some(s string) decimal.NullDecimal { return quotes.Some(quotes.MustDecimal(s)) }

func sample() *quotes.StockQuote {
	q := &quotes.StockQuote{
		Symbol: quotes.MustSymbol("AAPL"), Price: some("189.84"), PreviousClose: some("188.61"),
		Open: some("188.70"), High: some("190.02"), Low: some("188.15"), Volume: some("48210377"),
		Bid: some("189.83"), BidSize: some("300"), Ask: some("189.85"), AskSize: some("500"),
		Currency: "USD", Time: time.Date(2026, 11, 20, 15, 42, 7, 123456789, time.UTC), Version: 1795339327123457,
		Session: quotes.Regular, Timeliness: quotes.Simulated, Source: "sim",
	}
	q.SetChange()
	return q
}

// The example of the wire contract, to the letter.
const sampleJSON = `{"symbol":"AAPL","price":189.84,"change":1.23,"change_percent":0.65,"previous_close":188.61,` +
	`"open":188.70,"high":190.02,"low":188.15,"volume":48210377,` +
	`"bid":189.83,"bid_size":300,"ask":189.85,"ask_size":500,` +
	`"currency":"USD","time":"2026-11-20T15:42:07.123456789Z","version":1795339327123457,` +
	`"session":"regular","timeliness":"simulated","source":"sim"}`

func TestTheQuoteOnTheWireIsTheContracts(t *testing.T) {
	if diff := cmp.Diff(sampleJSON, string(sample().AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	q := &quotes.StockQuote{Symbol: quotes.MustSymbol("X"), Version: 7, Delay: 15 * time.Minute, Halted: true, Limited: true, Stale: true}
	want := `{"symbol":"X","version":7,"delay":900,"halted":true,"limited":true,"stale":true}`
	if diff := cmp.Diff(want, string(q.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
}

// The members that come and go, read back as they were written.
func TestWhatIsSeldomThereIsReadBack(t *testing.T) {
	q := sample()
	q.PreviousCloseDate, q.PreviousCloseAdjusted = "2026-11-19", true
	q.PriceTime, q.ExtendedPrice, q.ExtendedTime = q.Time.Add(-time.Hour), some("190"), q.Time.Add(-time.Second)
	text := string(q.AppendJSON(nil))
	for _, want := range []string{
		`"previous_close_date":"2026-11-19","previous_close_adjusted":true,"currency"`,
		`"time":"2026-11-20T15:42:07.123456789Z","price_time":"2026-11-20T14:42:07.123456789Z","extended_time":"2026-11-20T15:42:06.123456789Z","version"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	var again quotes.StockQuote
	if err := json.Unmarshal([]byte(text), &again); err != nil || string(again.AppendJSON(nil)) != text {
		t.Errorf("%s\n%s (%v)", text, again.AppendJSON(nil), err)
	}
	if err := json.Unmarshal([]byte(strings.Replace(text, "2026-11-19", "yesterday", 1)), &again); err != nil || again.PreviousCloseDate != "" {
		t.Errorf("the date is %q (%v)", again.PreviousCloseDate, err)
	}
	if !again.Traded().Equal(q.PriceTime) || !sample().Traded().Equal(q.Time) {
		t.Error("the price's time")
	}
}

func TestAppendJSONDoesNotAllocate(t *testing.T) {
	q, buf := sample(), make([]byte, 0, 1024)
	q.PreviousCloseDate, q.PriceTime = "2026-11-19", q.Time.Add(-time.Hour)
	if n := testing.AllocsPerRun(100, func() { buf = q.AppendJSON(buf[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestChange(t *testing.T) {
	for _, c := range []struct{ price, base, change, percent string }{
		{"189.84", "188.61", "1.23", "0.65"},
		{"188.61", "188.61", "0.00", "0.00"},
		{"100.005", "100", "0.005", "0.01"}, // half away from zero
		{"99.995", "100", "-0.005", "-0.01"},
		{"0.00000011", "0.0000001", "0.00000001", "10.00"},
		{"3", "2.00", "1.00", "50.00"},
		{"1", "0", "none", "none"},
		{"1", "-1", "none", "none"},
		{"1", "", "none", "none"},
		{"", "1", "none", "none"},
		{"999999999999999999", "0.000000000000000001", "none", "none"},
	} {
		q := quotes.StockQuote{}
		if c.price != "" {
			q.Price = some(c.price)
		}
		if c.base != "" {
			q.PreviousClose = some(c.base)
		}
		q.SetChange()
		if got := [2]string{orNone(q.Change), orNone(q.ChangePercent)}; got != [2]string{c.change, c.percent} {
			t.Errorf("%s against %s is %v, want %s and %s", c.price, c.base, got, c.change, c.percent)
		}
	}
}

func orNone(d decimal.NullDecimal) string {
	if !d.Valid {
		return "none"
	}
	return quotes.FormatDecimal(d.Decimal)
}

func TestAQuoteReadBackIsTheSame(t *testing.T) {
	var q quotes.StockQuote
	if err := json.Unmarshal([]byte(sampleJSON), &q); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sampleJSON, string(q.AppendJSON(nil))); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(`{"symbol":"A","price":1e400}`), &q); err == nil {
		t.Error("a price beyond the bound was taken")
	}
	if err := json.Unmarshal([]byte(`{"symbol":"a b"}`), &q); err == nil {
		t.Error("a malformed symbol was taken")
	}
}

// FuzzAppendJSON holds the encoder against encoding/json, number by number.
func FuzzAppendJSON(f *testing.F) {
	f.Add(int64(18984), int8(-2), int64(-5), int8(3), "USD", "sim", int64(1795339327123456789))
	f.Add(int64(0), int8(-18), int64(1), int8(0), "<&>\u2028\"\\\n\x00\x7f", "\xff\xfe", int64(0))
	f.Fuzz(func(t *testing.T, c1 int64, e1 int8, c2 int64, e2 int8, currency, source string, nanos int64) {
		q := quotes.StockQuote{
			Symbol: quotes.MustSymbol("A"), Currency: currency, Source: source, Time: time.Unix(0, nanos), Version: c1,
			Price: quotes.Some(decimal.New(c1, int32(e1%19))), Volume: quotes.Some(decimal.New(c2, int32(e2%19))),
		}
		got := q.AppendJSON(nil)
		var m struct {
			Price, Volume    json.Number
			Currency, Source string
			Time             time.Time
			Version          int64
		}
		if err := json.Unmarshal(got, &m); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		for _, n := range []struct {
			text json.Number
			d    decimal.Decimal
		}{{m.Price, q.Price.Decimal}, {m.Volume, q.Volume.Decimal}} {
			want, _ := new(big.Rat).SetString(n.d.String())
			if got, ok := new(big.Rat).SetString(n.text.String()); !ok || got.Cmp(want) != 0 || strings.ContainsAny(n.text.String(), "eE") {
				t.Fatalf("%v was written as %s", n.d, n.text)
			}
		}
		if m.Version != c1 || !m.Time.Equal(q.Time) {
			t.Fatalf("%s", got)
		}
		for text, read := range map[string]string{currency: m.Currency, source: m.Source} {
			var want string
			standard, err := json.Marshal(text)
			if err == nil {
				err = json.Unmarshal(standard, &want)
			}
			if err != nil || read != want {
				t.Fatalf("%q reads back as %q, encoding/json makes it %q (%v)", text, read, want, err)
			}
		}
		if bytes.ContainsAny(got, "<>&\n\u2028\u2029") {
			t.Fatalf("not escaped: %q", got)
		}
	})
}

func TestVersionsRiseWhateverTheClockDoes(t *testing.T) {
	var v quotes.Versions
	now := time.UnixMicro(1_000)
	got := []int64{v.Next(now), v.Next(now), v.Next(now.Add(-time.Hour)), v.Next(now.Add(time.Second))}
	if diff := cmp.Diff([]int64{1_000, 1_001, 1_002, 1_001_000}, got); diff != "" {
		t.Error(diff)
	}
}

// TestPercentIsTheLibrarysQuotient holds the computation in machine words
// against the decimal library's, to the digit and at the edges.
func TestPercentIsTheLibrarysQuotient(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) decimal.Decimal {
		digits := rapid.IntRange(1, quotes.MaxDigits).Draw(t, "digits")
		most := int64(1)
		for range digits {
			most *= 10
		}
		return decimal.New(rapid.Int64Range(1, most-1).Draw(t, "coefficient"), -rapid.Int32Range(0, 8).Draw(t, "decimals"))
	})
	rapid.Check(t, func(t *rapid.T) {
		base := number.Draw(t, "base")
		price := number.Draw(t, "price")
		if rapid.Bool().Draw(t, "near") { // the half of a hundredth of a percent, and beside it
			step := decimal.New(rapid.Int64Range(-3, 3).Draw(t, "halves")*base.CoefficientInt64()/20_000+rapid.Int64Range(-1, 1).Draw(t, "beside"), base.Exponent())
			price = base.Add(step)
		}
		q := quotes.StockQuote{Price: quotes.Some(price), PreviousClose: quotes.Some(base)}
		q.SetChange()
		want := price.Sub(base).Shift(2).DivRound(base, 2)
		if q.ChangePercent.Valid && quotes.FormatDecimal(q.ChangePercent.Decimal) != quotes.FormatDecimal(want) {
			t.Fatalf("%s against %s is %s %%, not %s", price, base, q.ChangePercent.Decimal, want)
		}
		if !q.ChangePercent.Valid && want.NumDigits() <= quotes.MaxDigits && price.Sub(base).NumDigits() <= quotes.MaxDigits {
			t.Fatalf("%s against %s has no percent", price, base)
		}
	})
}

func BenchmarkSetChange(b *testing.B) {
	q := quotes.StockQuote{Price: some("189.84"), PreviousClose: some("188.61")}
	b.ReportAllocs()
	for b.Loop() {
		q.SetChange()
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	q, buf := sample(), make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buf = q.AppendJSON(buf[:0])
	}
	b.SetBytes(int64(len(buf)))
}

func ExampleStockQuote_SetChange() {
	q := quotes.StockQuote{Symbol: quotes.MustSymbol("aapl"), Price: some("101.50"), PreviousClose: some("100")}
	q.SetChange()
	fmt.Println(string(q.AppendJSON(nil)))
	// Output: {"symbol":"AAPL","price":101.50,"change":1.50,"change_percent":1.50,"previous_close":100,"version":0}
}
