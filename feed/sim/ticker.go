package sim

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	tradeShare = 0.4 // of the updates, the others are quotes
	// sameSide is how often a trade is on the side of the one before. Less
	// than always makes the price bounce between bid and ask.
	sameSide = 0.6
	// pull is the part of its distance to the previous close that a fair value
	// loses in a day.
	pull = 0.1
	// farthest is how many times its previous close a fair value may be, or
	// the previous close the fair value.
	farthest = 4
)

// ticker is one symbol of the running market. Prices are in ticks.
type ticker struct {
	*listing
	rng  *rand.Rand
	lots *lots

	busy bool // in a burst (arrivals)

	fair   float64
	own    float64 // standard deviation of a day's return without the factor's part
	asOf   int64   // the time of fair
	factor float64 // the factor then

	bidTicks, askTicks int64
	bid, ask           decimal.Decimal
	buying             bool // the last trade was at the ask
	tradeID            uint64
}

// newTicker begins a symbol somewhere in a plausible day.
func newTicker(l *listing, lots *lots, seed uint64, now int64, factor float64) ticker {
	common := l.beta * factorSigma
	return ticker{
		listing: l, lots: lots, asOf: now, factor: factor,
		rng: rand.New(rand.NewPCG(seed, hash(l.symbol.String()))),
		own: math.Sqrt(max(float64(l.sigma*l.sigma)-float64(common*common), l.sigma*l.sigma/4)),
		// Rising over restarts too.
		tradeID: uint64(now / int64(time.Microsecond)),
	}
}

func hash(symbol string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(symbol))
	return h.Sum64()
}

// snapshot emits the whole picture at the market's start: the day so far with
// some of its trades, bid and ask, and a trade.
func (t *ticker) snapshot(ctx context.Context, now int64, emit func(feed.Update)) {
	elapsed := max(0.05, float64(now%int64(day))/float64(day))
	sd := t.sigma * math.Sqrt(elapsed)
	draw := func(sd float64) float64 {
		return float64(t.close) * (1 + min(max(sd*t.rng.NormFloat64(), -3*sd), 3*sd))
	}
	open := draw(t.sigma / 4)
	t.fair = draw(sd)
	volume := t.volume * elapsed * math.Exp(0.2*t.rng.NormFloat64())
	quote := t.quote(now)
	trade := t.trade(now) // drawn before the path that leads to it, numbered after it
	t.tradeID--

	last := trade.Price.CoefficientInt64()
	opened := max(1, int64(open))
	reach := sd / 2 * float64(t.close)
	high := max(last, opened) + int64(reach*t.rng.ExpFloat64()/2)
	low := max(1, min(last, opened)-int64(reach*min(2, t.rng.ExpFloat64()/2)))
	low = min(low, last, opened)
	past := t.past(now, opened)
	for i := range past {
		ticks := past[i].Price.CoefficientInt64()
		high, low = max(high, ticks), min(low, ticks)
	}
	emit(feed.Update{
		Symbol: t.symbol, Kind: feed.Day, Time: instant(now - now%int64(day)),
		PreviousClose: quotes.Some(t.price(t.close)), Open: quotes.Some(t.price(opened)),
		High: quotes.Some(t.price(high)), Low: quotes.Some(t.price(low)),
		Volume: quotes.Some(t.volumeOf(volume)),
	})
	for i := range past {
		if i%unasked == 0 && ctx.Err() != nil {
			return
		}
		emit(past[i])
	}
	t.tradeID++
	trade.TradeID = t.tradeID
	emit(quote)
	emit(trade)
}

// update moves the symbol on to now and says what happens there.
func (t *ticker) update(now int64, factor float64) feed.Update {
	t.move(now, factor)
	if t.rng.Float64() < tradeShare {
		return t.trade(now)
	}
	return t.quote(now)
}

// move is one step of the fair value: the common factor, the symbol's own
// noise, and a weak pull to the previous close, so that weeks later it is still
// plausible. The conversions keep the compiler from fusing operations, which
// would make the path depend on the machine.
func (t *ticker) move(now int64, factor float64) {
	days := min(1, float64(now-t.asOf)/float64(day))
	ret := float64(t.beta*(factor-t.factor)) + float64(t.own*math.Sqrt(days)*t.rng.NormFloat64())
	base := float64(t.close)
	fair := t.fair + float64(t.fair*ret) + float64(pull*days*(base-t.fair))
	t.fair = min(max(fair, base/farthest), base*farthest)
	t.asOf, t.factor = now, factor
}

// quote draws a new bid and ask around the fair value.
func (t *ticker) quote(now int64) feed.Update {
	spread := max(1, int64(float64(t.fair*t.venue.spread*(0.5+t.rng.ExpFloat64()/2))+0.5))
	bid := max(1, int64(t.fair-float64(spread)/2+0.5))
	t.setBid(bid)
	t.setAsk(bid + spread)
	price := t.units()
	return feed.Update{
		Symbol: t.symbol, Kind: feed.Quote, Time: instant(now),
		Bid: quotes.Some(t.bid), BidSize: quotes.Some(quoteSize(t.lots, &t.venue, price, t.rng)),
		Ask: quotes.Some(t.ask), AskSize: quotes.Some(quoteSize(t.lots, &t.venue, price, t.rng)),
	}
}

// trade happens at the bid or at the ask that were quoted last. When the fair
// value has left them behind, it is on the side that gains by it.
func (t *ticker) trade(now int64) feed.Update {
	if t.rng.Float64() >= sameSide {
		t.buying = !t.buying
	}
	switch {
	case t.fair > float64(t.askTicks):
		t.buying = true
	case t.fair < float64(t.bidTicks):
		t.buying = false
	}
	price := t.bid
	if t.buying {
		price = t.ask
	}
	t.tradeID++
	return feed.Update{
		Symbol: t.symbol, Kind: feed.Trade, Time: instant(now),
		TradeID: t.tradeID, Price: price, Size: tradeSize(t.lots, &t.venue, t.units(), t.rng),
		MovesLast: true, MovesRange: true, CountsVolume: true,
	}
}

// setBid and setAsk keep the decimal of a price that stays.
func (t *ticker) setBid(ticks int64) {
	if ticks != t.bidTicks {
		t.bidTicks, t.bid = ticks, t.price(ticks)
	}
}

func (t *ticker) setAsk(ticks int64) {
	if ticks != t.askTicks {
		t.askTicks, t.ask = ticks, t.price(ticks)
	}
}

func (t *ticker) price(ticks int64) decimal.Decimal { return decimal.New(ticks, -t.decimals) }

// units is about the price in units of the currency, to choose sizes by.
func (t *ticker) units() float64 { return t.fair / math.Pow10(int(t.decimals)) }

// volumeOf is a day's volume, as finely divided as the symbol's trades but for
// digits that nobody would believe.
func (t *ticker) volumeOf(volume float64) decimal.Decimal {
	decimals := min(t.sizeDecimals, 4)
	return decimal.New(int64(volume*math.Pow10(int(decimals))), -decimals)
}

func instant(nanos int64) time.Time { return time.Unix(0, nanos).UTC() }
