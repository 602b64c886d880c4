package quotes

import (
	"time"

	"github.com/shopspring/decimal"
)

// Session is the part of the trading day that a quote belongs to.
type Session string

// The sessions. A 24/7 market is always Regular.
const (
	Pre     Session = "pre"
	Regular Session = "regular"
	Post    Session = "post"
	Closed  Session = "closed"
)

// Timeliness says how a quote relates to the market it speaks of.
type Timeliness string

// What a quote may be.
const (
	Live      Timeliness = "live"
	Delayed   Timeliness = "delayed"
	Simulated Timeliness = "simulated"
	Replayed  Timeliness = "replayed"
)

// Basis says what the previous close of a quote is.
type Basis string

// What a change is counted from. A 24/7 market has no close: some sources give
// the price of the UTC day's begin, others the one 24 hours before.
const (
	PreviousClose Basis = "" // the close of the trading day before
	DayBegin      Basis = "day"
	Rolling24h    Basis = "24h"
)

// StockQuote is the state of one symbol at one moment. An optional number that
// is not known is not valid, never zero. A StockQuote that was published is
// never changed; who wants another makes a copy.
type StockQuote struct {
	Symbol Symbol
	// Price is the last eligible trade, in Currency.
	Price decimal.NullDecimal
	// Change and ChangePercent are Price against PreviousClose (SetChange).
	Change, ChangePercent         decimal.NullDecimal
	PreviousClose                 decimal.NullDecimal
	Basis                         Basis               // of PreviousClose
	PreviousCloseDate             string              // the trading day it is of, "2006-01-02"; "" where that is not known
	PreviousCloseAdjusted         bool                // the source has given it anew, as after a split
	Open, High, Low, Volume       decimal.NullDecimal // of the trading day
	Bid, BidSize, Ask, AskSize    decimal.NullDecimal
	ExtendedPrice, ExtendedChange decimal.NullDecimal
	ExtendedChangePercent         decimal.NullDecimal
	Currency                      string
	// Time is the source's time of the last change, of whatever.
	Time time.Time
	// PriceTime is when Price was traded, where Time does not stand for that: when
	// it is another outside of the regular session, or by a minute.
	PriceTime time.Time
	// ExtendedTime is when ExtendedPrice was traded, where that is known.
	ExtendedTime time.Time
	// Version orders the quotes of one symbol (Versions).
	Version    int64
	Session    Session
	Timeliness Timeliness
	// Delay is by how much a Delayed quote is late, in whole seconds on the wire.
	Delay time.Duration
	// Limited says that trading is at the edge of the price band that limits it
	// (a limit state of the Limit Up-Limit Down plan), from which a halt may
	// follow.
	Halted, Limited, Stale bool
	// Corrected says that what has changed in the quote was corrected or
	// cancelled, not traded. It is not on the wire.
	Corrected bool
	// Source is the name of the feed.
	Source string
}

// Traded is when the price was traded.
func (q *StockQuote) Traded() time.Time {
	if q.PriceTime.IsZero() {
		return q.Time
	}
	return q.PriceTime
}

// SetChange computes Change and ChangePercent from Price and PreviousClose.
func (q *StockQuote) SetChange() {
	q.Change, q.ChangePercent = change(q.Price, q.PreviousClose)
}

// SetExtendedChange computes ExtendedChange and ExtendedChangePercent from
// ExtendedPrice and base, the regular close before it.
func (q *StockQuote) SetExtendedChange(base decimal.NullDecimal) {
	q.ExtendedChange, q.ExtendedChangePercent = change(q.ExtendedPrice, base)
}

// change is a price against its base, as a difference and as percent of the
// base, rounded half away from zero to two places. Without a price, with a base
// that is missing or not above zero, or of more than MaxDigits there is none.
func change(price, base decimal.NullDecimal) (difference, percent decimal.NullDecimal) {
	if !price.Valid || !base.Valid || base.Decimal.Sign() <= 0 {
		return difference, percent
	}
	d := price.Decimal.Sub(base.Decimal)
	p := percent2(d, base.Decimal)
	if d.NumDigits() > MaxDigits || p.NumDigits() > MaxDigits {
		return difference, percent
	}
	return Some(d), Some(p)
}

// percent2 is d as percent of base, which is above zero, rounded half away from
// zero to two places. Numbers that fit into a machine word, as nearly all prices
// do, are divided there, for it is computed with each new price. d has at least
// the decimals of base.
func percent2(d, base decimal.Decimal) decimal.Decimal {
	scale := base.Exponent() - d.Exponent()
	if d.NumDigits() > 14 || base.NumDigits()+int(scale) > MaxDigits {
		return d.Shift(2).DivRound(base, 2)
	}
	n, b := d.CoefficientInt64()*10_000, base.CoefficientInt64()
	for range scale {
		b *= 10
	}
	if n < 0 {
		return decimal.New((2*n-b)/(2*b), -2)
	}
	return decimal.New((2*n+b)/(2*b), -2)
}
