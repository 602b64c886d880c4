package feedtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// checkVendorSpec holds what the source says of itself against what is promised
// of all, and of those of a vendor.
func checkVendorSpec(ctx context.Context, c VendorCase) error {
	return c.with(ctx, func(s *session) error {
		errs := []error{checkSpec(ctx, s.spec)}
		if s.spec.Timeliness != quotes.Live && s.spec.Timeliness != quotes.Delayed {
			errs = append(errs, fmt.Errorf("its quotes are %q", s.spec.Timeliness))
		}
		if s.spec.StaleAfter <= 0 || s.spec.SilentAfter <= 0 {
			errs = append(errs, errors.New("it does not say when it is stale (StaleAfter) and when silent (SilentAfter)"))
		}
		for _, sym := range c.Symbols {
			if _, ok := s.listed[sym]; !ok {
				errs = append(errs, fmt.Errorf("it does not list %s", sym))
			}
		}
		for _, name := range slices.Concat(c.Addresses, slices.Sorted(maps.Keys(c.Settings))) {
			if !slices.Contains(c.Scheme.Settings, name) {
				errs = append(errs, fmt.Errorf("the scheme's Settings lack %s", name))
			}
		}
		for _, query := range []string{"nonsense=1", "symbols=%21", "symbols=AAA&symbols=BBB"} {
			if _, err := c.open(s.v, c.Settings, query); err == nil {
				errs = append(errs, fmt.Errorf("the parameter %s is taken", query))
			}
		}
		return errors.Join(errs...)
	})
}

