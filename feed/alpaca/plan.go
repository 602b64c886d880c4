package alpaca

import (
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// plan is one of the vendor's feeds.
type plan struct {
	name  string // of the source
	feed  string // as the vendor writes it
	limit int    // symbols at once, 0 is no limit
	fake  bool   // FAKEPACA alone, without REST
	// national says that its quotes are the best of all exchanges.
	national bool

	timeliness quotes.Timeliness
	delay      time.Duration
	note       string
	// staleAfter and silentAfter: all exchanges together quote a stock many times
	// a minute. IEX alone, with 2 or 3 of a hundred trades, may be silent of a
	// stock for minutes, and is closed for hours before 08:00 and after 17:00 in New
	// York, while others trade. FAKEPACA moves every five seconds.
	staleAfter, silentAfter time.Duration
}

// freeSymbols is how many symbols the free plan may subscribe
// (docs.alpaca.markets/docs/about-market-data-api).
const freeSymbols = 30

var plans = map[string]*plan{
	"iex": {
		name: "alpaca-iex", feed: "iex", limit: freeSymbols, timeliness: quotes.Live,
		note:       "prices of the IEX exchange alone",
		staleAfter: 2 * time.Minute, silentAfter: 10 * time.Minute,
	},
	"sip": {
		name: "alpaca-sip", feed: "sip", national: true, timeliness: quotes.Live,
		staleAfter: time.Minute, silentAfter: 5 * time.Minute,
	},
	"delayed_sip": {
		name: "alpaca-delayed", feed: "delayed_sip", national: true, timeliness: quotes.Delayed, delay: 15 * time.Minute,
		staleAfter: time.Minute, silentAfter: 5 * time.Minute,
	},
	"test": {
		name: "alpaca-test", feed: "test", fake: true, timeliness: quotes.Simulated,
		note:       "Alpaca's test stream",
		staleAfter: 30 * time.Second, silentAfter: time.Minute,
	},
}

// calendar is that of all American exchanges: over-the-counter stocks have no
// other.
func (p *plan) calendar() *quotes.Calendar {
	if p.fake {
		return quotes.AlwaysOpen
	}
	return exchanges
}

// plausible says whether a symbol may be one of the feed's, before its list is
// there: what is watched may belong to other feeds. American tickers are one to
// five letters, some with a class behind a point.
func (p *plan) plausible(sym quotes.Symbol) bool {
	if p.fake {
		return sym == fakepaca().Symbol
	}
	ticker, class, _ := strings.Cut(sym.String(), ".")
	return len(ticker) <= 5 && len(class) <= 5 && letters(ticker) && letters(class)
}

func letters(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}
