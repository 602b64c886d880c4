package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const (
	// tradeShare is the part of the updates that are trades, the others are
	// quotes. A trade is followed by a trade more often than a quote is.
	tradeShare, afterTrade = 0.3, 0.6
	afterQuote             = tradeShare * (1 - afterTrade) / (1 - tradeShare)
	// Trades lean to the bid or to the ask: lean is how often the next leans to
	// the other side, stray how often one is not where the others are. The last
	// makes the price bounce.
	lean  = 0.02
	stray = 0.15
	// keep is how often a quote changes only its sizes, where its prices still
	// hold the fair value between them
	// or are no more than slack ticks off.
	keep, slack = 0.9, 0.8
	// locked and cross are how often bid and ask are equal, and the wrong way
	// round, of the quotes of a national market.
	locked = 0.01
	cross  = 0.0005
	// pull is the part of its distance to the base that a fair value loses in a day.
	pull = 0.1
	// farthest is how many times its base a fair value may be, or the base the
	// fair value.
	farthest = 4
)

// ticker is one symbol of the running market. Prices are in ticks.
type ticker struct {
	*listing
	model  *model
	rng    *rand.Rand
	lots   *lots
	hours  *hours
	spread spread
	sizes  sizes

	pulse   pulse
	arrival int64 // the time of the next update of the usual kind
	alarms

	fair   float64
	base   float64 // the fair value is pulled to it: the first previous close
	own    float64 // standard deviation of a day's return without the factor's part
	asOf   int64   // the time of fair
	factor float64 // the factor then

	bidTicks, askTicks int64
	bid, ask           decimal.Decimal
	said               book  // what the last quote said
	trading            bool  // the last update was a trade
	buying             bool  // the trades lean to the ask
	last               int64 // the last trade of a regular session that may be last
	tradeID            uint64

	tally    tally
	amends   amendment
	amendsTo int64 // the corrected price

	bands
}

// newTicker begins a symbol somewhere in a plausible day.
func newTicker(l *listing, m *model, h *hours, now int64, factor float64) ticker {
	common := l.beta * factorSigma
	t := ticker{
		listing: l, model: m, hours: h, lots: m.lots, asOf: now, factor: factor,
		rng:  rand.New(rand.NewPCG(m.seed, hash(l.symbol.String()))),
		own:  math.Sqrt(max(float64(l.sigma*l.sigma)-float64(common*common), l.sigma*l.sigma/4)),
		base: float64(l.close), last: l.close,
		// Rising over restarts too.
		tradeID: uint64(now / int64(time.Microsecond)),
	}
	t.calibrate()
	return t
}

// calibrate chooses spread and sizes by the base.
func (t *ticker) calibrate() {
	price := t.base / math.Pow10(int(t.decimals))
	t.spread = newSpread(&t.venue, t.base, price, t.turnover())
	t.sizes = newSizes(&t.venue, price)
}

// turnover is the money that is traded on a usual day, which no split changes.
func (t *ticker) turnover() float64 {
	return t.volume * float64(t.close) / math.Pow10(int(t.decimals))
}

func hash(symbol string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(symbol))
	return h.Sum64()
}

// update moves the symbol on to now and says what happens there.
func (t *ticker) update(now int64, factor float64) feed.Update {
	t.move(now, factor)
	switch {
	case t.amends != asItIs:
		return t.amend(now)
	case t.pulse.quiet:
		return t.quote(now)
	case now >= t.tally.due:
		if u, ok := t.tell(now); ok {
			return u
		}
	}
	share := afterQuote
	if t.trading {
		share = afterTrade
	}
	if t.trading = t.rng.Float64() < share; t.trading {
		return t.trade(now)
	}
	return t.quote(now)
}

// move is one step of the fair value: the common factor, the symbol's own
// noise, and a weak pull to the base, so that weeks later it is still
// plausible. The conversions keep the compiler from fusing operations, which
// would make the path depend on the machine.
func (t *ticker) move(now int64, factor float64) {
	_, variance := t.hours.level(now)
	passed := min(float64(day), float64(now-t.asOf))
	ret := float64(t.beta*(factor-t.factor)) + float64(t.own*math.Sqrt(passed*variance)*t.rng.NormFloat64())
	fair := t.fair + float64(t.fair*ret) + float64(pull/float64(day)*passed*(t.base-t.fair))
	t.fair = min(max(fair, t.base/farthest), t.base*farthest)
	t.asOf, t.factor = now, factor
	t.watch(now)
}

