package views

import (
	"fmt"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Sample is a view with canned data, for the golden files and for the list that
// developers look at.
type Sample struct {
	Name      string
	Component templ.Component
}

// hostile is a text that must never be markup.
const hostile = `<script>alert("1")</script> & 'quotes' </textarea><img src=x onerror=alert(2)>`

// Samples are all views in the states that they have. The site says where the
// assets are; its moment is replaced by a fixed one.
func Samples(site Site) []Sample {
	site.Now = time.Date(2026, 11, 20, 20, 42, 9, 0, time.UTC)
	rows := sampleRows(site.Now)
	board := DashboardPage{
		Site: site, Rows: rows, Asked: true, LastID: 4, MaxSymbols: 200, MarketWords: Markets(rows, false, sampleFeeds(site.Now), site.Now),
		Notifications: sampleNotifications(site.Now), Bell: Bell{Unread: 3, Marks: 5, Settings: 2, Sound: true},
	}
	empty := DashboardPage{Site: site, Asked: true, Unknown: []quotes.Symbol{quotes.MustSymbol("APPL"), quotes.MustSymbol("XYZZY")}, MaxSymbols: 200}
	awaited := DashboardPage{Site: site, Asked: true, Awaited: empty.Unknown, MaxSymbols: 200, MarketWords: MarketWords{Trouble: "kraken has given nothing yet, trying again"}}
	ticker := board
	ticker.Ticker, ticker.Foreign = true, true
	board.Lists, board.ListID, board.ListsVersion = []ListName{{7, "Tech"}, {9, "Banks " + hostile}}, 7, 12
	shared := SharedListPage{Site: site, Name: "Tech " + hostile, Rows: rows, Unknown: empty.Unknown[:1], MaxSymbols: 200, MarketWords: board.MarketWords}
	for _, r := range rows {
		shared.Symbols = append(shared.Symbols, r.Instrument.Symbol)
	}
	shared.Symbols = append(shared.Symbols, shared.Unknown...)
	widget := Widget{Site: site, Row: rows[0], Style: "main{color:red}", Script: `if (1 < 2 && "a") {}`}
	widgetWith := func(change func(*Widget)) Widget {
		w := widget
		change(&w)
		return w
	}
	embed := EmbedPage{Site: site, Symbol: rows[0].Instrument.Symbol}
	for _, r := range rows {
		embed.Symbols = append(embed.Symbols, r.Instrument)
	}
	return []Sample{
		{"dashboard", Dashboard(board)},
		{"dashboard-empty", Dashboard(empty)},
		{"dashboard-awaited", Dashboard(awaited)},
		{"dashboard-ticker", Dashboard(ticker)},
		{"shared", SharedList(shared)},
		{"rows", Rows(rows[:2], empty.Unknown[:1], site.Now)},
		{"symbol", Symbol(SymbolPage{Site: site, Row: rows[0], LastID: 4})},
		{"symbol-extended", Symbol(SymbolPage{Site: site, Row: rows[3], MarketWords: Markets(rows[3:4], false, nil, site.Now)})},
		{"symbol-24h", Symbol(SymbolPage{Site: site, Row: rows[6]})},
		{"symbol-unquoted", Symbol(SymbolPage{Site: site, Row: rows[len(rows)-1]})},
		{"symbol-alerts", Symbol(SymbolPage{Site: site, Row: rows[0], LastID: 4, Alerts: SymbolAlertList{
			Alerts: sampleAlerts(site.Now)[0].Alerts, Version: 7, History: sampleHistory(site.Now, rows[0].Instrument.Symbol),
		}})},
		{"alerts", Alerts(AlertsPage{
			Site: site, LastID: 4, MarketWords: board.MarketWords,
			AlertList: AlertList{Groups: sampleAlerts(site.Now), Version: 7, Most: 200}, History: sampleHistory(site.Now, quotes.Symbol{}),
		})},
		{"alerts-empty", Alerts(AlertsPage{Site: site, AlertList: AlertList{Most: 200}})},
		{"alerts-away", Alerts(AlertsPage{Site: site, AlertList: AlertList{Most: 200, Away: true}})},
		{"embed", Embed(embed)},
		{"widget", WidgetDocument(widget)},
		{"widget-dark", WidgetDocument(widgetWith(func(w *Widget) {
			w.Row = rows[2]
			w.WidgetOptions = WidgetOptions{Theme: "dark", Palette: "blue-orange", Transparent: true, Locale: "pt-BR", MaxRate: "1"}
		}))},
		{"widget-extended", WidgetDocument(widgetWith(func(w *Widget) { w.Row = rows[4] }))},
		{"widget-24h", WidgetDocument(widgetWith(func(w *Widget) { w.Row = rows[6] }))},
		{"widget-missing", WidgetDocument(widgetWith(func(w *Widget) {
			w.Row = Row{Instrument: quotes.Instrument{Symbol: quotes.MustSymbol("XYZZY")}}
			w.Missing = true
		}))},
		{"widget-awaited", WidgetDocument(widgetWith(func(w *Widget) {
			w.Row = Row{Instrument: quotes.Instrument{Symbol: quotes.MustSymbol("XYZZY")}}
			w.Awaited = true
		}))},
		{"feeds", Feeds(FeedsPage{Site: site, Feeds: sampleFeeds(site.Now), Leave: true})},
		{"feeds-empty", Feeds(FeedsPage{Site: site})},
		{"feeds-entry", FeedsEntry(site, true)},
		{"settings", Settings(sampleSettings(site))},
		{"settings-new", Settings(SettingsPage{Site: site, Ways: sampleWays("There is no mail server here."), MaxChannels: 20})},
		{"settings-user", Settings(SettingsPage{Site: site, Known: true, User: hostile, Created: site.Now, Away: true})},
		{"mail-off", MailOff(MailOffPage{Site: site, Address: "ann@example.com"})},
		{"mail-off-done", MailOff(MailOffPage{Site: site, Address: "ann@example.com", Done: true})},
		{"move", Move(MovePage{Site: site, Code: "CODE" + hostile, Brings: true, Lists: 2})},
		{"move-done", Move(MovePage{Site: site, Done: true, Brings: true, Lists: 1, Alerts: 3})},
		{"move-gone", Move(MovePage{Site: site, Gone: true})},
		{"api", APIReference(APIPage{Site: site, Document: "/api/v1/openapi.json", API: sampleAPI()})},
		{"error", Error(ErrorPage{Site: site, Status: 404, Title: "No such symbol", Detail: "No source has XYZZY. " + hostile})},
	}
}

// sampleRows are one row for every state that a price can be in.
func sampleRows(now time.Time) []Row {
	return []Row{
		sampleRow(now, "AAPL|Apple Inc.|XNAS|USD|2|America/New_York", "189.84 188.61 188.70 190.02 188.15 48210377", nil),
		sampleRow(now, "MSFT|Microsoft Corporation|XNAS|USD|2|America/New_York", "412.07 415.90 416.00 417.33 411.20 21034551", func(q *quotes.StockQuote) {
			q.Timeliness = quotes.Live
		}),
		sampleRow(now, "PETR4|Petróleo Brasileiro S.A. – Petrobras Preferenciais|BVMF|BRL|2|America/Sao_Paulo", "38.41 38.41 38.20 38.77 37.95 33411200", func(q *quotes.StockQuote) {
			q.Timeliness, q.Delay = quotes.Delayed, 15*time.Minute
		}),
		sampleRow(now, "TSLA|Tesla, Inc.|XNAS|USD|2|America/New_York", "1351.11 1340 1342.50 1362.98 1331.05 98765432", func(q *quotes.StockQuote) {
			q.Timeliness, q.Session = quotes.Live, quotes.Post
			q.ExtendedPrice, q.ExtendedChange, q.ExtendedChangePercent = number("1349.75"), number("-1.36"), number("-0.1")
			q.ExtendedTime, q.PriceTime = q.Time, q.Time.Add(-12*time.Minute)
			q.PreviousCloseDate, q.PreviousCloseAdjusted = "2026-11-19", true
		}),
		sampleRow(now, "NVDA|NVIDIA Corporation|XNAS|USD|2|America/New_York", "189.60 191.02 191.3 191.44 188.2 80123456", func(q *quotes.StockQuote) {
			q.Timeliness, q.Delay, q.Session = quotes.Delayed, 15*time.Minute, quotes.Pre
			q.ExtendedPrice, q.ExtendedChange, q.ExtendedChangePercent = number("190.10"), number("0.5"), number("0.26")
			q.ExtendedTime, q.PriceTime = q.Time.Add(-5*time.Second), q.Time.Add(-18*time.Hour)
			q.PreviousCloseDate = "2026-11-18"
		}),
		sampleRow(now, "GOOGL|"+hostile+"|XNAS|USD|2|America/New_York", "166.2 168.11 168 168.4 165.9 1200", func(q *quotes.StockQuote) {
			q.Stale = true
		}),
		sampleRow(now, "BTC/USD|Bitcoin||USD|2|UTC", "97412.55 95120.01 95120.01 98230.1 94800 1234.56789", func(q *quotes.StockQuote) {
			q.Timeliness = quotes.Replayed
			q.Time = q.Time.AddDate(0, 0, -3)
			q.BidSize, q.AskSize = number("0.00123456"), number("1.5")
			q.Basis = quotes.Rolling24h
		}),
		sampleRow(now, "SHIB/USD|Shiba Inu||USD|8|UTC", "0.00002417 0.00002501 0.00002501 0.0000251 0.0000239 3123456789012", func(q *quotes.StockQuote) {
			q.Timeliness, q.Basis = quotes.Live, quotes.DayBegin
		}),
		sampleRow(now, "VALE3|Vale S.A.|BVMF|BRL|2|America/Sao_Paulo", "61.37 62.11 62.3 62.45 61.02 18990400", func(q *quotes.StockQuote) {
			q.Halted = true
		}),
		sampleRow(now, "GME|GameStop Corp.|XNYS|USD|2|America/New_York", "27.35 24.10 24.2 27.35 24.02 9120400", func(q *quotes.StockQuote) {
			q.Limited = true
		}),
		sampleRow(now, "ITUB4|Itaú Unibanco|BVMF|BRL|2|America/Sao_Paulo", "33.2 32.98 33 33.41 32.9 9000000", func(q *quotes.StockQuote) {
			q.Session = quotes.Closed // with the last price of the evening before it
			q.ExtendedPrice, q.ExtendedChange, q.ExtendedChangePercent = number("33.2"), number("0"), number("0")
		}),
		sampleRow(now, "NEWCO|New Company|XNYS|USD|2|America/New_York", "12.5", func(q *quotes.StockQuote) {
			q.Bid, q.BidSize, q.Ask, q.AskSize = decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}
		}),
		{Instrument: sampleInstrument("WAIT|Waiting for a first quote|XNYS|USD|2|America/New_York")},
	}
}

