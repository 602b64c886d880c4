package finnhub

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/frame"
	"github.com/tickboard/tickboard/quotes"
)

// snapshot is what Finnhub knows of a symbol beside its trades: the figures of the
// last day that has opened, without its volume.
type snapshot struct {
	last, high, low, open, previous decimal.NullDecimal
	time                            time.Time // zero when there was none
}

func (c *caller) snapshot(ctx context.Context, sym quotes.Symbol) (snapshot, error) {
	body, err := c.get(ctx, "/quote", url.Values{"symbol": {sym.String()}})
	if err != nil {
		return snapshot{}, err
	}
	s, err := parseSnapshot(body)
	if err != nil {
		return s, fmt.Errorf("Finnhub's figures of %s: %w", sym, err) //nolint:staticcheck // a name begins it
	}
	return s, nil
}

// parseSnapshot reads the figures. Zero is what Finnhub writes for those that it
// does not have.
func parseSnapshot(body []byte) (snapshot, error) {
	var s snapshot
	var seconds uint64
	told := false
	r := frame.New(body)
	for r.Object(); r.Next(); {
		switch string(r.Key()) {
		case "c":
			s.last, told = figure(&r), true
		case "h":
			s.high = figure(&r)
		case "l":
			s.low = figure(&r)
		case "o":
			s.open = figure(&r)
		case "pc":
			s.previous = figure(&r)
		case "t":
			seconds = r.Uint()
		}
	}
	switch {
	case r.End() != nil:
		return snapshot{}, r.End()
	case !told:
		return snapshot{}, errors.New("there are none")
	case seconds > 1<<33:
		return snapshot{}, errors.New("their time is none")
	case seconds > 0:
		s.time = time.Unix(int64(seconds), 0).UTC()
	}
	return s, nil
}

func figure(r *frame.Reader) decimal.NullDecimal {
	d := r.Decimal()
	if d.Decimal.Sign() <= 0 {
		return decimal.NullDecimal{}
	}
	return d
}

// updates are the figures with the time that they belong to. Finnhub's own time
// of them has been that of the question (Finnhub-API#135), so that before the open,
// in the evening and at night it says only which day is the last that has opened:
// the price is that day's close then, and told as such.
func (s *snapshot) updates(sym quotes.Symbol, calendar *quotes.Calendar) []feed.Update {
	if s.time.IsZero() {
		return nil
	}
	day := calendar.Day(s.time)
	if s.time.Before(day.Open) {
		day = calendar.Day(day.Begin.Add(-time.Second))
	}
	at, regular := s.time, calendar.Always()
	if !at.Before(day.Close) {
		at, regular = day.Close, true
	}
	at = at.UTC()
	var list []feed.Update
	if s.previous.Valid || s.open.Valid || s.high.Valid || s.low.Valid {
		list = append(list, feed.Update{
			Kind: feed.Day, Symbol: sym, Time: at, PreviousClose: s.previous, Open: s.open, High: s.high, Low: s.low,
		})
	}
	if s.last.Valid {
		list = append(list, feed.Update{Kind: feed.Trade, Symbol: sym, Time: at, Price: s.last.Decimal, MovesLast: true, Regular: regular})
	}
	return list
}
