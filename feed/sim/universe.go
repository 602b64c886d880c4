package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// venue is what the listings of one market share.
type venue struct {
	exchange string // MIC
	currency string
	zone     string
	kind     quotes.InstrumentType
	// sizeDecimals is how finely a size is divided; 0 is whole shares in lots.
	sizeDecimals int32
	// spread is the mean distance of bid and ask in parts of the price, never
	// less than one tick; 0 is that of stocks (spread).
	spread float64
	// national is the national market system of the United States: odd lots and
	// trades that may not be last on the tape, price bands.
	national bool
	// The auctions' prints, after the open and after the close.
	opening, closing auctionTime
}

// listing is one symbol and how it moves.
type listing struct {
	venue
	symbol quotes.Symbol
	name   string
	// close is the previous close in ticks; a tick is one unit of the last decimal.
	close    int64
	decimals int32
	volume   float64 // on a usual day, in shares or coins
	sigma    float64 // standard deviation of a day's return, all of it
	beta     float64 // part in the common factor
	// synthetic symbols are for load.
	synthetic bool
}

func (l listing) instrument() quotes.Instrument {
	return quotes.Instrument{
		Symbol: l.symbol, Name: l.name, Exchange: l.exchange, Currency: l.currency, Type: l.kind,
		Decimals: int(l.decimals), TickSize: decimal.New(1, -l.decimals), TimeZone: l.zone,
	}
}

// universe returns the named listings and count synthetic ones, sorted.
func universe(count int) []listing {
	var all []listing
	for _, group := range []struct {
		venue
		rows []row
	}{
		{nasdaqVenue(), nasdaq()},
		{nyseVenue(), nyse()},
		{b3Venue(), b3()},
		{venue{currency: "USD", zone: "UTC", kind: quotes.Crypto, sizeDecimals: 8, spread: 2e-5}, coins()},
	} {
		for _, r := range group.rows {
			all = append(all, r.listing(group.venue))
		}
	}
	for n := range count {
		all = append(all, synthetic(n))
	}
	slices.SortFunc(all, func(a, b listing) int { return a.symbol.Compare(b.symbol) })
	return all
}

// universe are the listings that the URL asks for, sorted.
func (c *config) universe() []listing {
	all := universe(c.count)
	if !c.named {
		all = slices.DeleteFunc(all, func(l listing) bool { return !l.synthetic })
	}
	return all
}

// New York opens each stock by its own auction, up to minutes after the bell;
// the others cross at the moment.
func nasdaqVenue() venue {
	v := nyseVenue()
	v.exchange, v.opening, v.closing = "XNAS", auctionTime{0.05, 0.2}, auctionTime{0.1, 0.3}
	return v
}

func nyseVenue() venue {
	return venue{
		exchange: "XNYS", currency: "USD", zone: "America/New_York", kind: quotes.Stock, national: true,
		opening: auctionTime{1, 12}, closing: auctionTime{2, 40},
	}
}

func b3Venue() venue {
	return venue{
		exchange: "BVMF", currency: "BRL", zone: "America/Sao_Paulo", kind: quotes.Stock,
		opening: auctionTime{0.1, 2}, closing: auctionTime{0.1, 2},
	}
}

// synthetic is the n-th symbol for load. It is the same whatever the seed and
// however many there are.
func synthetic(n int) listing {
	symbol := fmt.Sprintf("SIM%04d", n)
	rng := rand.New(rand.NewPCG(0, hash(symbol)))
	return listing{
		venue:  venue{currency: "USD", zone: "UTC", kind: quotes.Stock},
		symbol: quotes.MustSymbol(symbol),
		name:   fmt.Sprintf("Synthetic %04d", n),

		synthetic: true,
		close:     int64(500 * math.Pow(100, rng.Float64())), // $5 to $500
		decimals:  2,
		volume:    2e6,
		sigma:     0.02,
		beta:      0.5 + rng.Float64(),
	}
}

// row is a listing as it is written down below.
type row struct {
	symbol, name string
	close        string  // its decimals are the tick's
	millions     float64 // shares or coins traded on a usual day
	percent      float64 // standard deviation of a day's return
	beta         float64
}

