package replay

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// exactly compares decimals by their text, so that a lost zero shows.
var exactly = cmp.Options{
	cmp.Comparer(func(a, b decimal.Decimal) bool { return quotes.FormatDecimal(a) == quotes.FormatDecimal(b) }),
	cmp.Comparer(func(a, b quotes.Symbol) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func some(s string) decimal.NullDecimal { return quotes.Some(quotes.MustDecimal(s)) }

func TestRowBecomesAnUpdateToTheDigit(t *testing.T) {
	btc := quotes.MustSymbol("BTCUSDT")
	at := time.Date(2024, 8, 9, 0, 0, 0, 1692584, time.UTC)
	for line, want := range map[string]feed.Update{
		"2024-08-09T00:00:00.001692584Z,BTCUSDT,trade,61685.99000000,0.00100000,,,,": {
			Symbol: btc, Kind: feed.Trade, Time: at, MovesLast: true, MovesRange: true, CountsVolume: true,
			Price: quotes.MustDecimal("61685.99000000"), Size: quotes.MustDecimal("0.00100000"),
		},
		"2024-08-09T00:00:00.001692584Z,BTCUSDT,quote,,,61685.99,1.2,61686.00,0": {
			Symbol: btc, Kind: feed.Quote, Time: at,
			Bid: some("61685.99"), BidSize: some("1.2"), Ask: some("61686.00"), AskSize: some("0"),
		},
		"2024-08-09T02:00:00.001692584+02:00,btcusdt,quote,,,,,61686.00,": {
			Symbol: btc, Kind: feed.Quote, Time: at, Ask: some("61686.00"),
		},
		"2024-08-09T00:00:00.001692584Z,BTCUSDT,quote,,,,,,": {Symbol: btc, Kind: feed.Quote, Time: at},
	} {
		got, err := make(symbols).parseRow([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if diff := cmp.Diff(want, got, exactly); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
		if got.Time.Location() != time.UTC {
			t.Errorf("%s: time in %v, want UTC", line, got.Time.Location())
		}
	}
}

const sound = "2024-08-09T00:00:00Z,BTCUSDT,"

// malformedRows are lines with what is said of them.
var malformedRows = []struct{ line, reason string }{
	{"", "1 cells instead of 9"},
	{"x", "1 cells instead of 9"},
	{sound + "trade,1,1,,,", "8 cells instead of 9"},
	{sound + "trade,1,1,,,,,", "10 cells instead of 9"},
	{"BTCUSDT,trade,1,1,,,,,", `"BTCUSDT" is no RFC 3339 time`},
	{",BTCUSDT,trade,1,1,,,,", `"" is no RFC 3339 time`},
	{"1723161600,BTCUSDT,trade,1,1,,,,", `"1723161600" is no RFC 3339 time`},
	{"2024-08-09 00:00:00Z,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-08-09T00:00:00,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-08-09T1:00:00Z,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-08-09T00:00:00+24:00,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-08-09T00:00:00+00:60,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-08-09T00:00:00.0000000001Z,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"2024-02-30T00:00:00Z,BTCUSDT,trade,1,1,,,,", "is no RFC 3339 time"},
	{"0001-01-01T00:00:00Z,BTCUSDT,trade,1,1,,,,", "is not of the years 1970 to 2260"},
	{"9999-12-31T23:59:59Z,BTCUSDT,trade,1,1,,,,", "is not of the years 1970 to 2260"},
	{"2024-08-09T00:00:00Z,,trade,1,1,,,,", "malformed symbol: it is empty"},
	{"2024-08-09T00:00:00Z,BTC USDT,trade,1,1,,,,", `malformed symbol "BTC USDT"`},
	{`2024-08-09T00:00:00Z,"BTCUSDT",trade,1,1,,,,`, "malformed symbol"},
	{sound + ",1,1,,,,", `type "" is neither trade nor quote`},
	{sound + "Trade,1,1,,,,", `type "Trade" is neither trade nor quote`},
	{sound + "trade,,1,,,,", "price is empty"},
	{sound + "trade,1,,,,,", "size is empty"},
	{sound + "trade,0.00,1,,,,", "price 0.00 is not above zero"},
	{sound + "trade,-1,1,,,,", "price -1 is not above zero"},
	{sound + "trade,1,-0.1,,,,", "size -0.1 is below zero"},
	{sound + "trade,1 ,1,,,,", `price: malformed decimal "1 "`},
	{sound + "trade,1.,1,,,,", `price: malformed decimal "1."`},
	{sound + "trade,NaN,1,,,,", `price: malformed decimal "NaN"`},
	{sound + "trade,1e5000,1,,,,", `price: malformed decimal "1e5000"`},
	{sound + "trade,1,1234567890123456789,,,,", "size: malformed decimal"},
	{sound + "trade,1,1,1,,,", "a trade has no bid"},
	{sound + "trade,1,1,,,,1", "a trade has no ask_size"},
	{sound + "quote,1,,1,1,1,1", "a quote has no price"},
	{sound + "quote,,1,1,1,1,1", "a quote has no size"},
	{sound + "quote,,,,1,1,1", "bid_size without bid"},
	{sound + "quote,,,1,1,,1", "ask_size without ask"},
	{sound + "quote,,,0,1,1,1", "bid 0 is not above zero"},
	{sound + "quote,,,1,1,-1,1", "ask -1 is not above zero"},
	{sound + "quote,,,1,-1,1,1", "bid_size -1 is below zero"},
	{sound + "quote,,,1,1,1,x", `ask_size: malformed decimal "x"`},
}

func TestMalformedRowIsRefusedWithItsReason(t *testing.T) {
	for _, row := range malformedRows {
		_, err := make(symbols).parseRow([]byte(row.line))
		if err == nil || !strings.Contains(err.Error(), row.reason) {
			t.Errorf("%q: error %v, want one with %q", row.line, err, row.reason)
		}
	}
}

func TestSymbolsOfAFileAreBounded(t *testing.T) {
	syms := make(symbols)
	for i := range maxSymbols {
		syms[strings.Repeat("A", 25)+time.Duration(i).String()] = quotes.Symbol{}
	}
	_, err := syms.parseRow([]byte(sound + "trade,1,1,,,,"))
	if err == nil || !strings.Contains(err.Error(), "more than 100000 symbols") {
		t.Errorf("error %v, want one about the number of symbols", err)
	}
}

func FuzzRow(f *testing.F) {
	for _, row := range malformedRows {
		f.Add(row.line)
	}
	f.Add("2024-08-09T00:00:00.001692584Z,BTCUSDT,trade,61685.99000000,0.00100000,,,,")
	f.Add("2024-08-09T02:00:00.001692584+02:00,BTC/USD,quote,,,61685.99,1.2,61686.00,0")
	f.Fuzz(func(t *testing.T, line string) {
		syms := make(symbols)
		u, err := syms.parseRow([]byte(line))
		if err != nil {
			if !u.Time.IsZero() || !u.Symbol.IsZero() {
				t.Errorf("%q is refused (%v) and still gives %v", line, err, u)
			}
			return
		}
		if u.Symbol.IsZero() || u.Time.IsZero() || u.Time.Location() != time.UTC {
			t.Errorf("%q gives no whole update: %v", line, u)
		}
		if u.Kind == feed.Trade && (u.Price.Sign() <= 0 || u.Size.Sign() < 0) {
			t.Errorf("%q gives a trade of %s at %s", line, u.Size, u.Price)
		}
		again, err := syms.parseRow([]byte(format(u)))
		if err != nil {
			t.Fatalf("%q, written again as %q: %v", line, format(u), err)
		}
		if diff := cmp.Diff(u, again, exactly); diff != "" {
			t.Errorf("%q, written again as %q (-first +again):\n%s", line, format(u), diff)
		}
	})
}

// format writes an update as a row.
func format(u feed.Update) string {
	cells := []string{u.Time.Format(time.RFC3339Nano), u.Symbol.String()}
	if u.Kind == feed.Trade {
		cells = append(cells, "trade", quotes.FormatDecimal(u.Price), quotes.FormatDecimal(u.Size), "", "", "", "")
		return strings.Join(cells, ",")
	}
	cells = append(cells, "quote", "", "")
	for _, d := range []decimal.NullDecimal{u.Bid, u.BidSize, u.Ask, u.AskSize} {
		cell := ""
		if d.Valid {
			cell = quotes.FormatDecimal(d.Decimal)
		}
		cells = append(cells, cell)
	}
	return strings.Join(cells, ",")
}
