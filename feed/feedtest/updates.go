package feedtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// checkUpdates runs the source twice, as a supervisor does, and looks at what
// it emits. The second run is part of the same history: where it goes back in
// time, a Break says so.
func checkUpdates(ctx context.Context, spec feed.Spec, l limits) error {
	listed, err := instruments(ctx, spec)
	if err != nil {
		return err
	}
	order := make(map[quotes.Symbol]time.Time)
	for run := range 2 {
		updates, err := collect(ctx, spec, l.updates, l.patience, l.stop)
		if err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
		if len(updates) == 0 {
			return fmt.Errorf("run %d: not one update in %v", run, l.patience)
		}
		for i, u := range updates {
			err := checkUpdate(u)
			if u.Kind == feed.Listed && u.Instrument != nil {
				listed[u.Instrument.Symbol] = *u.Instrument
			}
			if ofMarket(u.Kind) {
				if _, ok := listed[u.Symbol]; !ok {
					err = errors.Join(err, errors.New("the source did not list its symbol"))
				}
				err = errors.Join(err, checkOrder(order, u))
			}
			if err != nil {
				return fmt.Errorf("run %d, update %d, kind %d of %q at %v: %w", run, i, u.Kind, u.Symbol, u.Time, err)
			}
		}
	}
	return nil
}

// checkOrder holds that the times of a symbol do not go back but over a Break;
// last is the time of each symbol's latest update.
func checkOrder(last map[quotes.Symbol]time.Time, u feed.Update) error {
	before := last[u.Symbol]
	last[u.Symbol] = u.Time
	if u.Kind != feed.Break && u.Time.Before(before) {
		return fmt.Errorf("it is %v older than the one before, with no break between", before.Sub(u.Time))
	}
	return nil
}

// ofMarket says that a kind speaks of the market, not of the source.
func ofMarket(k feed.Kind) bool { return k < feed.Received }

// Sound holds one update against what feed.Update and feed.Kind promise of each:
// a decoder's fuzz target asks it.
func Sound(u feed.Update) error { return checkUpdate(u) }

// checkUpdate holds one update against the comments of feed.Kind.
func checkUpdate(u feed.Update) error {
	if !ofMarket(u.Kind) {
		return checkOfSource(u)
	}
	if u.Time.IsZero() {
		return errors.New("no time")
	}
	if u.Time.Location() != time.UTC {
		return fmt.Errorf("its time is in %v, not in UTC", u.Time.Location())
	}
	switch u.Kind {
	case feed.Trade:
		return errors.Join(above0("price", u.Price), notBelow0("size", u.Size))
	case feed.Correction:
		return errors.Join(numbered(u), above0("price", u.Price), notBelow0("size", u.Size))
	case feed.Cancel:
		return numbered(u)
	case feed.Quote:
		return checkQuote(u)
	case feed.Day:
		return checkDay(u)
	case feed.Status, feed.Break:
		return nil
	}
	return errors.New("unknown kind")
}

// checkOfSource holds an update that speaks of the source itself against the
// comments of feed.Kind.
func checkOfSource(u feed.Update) error {
	switch u.Kind {
	case feed.Received:
		return nil
	case feed.Listed:
		if u.Instrument == nil {
			return errors.New("no instrument")
		}
		return checkInstrument(*u.Instrument)
	case feed.Asked, feed.Subscribed, feed.Released:
		return named(u)
	case feed.Refused:
		return errors.Join(named(u), said(u))
	case feed.Reported:
		return said(u)
	}
	return errors.New("unknown kind")
}

func named(u feed.Update) error {
	if u.Symbol.IsZero() {
		return errors.New("no symbol")
	}
	return nil
}

// said holds that the note is one line for people.
func said(u feed.Update) error {
	if u.Note == "" || strings.Contains(u.Note, "\n") {
		return fmt.Errorf("the note is to be one line, and is %q", u.Note)
	}
	return nil
}

// checkQuote takes locked and crossed quotes as they are, and a side that is
// not there.
func checkQuote(u feed.Update) error {
	return errors.Join(
		optional("bid", u.Bid, above0), optional("bid size", u.BidSize, notBelow0),
		optional("ask", u.Ask, above0), optional("ask size", u.AskSize, notBelow0),
	)
}

func checkDay(u feed.Update) error {
	err := errors.Join(
		optional("previous close", u.PreviousClose, above0), optional("open", u.Open, above0),
		optional("high", u.High, above0), optional("low", u.Low, above0), optional("volume", u.Volume, notBelow0),
	)
	if !u.High.Valid || !u.Low.Valid {
		return err
	}
	if u.Low.Decimal.GreaterThan(u.High.Decimal) {
		err = errors.Join(err, fmt.Errorf("low %s is above high %s", u.Low.Decimal, u.High.Decimal))
	}
	if u.Open.Valid && (u.Open.Decimal.LessThan(u.Low.Decimal) || u.Open.Decimal.GreaterThan(u.High.Decimal)) {
		err = errors.Join(err, fmt.Errorf("open %s is outside of %s to %s", u.Open.Decimal, u.Low.Decimal, u.High.Decimal))
	}
	return err
}

func numbered(u feed.Update) error {
	if u.TradeID == 0 {
		return errors.New("it does not say of which trade it is")
	}
	return nil
}

func optional(name string, d decimal.NullDecimal, check func(string, decimal.Decimal) error) error {
	if !d.Valid {
		return nil
	}
	return check(name, d.Decimal)
}

func above0(name string, d decimal.Decimal) error {
	if d.Sign() <= 0 {
		return fmt.Errorf("%s %s is not above 0", name, d)
	}
	return bounded(name, d)
}

func notBelow0(name string, d decimal.Decimal) error {
	if d.Sign() < 0 {
		return fmt.Errorf("%s %s is below 0", name, d)
	}
	return bounded(name, d)
}

// bounded holds that the number is one that the wire contract can carry.
func bounded(name string, d decimal.Decimal) error {
	if _, err := quotes.ParseDecimal(quotes.FormatDecimal(d)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
