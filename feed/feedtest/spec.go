package feedtest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// checkSpec holds a Spec against the comments of feed.Spec and feed.Source.
func checkSpec(ctx context.Context, spec feed.Spec) error {
	errs := []error{checkName(spec), checkTimeliness(spec)}
	list, err := spec.Instruments(ctx)
	if err != nil {
		return errors.Join(append(errs, fmt.Errorf("list of instruments: %w", err))...)
	}
	if len(list) == 0 {
		errs = append(errs, errors.New("the source has no instruments"))
	}
	for i, in := range list {
		if err := checkInstrument(in); err != nil {
			errs = append(errs, fmt.Errorf("instrument %q: %w", in.Symbol, err))
		}
		if i > 0 && list[i-1].Symbol.Compare(in.Symbol) >= 0 {
			errs = append(errs, fmt.Errorf("instrument %q follows %q: they are sorted and each is there once", in.Symbol, list[i-1].Symbol))
		}
	}
	return errors.Join(errs...)
}

func checkName(spec feed.Spec) error {
	name := spec.Source.Name()
	if !regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`).MatchString(name) {
		return fmt.Errorf("name %q: want 1 to 16 of a-z 0-9 -, first a letter", name)
	}
	if again := spec.Source.Name(); again != name {
		return fmt.Errorf("the name is %q, then %q", name, again)
	}
	return nil
}

func checkTimeliness(spec feed.Spec) error {
	if spec.StaleAfter < 0 {
		return fmt.Errorf("stale after %v", spec.StaleAfter)
	}
	switch spec.Timeliness {
	case quotes.Delayed:
		if spec.Delay <= 0 {
			return errors.New("the quotes are delayed, by how much is not said")
		}
	case quotes.Live, quotes.Simulated, quotes.Replayed:
		if spec.Delay != 0 {
			return fmt.Errorf("the quotes are %s, yet their delay is %v", spec.Timeliness, spec.Delay)
		}
	default:
		return fmt.Errorf("timeliness %q", spec.Timeliness)
	}
	return nil
}

func checkInstrument(in quotes.Instrument) error {
	if in.Symbol.IsZero() {
		return errors.New("no symbol")
	}
	if in.Name == "" {
		return errors.New("no name")
	}
	if in.Decimals < 0 || in.Decimals > quotes.MaxDigits {
		return fmt.Errorf("%d decimals", in.Decimals)
	}
	if in.TickSize.IsNegative() {
		return fmt.Errorf("tick size %s", in.TickSize)
	}
	if in.TimeZone == "" || in.TimeZone == "Local" {
		return fmt.Errorf("time zone %q", in.TimeZone)
	}
	_, err := time.LoadLocation(in.TimeZone)
	return err
}