func (r row) listing(v venue) listing {
	price := quotes.MustDecimal(r.close)
	return listing{
		venue: v, symbol: quotes.MustSymbol(r.symbol), name: r.name,
		close: price.CoefficientInt64(), decimals: -price.Exponent(),
		volume: r.millions * 1e6, sigma: r.percent / 100, beta: r.beta,
	}
}

func nasdaq() []row {
	return []row{
		{"AAPL", "Apple Inc.", "268.40", 48, 1.6, 1.2},
		{"ADBE", "Adobe Inc.", "341.20", 4.1, 2.0, 1.2},
		{"AMAT", "Applied Materials, Inc.", "262.75", 7.2, 2.7, 1.6},
		{"AMD", "Advanced Micro Devices, Inc.", "214.90", 41, 3.2, 1.8},
		{"AMGN", "Amgen Inc.", "326.15", 2.6, 1.4, 0.5},
		{"AMZN", "Amazon.com, Inc.", "230.80", 42, 1.9, 1.3},
		{"AVGO", "Broadcom Inc.", "347.60", 24, 2.8, 1.6},
		{"COST", "Costco Wholesale Corporation", "892.50", 2.1, 1.2, 0.8},
		{"CSCO", "Cisco Systems, Inc.", "76.85", 21, 1.3, 0.9},
		{"GILD", "Gilead Sciences, Inc.", "123.40", 6.8, 1.4, 0.4},
		{"GOOGL", "Alphabet Inc. Class A", "313.50", 33, 1.8, 1.1},
		{"INTC", "Intel Corporation", "37.25", 82, 3.1, 1.4},
		{"INTU", "Intuit Inc.", "658.30", 1.7, 1.8, 1.1},
		{"META", "Meta Platforms, Inc.", "661.20", 14, 2.0, 1.3},
		{"MSFT", "Microsoft Corporation", "484.70", 21, 1.4, 1.0},
		{"MU", "Micron Technology, Inc.", "285.40", 23, 3.3, 1.7},
		{"NFLX", "Netflix, Inc.", "93.75", 38, 1.9, 1.0},
		{"NVDA", "NVIDIA Corporation", "187.10", 172, 2.6, 1.8},
		{"PEP", "PepsiCo, Inc.", "143.90", 6.9, 1.1, 0.4},
		{"PLTR", "Palantir Technologies Inc. Class A", "178.45", 46, 3.4, 1.7},
		{"QCOM", "QUALCOMM Incorporated", "172.60", 8.4, 2.1, 1.3},
		{"TMUS", "T-Mobile US, Inc.", "201.35", 4.9, 1.3, 0.5},
		{"TSLA", "Tesla, Inc.", "452.30", 78, 3.2, 1.9},
		{"TXN", "Texas Instruments Incorporated", "176.20", 6.3, 1.9, 1.2},
		{"WMT", "Walmart Inc.", "112.40", 17, 1.2, 0.6}, // moved here from New York in December 2025
	}
}

