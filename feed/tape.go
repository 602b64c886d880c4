package feed

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// Outcome says what a Tape made of an update.
type Outcome uint8

// The outcomes.
const (
	Merged    Outcome = iota // the quote has changed
	Unchanged                // the update says what was known
	Duplicate                // a trade that was there already
	Late                     // older than what it would replace
	Unmatched                // corrects or cancels a trade that is not known any more
	Nonsense                 // no such price, size or time
	Unlisted                 // of a symbol that the source does not list
	outcomes
)

var outcomeNames = [outcomes]string{"merged", "unchanged", "duplicate", "late", "unmatched", "nonsense", "unlisted"}

func (o Outcome) String() string { return outcomeNames[o] }

// recentTrades is how many trades a tape can still correct, cancel and know
// again as duplicates.
const recentTrades = 64

// futureTolerance is how far a source's clock may be ahead of ours before its
// times are nonsense.
const futureTolerance = time.Minute

// Tape merges the updates of one symbol of one source into its quote. Until
// there are exchange calendars a day is a UTC day and every session is regular.
// A Tape is used by one goroutine at a time.
type Tape struct {
	quote      quotes.StockQuote
	staleAfter time.Duration
	heard      time.Time // when the source last spoke of the symbol, by our clock
	day        time.Time // the UTC day that the day figures belong to
	tradeTime  time.Time // of the newest trade that may be last
	quoteTime  time.Time // of the newest bid and offer

	recent []print // oldest first
	// settled is what all trades that left recent, and the source's own day
	// figures, say.
	settled figures
}

// print is one trade as far as it can still change the quote.
type print struct {
	id          uint64
	price, size decimal.Decimal
	time        time.Time
	last        bool // was the newest eligible trade when it came
	ranges      bool
	counts      bool
}

// figures are the numbers that follow from trades.
type figures struct{ last, high, low decimal.NullDecimal }

// NewTape begins the tape of an instrument of a source.
func NewTape(spec Spec, source string, instrument quotes.Instrument) *Tape {
	return &Tape{
		staleAfter: spec.StaleAfter,
		quote: quotes.StockQuote{
			Symbol: instrument.Symbol, Currency: instrument.Currency, Session: quotes.Regular,
			Timeliness: spec.Timeliness, Delay: spec.Delay, Source: source,
		},
	}
}

// Apply merges u, which was received at now. Only Merged has changed the quote.
func (t *Tape) Apply(u Update, now time.Time) Outcome {
	if u.Time.IsZero() || t.quote.Timeliness != quotes.Replayed && u.Time.After(now.Add(futureTolerance)) {
		return Nonsense
	}
	outcome := t.merge(u)
	if outcome != Nonsense {
		t.heard = now
		if t.quote.Stale && outcome != Late {
			t.quote.Stale = false
			outcome = Merged
		}
	}
	if outcome == Merged && u.Time.After(t.quote.Time) {
		t.quote.Time = u.Time
	}
	return outcome
}

// Stale marks the quote as stale when the source has been silent for too long
// at now, and says whether that has changed it.
func (t *Tape) Stale(now time.Time) bool {
	if t.staleAfter <= 0 || t.quote.Stale || t.heard.IsZero() || now.Sub(t.heard) < t.staleAfter {
		return false
	}
	t.quote.Stale = true
	return true
}

// Quote returns a copy of the quote, with the version that it is published under.
func (t *Tape) Quote(version int64) *quotes.StockQuote {
	q := t.quote
	q.Version = version
	return &q
}

func (t *Tape) merge(u Update) Outcome {
	switch u.Kind {
	case Trade:
		return t.trade(u)
	case Quote:
		return t.bestQuote(u)
	case Day:
		return t.dayFigures(u)
	case Status:
		if t.quote.Halted == u.Halted {
			return Unchanged
		}
		t.quote.Halted = u.Halted
		return Merged
	case Correction, Cancel:
		return t.amend(u)
	case Break:
		t.forget()
		return Unchanged // what follows is worth publishing, the gap is not
	}
	return Nonsense
}

func (t *Tape) trade(u Update) Outcome {
	if u.Price.Sign() <= 0 || u.Size.Sign() < 0 {
		return Nonsense
	}
	if u.TradeID != 0 && t.find(u.TradeID) >= 0 {
		return Duplicate
	}
	switch day := dayOf(u.Time); {
	case day.After(t.day):
		t.turn(day)
	case day.Before(t.day):
		return Late
	}
	p := print{id: u.TradeID, price: u.Price, size: u.Size, time: u.Time, ranges: u.MovesRange, counts: u.CountsVolume}
	p.last = u.MovesLast && !u.Time.Before(t.tradeTime)
	if !p.last && !p.ranges && !p.counts {
		return late(u.MovesLast)
	}
	if p.last {
		t.tradeTime = u.Time
		t.quote.Price = quotes.Some(u.Price)
	}
	if p.ranges {
		t.widen(u.Price)
	}
	if p.counts {
		t.addVolume(u.Size)
	}
	t.remember(p)
	t.quote.SetChange()
	return Merged
}

// late is the outcome of a trade that changes nothing.
func late(eligible bool) Outcome {
	if eligible {
		return Late
	}
	return Unchanged
}

