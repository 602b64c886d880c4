package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const nasdaqListed = `Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares
AAPL|Apple Inc. - Common Stock|Q|N|N|100|N|N
QQQ|Invesco QQQ Trust, Series 1|G|N|N|100|Y|N
ZAZZT|Tick Pilot Test Stock Class A Common Stock|G|Y|N|100|N|N
File Creation Time: 0115202621:31|||||||
`

const otherListed = "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\r\n" +
	"A|Agilent Technologies, Inc. Common Stock|N|A|N|100|N|A\r\n" +
	"BAC$B|Bank of America Corporation Preferred|N|BACpB|N|100|N|BAC-B\r\n" +
	"BRK.B|Berkshire Hathaway Inc. New|N|BRK.B|N|100|N|BRK.B\r\n" +
	"SPY|SPDR S&P 500|P|SPY|Y|100|N|SPY\r\n" +
	"File Creation Time: 0115202621:31|||||||\r\n"

func TestInstrumentsOfBothFormatsAreRead(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nasdaqlisted": {nasdaqListed, []string{"AAPL|Apple Inc.|XNAS|USD|stock|2|America/New_York", "QQQ|Invesco QQQ Trust, Series 1|XNAS|USD|etf|2|America/New_York"}},
		"otherlisted": {otherListed, []string{
			"A|Agilent Technologies, Inc.|XNYS|USD|stock|2|America/New_York",
			"BRK.B|Berkshire Hathaway Inc. New|XNYS|USD|stock|2|America/New_York", "SPY|SPDR S&P 500|ARCX|USD|etf|2|America/New_York",
		}},
		"csv": {
			"\ufeffname, Symbol,Exchange,currency,TYPE,decimals\n\"Petrobras, PN\",petr4,bvmf,brl,stock,2\r\n\nBitcoin,BTC/USD,,,crypto,\n",
			[]string{"PETR4|Petrobras, PN|BVMF|BRL|stock|2|America/Sao_Paulo", "BTC/USD|Bitcoin|||crypto|0|"},
		},
		"two columns":   {"symbol,name\nA,Agilent", []string{"A|Agilent||||0|"}},
		"only a header": {"symbol,name\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := feed.ReadInstruments(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, in := range list {
				got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%d|%s", in.Symbol, in.Name, in.Exchange, in.Currency, in.Type, in.Decimals, in.TimeZone))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAnErrorInAListNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "line 1: the file is empty",
		"A,Agilent\n":                         `line 1: the header has "a"`,
		"symbol,name,symbol\n":                `line 1: the header has "symbol"`,
		"symbol\n":                            "line 1: the header has no column name",
		"symbol,name\nA,Agilent\n\nA,Again\n": "line 4: A is on line 2 already",
		"symbol,name\nA,Agilent\n-,Minus\n":   "line 3: malformed symbol",
		"symbol,name\nA\n":                    "line 2: wrong number of fields",
		"symbol,name\nA,\"Agilent\n":          "line 2: extraneous or missing",
		"symbol,name\nA,\"Agi\nlent\"\n":      "line 2: the name has a control character",
		"symbol,name\nA,\xff\n":               "line 2: the name is not UTF-8",
		"symbol,name\nA," + strings.Repeat("x", 301):           "line 2: the name is longer than 300 bytes",
		"symbol,name,exchange\nA,Agilent,NYSE!\n":              `line 2: exchange "NYSE!"`,
		"symbol,name,currency\nA,Agilent,$\n":                  `line 2: currency "$"`,
		"symbol,name,type\nA,Agilent,bond\n":                   `line 2: type "bond": write stock`,
		"symbol,name,decimals\nA,Agilent,-1\n":                 `line 2: decimals "-1"`,
		"symbol,name,decimals\nA,Agilent,19\n":                 `line 2: decimals "19"`,
		"a|b\n":                                                "line 1: this is no file of the Nasdaq Trader Symbol Directory",
		strings.Replace(nasdaqListed, "|N|N\nQQQ", "\nQQQ", 1): "line 2: 6 columns, the header has 8",
		strings.Replace(nasdaqListed, "QQQ", "AAPL", 1):        "line 3: AAPL is on line 2 already",
		strings.Replace(otherListed, "|P|", "|X|", 1):          `line 5: exchange "X"`,
		strings.Replace(nasdaqListed, "File", "Feil", 1):       "the file is cut off",
	} {
		_, err := feed.ReadInstruments(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
}

func FuzzReadInstruments(f *testing.F) {
	for _, seed := range []string{nasdaqListed, otherListed, "symbol,name,exchange,currency,type,decimals\nA,\"Agi,lent\",XNYS,USD,etf,2\n", "a|b", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := feed.ReadInstruments(strings.NewReader(text))
		if err != nil {
			if len(list) > 0 {
				t.Errorf("%d instruments beside %v", len(list), err)
			}
			return
		}
		seen := make(map[quotes.Symbol]bool)
		for _, in := range list {
			if seen[in.Symbol] {
				t.Errorf("%s is there twice", in.Symbol)
			}
			seen[in.Symbol] = true
			if again, err := quotes.ParseSymbol(in.Symbol.String()); err != nil || again != in.Symbol {
				t.Errorf("%q is no symbol", in.Symbol)
			}
			if len(in.Name) > 300 || in.Decimals < 0 || in.Decimals > quotes.MaxDigits || strings.ContainsAny(in.Name, "\n\r\x00") {
				t.Errorf("%+v", in)
			}
		}
	})
}
