package views

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// TestNumbersAreWrittenAsTheScriptsWriteThem holds the server to the table that
// the scripts' tests hold the page to.
func TestNumbersAreWrittenAsTheScriptsWriteThem(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "static", "jstest", "format.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table map[string][][]json.RawMessage
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	write := map[string]func(d decimal.NullDecimal, decimals int) string{
		"number": Number, "signed": Signed, "direction": Direction,
		"percent": func(d decimal.NullDecimal, _ int) string { return Percent(d) },
		"big":     func(d decimal.NullDecimal, _ int) string { return Big(d) },
		"full":    func(d decimal.NullDecimal, _ int) string { return Full(d) },
	}
	for name, rows := range table {
		if write[name] == nil {
			t.Errorf("the table has %q, which the server does not", name)
			continue
		}
		for _, row := range rows {
			var d decimal.NullDecimal
			if text := string(row[0]); text != "null" {
				v, err := quotes.ParseDecimal(text)
				if err != nil {
					t.Fatal(err)
				}
				d = quotes.Some(v)
			}
			var decimals int
			if len(row) == 3 {
				if err := json.Unmarshal(row[1], &decimals); err != nil {
					t.Fatal(err)
				}
			}
			var want string
			if err := json.Unmarshal(row[len(row)-1], &want); err != nil {
				t.Fatal(err)
			}
			if got := write[name](d, decimals); got != want {
				t.Errorf("%s(%s, %d) = %q, want %q", name, row[0], decimals, got, want)
			}
		}
	}
}

func TestTimesAreThoseOfTheExchange(t *testing.T) {
	now := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
	c := NewClock(now)
	for _, tt := range []struct{ at, zone, clock, day string }{
		{"2026-11-20T20:42:07Z", "America/New_York", "15:42:07", "EST"},
		{"2026-11-20T20:42:07Z", "America/Sao_Paulo", "17:42:07", "GMT-3"},
		{"2026-11-20T20:42:07Z", "Asia/Kolkata", "02:12:07", "IST"},
		{"2026-11-20T20:42:07Z", "UTC", "20:42:07", "Nov 20 UTC"},
		{"2026-11-19T20:42:07Z", "America/New_York", "15:42:07", "Nov 19 EST"},
		{"2025-07-19T20:42:07Z", "America/New_York", "16:42:07", "Jul 19, 2025 EDT"},
		{"2026-11-20T20:42:07Z", "Nowhere/Else", "20:42:07", "Nov 20 UTC"},
	} {
		at, err := time.Parse(time.RFC3339, tt.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Time(at, tt.zone); got != tt.clock {
			t.Errorf("Time(%s, %s) = %q, want %q", tt.at, tt.zone, got, tt.clock)
		}
		if got := c.Day(at, tt.zone); got != tt.day {
			t.Errorf("Day(%s, %s) = %q, want %q", tt.at, tt.zone, got, tt.day)
		}
	}
	if got := c.Time(time.Time{}, "UTC"); got != Missing {
		t.Errorf("no time is %q", got)
	}
}

func TestPointsOfASparklineStayInItsArea(t *testing.T) {
	d := func(texts ...string) (out []decimal.Decimal) {
		for _, s := range texts {
			out = append(out, number(s).Decimal)
		}
		return out
	}
	quote := func(price, closing string) *quotes.StockQuote {
		return &quotes.StockQuote{Price: number(price), PreviousClose: number(closing)}
	}
	for _, tt := range []struct {
		row           Row
		points, close string
	}{
		{Row{}, "", ""},
		{Row{Spark: d("1", "2", "3")}, "0,300 500,150 1000,0", ""},
		{Row{Spark: d("2", "2")}, "0,150 1000,150", ""},
		{Row{Quote: quote("10", "20")}, "", "0"},
		{Row{Spark: d("10"), Quote: quote("15", "20")}, "0,300 1000,150", "0"},
		{Row{Spark: d("15"), Quote: &quotes.StockQuote{Price: number("15"), Open: number("10"), PreviousClose: number("20")}}, "0,300 1000,150", "0"},
	} {
		s := newSpark(tt.row)
		if s.Points != tt.points || s.Close != tt.close {
			t.Errorf("%v: points %q, close %q, want %q and %q", tt.row.Spark, s.Points, s.Close, tt.points, tt.close)
		}
	}
}

func TestMarkStaysOnTheRange(t *testing.T) {
	for _, tt := range []struct{ price, low, high, want string }{
		{"5", "0", "10", "50"}, {"0", "0", "10", "0"}, {"10", "0", "10", "100"},
		{"12", "0", "10", "100"}, {"-3", "0", "10", "0"}, {"7", "7", "7", "50"},
	} {
		q := &quotes.StockQuote{Price: number(tt.price), Low: number(tt.low), High: number(tt.high)}
		if got := rangeMark(Row{Quote: q}); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
	if got := rangeMark(Row{}); got != "-9" {
		t.Errorf("without a quote the mark is at %s", got)
	}
}

func TestSnippetHoldsTheWidgetsOptions(t *testing.T) {
	got := Snippet("https://quotes.example", quotes.MustSymbol("BTC/USD"), WidgetOptions{Theme: "dark", Palette: "mono", Transparent: true})
	for _, want := range []string{
		`src="https://quotes.example/embed/quote/BTC/USD?palette=mono&amp;theme=dark&amp;transparent=1"`, `title="BTC/USD quote"`,
		`sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox"`, `loading="lazy"`, `width="320"`, `height="160"`, "color-scheme:dark",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if plain := Snippet("https://quotes.example", quotes.MustSymbol("AAPL"), WidgetOptions{Theme: "auto", Palette: "green-red"}); strings.Contains(plain, "?") {
		t.Errorf("defaults are in the address: %s", plain)
	}
}

func TestProvenanceNamesTheFeed(t *testing.T) {
	q := &quotes.StockQuote{Timeliness: quotes.Delayed, Delay: 15 * time.Minute, Source: "finnhub"}
	if got, want := Provenance(q), "Delayed 15 min data from finnhub"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestThePreviousCloseSaysItsDay(t *testing.T) {
	c := NewClock(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC))
	for _, tt := range []struct {
		quote quotes.StockQuote
		want  string
	}{
		{quotes.StockQuote{}, "previous close"},
		{quotes.StockQuote{PreviousCloseDate: "2026-11-20"}, "previous close of Nov 20"},
		{quotes.StockQuote{PreviousCloseDate: "2026-01-02", PreviousCloseAdjusted: true}, "previous close of Jan 2 (adjusted by the source)"},
		{quotes.StockQuote{PreviousCloseDate: "2025-12-31"}, "previous close of Dec 31, 2025"},
		{quotes.StockQuote{PreviousCloseDate: "<b>"}, "previous close"},
	} {
		if got := c.Base(&tt.quote); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
