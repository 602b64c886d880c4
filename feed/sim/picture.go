package sim

import (
	"context"
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// picture emits the whole picture at now, after a Break: the trading day whose
// regular session began last, with some of its trades, then bid and ask, and
// the last trade, or the closing one and one of after it.
func (t *ticker) picture(ctx context.Context, now int64, emit func(feed.Update)) {
	t.phase = phaseAt(t.hours.calendar, now)
	if now < t.phase.open { // before the open it is yesterday's that counts
		t.phase = phaseAt(t.hours.calendar, t.phase.day-1)
	}
	open, end := t.phase.open, min(now, t.phase.shut)
	elapsed := max(0.05, float64(end-open)/float64(t.phase.shut-open))
	sd := t.sigma * math.Sqrt(elapsed)
	draw := func(sd float64) float64 {
		return float64(t.close) * (1 + min(max(sd*t.rng.NormFloat64(), -3*sd), 3*sd))
	}
	opened := t.ticks(draw(t.sigma / 4))
	t.fair = draw(sd)
	t.phase.session = quotes.Regular
	t.draw()
	last := t.bidTicks
	day := t.day(open, last, opened, sd)
	past := t.past(open, end, opened)
	for i := range past {
		ticks := t.price(past[i].Price.CoefficientInt64())
		if ticks.GreaterThan(day.High.Decimal) {
			day.High = quotes.Some(ticks)
		}
		if ticks.LessThan(day.Low.Decimal) {
			day.Low = quotes.Some(ticks)
		}
	}
	t.beginTally(now)
	t.tally.told = t.traded(end)
	day.Volume = quotes.Some(t.shares(t.tally.told))

	emit(feed.Update{Symbol: t.symbol, Kind: feed.Break, Time: day.Time})
	emit(day)
	for i := range past {
		if i%unasked == 0 && ctx.Err() != nil {
			return
		}
		emit(past[i])
	}
	t.present(now, end, last, emit)
}

// day are the figures of a day that began with one price and has come to
// another.
func (t *ticker) day(open, last, opened int64, sd float64) feed.Update {
	reach := sd / 2 * float64(t.close)
	high := max(last, opened) + int64(reach*t.rng.ExpFloat64()/2)
	low := max(1, min(last, opened)-int64(reach*min(2, t.rng.ExpFloat64()/2)))
	return feed.Update{
		Symbol: t.symbol, Kind: feed.Day, Time: instant(open),
		PreviousClose: quotes.Some(t.price(t.close)), PreviousCloseDate: t.dayBefore(),
		Open: quotes.Some(t.price(opened)), High: quotes.Some(t.price(high)), Low: quotes.Some(t.price(low)),
	}
}

// dayBefore is the date of the trading day before the one of t's phase.
func (t *ticker) dayBefore() string { return t.hours.calendar.Day(instant(t.phase.day - 1)).Date }

// present emits the last trade of the regular session, which ended or has come
// as far as end, and what there is at now.
func (t *ticker) present(now, end, last int64, emit func(feed.Update)) {
	trade := t.print(end, t.price(last), t.tradeSize())
	t.last = last
	here := phaseAt(t.hours.calendar, now)
	if here.session == quotes.Regular {
		t.phase = here
		emit(t.standing(now))
		emit(trade)
		return
	}
	emit(trade)
	at := now
	if here.session == quotes.Closed {
		at = here.begin
	}
	if at-int64(time.Second) > end {
		t.phase = here
		t.fair += float64(t.fair * t.sigma / 8 * t.rng.NormFloat64())
		t.draw()
		emit(t.print(at-int64(time.Second), t.bid, t.tradeSize()))
	}
	t.phase = here
	emit(t.standing(at))
}
