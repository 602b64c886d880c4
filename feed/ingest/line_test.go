package ingest

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

var arrival = time.Date(2026, 11, 20, 15, 42, 7, 0, time.UTC)

// exactly compares decimals by their text.
var exactly = cmp.Options{
	cmp.Comparer(func(a, b decimal.Decimal) bool { return quotes.FormatDecimal(a) == quotes.FormatDecimal(b) }),
	cmp.Comparer(func(a, b quotes.Symbol) bool { return a == b }),
}

func some(s string) decimal.NullDecimal { return quotes.Some(quotes.MustDecimal(s)) }

func TestLineIsDecodedExactly(t *testing.T) {
	sym := quotes.MustSymbol("BTC/USD")
	early := time.Date(2026, 11, 20, 15, 0, 0, 123456789, time.UTC)
	for text, want := range map[string]feed.Update{
		`{"type":"trade","symbol":"btc/usd","price":105944.20,"size":100}`: {
			Kind: feed.Trade, Time: arrival, Price: quotes.MustDecimal("105944.20"), Size: quotes.MustDecimal("100"),
			MovesLast: true, MovesRange: true, CountsVolume: true,
		},
		`{"symbol":"BTC/USD","price":"0.00001305","id":7,"time":"2026-11-20T16:00:00.123456789+01:00","moves_last":false,"moves_range":false,"counts_volume":false,"regular":true,"type":"trade"}`: {
			Kind: feed.Trade, Time: early, TradeID: 7, Price: quotes.MustDecimal("0.00001305"), Regular: true,
		},
		`{"type":"trade","symbol":"BTC\/USD","price":1.5e-7,"id":"18446744073709551615","PRICE":2,"Size":3,"x":{"price":[4,"}]"]},"size":null}`: {
			Kind: feed.Trade, Time: arrival, TradeID: 18446744073709551615, Price: quotes.MustDecimal("1.5e-7"),
			MovesLast: true, MovesRange: true, CountsVolume: true,
		},
		`{"type":"quote","symbol":"BTC/USD","bid":189.830,"bid_size":300,"ask":"189.85"}`: {
			Kind: feed.Quote, Time: arrival, Bid: some("189.830"), BidSize: some("300"), Ask: some("189.85"),
		},
		`{"type":"quote","symbol":"BTC/USD"}`: {Kind: feed.Quote, Time: arrival},
		`{"type":"day","symbol":"BTC/USD","previous_close":188.61,"open":188.70,"high":190.02,"low":188.15,"volume":0}`: {
			Kind: feed.Day, Time: arrival, PreviousClose: some("188.61"), Open: some("188.70"), High: some("190.02"), Low: some("188.15"), Volume: some("0"),
		},
		`{"type":"day","symbol":"BTC/USD","previous_close":188.61,"previous_close_date":"2026-11-19"}`: {
			Kind: feed.Day, Time: arrival, PreviousClose: some("188.61"), PreviousCloseDate: "2026-11-19",
		},
		`{"type":"status","symbol":"BTC/USD","halted":true}`:                         {Kind: feed.Status, Time: arrival, Halted: true},
		`{"type":"status","symbol":"BTC/USD","halted":false,"limited":true}`:         {Kind: feed.Status, Time: arrival, Limited: true},
		`{"type":"status","symbol":"BTC/USD","halted":false}`:                        {Kind: feed.Status, Time: arrival},
		`{"type":"correction","symbol":"BTC/USD","id":7,"price":189.84,"size":1.50}`: {Kind: feed.Correction, Time: arrival, TradeID: 7, Price: quotes.MustDecimal("189.84"), Size: quotes.MustDecimal("1.50")},
		`{"type":"cancel","symbol":"BTC/USD","id":7}`:                                {Kind: feed.Cancel, Time: arrival, TradeID: 7},
		`{"type":"instrument","symbol":"BTC/USD"}`: {Kind: feed.Listed, Time: arrival, Instrument: &quotes.Instrument{
			Symbol: sym, Name: "BTC/USD", Decimals: 2, TimeZone: "UTC",
		}},
		`{"type":"instrument","symbol":"BTC/USD","name":"Bitc\u00f6in \"gold\"","exchange":"XNAS","currency":"USD","class":"crypto","decimals":8,"tick_size":"0.01","time_zone":"America/New_York"}`: {
			Kind: feed.Listed, Time: arrival, Instrument: &quotes.Instrument{
				Symbol: sym, Name: `Bitcöin "gold"`, Exchange: "XNAS", Currency: "USD", Type: quotes.Crypto,
				Decimals: 8, TickSize: quotes.MustDecimal("0.01"), TimeZone: "America/New_York",
			},
		},
	} {
		want.Symbol = sym
		var l line
		got, err := l.decode([]byte(text), arrival)
		if diff := cmp.Diff(want, got, exactly); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

func TestLineThatIsNotSoundSaysWhy(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                                "it is not JSON: unexpected end",
		`{"type":"trade"} x`:               "it is not JSON: invalid character",
		`[]`:                               "no JSON object",
		`7`:                                "no JSON object",
		`null`:                             "no JSON object",
		"{\"type\":\"\xff\"}":              "not valid UTF-8",
		`{}`:                               "type is missing",
		`{"type":null}`:                    "type is missing",
		`{"Type":"trade","symbol":"A"}`:    "type is missing",
		`{"type":"candle","symbol":"A"}`:   `type "candle"; there are trade`,
		`{"type":"trade","price":1}`:       "symbol is missing",
		`{"type":"trade","symbol":"A B"}`:  `malformed symbol "A B"`,
		`{"type":"trade","symbol":["AB"]}`: "an object or array where a text is expected",
		`{"type":"trade","symbol":"A"}`:    "price is missing",
		`{"type":"trade","symbol":"A","price":0}`:                                       "price is not above zero",
		`{"type":"trade","symbol":"A","price":-1}`:                                      "price is not above zero",
		`{"type":"trade","symbol":"A","price":"1,5"}`:                                   "price: malformed decimal",
		`{"type":"trade","symbol":"A","price":1e400}`:                                   "more than 18 digits",
		`{"type":"trade","symbol":"A","price":{"p":1}}`:                                 "an object or array where a text is expected",
		`{"type":"trade","symbol":"A","price":1,"size":-1}`:                             "size is below zero",
		`{"type":"trade","symbol":"A","price":1,"id":-1}`:                               "id is not a whole number above zero",
		`{"type":"trade","symbol":"A","price":1,"id":0}`:                                "id is not a whole number above zero",
		`{"type":"trade","symbol":"A","price":1,"moves_last":1}`:                        "moves_last is neither true nor false",
		`{"type":"trade","symbol":"A","price":1,"regular":"yes"}`:                       "regular is neither true nor false",
		`{"type":"trade","symbol":"A","price":1,"time":"2026-11-20"}`:                   `time "2026-11-20" is no RFC 3339 time`,
		`{"type":"trade","symbol":"A","price":1,"time":1795339327}`:                     "is no RFC 3339 time",
		`{"type":"trade","symbol":"A","price":1,"time":"9999-12-31T23:00:00-05:00"}`:    "is no RFC 3339 time",
		`{"type":"quote","symbol":"A","bid":0}`:                                         "bid is not above zero",
		`{"type":"quote","symbol":"A","ask_size":5}`:                                    "ask_size without ask",
		`{"type":"day","symbol":"A"}`:                                                   "none of previous_close",
		`{"type":"day","symbol":"A","previous_close":1,"previous_close_date":"Nov 19"}`: `previous_close_date "Nov 19"; write a date like 2026-11-20`,
		`{"type":"day","symbol":"A","open":1,"previous_close_date":"2026-11-19"}`:       "previous_close_date without previous_close",
		`{"type":"day","symbol":"A","volume":-1}`:                                       "volume is below zero",
		`{"type":"day","symbol":"A","low":2,"high":1}`:                                  "low is above high",
		`{"type":"status","symbol":"A"}`:                                                "halted is missing",
		`{"type":"correction","symbol":"A","price":1,"size":1}`:                         "id is missing",
		`{"type":"correction","symbol":"A","id":1,"size":1}`:                            "price is missing",
		`{"type":"correction","symbol":"A","id":1,"price":1}`:                           "size is missing",
		`{"type":"cancel","symbol":"A"}`:                                                "id is missing",
		`{"type":"instrument","symbol":"A","name":"a\u001b[31m"}`:                       "cannot be shown",
		`{"type":"instrument","symbol":"A","exchange":"Nasdaq"}`:                        "exchange is longer than 4",
		`{"type":"instrument","symbol":"A","exchange":"nas"}`:                           "no market identifier code",
		`{"type":"instrument","symbol":"A","class":"bond"}`:                             `class "bond"; there are`,
		`{"type":"instrument","symbol":"A","decimals":19}`:                              "decimals is not",
		`{"type":"instrument","symbol":"A","tick_size":0}`:                              "tick_size is not above zero",
		`{"type":"instrument","symbol":"A","time_zone":"Mars/Phobos"}`:                  "no IANA time zone",
		`{"type":"` + strings.Repeat("x", 100) + `","symbol":"A"}`:                      strings.Repeat("x", 40) + "…\"",
		`{"type":"instrument","symbol":"A","name":"` + strings.Repeat("x", 201):         "not JSON",
		`{"type":"instrument","symbol":"A","name":"` + strings.Repeat("x", 201) + `"}`:  "longer than 200",
	} {
		var l line
		u, err := l.decode([]byte(text), arrival)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, error %v, want one with %q", text, u, err, want)
		}
	}
}