func nyse() []row {
	return []row{
		{"ABBV", "AbbVie Inc.", "227.80", 5.2, 1.3, 0.5},
		{"BA", "The Boeing Company", "216.90", 7.6, 2.1, 1.2},
		{"BAC", "Bank of America Corporation", "55.10", 36, 1.4, 1.1},
		{"BRK.B", "Berkshire Hathaway Inc. Class B", "502.60", 4.3, 1.0, 0.7},
		{"CAT", "Caterpillar Inc.", "581.40", 3.2, 1.8, 1.2},
		{"CRM", "Salesforce, Inc.", "259.20", 7.4, 2.0, 1.2},
		{"CVX", "Chevron Corporation", "151.35", 8.1, 1.4, 0.7},
		{"DIS", "The Walt Disney Company", "113.85", 8.8, 1.5, 1.0},
		{"GE", "GE Aerospace", "312.70", 4.8, 1.7, 1.2},
		{"GS", "The Goldman Sachs Group, Inc.", "884.50", 2.0, 1.6, 1.3},
		{"HD", "The Home Depot, Inc.", "349.60", 4.2, 1.4, 0.9},
		{"IBM", "International Business Machines Corporation", "301.90", 4.4, 1.5, 0.8},
		{"JNJ", "Johnson & Johnson", "206.75", 8.0, 1.0, 0.4},
		{"JPM", "JPMorgan Chase & Co.", "321.40", 8.6, 1.4, 1.1},
		{"KO", "The Coca-Cola Company", "70.25", 15, 0.9, 0.4},
		{"LLY", "Eli Lilly and Company", "1074.20", 3.4, 2.1, 0.6},
		{"MA", "Mastercard Incorporated Class A", "573.80", 2.9, 1.2, 0.9},
		{"MCD", "McDonald's Corporation", "308.15", 3.3, 1.0, 0.5},
		{"MRK", "Merck & Co., Inc.", "104.60", 11, 1.4, 0.4},
		{"MS", "Morgan Stanley", "178.90", 5.6, 1.6, 1.2},
		{"NKE", "NIKE, Inc. Class B", "63.40", 16, 1.9, 1.0},
		{"ORCL", "Oracle Corporation", "196.30", 22, 2.8, 1.4},
		{"PFE", "Pfizer Inc.", "25.15", 47, 1.3, 0.5},
		{"PG", "The Procter & Gamble Company", "144.70", 9.1, 1.0, 0.4},
		{"T", "AT&T Inc.", "24.65", 38, 1.1, 0.4},
		{"UNH", "UnitedHealth Group Incorporated", "331.80", 8.3, 2.1, 0.6},
		{"V", "Visa Inc. Class A", "351.90", 6.0, 1.2, 0.9},
		{"VZ", "Verizon Communications Inc.", "40.55", 21, 1.1, 0.4},
		{"WFC", "Wells Fargo & Company", "93.80", 14, 1.5, 1.1},
		{"XOM", "Exxon Mobil Corporation", "119.45", 15, 1.3, 0.7},
	}
}

func b3() []row {
	return []row{
		{"ABEV3", "Ambev S.A.", "13.85", 31, 1.5, 0.6},
		{"B3SA3", "B3 S.A. - Brasil, Bolsa, Balcão", "14.20", 38, 2.0, 1.1},
		{"BBAS3", "Banco do Brasil S.A.", "22.10", 29, 1.8, 1.0},
		{"BBDC4", "Banco Bradesco S.A. PN", "18.65", 34, 1.7, 1.0},
		{"EQTL3", "Equatorial S.A.", "38.40", 8.2, 1.5, 0.8},
		{"GGBR4", "Gerdau S.A. PN", "20.15", 13, 2.0, 0.9},
		{"ITSA4", "Itaúsa S.A. PN", "11.70", 26, 1.4, 0.9},
		{"ITUB4", "Itaú Unibanco Holding S.A. PN", "39.20", 23, 1.5, 1.0},
		{"LREN3", "Lojas Renner S.A.", "14.35", 16, 2.4, 1.1},
		{"PETR3", "Petróleo Brasileiro S.A. - Petrobras ON", "32.60", 11, 1.8, 0.8},
		{"PETR4", "Petróleo Brasileiro S.A. - Petrobras PN", "30.85", 36, 1.7, 0.8},
		{"PRIO3", "PRIO S.A.", "41.30", 9.4, 2.3, 0.8},
		{"RADL3", "Raia Drogasil S.A.", "23.90", 9.8, 1.9, 0.8},
		{"RENT3", "Localiza Rent a Car S.A.", "43.75", 9.1, 2.3, 1.2},
		{"SUZB3", "Suzano S.A.", "51.20", 6.2, 1.6, 0.4},
		{"VALE3", "Vale S.A.", "72.40", 22, 1.7, 0.8},
		{"VIVT3", "Telefônica Brasil S.A.", "33.10", 4.7, 1.3, 0.5},
		{"WEGE3", "WEG S.A.", "45.60", 8.3, 1.7, 0.7},
	}
}

func coins() []row {
	return []row{
		{"ADA/USD", "Cardano / US dollar", "0.3652", 95, 4.6, 2.2},
		{"BTC/USD", "Bitcoin / US dollar", "88240.50", 0.009, 3.0, 1.6},
		{"DOGE/USD", "Dogecoin / US dollar", "0.12815", 480, 4.9, 2.3},
		{"ETH/USD", "Ether / US dollar", "2968.40", 0.16, 3.9, 2.0},
		{"SOL/USD", "Solana / US dollar", "124.85", 1.9, 4.4, 2.2},
		{"XRP/USD", "XRP / US dollar", "1.8720", 62, 4.3, 2.0},
	}
}