func (t *Tape) bestQuote(u Update) Outcome {
	for _, n := range [...]decimal.NullDecimal{u.Bid, u.Ask} {
		if n.Valid && n.Decimal.Sign() <= 0 {
			return Nonsense
		}
	}
	if u.BidSize.Decimal.Sign() < 0 || u.AskSize.Decimal.Sign() < 0 {
		return Nonsense
	}
	if u.Time.Before(t.quoteTime) {
		return Late
	}
	t.quoteTime = u.Time
	q := &t.quote
	if same(q.Bid, u.Bid) && same(q.BidSize, u.BidSize) && same(q.Ask, u.Ask) && same(q.AskSize, u.AskSize) {
		return Unchanged
	}
	q.Bid, q.BidSize, q.Ask, q.AskSize = u.Bid, u.BidSize, u.Ask, u.AskSize
	return Merged
}

func (t *Tape) dayFigures(u Update) Outcome {
	for _, n := range [...]decimal.NullDecimal{u.PreviousClose, u.Open, u.High, u.Low, u.Volume} {
		if n.Decimal.Sign() < 0 {
			return Nonsense
		}
	}
	switch day := dayOf(u.Time); {
	case day.After(t.day):
		t.turn(day)
	case day.Before(t.day):
		return Late
	}
	changed := false
	for _, f := range [...]struct{ from, into *decimal.NullDecimal }{
		{&u.PreviousClose, &t.quote.PreviousClose}, {&u.Open, &t.quote.Open},
		{&u.High, &t.quote.High}, {&u.Low, &t.quote.Low}, {&u.Volume, &t.quote.Volume},
	} {
		if f.from.Valid && !same(*f.from, *f.into) {
			*f.into, changed = *f.from, true
		}
	}
	if u.High.Valid {
		t.settled.high = u.High
	}
	if u.Low.Valid {
		t.settled.low = u.Low
	}
	if !changed {
		return Unchanged
	}
	t.quote.SetChange()
	return Merged
}

// amend corrects or cancels one of the recent trades, and draws from those that
// are left what the trade had decided.
func (t *Tape) amend(u Update) Outcome {
	i := t.find(u.TradeID)
	if u.TradeID == 0 || i < 0 {
		return Unmatched
	}
	old := t.recent[i]
	if u.Kind == Correction {
		if u.Price.Sign() <= 0 || u.Size.Sign() < 0 {
			return Nonsense
		}
		t.recent[i].price, t.recent[i].size = u.Price, u.Size
		if old.counts {
			t.addVolume(u.Size.Sub(old.size))
		}
	} else {
		t.recent = slices.Delete(t.recent, i, i+1)
		if old.counts {
			t.addVolume(old.size.Neg())
		}
	}
	t.redraw()
	return Merged
}

// redraw computes last, high and low anew from what is settled and the recent
// trades.
func (t *Tape) redraw() {
	f := t.settled
	for _, p := range t.recent {
		f.add(p)
	}
	t.quote.Price, t.quote.High, t.quote.Low = f.last, f.high, f.low
	t.quote.SetChange()
}

// turn begins a new day: the last price becomes the previous close.
func (t *Tape) turn(day time.Time) {
	if !t.day.IsZero() && t.quote.Price.Valid {
		t.quote.PreviousClose = t.quote.Price
	}
	t.day = day
	t.clearDay()
}

// forget makes the tape take whatever comes next, however old it is.
func (t *Tape) forget() {
	t.day, t.tradeTime, t.quoteTime, t.quote.Time = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	t.quote.PreviousClose = decimal.NullDecimal{}
	t.clearDay()
	t.quote.SetChange()
}

func (t *Tape) clearDay() {
	q := &t.quote
	q.Open, q.High, q.Low, q.Volume = decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}, decimal.NullDecimal{}
	t.recent = t.recent[:0]
	t.settled = figures{last: q.Price}
}

func (t *Tape) widen(price decimal.Decimal) {
	q := &t.quote
	if !q.Open.Valid {
		q.Open = quotes.Some(price)
	}
	widen(&q.High, &q.Low, price)
}

func (t *Tape) addVolume(size decimal.Decimal) {
	sum := t.quote.Volume.Decimal.Add(size)
	if over := sum.NumDigits() - quotes.MaxDigits; over > 0 {
		sum = sum.Truncate(max(0, -sum.Exponent()-int32(over)))
	}
	t.quote.Volume = quotes.Some(sum)
}

func (t *Tape) remember(p print) {
	if len(t.recent) == recentTrades {
		t.settled.add(t.recent[0])
		t.recent = slices.Delete(t.recent, 0, 1)
	}
	t.recent = append(t.recent, p)
}

func (t *Tape) find(id uint64) int {
	return slices.IndexFunc(t.recent, func(p print) bool { return p.id == id })
}

func (f *figures) add(p print) {
	if p.last {
		f.last = quotes.Some(p.price)
	}
	if p.ranges {
		widen(&f.high, &f.low, p.price)
	}
}

func widen(high, low *decimal.NullDecimal, price decimal.Decimal) {
	if !high.Valid || price.GreaterThan(high.Decimal) {
		*high = quotes.Some(price)
	}
	if !low.Valid || price.LessThan(low.Decimal) {
		*low = quotes.Some(price)
	}
}

// same says that a and b are the same text, not only the same number.
func same(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Exponent() == b.Decimal.Exponent() && a.Decimal.Equal(b.Decimal))
}

func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
