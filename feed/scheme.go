package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// ErrUnknownScheme is what Open wraps for a URL whose scheme nobody serves.
var ErrUnknownScheme = errors.New("unknown feed")

// Spec is a source that is ready to run, with what holds for all of its quotes.
type Spec struct {
	Source Source
	// Instruments lists what the source has. It may take its time and may
	// fail; then it is asked again.
	Instruments func(ctx context.Context) ([]quotes.Instrument, error)
	Timeliness  quotes.Timeliness
	// Delay is by how much the quotes are late when they are quotes.Delayed.
	Delay time.Duration
	// StaleAfter is the silence after which a symbol is stale while its
	// session is open; 0 is never.
	StaleAfter time.Duration
}

// Scheme opens the feeds of one URL scheme.
type Scheme struct {
	// Usage is one line for people: the URL with its parameters.
	Usage string
	// Open checks the whole URL, and that what it names is there and can be
	// read, without starting anything. Its error says what to do.
	Open func(u *url.URL) (Spec, error)
}

// Schemes are the feeds that a program has, by URL scheme.
type Schemes map[string]Scheme

// Open makes the source that a URL such as "sim://?seed=7" names.
func (s Schemes) Open(rawURL string) (Spec, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return Spec{}, fmt.Errorf("feed %q is no URL; write one like %s", rawURL, s.usages())
	}
	scheme, ok := s[u.Scheme]
	if !ok {
		return Spec{}, fmt.Errorf("%w %q; there are %s", ErrUnknownScheme, rawURL, s.usages())
	}
	spec, err := scheme.Open(u)
	if err != nil {
		return Spec{}, fmt.Errorf("feed %s: %w", rawURL, err)
	}
	return spec, nil
}

func (s Schemes) usages() string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		list = append(list, s[name].Usage)
	}
	return strings.Join(list, ", ")
}
