package feedtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// subscribed runs the source, watches its first symbol and calls f when the
// symbol's snapshot is there and its news come.
func subscribed(ctx context.Context, c VendorCase, f func(*session, quotes.Symbol) error) error {
	return c.with(ctx, func(s *session) error {
		s.run(ctx)
		sym := c.Symbols[0]
		if err := errors.Join(s.watch(sym), s.checkSnapshot(0, sym), s.alive(sym)); err != nil {
			return err
		}
		return f(s, sym)
	})
}

// exact are numbers whose text says more than a float64 keeps, or less.
var exact = []string{"105944.20", "0.00001305", "61685.99000000", "1.0", "126.55", "9007199254740993", "0.1"}

func checkExact(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		for _, price := range exact {
			if err := errors.Join(s.checkExactTrade(sym, price), s.checkExactQuote(sym, price)); err != nil {
				return fmt.Errorf("%s: %w", price, err)
			}
		}
		return nil
	})
}

func (s *session) checkExactTrade(sym quotes.Symbol, price string) error {
	f := s.frame(sym)
	f.Price = price
	mark := s.mark()
	s.send(s.c.Trade(f))
	u, err := s.see(mark, "a trade of it", func(u feed.Update) bool { return u.Kind == feed.Trade && u.Symbol == sym })
	if err != nil {
		return err
	}
	if got := quotes.FormatDecimal(u.Price); got != price {
		err = fmt.Errorf("the trade's price is %s", got)
	}
	if !u.Size.Equal(quotes.MustDecimal(f.Size)) {
		err = errors.Join(err, fmt.Errorf("the trade's size is %s instead of %s", u.Size, f.Size))
	}
	if !u.Time.Equal(f.Time) {
		err = errors.Join(err, fmt.Errorf("the trade's time is %v instead of %v", u.Time, f.Time))
	}
	if !u.MovesLast || !u.MovesRange || !u.CountsVolume {
		err = errors.Join(err, errors.New("the trade does not move last, range and volume"))
	}
	return err
}

func (s *session) checkExactQuote(sym quotes.Symbol, price string) error {
	if s.c.Quote == nil {
		return nil
	}
	began := time.Now().Truncate(time.Millisecond)
	mark := s.mark()
	s.send(s.c.Quote(QuoteFrame{Symbol: sym, Bid: price, BidSize: "11", Ask: price, AskSize: "12", Time: began}))
	u, err := s.see(mark, "a quote of it", func(u feed.Update) bool { return u.Kind == feed.Quote && u.Symbol == sym })
	if err != nil {
		return err
	}
	for name, side := range map[string]string{
		"bid": quotes.FormatDecimal(u.Bid.Decimal), "ask": quotes.FormatDecimal(u.Ask.Decimal),
	} {
		if side != price {
			err = errors.Join(err, fmt.Errorf("the %s is %s", name, side))
		}
	}
	if u.BidSize.Decimal.String() != "11" || u.AskSize.Decimal.String() != "12" {
		err = errors.Join(err, fmt.Errorf("the sizes are %s and %s instead of 11 and 12", u.BidSize.Decimal, u.AskSize.Decimal))
	}
	if u.Time.Before(began) || u.Time.After(time.Now()) {
		err = errors.Join(err, fmt.Errorf("the quote's time is %v, neither the vendor's nor that of its receipt", u.Time))
	}
	return err
}

// checkUnused sends what tells no price: each counts as a message, and no more.
func checkUnused(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		for _, msg := range append(append([]string{}, c.Control...), c.Unknown...) {
			mark := s.mark()
			s.send(msg)
			if err := s.alive(sym); err != nil {
				return fmt.Errorf("after the message %s: %w", msg, err)
			}
			told := func() int { return s.v.client().sent() }
			if s.until("every message", func() bool { return s.counted() == told() }) != nil {
				return fmt.Errorf("after the message %s: of %d messages the source counts %d", msg, told(), s.counted())
			}
			count := make(map[feed.Kind]int)
			for _, u := range s.since(mark) {
				count[u.Kind]++
			}
			if count[feed.Reported] > 0 {
				return fmt.Errorf("the message %s is reported as a fault", msg)
			}
			if n := count[feed.Trade] + count[feed.Quote] + count[feed.Day]; n > 1 {
				return fmt.Errorf("the message %s made a price", msg)
			}
		}
		return nil
	})
}

// garbage are messages that no vendor means.
var garbage = []string{
	"", " ", "\x00", "\xff\xfe", "{", "}", "[", "nonsense", "null", "true", "1", `"x"`, "{}", "[]", "[[]]", "[null]", "[1]",
	`{"data":null}`, `{"data":[null]}`, `{"data":{}}`, `{"e":"trade"}`, `{"type":"trade"}`, `{"T":"t"}`, `[{"T":"t"}]`,
	`{"channel":"trade","type":"update","data":[{}]}`, `{"type":"match"}`, `{"type":"ticker"}`, `{"s":1e999999}`,
	strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 20_000),
}

// hostile are numbers that no price may become.
var hostile = []string{"-1", "0", "NaN", "Infinity", "1e5000", "", "1 1", "0x10", "1_0", "１", "1,5", strings.Repeat("9", 400)}