// sampleInstrument reads "symbol|name|exchange|currency|decimals|zone".
func sampleInstrument(text string) quotes.Instrument {
	f := strings.Split(text, "|")
	in := quotes.Instrument{
		Symbol: quotes.MustSymbol(f[0]), Name: f[1], Exchange: f[2], Currency: f[3],
		Decimals: int(f[4][0] - '0'), TimeZone: f[5], Type: quotes.Stock,
	}
	if in.Exchange == "" {
		in.Type = quotes.Crypto
	}
	return in
}

// sampleRow is a simulated quote of "price close open high low volume", changed
// by change.
func sampleRow(now time.Time, instrument, figures string, change func(*quotes.StockQuote)) Row {
	r := Row{Instrument: sampleInstrument(instrument)}
	q := &quotes.StockQuote{
		Symbol: r.Instrument.Symbol, Currency: r.Instrument.Currency, Time: now.Add(-2 * time.Second),
		Version: now.UnixMicro(), Session: quotes.Regular, Timeliness: quotes.Simulated, Source: "sim",
	}
	into := []*decimal.NullDecimal{&q.Price, &q.PreviousClose, &q.Open, &q.High, &q.Low, &q.Volume}
	for i, f := range strings.Fields(figures) {
		*into[i] = number(f)
	}
	tick := decimal.New(1, -int32(r.Instrument.Decimals))
	q.Bid, q.BidSize = quotes.Some(q.Price.Decimal.Sub(tick)), number("300")
	q.Ask, q.AskSize = quotes.Some(q.Price.Decimal.Add(tick)), number("12500")
	q.SetChange()
	r.Spark = sampleSpark(q)
	if change != nil {
		change(q)
	}
	r.Quote = q
	return r
}

