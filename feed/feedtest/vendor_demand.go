package feedtest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// checkDemand watches symbols, before the source runs and while it does, and
// takes them back.
func checkDemand(ctx context.Context, c VendorCase) error {
	a, b := c.Symbols[0], c.Symbols[1]
	return c.with(ctx, func(s *session) error {
		s.demand.Add(a)
		s.run(ctx)
		if err := errors.Join(s.confirmed(0, a), s.checkSnapshot(0, a), s.alive(a)); err != nil {
			return err
		}
		mark := s.mark()
		if err := errors.Join(s.watch(b), s.checkSnapshot(mark, b), s.alive(b), s.alive(a)); err != nil {
			return fmt.Errorf("one more symbol: %w", err)
		}
		mark = s.mark()
		s.demand.Remove(a)
		if _, err := s.seeKind(mark, feed.Released, a); err != nil {
			return err
		}
		err := s.until("the end of a subscription", func() bool {
			c := s.v.client()
			return c != nil && slices.Equal(c.Subscribed(), []quotes.Symbol{b})
		})
		if err := errors.Join(err, s.alive(b)); err != nil {
			return fmt.Errorf("one symbol less: %w", err)
		}
		if err := errors.Join(s.watch(a), s.alive(a)); err != nil {
			return fmt.Errorf("the symbol again: %w", err)
		}
		return nil
	})
}

// checkURLSymbols opens the source for two symbols of its URL: it asks for
// these, watched or not, and for no other.
func checkURLSymbols(ctx context.Context, c VendorCase) error {
	a, b, other := c.Symbols[0], c.Symbols[1], c.Symbols[2]
	return c.withQuery(ctx, "symbols="+a.String()+","+b.String(), func(s *session) error {
		if len(s.listed) != 2 {
			return fmt.Errorf("it lists %d symbols instead of the two of its URL", len(s.listed))
		}
		s.demand.Add(other)
		s.run(ctx)
		if err := errors.Join(s.confirmed(0, a, b), s.alive(b)); err != nil {
			return err
		}
		s.demand.Add(a)
		s.demand.Remove(a)
		if err := s.alive(a); err != nil {
			return err
		}
		if s.v.client().hasAsked(other) > 0 {
			return fmt.Errorf("it asked for %s, which its URL does not name", other)
		}
		return nil
	})
}

// checkLimit watches two symbols more than allowed, and then one less of those
// that it has.
func checkLimit(ctx context.Context, c VendorCase) error {
	if c.Limit == 0 {
		return nil
	}
	return c.with(ctx, func(s *session) error {
		syms := c.Symbols[:c.Limit]
		s.demand.Add(syms...)
		s.run(ctx)
		if err := s.confirmed(0, syms...); err != nil {
			return err
		}
		mark := s.mark()
		over := c.Symbols[c.Limit : c.Limit+2]
		s.demand.Add(over...)
		for _, sym := range over {
			if _, err := s.seeKind(mark, feed.Refused, sym); err != nil {
				return err
			}
		}
		if err := s.alive(syms[0]); err != nil {
			return err
		}
		mark = s.mark()
		s.demand.Remove(syms[1])
		var next quotes.Symbol
		err := s.until("a request for a symbol that there is room for now", func() bool {
			i := slices.IndexFunc(over, func(sym quotes.Symbol) bool { return s.v.client().hasAsked(sym) > 0 })
			if i >= 0 {
				next = over[i]
			}
			return i >= 0
		})
		if err != nil {
			return err
		}
		return errors.Join(s.confirmed(mark, next), s.alive(next))
	})
}

// checkConfirmation holds the vendor's answer back: until it comes nothing is
// confirmed.
func checkConfirmation(ctx context.Context, c VendorCase) error {
	a, b := c.Symbols[0], c.Symbols[1]
	return c.with(ctx, func(s *session) error {
		s.run(ctx)
		if err := s.watch(a); err != nil {
			return err
		}
		mark := s.mark()
		s.v.set(func() { s.v.withheld[b] = true })
		s.demand.Add(b)
		if err := errors.Join(s.asked(b), s.alive(a), s.alive(a)); err != nil {
			return err
		}
		early := func(u feed.Update) bool { return u.Kind == feed.Subscribed && u.Symbol == b }
		if slices.ContainsFunc(s.since(mark), early) {
			return fmt.Errorf("%s is said to be subscribed before the vendor has confirmed it", b)
		}
		var held []func()
		s.v.set(func() { held, s.v.held, s.v.withheld = s.v.held, nil, nil })
		for _, answer := range held {
			answer()
		}
		return errors.Join(s.confirmed(mark, b), s.alive(b))
	})
}

// checkRefusal has the vendor refuse a symbol: the source says so, does not ask
// again and goes on with the others.
func checkRefusal(ctx context.Context, c VendorCase) error {
	if c.Unrefusing {
		return nil
	}
	a, b, third := c.Symbols[0], c.Symbols[1], c.Symbols[2]
	return c.with(ctx, func(s *session) error {
		s.v.set(func() { s.v.refused[b] = true })
		s.run(ctx)
		if err := s.watch(a); err != nil {
			return err
		}
		mark := s.mark()
		s.demand.Add(b)
		if _, err := s.seeKind(mark, feed.Refused, b); err != nil {
			return err
		}
		times := s.v.client().hasAsked(b)
		if err := errors.Join(s.alive(a), s.watch(third), s.alive(third)); err != nil {
			return fmt.Errorf("after a refusal: %w", err)
		}
		if again := s.v.client().hasAsked(b); again != times {
			return fmt.Errorf("it asked for %s again, which was refused", b)
		}
		return nil
	})
}
