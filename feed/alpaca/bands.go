package alpaca

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// security is a symbol that the decoder takes, with what it must know of it to
// read its messages.
type security struct {
	symbol quotes.Symbol
	limits limits
}

// limits finds the limit states of a stock, which nobody sends: it holds the
// price bands against the best quotes. Trading is in a limit state when the best
// offer of all exchanges equals the lower band and does not cross the best bid,
// or the best bid equals the upper band and does not cross the best offer
// (Plan to Address Extraordinary Market Volatility, section I and VI.B.1). A bid
// below the lower band, or an offer above the upper one, is a straddle state and
// no limit state. Bands hold in the regular session, from the message that tells
// them to the one that ends them, or to a halt.
type limits struct {
	lower, upper int64     // as price has them; 0 is no band
	from, until  time.Time // the session of the bands

	bid, ask int64     // of the newest quote; 0 is none
	quoted   time.Time // and its time

	halted, limited bool
	told            time.Time // the time of the last status that was drawn from a quote or band
}

// tell emits an update with the limit state that it leads to. ok is false when f
// is a message that has no update of its own.
func (l *limits) tell(f *fields, u feed.Update, ok bool, emit func(feed.Update)) error {
	switch u.Kind {
	case feed.Quote:
		emit(u)
		l.quote(&u)
		l.draw(u, emit)
		return nil
	case feed.Status:
		if string(f.kind) == "l" {
			if err := l.band(f, u.Time); err != nil {
				return err
			}
		}
		if !ok {
			l.draw(u, emit)
			return nil
		}
		if l.halted = u.Halted; u.Halted {
			l.lower, l.upper = 0, 0
		}
		l.limited = l.in(u.Time)
		u.Limited, u.Time = l.limited, l.after(u.Time)
	}
	if ok {
		emit(u)
	}
	return nil
}

// draw emits a status when the limit state has begun or ended by u.
func (l *limits) draw(u feed.Update, emit func(feed.Update)) {
	if limited := l.in(u.Time); limited != l.limited {
		l.limited, l.told = limited, l.after(u.Time)
		emit(feed.Update{Symbol: u.Symbol, Kind: feed.Status, Time: l.told, Halted: l.halted, Limited: limited})
	}
}

// after is a time that is not before that of the last status: they come from
// messages of several kinds, whose clocks differ a little.
func (l *limits) after(at time.Time) time.Time {
	if at.Before(l.told) {
		return l.told
	}
	return at
}

// quote takes the newest best bid and offer.
func (l *limits) quote(u *feed.Update) {
	if !u.Time.Before(l.quoted) {
		l.quoted, l.bid, l.ask = u.Time, price(u.Bid), price(u.Ask)
	}
}

// band takes the bands of a limit up-limit down message.
func (l *limits) band(f *fields, at time.Time) error {
	l.lower, l.upper = 0, 0
	if endsBands(f.id) {
		return nil
	}
	lower, err := number("lower band", f.lower)
	if err != nil {
		return err
	}
	upper, err := number("upper band", f.upper)
	if err != nil {
		return err
	}
	if lower.GreaterThan(upper) {
		return fmt.Errorf("a lower band of %s above the upper one of %s", f.lower, f.upper)
	}
	day := exchanges.Day(at)
	l.lower, l.upper = price(quotes.Some(lower)), price(quotes.Some(upper))
	l.from, l.until = day.Open, day.Close
	return nil
}

// in says whether trading is in a limit state at a moment.
func (l *limits) in(at time.Time) bool {
	if l.halted || at.Before(l.from) || !at.Before(l.until) || l.bid > l.ask && l.ask != 0 {
		return false
	}
	return l.lower != 0 && l.ask == l.lower || l.upper != 0 && l.bid == l.upper
}

// exchanges is the calendar of all American ones.
var exchanges = quotes.CalendarOf("XNYS")

// price is a price in hundredths of a cent, the smallest step of American stocks,
// so that two are compared at once however they are written: 0 for none and for
// one that is no such number, which equals no band.
func price(d decimal.NullDecimal) int64 {
	n, exponent := d.Decimal.CoefficientInt64(), d.Decimal.Exponent()
	if !d.Valid || exponent < -4 || exponent > 0 || d.Decimal.NumDigits() > 14 {
		return 0
	}
	for ; exponent > -4; exponent-- {
		n *= 10
	}
	return n
}
