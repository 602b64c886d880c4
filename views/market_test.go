package views

import (
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

func listing(exchange, zone string, q *quotes.StockQuote) Row {
	in := quotes.Instrument{Symbol: quotes.MustSymbol("X"), Exchange: exchange, TimeZone: zone, Type: quotes.Stock}
	if exchange == "" {
		in.Type = quotes.Crypto
	}
	return Row{Instrument: in, Quote: q}
}

func TestHeaderSaysWhichMarketsAreOpen(t *testing.T) {
	const ny, sp = "America/New_York", "America/Sao_Paulo"
	said := func(session quotes.Session, timeliness quotes.Timeliness) *quotes.StockQuote {
		return &quotes.StockQuote{Session: session, Timeliness: timeliness, Version: 1}
	}
	live := func(session quotes.Session) *quotes.StockQuote { return said(session, quotes.Live) }
	us := func(q *quotes.StockQuote) Row { return listing("XNAS", ny, q) }
	b3 := func(q *quotes.StockQuote) Row { return listing("BVMF", sp, q) }
	crypto := listing("", "UTC", live(quotes.Regular))
	newer := live(quotes.Closed)
	newer.Version = 2
	for _, tt := range []struct {
		now  string // a Friday is 2026-11-20
		rows []Row
		want string
	}{
		{"2026-11-20T12:00:00-05:00", nil, ""},
		{"2026-11-20T12:00:00-05:00", []Row{us(live(quotes.Regular))}, "US market open until 16:00 EST"},
		{"2026-11-20T15:48:30-05:00", []Row{us(live(quotes.Regular))}, "US market open, closes in 12 min"},
		{"2026-11-20T17:00:00-05:00", []Row{us(live(quotes.Post))}, "US market after hours, opens Mon 09:30 EST"},
		{"2026-11-21T12:00:00-05:00", []Row{us(live(quotes.Closed))}, "US market closed, opens Mon 09:30 EST"},
		{"2026-11-23T08:00:00-05:00", []Row{us(live(quotes.Pre))}, "US pre-market, opens 09:30 EST"},
		{"2026-11-23T09:29:30-05:00", []Row{us(live(quotes.Pre))}, "US pre-market, opens in 1 min"},
		{"2026-11-26T12:00:00-05:00", []Row{us(nil)}, "US market closed, opens Fri 09:30 EST"}, // Thanksgiving
		{"2026-11-27T12:30:00-05:00", []Row{us(nil)}, "US market open, closes in 30 min"},      // closes early
		{"2026-11-20T12:00:00-05:00", []Row{us(live(quotes.Closed))}, "US market closed"},      // the source knows better
		{"2026-11-20T12:00:00-05:00", []Row{us(live(quotes.Regular)), us(newer)}, "US market closed"},
		{"2026-11-20T12:00:00-05:00", []Row{us(said(quotes.Regular, quotes.Simulated))}, "US market open"},
		{"2026-11-20T12:00:00-05:00", []Row{us(said(quotes.Regular, quotes.Replayed)), crypto}, "Markets open"},
		{"2026-11-20T12:00:00-05:00", []Row{crypto}, "Crypto open"},
		{"2026-11-21T12:00:00-05:00", []Row{us(live(quotes.Closed)), b3(live(quotes.Closed)), crypto}, "US market closed, opens Mon 09:30 EST · B3 closed, opens Mon 10:00 GMT-3 · Crypto open"},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := Markets(tt.rows, false, nil, now).Market; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.now, got, tt.want)
		}
	}
}

// TestHeaderGoesByTheClockOfASimulation that has the hours of the exchanges; one
// that is open around the clock tells none.
func TestHeaderGoesByTheClockOfASimulation(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 45, 0, 0, time.UTC)
	quote := func(session quotes.Session) []Row {
		q := &quotes.StockQuote{Session: session, Timeliness: quotes.Simulated, Version: 1, Source: "sim"}
		return []Row{listing("XNAS", "America/New_York", q)}
	}
	for _, tt := range []struct {
		market string
		rows   []Row
		want   string
	}{
		{"", quote(quotes.Regular), "US market open"},
		{"2026-11-20T20:45:00Z", quote(quotes.Regular), "US market open, closes in 15 min"},
		{"2026-03-10T12:30:00Z", quote(quotes.Pre), "US pre-market, opens 09:30 EDT"},
		{"2026-03-10T13:29:30Z", quote(quotes.Pre), "US pre-market, opens in 1 min"},
		{"2026-03-14T12:30:00Z", quote(quotes.Closed), "US market closed, opens Mon 09:30 EDT"},
		{"2026-03-14T12:30:00Z", quote(quotes.Regular), "US market open"}, // the quote is of before that
	} {
		f := Feed{Name: "sim", Timeliness: quotes.Simulated, State: "running"}
		if tt.market != "" {
			at, err := time.Parse(time.RFC3339, tt.market)
			if err != nil {
				t.Fatal(err)
			}
			f.MarketTime = at
		}
		if got := Markets(tt.rows, false, []Feed{{Name: "other"}, f}, now).Market; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.market, got, tt.want)
		}
	}
}