// sampleSpark is a day that wanders from the open over the low and the high to
// the price.
func sampleSpark(q *quotes.StockQuote) []decimal.Decimal {
	if !q.Open.Valid {
		return nil
	}
	var out []decimal.Decimal
	stops := []decimal.Decimal{q.Open.Decimal, q.Low.Decimal, q.High.Decimal, q.Price.Decimal}
	for i := range len(stops) - 1 {
		for step := range int64(10) {
			way := stops[i+1].Sub(stops[i]).Mul(decimal.NewFromInt(step)).Shift(-1)
			wobble := q.High.Decimal.Sub(q.Low.Decimal).Mul(decimal.NewFromInt((step * 37) % 7 * int64(1-i%2*2))).Shift(-2)
			out = append(out, stops[i].Add(way).Add(wobble))
		}
	}
	return out
}

func sampleNotifications(now time.Time) []Notification {
	out := []Notification{
		{Type: "error", Kind: "incident", Message: "The feed of B3 is down; its prices are the last ones known."},
		{Type: "warning", Kind: "message", Message: hostile, Link: "javascript:alert(1)", Expires: now.Add(time.Hour)},
		{Type: "success", Kind: "alert", Message: "AAPL is above 189.50: 189.84", Symbol: quotes.MustSymbol("AAPL"), Price: quotes.Some(quotes.MustDecimal("189.84"))},
		{Type: "info", Kind: "message", Message: "Welcome. Markets open at 09:30 EST. " + strings.Repeat("A long line that wraps. ", 5), Link: "https://example.com/hours?a=1&b=2", Read: true},
	}
	for i := range out {
		out[i].ID, out[i].Time = int64(4-i), now.Add(-time.Duration(i*i)*7*time.Hour)
	}
	return out
}

