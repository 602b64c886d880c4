package feed_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// model says what a quote of a stock must be from the list of all that was told:
// it keeps no figure, and computes each anew.
type model struct {
	calendar *quotes.Calendar
	clock    time.Time // the latest of our time and of what was told
	trades   []*modelTrade
	told     map[string]decimal.NullDecimal // previous closes, by day
	own      map[string]decimal.NullDecimal // and those of our own
	day      string
	shown    string // the day of the quote, "" before the first
	ahead    string // the day that waits
	before   decimal.NullDecimal
	caughtUp bool
}

type modelTrade struct {
	feed.Update
	day              string
	extended         bool
	unknown, ignored bool // is known no more; is not counted and cannot be amended
	cancelled        bool
}

func newModel() *model {
	return &model{
		calendar: quotes.CalendarOf("XNAS"),
		told:     map[string]decimal.NullDecimal{}, own: map[string]decimal.NullDecimal{},
	}
}

func (m *model) today() quotes.Day { return m.calendar.Day(m.clock) }

// pass lets time pass.
func (m *model) pass(now time.Time) {
	if now.After(m.clock) {
		m.clock = now
	}
	if day := m.today().Date; day != m.day {
		m.day = day
		if m.ahead < day {
			m.wait("")
		}
	}
}

// wait makes a day the one that waits: what an earlier one counted is gone.
func (m *model) wait(day string) {
	for _, trade := range m.trades {
		if trade.day == m.ahead {
			trade.ignored = true
		}
	}
	delete(m.told, m.ahead)
	m.ahead = day
}

// waits says whether something of a day later than the quote's is kept.
func (m *model) waits(day string) bool {
	if day < m.ahead {
		return false
	}
	if day != m.ahead {
		m.wait(day)
	}
	return true
}

func (m *model) apply(u feed.Update) {
	day := m.calendar.Day(u.Time)
	switch u.Kind {
	case feed.Day:
		old := day.Date < m.today().Date && m.caughtUp || day.Date < m.shown
		if day.Date != m.shown && (old || !m.waits(day.Date)) {
			return
		}
		m.told[day.Date] = u.PreviousClose
	case feed.Trade:
		if trade := m.find(u.TradeID); trade == nil && m.accept(u, day) && day.Date >= m.today().Date {
			m.caughtUp = true
		}
	case feed.Correction:
		if trade := m.find(u.TradeID); trade != nil && !trade.cancelled && !trade.ignored {
			trade.Price, trade.Size = u.Price, u.Size
		}
	case feed.Cancel:
		if trade := m.find(u.TradeID); trade != nil {
			trade.cancelled = true
		}
	}
}

func (m *model) find(id uint64) *modelTrade {
	for _, trade := range m.trades {
		if trade.TradeID == id && !trade.unknown {
			return trade
		}
	}
	return nil
}

// accept takes a trade that is not too late.
func (m *model) accept(u feed.Update, day quotes.Day) bool {
	trade := &modelTrade{Update: u, day: day.Date}
	trade.extended = u.Time.Before(day.Open) || !u.Time.Before(day.Close) && !u.Regular
	if day.Date < m.today().Date && (m.caughtUp || trade.extended) || day.Date < m.shown {
		return false
	}
	switch {
	case day.Date == m.shown:
	case !trade.extended && u.MovesLast:
		m.begin(day.Date)
	case !m.waits(day.Date):
		return false
	}
	m.trades = append(m.trades, trade)
	return true
}

func (m *model) begin(day string) {
	m.before = m.price()
	if m.shown != "" {
		m.own[day] = m.before
	}
	for _, trade := range m.trades {
		trade.unknown = trade.unknown || trade.day != day
	}
	if m.ahead != "" && m.ahead < day {
		m.wait("")
	}
	if m.ahead == day {
		m.ahead = ""
	}
	m.shown = day
}

// counting are the trades that count in a day.
func (m *model) counting(day string) (trades []*modelTrade) {
	for _, trade := range m.trades {
		if trade.day == day && !trade.ignored {
			trades = append(trades, trade)
		}
	}
	return trades
}

// newest is the price of the newest of the trades that match.
func newest(trades []*modelTrade, match func(*modelTrade) bool) (price decimal.NullDecimal) {
	var at time.Time
	for _, trade := range trades {
		if !trade.cancelled && trade.MovesLast && match(trade) && !trade.Time.Before(at) {
			price, at = quotes.Some(trade.Price), trade.Time
		}
	}
	return price
}

func (m *model) price() decimal.NullDecimal {
	if m.shown == "" {
		return decimal.NullDecimal{}
	}
	price := newest(m.counting(m.shown), func(trade *modelTrade) bool { return !trade.extended })
	switch {
	case price.Valid:
		return price
	case m.before.Valid && m.base(m.shown).Valid:
		return m.base(m.shown)
	}
	return m.before
}

func (m *model) base(day string) decimal.NullDecimal {
	if told := m.told[day]; told.Valid {
		return told
	}
	return m.own[day]
}