// checkMissingSecret opens the source without each of its secrets: it is refused
// then, or fails for good at once, and says which is to be set.
func checkMissingSecret(ctx context.Context, c VendorCase) error {
	for name := range c.Settings {
		err := c.with(ctx, func(s *session) error {
			settings := maps.Clone(c.Settings)
			delete(settings, name)
			spec, err := c.open(s.v, settings, "")
			if err == nil {
				s.spec = spec
				s.run(ctx)
				var late error
				if err, late = s.end(); late != nil || !feed.IsPermanent(err) {
					return fmt.Errorf("without %s it does not fail for good: %w", name, errors.Join(late, err))
				}
			}
			if text := text(err); !strings.Contains(text, name) {
				return fmt.Errorf("without %s it says only: %s", name, text)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// text is all that an operator gets to see of an error.
func text(err error) string {
	if err == nil {
		return ""
	}
	if f, ok := errors.AsType[*feed.Failure](err); ok && f.Advice != "" {
		return err.Error() + "; " + f.Advice
	}
	return err.Error()
}

// checkStops ends the context wherever a source may wait.
func checkStops(ctx context.Context, c VendorCase) error {
	for name, at := range map[string]Stage{
		"the answer to its upgrade":       Upgrade,
		"an answer of the REST interface": REST,
		"the answer to its first message": First,
		"the answer to a subscription":    Asked,
		"news":                            Streaming,
	} {
		if err := c.with(ctx, func(s *session) error { return s.stopAt(ctx, at) }); err != nil {
			return fmt.Errorf("stopped while it waits for %s: %w", name, err)
		}
	}
	if err := c.with(ctx, func(s *session) error { return s.stopListing(ctx) }); err != nil {
		return fmt.Errorf("stopped while it lists its instruments: %w", err)
	}
	return c.with(ctx, func(s *session) error {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		s.run(ctx)
		return s.stop()
	})
}

// stopAt has the vendor not answer at a stage and stops the source when it
// waits, or when it has come by without asking.
func (s *session) stopAt(ctx context.Context, at Stage) error {
	s.v.set(func() { s.v.hang[at] = true })
	s.demand.Add(s.c.Symbols[0])
	s.run(ctx)
	err := s.until("a source that waits", func() bool {
		s.v.mu.Lock()
		hanging := s.v.hanging > 0
		s.v.mu.Unlock()
		c := s.v.client()
		return hanging || c != nil && c.hasAsked(s.c.Symbols[0]) > 0
	})
	return errors.Join(err, s.stop())
}

// stopListing ends the context of Instruments.
func (s *session) stopListing(ctx context.Context) error {
	s.v.set(func() { s.v.hang[REST] = true })
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	listed := make(chan struct{})
	go func() {
		defer close(listed)
		_, _ = s.spec.Instruments(ctx) // with an error or, where nobody is asked, without
		s.bell.ring()
	}()
	err := s.until("a request, or an answer", func() bool {
		s.v.mu.Lock()
		defer s.v.mu.Unlock()
		select {
		case <-listed:
			return true
		default:
			return s.v.hanging > 0
		}
	})
	cancel()
	began := time.Now()
	<-listed
	if took := time.Since(began); took > vendorStop {
		err = errors.Join(err, fmt.Errorf("it returned %v after its context had ended", took))
	}
	return err
}

// checkReturn ends the connection in every way: Run says so with an error that
// has it called again, and the next Run begins with a snapshot that repairs what
// was missed.
func checkReturn(ctx context.Context, c VendorCase) error {
	for name, end := range map[string]func(*Client){
		"cut in the middle of a message": (*Client).cut,
		"reset":                          (*Client).reset,
		"closed by the vendor":           func(c *Client) { c.Close(1001, "going away") },
	} {
		if err := c.with(ctx, func(s *session) error { return s.comeBack(ctx, end) }); err != nil {
			return fmt.Errorf("a connection that is %s: %w", name, err)
		}
	}
	return nil
}

func (s *session) comeBack(ctx context.Context, end func(*Client)) error {
	sym := s.c.Symbols[0]
	s.run(ctx)
	if err := errors.Join(s.watch(sym), s.checkSnapshot(0, sym)); err != nil {
		return err
	}
	end(s.v.client())
	runErr, err := s.end()
	if err := errors.Join(err, wantEnding(runErr, Retried)); err != nil {
		return err
	}
	s.v.set(func() {
		f := &s.v.figures
		f.PreviousClose, f.High, f.Last, f.LastID = "120.00", "130.00", "125.00", f.LastID+1000
		f.Time = time.Now().UTC().Truncate(time.Millisecond)
	})
	mark := s.mark()
	s.run(ctx)
	if err := errors.Join(s.confirmed(mark, sym), s.checkSnapshot(mark, sym), s.alive(sym)); err != nil {
		return fmt.Errorf("after it has come back: %w", err)
	}
	return nil
}

// checkSnapshot looks for a snapshot of the symbol that is all there, and before
// anything else of it.
func (s *session) checkSnapshot(mark int, sym quotes.Symbol) error {
	want := s.v.Figures()
	last, err := s.see(mark, "the snapshot's last trade of "+sym.String()+", at "+want.Last, func(u feed.Update) bool {
		return u.Kind == feed.Trade && u.Symbol == sym && u.Price.Equal(quotes.MustDecimal(want.Last))
	})
	if err == nil && !last.MovesLast {
		err = fmt.Errorf("the snapshot's last trade of %s may not move the last price", sym)
	}
	if !s.c.NoPreviousClose {
		_, dayErr := s.see(mark, "the snapshot's previous close of "+sym.String()+", "+want.PreviousClose, func(u feed.Update) bool {
			return u.Kind == feed.Day && u.Symbol == sym && u.PreviousClose.Valid &&
				u.PreviousClose.Decimal.Equal(quotes.MustDecimal(want.PreviousClose))
		})
		err = errors.Join(err, dayErr)
	}
	if err != nil {
		return err
	}
	for _, u := range s.since(mark) {
		if u.Symbol != sym || !ofMarket(u.Kind) {
			continue
		}
		if u.Kind != feed.Break {
			return fmt.Errorf("the first of %s is %s, and not the break that begins a snapshot", sym, kindNames[u.Kind])
		}
		break
	}
	return nil
}