func TestLabelNamesTheDataThatIsShown(t *testing.T) {
	feeds := []Feed{
		{Name: "alpaca-iex", Timeliness: quotes.Live, Note: "prices of the IEX exchange alone"},
		{Name: "coinbase", Timeliness: quotes.Live}, {Name: "kraken", Timeliness: quotes.Live}, {Name: "sim", Timeliness: quotes.Simulated},
	}
	from := func(sources ...string) (rows []Row) {
		for _, source := range sources {
			rows = append(rows, listing("", "", &quotes.StockQuote{Source: source}))
		}
		return rows
	}
	const all = "Live market data, prices of the IEX exchange alone; Live market data; Simulated market data"
	for _, tt := range []struct {
		rows []Row
		want string
	}{
		{nil, all},
		{[]Row{listing("", "", nil)}, all}, // whatever it will be
		{from("sim", "alpaca-iex"), "Live market data, prices of the IEX exchange alone; Simulated market data"},
		{from("kraken", "coinbase"), "Live market data"},
		{append(from("sim"), listing("", "", nil)), "Simulated market data"},
	} {
		if got := Markets(tt.rows, false, feeds, time.Now()).Data; got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func TestHeaderSaysWhichSourcesAreDown(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 45, 0, 0, time.UTC)
	from := func(source string) Row {
		return listing("XNAS", "America/New_York", &quotes.StockQuote{Source: source})
	}
	before := func(d time.Duration) time.Time { return now.Add(-d) }
	down := Feed{Name: "binance", State: "waiting", Since: before(time.Second), LastMessage: before(3 * time.Minute)}
	again := down
	again.State, again.Restarts = "running", 4
	well := again
	well.LastMessage = now
	for _, tt := range []struct {
		name string
		rows []Row
		feed Feed
		want string
	}{
		{"waiting", []Row{from("binance")}, down, "binance is down since 15:42 EST, trying again"},
		{"called again, and silent yet", []Row{from("binance")}, again, "binance is down since 15:42 EST, trying again"},
		{"called again", []Row{from("binance")}, well, ""},
		{"another source has taken over", []Row{from("coinbase")}, down, ""},
		{"a symbol waits for its first quote", []Row{from("coinbase"), listing("", "", nil)}, down, "binance is down since 20:42 UTC, trying again"},
		{"silent, and never spoke", []Row{from("k")}, Feed{Name: "k", State: "silent", Since: before(time.Hour)}, "k has given nothing yet, trying again"},
		{"failed", []Row{from("a")}, Feed{Name: "a", State: "failed", Since: before(30 * time.Hour)}, "a has failed at Thu 09:45 EST and is not tried again"},
		{"finished", []Row{from("replay")}, Feed{Name: "replay", State: "finished", Since: before(time.Minute)}, "replay has ended at 15:44 EST"},
		{"running", []Row{from("sim")}, Feed{Name: "sim", State: "running", Since: before(time.Minute), LastMessage: now}, ""},
		{"starting", []Row{from("sim")}, Feed{Name: "sim", State: "starting", Since: now}, ""},
	} {
		if got := Markets(tt.rows, false, []Feed{tt.feed}, now).Trouble; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestHeaderTellsOfSourcesThatMayHaveWhatIsMissing(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 45, 0, 0, time.UTC)
	down := []Feed{{Name: "kraken", State: "waiting", Since: now, Restarts: 3}}
	if got := Markets(nil, true, down, now).Trouble; got != "kraken has given nothing yet, trying again" {
		t.Errorf("%q", got)
	}
	if got := Markets([]Row{listing("", "", &quotes.StockQuote{Source: "sim"})}, false, down, now).Trouble; got != "" {
		t.Errorf("nothing is missing, and yet %q", got)
	}
}
