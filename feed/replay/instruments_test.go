package replay

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func TestInstrumentsAreWhatTheFileTells(t *testing.T) {
	const at = "2024-08-09T00:00:00Z,"
	path := write(t,
		at+"xyz,trade,12,1.12345,,,,",
		at+"BTC-EUR,trade,50000.10,1,,,,",
		at+"BTC-EUR,quote,,,49999.12300000,1.123456,50000.5,1",
		at+"ABC,quote,,,,,,",
		at+"PEPEUSDC,quote,,,,,0.00000001,1",
		at+"XYZ,trade,1e2,1,,,,",
	)
	got, err := openPath(t, path, "").Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []quotes.Instrument{
		{Symbol: quotes.MustSymbol("ABC"), Name: "ABC", TickSize: quotes.MustDecimal("1"), TimeZone: "UTC"},
		{Symbol: quotes.MustSymbol("BTC-EUR"), Name: "BTC-EUR", Currency: "EUR", Type: quotes.Crypto, Decimals: 3, TickSize: quotes.MustDecimal("0.001"), TimeZone: "UTC"},
		{Symbol: quotes.MustSymbol("PEPEUSDC"), Name: "PEPEUSDC", Currency: "USDC", Type: quotes.Crypto, Decimals: 8, TickSize: quotes.MustDecimal("0.00000001"), TimeZone: "UTC"},
		{Symbol: quotes.MustSymbol("XYZ"), Name: "XYZ", TickSize: quotes.MustDecimal("1"), TimeZone: "UTC"},
	}
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		t.Errorf("instruments (-want +got):\n%s", diff)
	}
}

func TestCurrencyAndTypeComeFromThePairAlone(t *testing.T) {
	for symbol, want := range map[string]struct {
		currency string
		crypto   bool
	}{
		"BTCUSDT": {"USDT", true}, "ETHUSDC": {"USDC", true}, "ETHBTC": {"BTC", true}, "LINKETH": {"ETH", true},
		"XBT/USD": {"USD", true}, "BTC-EUR": {"EUR", true}, "1INCHUSDT": {"USDT", true}, "EURUSDT": {"USDT", true},
		"EURUSD": {"USD", false}, "XAU/USD": {"USD", false}, "GBP-EUR": {"EUR", false},
		"AAPL": {"", false}, "GBTC": {"", false}, "BETH": {"", false}, "USD": {"", false}, "1234USD": {"", false},
		"A.B/USD": {"", false}, "BRK.USD": {"", false}, "/USD": {"", false}, "PETR4": {"", false},
	} {
		if currency, crypto := pair(symbol); currency != want.currency || crypto != want.crypto {
			t.Errorf("%s: %q, crypto %v; want %q, %v", symbol, currency, crypto, want.currency, want.crypto)
		}
	}
}

// TestAVendorOfCoinsListsCoins: what stands behind the slash of its pairs is their
// currency, which pairs of no vendor are too short or too strange for.
func TestAVendorOfCoinsListsCoins(t *testing.T) {
	path := writeFile(t, "x.txt", []byte("1723161600000000001 toy BAND/GBP 1.50,A8/USD 20,ETHUSDT 1.5,WIF 2\n"))
	coins := Format{Decoder: func() feed.Decoder { return toy{"toy "} }, Coins: true}
	got, err := instruments(t.Context(), recording{path, &coins}, false)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, in := range got {
		lines = append(lines, fmt.Sprintf("%s %s %s", in.Symbol, in.Type, in.Currency))
	}
	if diff := cmp.Diff([]string{"A8/USD crypto USD", "BAND/GBP crypto GBP", "ETHUSDT crypto USDT", "WIF crypto "}, lines); diff != "" {
		t.Error(diff)
	}
}

func TestScanEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := openPath(t, write(t, btcTrade), "").Instruments(ctx)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
