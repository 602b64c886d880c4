package feed

import (
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

// Dropped says that nothing of the update is in the quote.
func (o Outcome) Dropped() bool { return o > Unchanged }

// futureTolerance is how far a source's clock may be ahead of ours before its
// times are nonsense.
const futureTolerance = time.Minute

// Tape merges the updates of one symbol of one source into its quote.
//
// The quote's price, open, high, low and volume are those of one trading day,
// the last one of which a regular trade is known, and its previous close is that
// day's. What is known of a day that has begun since waits for its first regular
// trade. Trades outside of the regular session move the extended price alone,
// and count in the volume; bids and offers pass as they are, locked and crossed
// ones too. What is from before the current trading day is late, but for what a
// source says of it before anything of the current one, when it begins and
// after a Break.
//
// A Tape is used by one goroutine at a time.
type Tape struct {
	quote quotes.StockQuote

	timetable
	silence

	shown figures // of the quote's day
	ahead figures // of the current day, while the quote is of an earlier one

	regular, extended lastPrice
	before            last      // of the day before, while that is known
	quoteTime         time.Time // of the newest bid and offer
	statusTime        time.Time // of the newest status
	haltTime          time.Time
	recent            prints

	// anew says that the source begins: what comes next has its place, however
	// old it is, and the price that is shown was not followed to its close.
	anew bool
	// catchUp says that no trade of the current day has come since then.
	catchUp  bool
	restored restored

	adjustment Adjustment
	changeOf   [2]decimal.NullDecimal // the price and the base that the quote's change is of
}

// NewTape begins the tape of an instrument of a source.
func NewTape(spec Spec, source string, instrument quotes.Instrument) *Tape {
	t := &Tape{
		timetable: newTimetable(spec, instrument),
		silence:   silence{after: spec.StaleAfter},
		quote: quotes.StockQuote{
			Symbol: instrument.Symbol, Currency: instrument.Currency, Session: quotes.Closed, Basis: spec.Basis,
			Timeliness: spec.Timeliness, Delay: spec.Delay, Source: source,
		},
		anew: true, catchUp: true,
	}
	if t.calendar.Always() {
		t.quote.Session = quotes.Regular
	}
	return t
}

// Apply merges u, which was received at now. What it changes in the quote is
// said by Merged, or, when it is only the session that u's time begins, by the
// next Turn.
func (t *Tape) Apply(u Update, now time.Time) Outcome {
	if nonsense(u) || t.quote.Timeliness != quotes.Replayed && u.Time.After(now.Add(futureTolerance)) {
		return Nonsense
	}
	if u.Kind == Break {
		t.forget()
		return Unchanged // what follows is worth publishing, the gap is not
	}
	t.enter(t.told(u.Time, now))
	outcome := t.merge(u)
	if t.hear(now) {
		t.pause(now, t.opened(now))
	}
	if t.quote.Stale && outcome != Late {
		t.quote.Stale = false
		outcome = Merged
	}
	if outcome == Merged {
		t.turned = false
		t.quote.Corrected = u.Kind == Correction || u.Kind == Cancel
		if u.Time.After(t.quote.Time) {
			t.quote.Time = u.Time
		}
	}
	return outcome
}

// lastYear keeps times within what a count of nanoseconds holds.
const lastYear = 2200

// nonsense says that u is of no known kind or has a number or a time that
// cannot be.
func nonsense(u Update) bool {
	switch u.Kind {
	case Trade, Correction:
		if u.Price.Sign() <= 0 || u.Size.Sign() < 0 ||
			u.Price.NumDigits() > quotes.MaxDigits || u.Size.NumDigits() > quotes.MaxDigits || u.Time.Year() > lastYear {
			return true
		}
	case Quote:
		if u.Bid.Valid && u.Bid.Decimal.Sign() <= 0 || u.Ask.Valid && u.Ask.Decimal.Sign() <= 0 ||
			u.BidSize.Decimal.Sign() < 0 || u.AskSize.Decimal.Sign() < 0 {
			return true
		}
	case Day:
		for _, n := range [...]decimal.NullDecimal{u.PreviousClose, u.Open, u.High, u.Low, u.Volume} {
			if n.Decimal.Sign() < 0 {
				return true
			}
		}
	case Status, Cancel, Break:
	default:
		return true
	}
	return u.Time.IsZero()
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
		return t.status(u)
	}
	return t.amend(u)
}

// Quote returns a copy of the quote, with the version that it is published under.
func (t *Tape) Quote(version int64) *quotes.StockQuote {
	q := t.quote
	q.Version, q.PriceTime, q.ExtendedTime = version, t.priceTime(), t.extended.last.at
	return &q
}

// priceTime is when the price was traded, zero where that is not known and where
// the quote's time stands for it (quotes.StockQuote).
func (t *Tape) priceTime() time.Time {
	at := t.price().at
	if !at.Before(t.quote.Time) || t.quote.Session == quotes.Regular && t.quote.Time.Sub(at) < time.Minute {
		return time.Time{}
	}
	return at
}

func (t *Tape) bestQuote(u Update) Outcome {
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

// forget makes the tape take whatever comes next, however old it is.
func (t *Tape) forget() {
	t.anew, t.catchUp, t.restored = true, true, restored{}
	t.timetable.forget()
	t.quoteTime, t.statusTime, t.quote.Time = time.Time{}, time.Time{}, time.Time{}
	t.quote.Limited = false // its end may have been missed
	if t.played {
		t.quote.Halted = false
	}
	t.recent.clear()
	day := t.shown.begin
	if !t.regular.last.price.Valid { // the price is of an earlier day
		day = time.Time{}
	}
	t.shown, t.ahead = figures{begin: day}, figures{}
	t.regular = kept(t.price())
	t.clearExtended()
	t.show()
}

// same says that a and b are the same text, not only the same number.
func same(a, b decimal.NullDecimal) bool {
	return a.Valid == b.Valid && (!a.Valid || a.Decimal.Exponent() == b.Decimal.Exponent() && a.Decimal.Equal(b.Decimal))
}