// extended is the extended price with what it changes against.
func (m *model) extended() (price, base decimal.NullDecimal) {
	today, session := m.today(), m.calendar.Session(m.clock)
	if session == quotes.Regular {
		return price, base
	}
	begin := today.Begin
	if session != quotes.Pre {
		begin = today.Close
	}
	price = newest(m.counting(today.Date), func(trade *modelTrade) bool { return trade.extended && !trade.Time.Before(begin) })
	switch {
	case m.shown == today.Date:
		base = m.price()
	case m.shown == "" && session != quotes.Pre:
	case m.ahead == today.Date && m.told[m.ahead].Valid:
		base = m.told[m.ahead]
	case m.shown != "":
		base = m.price()
	}
	return price, base
}

// quote is what the tape must say.
func (m *model) quote() *quotes.StockQuote {
	q := &quotes.StockQuote{Session: m.calendar.Session(m.clock), Price: m.price()}
	day := m.shown
	if !q.Price.Valid && m.ahead != "" {
		day = m.ahead
	}
	q.PreviousClose = m.base(day)
	for _, trade := range m.counting(day) {
		if trade.CountsVolume {
			size := trade.Size
			if trade.cancelled {
				size = decimal.Zero
			}
			q.Volume = quotes.Some(q.Volume.Decimal.Add(size))
		}
		if trade.extended || !trade.MovesRange || trade.cancelled {
			continue
		}
		if !q.Open.Valid {
			q.Open, q.High, q.Low = quotes.Some(trade.Price), quotes.Some(trade.Price), quotes.Some(trade.Price)
		}
		q.High = quotes.Some(decimal.Max(q.High.Decimal, trade.Price))
		q.Low = quotes.Some(decimal.Min(q.Low.Decimal, trade.Price))
	}
	q.SetChange()
	var base decimal.NullDecimal
	q.ExtendedPrice, base = m.extended()
	q.SetExtendedChange(base)
	return q
}

// TestTheTapeSaysWhatTheModelSays tells a tape and the model some days of a
// stock in any order, with late and doubled trades, amends and the source's own
// previous closes.
func TestTheTapeSaysWhatTheModelSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tape, m := newStockTape(), newModel()
		now := ny(tuesday, "03:00").Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "begin")) * time.Minute)
		for i := range rapid.IntRange(1, 60).Draw(t, "updates") {
			now = now.Add(drawPause(t, m.calendar, now))
			u := drawUpdate(t, now, uint64(i+1))
			m.pass(now)
			if rapid.Bool().Draw(t, "turn") {
				tape.Turn(now)
			}
			tape.Apply(u, now)
			m.apply(u)
			if want, got := figuresOf(m.quote()), figures(tape); got != want {
				t.Fatalf("after update %d, %+v at %v:\n%s", i, u, now.In(newYork), cmp.Diff(want, got))
			}
		}
	})
}

// drawPause is the time to the next update: little, much, or to the moment at
// which the session changes, or just before it.
func drawPause(t *rapid.T, c *quotes.Calendar, now time.Time) time.Duration {
	next, _ := c.Next(now)
	switch rapid.IntRange(0, 5).Draw(t, "pause") {
	case 0:
		return next.Sub(now)
	case 1:
		return next.Sub(now) - 1
	case 2:
		return time.Duration(rapid.IntRange(0, 30*3600).Draw(t, "seconds")) * time.Second
	}
	return time.Duration(rapid.IntRange(0, 900).Draw(t, "seconds")) * time.Second
}

func drawUpdate(t *rapid.T, now time.Time, id uint64) feed.Update {
	late := rapid.SampledFrom([]time.Duration{0, 0, 0, 0, time.Second, time.Minute, time.Hour, 20 * time.Hour}).Draw(t, "late")
	u := feed.Update{
		Symbol: aapl, Kind: feed.Trade, Time: now.Add(-late), TradeID: id,
		Price: decimal.New(rapid.Int64Range(1, 300).Draw(t, "price"), -1),
		Size:  decimal.New(rapid.Int64Range(0, 300).Draw(t, "size"), 0),
	}
	other := uint64(rapid.IntRange(max(1, int(id)-8), int(id)).Draw(t, "other"))
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		u.Kind, u.PreviousClose = feed.Day, quotes.Some(u.Price)
		return u
	case 1:
		u.Kind, u.TradeID = feed.Cancel, other
		return u
	case 2:
		u.Kind, u.TradeID = feed.Correction, other
		return u
	case 3:
		u.CountsVolume, u.Regular = true, rapid.Bool().Draw(t, "regular") // an odd lot
		return u
	case 4:
		u.TradeID = other
	}
	u.MovesLast, u.MovesRange, u.CountsVolume = true, true, true
	u.Regular = rapid.IntRange(0, 3).Draw(t, "regular") == 0
	return u
}

