package alpaca

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// snapshot is what the vendor knows of a stock: the last trade and quote, the
// newest daily bar that it has, and the one before that. The bars say of which
// day they are; that the newer is today's is true from the first minutes after the
// open to midnight and at no other time.
type snapshot struct {
	trade, quote    fields
	daily, previous bar
}

// bar is the bar of a day: of the regular session, but for the volume, which is
// the whole day's.
type bar struct {
	begin                          time.Time // midnight in New York
	open, high, low, close, volume decimal.NullDecimal
}

// date is the trading day of a bar, "" of one that is not there.
func (b *bar) date() string {
	if b.begin.IsZero() {
		return ""
	}
	return b.begin.Add(12 * time.Hour).UTC().Format(time.DateOnly) // noon in New York has the same date in UTC
}

func (b *bar) ok() bool { return !b.begin.IsZero() && b.close.Valid && b.close.Decimal.Sign() > 0 }

// mostInCall is how many symbols one call asks for: the address stays short enough
// for every server on the way.
const mostInCall = 100

// snap asks for the snapshots of at most mostInCall symbols. What the vendor does
// not know is not in the answer.
func (c *caller) snap(ctx context.Context, address, feedName string, syms []quotes.Symbol) (map[quotes.Symbol]snapshot, error) {
	list := make([]string, len(syms))
	for i, sym := range syms {
		list[i] = sym.String()
	}
	body, err := c.get(ctx, address, url.Values{"symbols": {strings.Join(list, ",")}, "feed": {feedName}})
	if err != nil {
		return nil, err
	}
	snaps, err := parseSnapshots(body)
	if err != nil {
		return nil, fmt.Errorf("the snapshots: %w", err)
	}
	return snaps, nil
}

func parseSnapshots(body []byte) (map[quotes.Symbol]snapshot, error) {
	snaps := make(map[quotes.Symbol]snapshot)
	r := frame.New(body)
	for r.Object(); r.Next(); {
		sym, err := quotes.ParseSymbol(string(r.Key()))
		if err != nil {
			continue
		}
		var s snapshot
		for r.Object(); r.Next(); {
			s.member(&r)
		}
		if s.trade.time != nil || s.quote.time != nil || s.daily.ok() || s.previous.ok() {
			snaps[sym] = s
		}
	}
	return snaps, r.End()
}

func (s *snapshot) member(r *frame.Reader) {
	switch string(r.Key()) {
	case "latestTrade":
		s.trade.read(r)
		s.trade.kind = []byte("t")
	case "latestQuote":
		s.quote.read(r)
		s.quote.kind = []byte("q")
	case "dailyBar":
		s.daily.read(r)
	case "prevDailyBar":
		s.previous.read(r)
	}
}

func (b *bar) read(r *frame.Reader) {
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "t":
			b.begin = r.Time()
		case "o":
			b.open = r.Decimal()
		case "h":
			b.high = r.Decimal()
		case "l":
			b.low = r.Decimal()
		case "c":
			b.close = r.Decimal()
		case "v":
			b.volume = r.Figure()
		}
	}
}

// updates makes of a snapshot what a tape would know had it run all the time. now
// is the moment of which the snapshot speaks.
//
// The figures go to the day that the daily bar says it is of, and the close of the
// bar before it is that day's previous close. So before the open, when the newest
// bar is yesterday's, yesterday's close becomes the price, with yesterday's change,
// and what is traded before the open stands against it; the first regular trade
// makes it the previous close. Nothing is said of a day that has no bar yet.
func (s *snapshot) updates(sym quotes.Symbol, calendar *quotes.Calendar, now time.Time) (list []feed.Update, err error) {
	day, _ := s.bars(calendar, now)
	trade, traded, err := s.lastTrade(sym)
	if figures, ok := s.day(sym, calendar, now); ok {
		list = append(list, figures)
		// The day's last price is the bar's, unless the last trade is that itself: the
		// bar may be a minute late.
		if !traded || !trade.MovesLast || !trade.Regular || !day.has(calendar, trade.Time) {
			list = append(list, feed.Update{
				Symbol: sym, Kind: feed.Trade, Time: figures.Time, Price: day.close.Decimal, MovesLast: true, Regular: true,
			})
		}
		traded = traded && !trade.Time.Before(figures.Time)
	}
	if traded {
		list = append(list, trade)
	}
	if s.quote.time != nil {
		u, ok, failed := s.quote.update(sym)
		if ok {
			list = append(list, u)
		}
		if err == nil {
			err = failed
		}
	}
	return list, err
}

// day are the figures of the day of the bar, which is all that a snapshot has to
// say to a tape that has followed the stream.
func (s *snapshot) day(sym quotes.Symbol, calendar *quotes.Calendar, now time.Time) (u feed.Update, ok bool) {
	day, previous := s.bars(calendar, now)
	if !day.ok() {
		return u, false
	}
	trade, traded, _ := s.lastTrade(sym) // what is malformed has been told
	return feed.Update{
		Symbol: sym, Kind: feed.Day, Time: day.moment(calendar, trade.Time, traded),
		PreviousClose: previous.close, PreviousCloseDate: previous.date(),
		Open: day.open, High: day.high, Low: day.low, Volume: day.volume,
	}, true
}

// lastTrade is the last trade. The day's bar has its price and size already.
func (s *snapshot) lastTrade(sym quotes.Symbol) (u feed.Update, ok bool, err error) {
	if s.trade.time == nil {
		return u, false, nil
	}
	u, ok, err = s.trade.update(sym)
	u.MovesRange, u.CountsVolume = false, false
	return u, ok, err
}

// bars are the bar of the last day that has a regular session, and the one before
// it. A bar of a day that has not opened yet is made of trades before the open:
// its prices are none of the regular session. A bar before it that is not older
// is no bar of a day before.
func (s *snapshot) bars(calendar *quotes.Calendar, now time.Time) (day, previous bar) {
	day, previous = s.daily, s.previous
	if !day.ok() || now.Before(day.hours(calendar).Open) {
		day, previous = previous, bar{}
	}
	if !previous.ok() || !previous.begin.Before(day.begin) {
		previous = bar{}
	}
	return day, previous
}

// hours are the trading day that a bar is of. Of a day on which our calendar has
// no trading it is the usual one.
func (b *bar) hours(calendar *quotes.Calendar) quotes.Day {
	noon := b.begin.Add(12 * time.Hour)
	day := calendar.Day(noon)
	if day.Begin.Before(b.begin) { // noon belongs to an earlier day
		day = quotes.Day{
			Begin: b.begin.Add(4 * time.Hour), Open: noon.Add(-150 * time.Minute),
			Close: noon.Add(4 * time.Hour), End: noon.Add(8 * time.Hour),
		}
	}
	return day
}

// has says that a moment is in the bar's session, or after it on its day.
func (b *bar) has(calendar *quotes.Calendar, at time.Time) bool {
	open := b.hours(calendar).Open
	return !at.Before(open) && calendar.Day(at).Begin.Equal(calendar.Day(open).Begin)
}

// moment is the newest time within the bar's session of which it is known that
// there was a trade: no quote is to look newer than it is.
func (b *bar) moment(calendar *quotes.Calendar, last time.Time, known bool) time.Time {
	day := b.hours(calendar)
	switch {
	case !known || last.Before(day.Open):
		return day.Open
	case last.After(day.Close):
		return day.Close
	}
	return last
}
