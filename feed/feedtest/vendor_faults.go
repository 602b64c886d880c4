package feedtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tickboard/tickboard/feed"
)

// commonFaults are those that HTTP has for every vendor.
func (c VendorCase) commonFaults() []Fault {
	list := []Fault{
		{Name: "too many connections", At: Upgrade, Status: http.StatusTooManyRequests, Want: Slowly},
		{Name: "a broken server", At: Upgrade, Status: http.StatusBadGateway, Body: "<html>\nBad\nGateway", Want: Retried},
		{Name: "a page instead of a socket", At: Upgrade, Status: http.StatusOK, Body: "<html>proof of work", Want: Retried},
	}
	if c.REST != nil {
		list = append(
			list,
			Fault{Name: "too many requests", At: REST, Status: http.StatusTooManyRequests, Want: Slowly},
			Fault{Name: "a broken REST server", At: REST, Status: http.StatusBadGateway, Body: "<html>", Want: Retried},
			Fault{Name: "a page instead of figures", At: REST, Status: http.StatusOK, Body: "<html>proof of work", Want: Retried},
			Fault{Name: "figures of another shape", At: REST, Status: http.StatusOK, Body: `{"a":[{"b":null}]}`, Want: Retried},
		)
	}
	if len(c.Settings) > 0 {
		list = append(list, Fault{Name: "a wrong secret", At: Upgrade, Status: http.StatusUnauthorized, Want: ForGood})
	}
	if len(c.Settings) > 0 && c.REST != nil {
		list = append(list, Fault{Name: "a secret that REST refuses", At: REST, Status: http.StatusUnauthorized, Want: ForGood})
	}
	return list
}

// checkFault runs the source against a fault.
func checkFault(ctx context.Context, c VendorCase, f Fault) error {
	return c.with(ctx, func(s *session) error {
		sym := c.Symbols[0]
		if f.At != Streaming {
			s.v.set(func() { s.v.fault = &f })
			s.demand.Add(sym)
			s.run(ctx)
		} else {
			s.run(ctx)
			if err := s.watch(sym); err != nil {
				return err
			}
			f.Do(s.v.client())
		}
		switch {
		case f.Want == GoesOn:
			return s.checkGoesOn(f)
		case f.At == REST && s.comesBy():
			return s.checkListing(ctx, f)
		}
		err, wait := s.end()
		if wait != nil {
			return wait
		}
		return errors.Join(wantEnding(err, f.Want), s.checkText(err, f))
	})
}

// checkGoesOn wants a fault to be told, and the connection to be used on.
func (s *session) checkGoesOn(f Fault) error {
	_, err := s.see(0, fmt.Sprintf("a report or a refusal that says %q", f.Says), func(u feed.Update) bool {
		return (u.Kind == feed.Reported || u.Kind == feed.Refused) && strings.Contains(u.Note, f.Says)
	})
	if f.At != Streaming {
		return err
	}
	return errors.Join(err, s.alive(s.c.Symbols[0]))
}

// comesBy waits until the source has ended or has subscribed all the same, and
// says whether it was the latter: that it does not need the REST interface to
// run.
func (s *session) comesBy() bool {
	subscribed := false
	_ = s.until("a source that ends or goes on", func() bool {
		c := s.v.client()
		subscribed = c != nil && c.hasAsked(s.c.Symbols[0]) > 0
		select {
		case <-s.ended:
			subscribed = false
			return true
		default:
			return subscribed
		}
	})
	return subscribed
}

// checkListing meets the fault where a source that runs without the REST
// interface needs it: in Instruments.
func (s *session) checkListing(ctx context.Context, f Fault) error {
	_, err := s.spec.Instruments(ctx)
	if err == nil {
		return nil // its list does not come from there, or is kept
	}
	return errors.Join(wantEnding(err, f.Want), s.checkText(err, f))
}

// wantEnding holds an error of Run against what it should say of the next Run.
func wantEnding(err error, want Ending) error {
	f, _ := errors.AsType[*feed.Failure](err)
	slow, forGood := f != nil && f.Slow, f != nil && f.Permanent
	switch {
	case err == nil:
		return errors.New("Run returned nil: it is finished, and not called again")
	case want == Retried && (slow || forGood):
		return fmt.Errorf("the error is to have Run called again soon, but is slow (%v) or for good (%v): %w", slow, forGood, err)
	case want == Slowly && (!slow || forGood):
		return fmt.Errorf("the error is to be a Failure that is Slow: %w", err)
	case want == ForGood && !forGood:
		return fmt.Errorf("the error is to be a Failure that is Permanent: %w", err)
	}
	return nil
}

// checkText looks at what the operator gets to see.
func (s *session) checkText(err error, f Fault) error {
	all := text(err)
	errs := []error{s.c.secretIn(all)}
	if strings.Contains(all, "\n") {
		errs = append(errs, fmt.Errorf("the error is more than a line: %q", all))
	}
	if !strings.Contains(all, f.Says) {
		errs = append(errs, fmt.Errorf("the error does not say %q: %s", f.Says, all))
	}
	if f.Want == ForGood && len(s.c.Settings) > 0 && !s.namesSetting(all) {
		errs = append(errs, fmt.Errorf("the error does not name the setting to look at: %s", all))
	}
	return errors.Join(errs...)
}

func (s *session) namesSetting(text string) bool {
	for name := range s.c.Settings {
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}