// FuzzLine holds that a line is refused, or is a JSON object and makes an update
// that the Tape can take.
func FuzzLine(f *testing.F) {
	for _, text := range []string{
		`{"type":"trade","symbol":"AAPL","price":189.84,"size":100,"time":"2026-11-20T15:42:07.5Z","id":7,"regular":true}`,
		`{"type":"quote","symbol":"BTC/USD","bid":"0.00001305","bid_size":3,"ask":0.5e-3,"ask_size":null}`,
		`{"type":"day","symbol":"A","previous_close":1,"previous_close_date":"2026-11-19","open":2,"high":3,"low":1,"volume":4}`,
		`{"type":"status","symbol":"A","halted":true,"x":{"y":["}"]}}`,
		`{"type":"correction","symbol":"A","id":1,"price":1,"size":1}`, `{"type":"cancel","symbol":"A","id":"1"}`,
		`{"type":"instrument","symbol":"A","name":"A\u00e9\\","exchange":"XNAS","class":"etf","decimals":3,"tick_size":0.001,"time_zone":"UTC"}`,
		`{"type`, `[]`, "\xff",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var l line
		u, err := l.decode(text, arrival)
		if err != nil {
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes: %v", len(err.Error()), err)
			}
			return
		}
		var object map[string]json.RawMessage
		if err := json.Unmarshal(text, &object); err != nil || object == nil {
			t.Errorf("%q is no JSON object: %v", text, err)
		}
		if u.Symbol.IsZero() || u.Time.IsZero() || u.Time.Location() != time.UTC || u.Kind == 0 {
			t.Errorf("%q: %+v", text, u)
		}
		for _, n := range []decimal.NullDecimal{quotes.Some(u.Price), quotes.Some(u.Size), u.Bid, u.BidSize, u.Ask, u.AskSize, u.PreviousClose, u.Open, u.High, u.Low, u.Volume} {
			if n.Valid && (n.Decimal.Sign() < 0 || n.Decimal.NumDigits() > quotes.MaxDigits) {
				t.Errorf("%q: the number %s", text, n.Decimal)
			}
		}
		if (u.Kind == feed.Trade || u.Kind == feed.Correction) && u.Price.Sign() <= 0 {
			t.Errorf("%q: the price %s", text, u.Price)
		}
		if date := u.PreviousCloseDate; date != "" && !quotes.IsDate(date) {
			t.Errorf("%q: the date %s", text, date)
		}
		if (u.Kind == feed.Listed) != (u.Instrument != nil) {
			t.Errorf("%q: kind %d with the instrument %v", text, u.Kind, u.Instrument)
		}
	})
}

func BenchmarkLine(b *testing.B) {
	for name, text := range map[string]string{
		"trade": `{"type":"trade","symbol":"AAPL","price":189.84,"size":100,"time":"2026-11-20T15:42:07.123456789Z","id":96921}`,
		"quote": `{"type":"quote","symbol":"AAPL","bid":189.83,"bid_size":300,"ask":189.85,"ask_size":500,"time":"2026-11-20T15:42:07.123456789Z"}`,
	} {
		b.Run(name, func(b *testing.B) {
			body := newLines(&endless{text: []byte(text + "\n")})
			run := newSession(newListing(), func(feed.Update) {})
			var l line
			b.ReportAllocs()
			b.SetBytes(int64(len(text) + 1))
			for b.Loop() {
				text, err := body.next()
				if err != nil {
					b.Fatal(err)
				}
				u, err := l.decode(text, arrival)
				if err == nil {
					_, err = run.take(u)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// endless reads the same text again and again.
type endless struct {
	text []byte
	at   int
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		c := copy(p[n:], e.text[e.at:])
		n += c
		e.at = (e.at + c) % len(e.text)
	}
	return n, nil
}