// sampleFeeds is one source in every state.
func sampleFeeds(now time.Time) []Feed {
	before := func(d time.Duration) time.Time { return now.Add(-d) }
	return []Feed{
		{
			Name: "binance", URL: "binance://?symbols=BTCUSDT", Timeliness: quotes.Live, State: "running", Since: before(26 * time.Hour),
			LastMessage: before(300 * time.Millisecond), LastUpdate: before(300 * time.Millisecond), Messages: 48210377, Updates: 50123456,
			MessageRate: 323.4, UpdateRate: 345.06, Outcomes: map[string]int64{"merged": 50000000, "late": 1200, "duplicate": 34},
			Restarts: 2, Symbols: 14, Listed: 1432, Asked: 14, Confirmed: 13, Restored: 12,
			Refused: map[string]string{"LUNAUSDT": "not traded any more"},
		},
		{
			Name: "alpaca-iex", URL: "alpaca://iex", Timeliness: quotes.Live, State: "waiting", Since: before(90 * time.Second),
			LastMessage: before(95 * time.Second), LastUpdate: before(95 * time.Second), Messages: 1200, Updates: 1100, Restarts: 7,
			Error: "connection limit exceeded " + hostile, ErrorTime: before(90 * time.Second),
			Advice: "Another program uses the same account: stop it, or wait a minute.", Symbols: 12, Listed: 11003, Asked: 30,
			Refused: map[string]string{"TSLA": "over the limit of 30 symbols", "GME": "over the limit of 30 symbols"},
		},
		{
			Name: "finnhub", URL: "finnhub://", Timeliness: quotes.Delayed, State: "failed", Since: before(3 * time.Hour),
			Error: "401 Invalid API key", ErrorTime: before(3 * time.Hour), Advice: "Set TICKBOARD_FINNHUB_TOKEN and start again.",
		},
		{Name: "kraken", URL: "kraken://", Timeliness: quotes.Live, State: "silent", Since: before(4 * time.Second), LastMessage: before(65 * time.Second)},
		{Name: "replay", URL: "replay://session.csv.gz", Timeliness: quotes.Replayed, State: "finished", Since: before(50 * time.Hour)},
		{Name: "sim", URL: "sim://", Timeliness: quotes.Simulated, Note: "open around the clock", State: "starting", Since: now},
	}
}

