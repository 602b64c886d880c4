package replay

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
)

// options are the URL's parameters.
type options struct {
	speed   float64 // recorded time per time played; 0 is as fast as possible
	loop    bool
	from    from
	lenient bool
	format  string // "" is to be found out
}

// from is where a round begins: the later of the first row, offset after the
// first row, and at.
type from struct {
	text   string // as it was written, "" where it was not
	offset time.Duration
	at     time.Time
}

// base is the recorded time at which the waiting begins in a file whose first
// row is of the time first.
func (f from) base(first time.Time) time.Time {
	base := first.Add(f.offset)
	if f.at.After(base) {
		return f.at
	}
	return base
}

// parsePath puts together what the URL's syntax takes apart: in
// "replay://data/x.csv" the host is "data".
func parsePath(u *url.URL) (string, error) {
	switch {
	case u.Opaque != "":
		return "", fmt.Errorf("write replay://%s", u.Opaque)
	case u.User != nil || u.Fragment != "" || u.RawFragment != "":
		return "", fmt.Errorf("the path has an @ or a #; write them as %%40 and %%23, after a slash: replay://./PATH")
	case u.Host+u.Path == "":
		return "", fmt.Errorf("it names no file; write %s", usage)
	}
	return u.Host + u.Path, nil
}

// parseOptions takes each parameter at most once.
func parseOptions(query string) (options, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return options{}, fmt.Errorf("parameters: %w; write them like %s", err, usage)
	}
	opt := options{speed: 1}
	parse := map[string]func(string) error{
		"speed":   func(s string) (err error) { opt.speed, err = parseSpeed(s); return err },
		"loop":    func(s string) (err error) { opt.loop, err = parseSwitch(s); return err },
		"from":    func(s string) (err error) { opt.from, err = parseFrom(s); return err },
		"lenient": func(s string) (err error) { opt.lenient, err = parseSwitch(s); return err },
		"format":  func(s string) error { opt.format = s; return nil }, // the recording knows which there are
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		set, ok := parse[key]
		if !ok {
			return options{}, fmt.Errorf("unknown parameter %q; there are speed, loop, from, lenient and format", key)
		}
		if len(values[key]) > 1 {
			return options{}, fmt.Errorf("%s is there %d times; write it once", key, len(values[key]))
		}
		if err := set(values[key][0]); err != nil {
			return options{}, fmt.Errorf("%s=%q: %w", key, values[key][0], err)
		}
	}
	return opt, nil
}

// parseSpeed takes a factor from 1 to 10,000, or "max", which is 0.
func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	speed, err := quotes.ParseDecimal(s)
	if err != nil || speed.LessThan(decimal.New(1, 0)) || speed.GreaterThan(decimal.New(1, 4)) {
		return 0, errors.New("write a number from 1 to 10000, or max")
	}
	return speed.InexactFloat64(), nil
}

func parseSwitch(s string) (bool, error) {
	if s != "0" && s != "1" {
		return false, errors.New("write 0 or 1")
	}
	return s == "1", nil
}

func parseFrom(s string) (from, error) {
	if offset, err := time.ParseDuration(s); err == nil && offset >= 0 {
		return from{text: s, offset: offset}, nil
	}
	// A bare + in a query is a space; no other space belongs into a time.
	if at, err := parseTime(strings.ReplaceAll(s, " ", "+")); err == nil {
		return from{text: s, at: at}, nil
	}
	return from{}, errors.New("write a time like 2024-08-09T00:01:30Z, or a duration after the first row like 90s")
}