// quote draws a new bid and ask around the fair value, or keeps them and says
// new sizes.
func (t *ticker) quote(now int64) feed.Update {
	if t.state == limited {
		return t.pinned(now)
	}
	inside := t.bidTicks < t.askTicks && t.fair >= float64(t.bidTicks)-slack && t.fair <= float64(t.askTicks)+slack
	if !inside || t.rng.Float64() >= keep {
		t.draw()
	}
	return t.standing(now)
}

// standing is the bid and ask as they are. A market does not say twice what it has
// said: where nothing else has changed the size of the bid does.
func (t *ticker) standing(now int64) feed.Update {
	says := book{t.bidTicks, t.askTicks, t.quoteSize(), t.quoteSize()}
	if says.bid == t.said.bid && says.ask == t.said.ask && says.bidSize.Equal(t.said.bidSize) && says.askSize.Equal(t.said.askSize) {
		says.bidSize = says.bidSize.Add(says.bidSize)
	}
	t.said = says
	return feed.Update{
		Symbol: t.symbol, Kind: feed.Quote, Time: instant(now),
		Bid: quotes.Some(t.bid), BidSize: quotes.Some(says.bidSize),
		Ask: quotes.Some(t.ask), AskSize: quotes.Some(says.askSize),
	}
}

// book is a bid and ask in ticks, with their sizes.
type book struct {
	bid, ask         int64
	bidSize, askSize decimal.Decimal
}

// draw sets a new bid and ask.
func (t *ticker) draw() {
	spread := t.spread.draw(t.rng)
	if t.phase.session != quotes.Regular {
		spread = 3*spread + 1
	}
	if t.national && !t.model.plain {
		switch c := t.rng.Float64(); {
		case c < cross/(1-keep):
			spread = -1
		case c < (cross+locked)/(1-keep):
			spread = 0
		}
	}
	bid := t.ticks(t.fair-float64(spread)/2+1) - 1
	t.setBid(bid)
	t.setAsk(bid + spread)
}

// trade happens at the bid or at the ask that were quoted last. When the fair
// value has left them behind, it is on the side that gains by it.
func (t *ticker) trade(now int64) feed.Update {
	if t.rng.Float64() < lean {
		t.buying = !t.buying
	}
	switch {
	case t.fair > float64(t.askTicks):
		t.buying = true
	case t.fair < float64(t.bidTicks):
		t.buying = false
	}
	price := t.bid
	if t.buying != (t.rng.Float64() < stray) {
		price = t.ask
	}
	u := t.print(now, price, t.tradeSize())
	if t.national && !t.model.plain {
		t.condition(&u)
	}
	if u.MovesLast && u.Regular {
		t.last = u.Price.CoefficientInt64()
	}
	t.count(&u)
	return u
}

// print is an ordinary trade of the session.
func (t *ticker) print(now int64, price, size decimal.Decimal) feed.Update {
	t.tradeID++
	regular := t.phase.session == quotes.Regular
	return feed.Update{
		Symbol: t.symbol, Kind: feed.Trade, Time: instant(now), TradeID: t.tradeID, Price: price, Size: size,
		MovesLast: true, MovesRange: regular, CountsVolume: true, Regular: regular,
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

// ticks is the price on the grid that is nearest to a value.
func (t *ticker) ticks(value float64) int64 { return max(1, int64(value+0.5)) }

// units is about the price in units of the currency, to choose sizes by.
func (t *ticker) units() float64 { return t.fair / math.Pow10(int(t.decimals)) }

// shares is a number of shares or coins, as finely divided as the symbol's
// trades but for digits that nobody would believe.
func (t *ticker) shares(n float64) decimal.Decimal {
	decimals := min(t.sizeDecimals, 4)
	return decimal.New(int64(n*math.Pow10(int(decimals))), -decimals)
}