func checkGarbage(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		began := s.mark()
		s.send(garbage...)
		for _, number := range hostile {
			f := s.frame(sym)
			f.Price = number
			s.send(c.Trade(f))
		}
		if err := s.onlyOf(began, s.frame(sym), true); err != nil {
			return err
		}
		mark, whole := s.mark(), s.frame(sym)
		msg := c.Trade(whole)
		for n := range len(msg) {
			s.send(msg[:n])
		}
		if err := s.onlyOf(mark, whole, false); err != nil {
			return fmt.Errorf("a message that is cut off: %w", err)
		}
		return s.fewReports(began)
	})
}

// onlyOf sends the trade and holds that no other price has come since the mark,
// and that this one has come once.
func (s *session) onlyOf(mark int, f TradeFrame, once bool) error {
	s.send(s.c.Trade(f))
	if err := s.alive(f.Symbol); err != nil { // the last trade, which is not looked at
		return fmt.Errorf("after garbage: %w", err)
	}
	n := 0
	updates := s.since(mark)
	for i, u := range updates {
		if u.Kind != feed.Trade && u.Kind != feed.Quote && u.Kind != feed.Day || i == lastTrade(updates) {
			continue
		}
		if n++; u.Kind != feed.Trade || quotes.FormatDecimal(u.Price) != f.Price {
			return fmt.Errorf("garbage became %s, at %s", kindNames[u.Kind], u.Price)
		}
	}
	if once && n != 1 {
		return fmt.Errorf("a trade after garbage came %d times", n)
	}
	return nil
}

func lastTrade(updates []feed.Update) int {
	for i := len(updates) - 1; i >= 0; i-- {
		if updates[i].Kind == feed.Trade {
			return i
		}
	}
	return -1
}

// fewReports holds that garbage is reported, but not each piece.
func (s *session) fewReports(mark int) error {
	n := 0
	for _, u := range s.since(mark) {
		if u.Kind == feed.Reported {
			n++
		}
	}
	if n == 0 || n > 3 {
		return fmt.Errorf("much garbage was reported %d times, and is to be once a minute", n)
	}
	return nil
}

// flood is how many trades come at once.
const flood = 10_000

func checkFlood(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		msgs := make([]string, flood)
		var last TradeFrame
		for i := range msgs {
			last = s.frame(sym)
			msgs[i] = c.Trade(last)
		}
		mark := s.mark()
		s.send(msgs...)
		if _, err := s.told(mark, last); err != nil {
			return err
		}
		var before feed.Update
		n := 0
		for _, u := range s.since(mark) {
			if u.Kind != feed.Trade {
				continue
			}
			if n++; u.Price.LessThanOrEqual(before.Price) {
				return fmt.Errorf("the trade at %s came after the one at %s", u.Price, before.Price)
			}
			before = u
		}
		if n != flood {
			return fmt.Errorf("%d of %d trades came through", n, flood)
		}
		return s.stopInFlood(sym, msgs)
	})
}

// stopInFlood ends the context while more comes than can be taken.
func (s *session) stopInFlood(sym quotes.Symbol, msgs []string) error {
	sent := make(chan struct{})
	client := s.v.client()
	go func() {
		defer close(sent)
		client.Send(msgs...)
	}()
	_, err := s.seeKind(s.mark(), feed.Trade, sym)
	err = errors.Join(err, s.stop())
	<-sent
	return err
}

// checkClock has a vendor whose clock is off: its times stay its own.
func checkClock(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		for _, off := range []time.Duration{-10 * time.Minute, 10 * time.Minute, -48 * time.Hour, 0} {
			f := s.frame(sym)
			f.Time = f.Time.Add(off)
			mark := s.mark()
			s.send(c.Trade(f))
			u, err := s.told(mark, f)
			if err == nil && !u.Time.Equal(f.Time) {
				err = fmt.Errorf("the trade's time is %v instead of %v", u.Time, f.Time)
			}
			if err != nil {
				return fmt.Errorf("a clock that is off by %v: %w", off, err)
			}
		}
		return nil
	})
}

// checkOldTrades has a vendor that begins with old trades, and tells some late:
// the Tape sees it by their times, if no break hides it.
func checkOldTrades(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		mark := s.mark()
		for _, ago := range []time.Duration{time.Hour, 10 * time.Minute, 0, 20 * time.Minute, 0} {
			f := s.frame(sym)
			f.Time = f.Time.Add(-ago)
			s.send(c.Trade(f))
			u, err := s.told(mark, f)
			if err == nil && !u.Time.Equal(f.Time) {
				err = fmt.Errorf("its time is %v instead of %v", u.Time, f.Time)
			}
			if err != nil {
				return fmt.Errorf("a trade of %v ago: %w", ago, err)
			}
		}
		for _, u := range s.since(mark) {
			if u.Kind == feed.Break {
				return errors.New("an old trade comes with a break, and would count as new")
			}
		}
		return nil
	})
}

func checkPings(ctx context.Context, c VendorCase) error {
	return subscribed(ctx, c, func(s *session, sym quotes.Symbol) error {
		ctx, cancel := context.WithTimeout(ctx, c.wait())
		defer cancel()
		if err := s.v.client().ws.Ping(ctx); err != nil {
			return fmt.Errorf("a ping is not answered: %w", err)
		}
		return s.alive(sym)
	})
}
