package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/store"
)

func quoteOf(symbol, price string, version int64) *quotes.StockQuote {
	return &quotes.StockQuote{
		Symbol: quotes.MustSymbol(symbol), Price: quotes.Some(quotes.MustDecimal(price)), Currency: "USD",
		Time: when.UTC(), Version: version, Session: quotes.Regular, Timeliness: quotes.Live, Source: "f",
	}
}

// stored are the stored quotes as on the wire, sorted.
func stored(t *testing.T, db *store.DB) (texts []string) {
	t.Helper()
	list, err := db.LoadQuotes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range list {
		texts = append(texts, string(q.AppendJSON(nil)))
	}
	slices.Sort(texts)
	return texts
}

func TestTheLastQuotesComeBackAfterARestart(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		db := open(t, path)
		a, b, newer := quoteOf("A", "1.50", 1), quoteOf("BTC/USD", "0.00001305", 2), quoteOf("A", "1.60", 3)
		b.Stale, b.Halted, b.Delay, b.Basis = true, true, 15*time.Minute, quotes.Rolling24h
		for _, batch := range [][]*quotes.StockQuote{{a, b}, {newer}, nil} {
			if err := db.SaveQuotes(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		want := []string{string(newer.AppendJSON(nil)), string(b.AppendJSON(nil))}
		if diff := cmp.Diff(want, stored(t, open(t, path))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyQuotesAreStoredWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for _, price := range []string{"1.00", "2.00"} {
			var list []*quotes.StockQuote
			for i := range 1234 {
				list = append(list, quoteOf(fmt.Sprint("S", i), price, int64(i)))
			}
			if err := db.SaveQuotes(t.Context(), list); err != nil {
				t.Fatal(err)
			}
		}
		list, err := db.LoadQuotes(t.Context())
		if err != nil || len(list) != 1234 {
			t.Fatalf("%d quotes, %v", len(list), err)
		}
		for _, q := range list {
			if quotes.FormatDecimal(q.Price.Decimal) != "2.00" {
				t.Fatalf("%s", q.AppendJSON(nil))
			}
		}
	})
}

func TestQuotesThatCannotBeReadAndOldOnesAreLeftOut(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		if err := db.SaveQuotes(t.Context(), []*quotes.StockQuote{quoteOf("A", "1.50", 1), quoteOf("OLD", "1.50", 1)}); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			fmt.Sprintf(`UPDATE last_quotes SET saved = %d WHERE symbol = 'OLD'`, time.Now().AddDate(0, 0, -31).UnixMicro()),
			`INSERT INTO last_quotes (symbol, quote, saved) SELECT 'X', '{"symbol":"X","price":1e999}', saved FROM last_quotes WHERE symbol = 'A'`,
			`INSERT INTO last_quotes (symbol, quote, saved) SELECT 'Y', '{}', saved FROM last_quotes WHERE symbol = 'A'`,
		} {
			if err := store.Exec(db, statement); err != nil {
				t.Fatal(err)
			}
		}
		if got := stored(t, db); len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

func TestInstrumentsComeBackWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		path := on.address(t)
		db := open(t, path)
		old := []quotes.Instrument{{Symbol: quotes.MustSymbol("OLD"), Name: "Gone"}}
		want := []quotes.Instrument{
			{Symbol: quotes.MustSymbol("BRK.B"), Name: "Berkshire \"B\" <&>", Exchange: "XNYS", Currency: "USD", Type: quotes.Stock, Decimals: 2, TickSize: quotes.MustDecimal("0.010"), TimeZone: "America/New_York"},
			{Symbol: quotes.MustSymbol("BTC/USD"), Name: "Bitcoin"},
		}
		for _, list := range [][]quotes.Instrument{old, want, want} {
			if err := db.SaveInstruments(t.Context(), "f", list); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.SaveInstruments(t.Context(), "g", old); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, path)
		for source, want := range map[string][]quotes.Instrument{"f": want, "g": old, "none": nil} {
			got, err := db.LoadInstruments(t.Context(), source)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(texts(want), texts(got)); diff != "" {
				t.Errorf("%s: %s", source, diff)
			}
		}
	})
}

func texts(list []quotes.Instrument) (texts []string) {
	for _, in := range list {
		texts = append(texts, fmt.Sprintf("%+v", in))
	}
	return texts
}

func BenchmarkSaveQuotes(b *testing.B) {
	db := openNew(b)
	var list []*quotes.StockQuote
	for i := range 1000 {
		list = append(list, quoteOf(fmt.Sprint("S", i), "189.84", int64(i)))
	}
	for b.Loop() {
		if err := db.SaveQuotes(b.Context(), list); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(list)), "µs/quote")
}