// sampleWays are all kinds of channels, without mail for the reason given.
func sampleWays(noMail string) []Way {
	var list []Way
	for _, w := range ways {
		way := Way{Kind: w.kind}
		if w.kind == "email" {
			way.Why = noMail
		}
		list = append(list, way)
	}
	return list
}

// sampleSettings has a channel of every kind, in every state.
func sampleSettings(site Site) SettingsPage {
	ago := func(d time.Duration) time.Time { return site.Now.Add(-d) }
	return SettingsPage{
		Site: site, Known: true, Created: ago(30 * 24 * time.Hour), Ways: sampleWays(""), Services: []string{"Desk", "Operations"}, MaxChannels: 20, LastID: 4, Bell: Bell{Unread: 3, Sound: true},
		Devices: []Device{
			{ID: "a1", Label: "Firefox on Linux", Created: ago(30 * 24 * time.Hour), Seen: site.Now, This: true},
			{ID: "b2", Label: "Safari on iPhone", Created: ago(9 * 24 * time.Hour), Seen: ago(2 * time.Hour)},
			{ID: "c3", Label: hostile, Created: ago(400 * 24 * time.Hour), Seen: ago(90 * 24 * time.Hour)},
		},
		Channels: []Channel{
			{ID: 1, Version: 1, Kind: "push", Name: "Firefox on Linux", Address: "https://updates.push.services.example/wpush/v2/gAAAA", Enabled: true, Alerts: true, Delivered: ago(42 * time.Second)},
			{ID: 2, Version: 3, Kind: "email", Name: "ann@example.com", Address: "ann@example.com", Enabled: true, Alerts: true, Messages: true, Unconfirmed: true},
			{ID: 3, Version: 1, Kind: "ntfy", Name: "Phone", Address: "https://ntfy.sh/a-name-nobody-guesses", Enabled: true, Alerts: true},
			{ID: 4, Version: 2, Kind: "slack", Name: hostile, Address: "https://hooks.slack.com/services/T000/B000/secret", Enabled: true, Alerts: true, Delivered: ago(26 * time.Hour), Failing: ago(time.Hour), Error: "it answered 403 Forbidden; look whether the address is still the right one"},
			{ID: 5, Version: 9, Kind: "webhook", Name: "Robot", Address: "https://example.com/hook", Alerts: true, Delivered: ago(time.Hour)},
			{ID: 6, Version: 4, Kind: "discord", Name: "Friends", Address: "https://discord.com/api/webhooks/1/secret", Failing: ago(50 * time.Hour), Error: "it answered 404 Not Found"},
			{ID: 7, Version: 1, Kind: "service", Name: "Desk", Address: "Desk", Enabled: true, Messages: true, Delivered: ago(time.Minute)},
		},
	}
}

// number reads a figure of a sample; it panics on a malformed one.
func number(s string) decimal.NullDecimal {
	d, err := quotes.ParseDecimal(s)
	if err != nil {
		panic(fmt.Sprintf("sample %q: %v", s, err))
	}
	return quotes.Some(d)
}