// TestNoQuoteMixesTwoDays tells a tape anything, gaps and restarts too. A price
// of each day lies between a thousand times the day's number and the next
// thousand, so that each figure shows the day it is of.
func TestNoQuoteMixesTwoDays(t *testing.T) {
	calendar := quotes.CalendarOf("XNAS")
	first := calendar.Day(ny("2026-11-16", "12:00")).Begin
	number := func(at time.Time) int64 { return int64(calendar.Day(at).Begin.Sub(first)/(23*time.Hour)) + 2 }
	rapid.Check(t, func(t *rapid.T) {
		tape := newStockTape()
		now := first
		for i := range rapid.IntRange(1, 60).Draw(t, "updates") {
			now = now.Add(drawPause(t, calendar, now))
			u := drawUpdate(t, now, uint64(i+1))
			day := decimal.New(number(u.Time)*1000, 0)
			u.Price = u.Price.Add(day)
			if u.Kind == feed.Day {
				u.PreviousClose = quotes.Some(u.Price.Sub(decimal.New(1000, 0)))
				if rapid.Bool().Draw(t, "figures") {
					u.Open, u.High, u.Low = quotes.Some(day), quotes.Some(day.Add(decimal.New(rapid.Int64Range(0, 999).Draw(t, "high"), 0))), quotes.Some(day)
				}
			}
			if u.Kind == feed.Correction {
				continue // its trade may be of another day
			}
			switch rapid.IntRange(0, 19).Draw(t, "trouble") {
			case 0:
				tape.Apply(gap(now), now)
			case 1:
				tape = restarted(tape, number)
			}
			tape.Turn(now)
			tape.Apply(u, now)
			checkOneDay(t, tape.Quote(1), number(now))
		}
	})
}

// restarted is the tape of the next process, where the stored quote shows which
// day it is of: where there was a regular trade on the day of its last change,
// or on the one before while that had not opened.
func restarted(tape *feed.Tape, number func(time.Time) int64) *feed.Tape {
	q := tape.Quote(1)
	last := q.Time
	if day := quotes.CalendarOf("XNAS").Day(last); last.Before(day.Open) {
		last = day.Begin.Add(-1)
	}
	if q.Price.Valid && q.Price.Decimal.IntPart()/1000 != number(last) {
		return tape
	}
	next := newStockTape()
	next.Restore(*q)
	return next
}

// checkOneDay holds that the figures of a quote are of one day, and agree.
func checkOneDay(t *rapid.T, q *quotes.StockQuote, today int64) {
	dayOf := func(n decimal.NullDecimal) int64 { return n.Decimal.IntPart() / 1000 }
	checkChange(t, q)
	unmoved := q.Price.Valid && q.PreviousClose.Valid && q.Price.Decimal.Equal(q.PreviousClose.Decimal) // all trades were taken back
	day := dayOf(q.High)
	if q.High.Valid != q.Low.Valid || q.High.Valid != q.Open.Valid || q.High.Valid && (dayOf(q.Low) != day || dayOf(q.Open) != day) {
		t.Fatalf("the range is of several days: %s", q.AppendJSON(nil))
	}
	if q.High.Valid && q.Price.Valid && !unmoved && dayOf(q.Price) != day {
		t.Fatalf("price and range are of two days: %s", q.AppendJSON(nil))
	}
	if q.High.Valid && q.Low.Decimal.GreaterThan(q.High.Decimal) {
		t.Fatalf("low above high: %s", q.AppendJSON(nil))
	}
	if q.Price.Valid && q.PreviousClose.Valid && !unmoved && dayOf(q.PreviousClose) >= dayOf(q.Price) {
		t.Fatalf("the previous close is not of an earlier day: %s", q.AppendJSON(nil))
	}
	if q.ExtendedPrice.Valid && (q.Session == quotes.Regular || dayOf(q.ExtendedPrice) != today) {
		t.Fatalf("the extended price is not of day %d: %s", today, q.AppendJSON(nil))
	}
	if q.ExtendedPrice.Valid && !q.ExtendedChange.Valid && q.Price.Valid && dayOf(q.Price) == today {
		t.Fatalf("the extended price has no change: %s", q.AppendJSON(nil))
	}
}

func checkChange(t *rapid.T, q *quotes.StockQuote) {
	known := q.Price.Valid && q.PreviousClose.Valid
	if q.Change.Valid != known || q.ChangePercent.Valid != known ||
		known && !q.Change.Decimal.Equal(q.Price.Decimal.Sub(q.PreviousClose.Decimal)) {
		t.Fatalf("the change is not the price against the previous close: %s", q.AppendJSON(nil))
	}
}

func BenchmarkTapeOfAStock(b *testing.B) {
	tape := newStockTape()
	now := ny(tuesday, "10:00")
	tape.Apply(previousClose(now, "95"), now)
	prices := []decimal.Decimal{dec("100.00"), dec("100.01"), dec("100.02")}
	u := print(now, "100")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		u.TradeID, u.Price = uint64(i)+1, prices[i%3]
		tape.Apply(u, now)
	}
}

func BenchmarkTurn(b *testing.B) {
	tape := newStockTape()
	now := ny(tuesday, "10:00")
	tape.Apply(print(now, "100"), now)
	b.ReportAllocs()
	for b.Loop() {
		tape.Turn(now)
	}
}
