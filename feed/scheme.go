package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
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
	// URL is the feed as it was configured, less its secrets; Schemes.Open sets it.
	URL string
	// Instruments lists what the source has. It may take its time and may
	// fail; then it is asked again.
	Instruments func(ctx context.Context) ([]quotes.Instrument, error)
	Timeliness  quotes.Timeliness
	// Delay is by how much the quotes are late when they are quotes.Delayed.
	Delay time.Duration
	// StaleAfter is the silence after which a symbol is stale while its
	// session is open; 0 is never.
	StaleAfter time.Duration
	// SilentAfter is how long a source that has subscriptions in an open
	// session may say nothing of any price before it is taken for dead, however
	// open its connection looks, and run anew; 0 is for ever.
	SilentAfter time.Duration
	// Basis is what the source's previous close is.
	Basis quotes.Basis
	// Calendar gives the trading days of an instrument where they are not those
	// of its exchange; nil is quotes.CalendarOf.
	Calendar func(quotes.Instrument) *quotes.Calendar
	// Clock tells the source's time where that is not ours, because it is
	// virtual: the tapes go by it instead of time.Now, so that their sessions,
	// days and silences are the source's, and none of its times is in the
	// future. Any number may call it at once; nil is our own time.
	Clock func() time.Time
	// Note is what a reader should know of all its quotes beside their
	// timeliness, as "open around the clock"; "" is nothing.
	Note string
	// Posts takes what clients post to the source; nil where nothing can be.
	Posts http.Handler
}

// Env reads one setting of the program by its name without the prefix, as
// "ALPACA_KEY", "" where it is not set. A secret may stand in a file; the error
// says which could not be read.
type Env func(name string) (string, error)

// Scheme opens the feeds of one URL scheme.
type Scheme struct {
	// Usage is one line for people: the URL with its parameters.
	Usage string
	// Open checks the whole URL, and that what it names is there and can be
	// read, without starting anything. Its error says what to do.
	Open func(u *url.URL, env Env) (Spec, error)
	// Parameters are those of the URL, for the help.
	Parameters []Parameter
	// Settings are the names that Open reads from env, for the help.
	Settings []string
}

// Parameter is one of a feed's URL.
type Parameter struct{ Name, Means string }

// Schemes are the feeds that a program has, by URL scheme.
type Schemes map[string]Scheme

// Open makes the source that a URL such as "sim://?seed=7" names.
func (s Schemes) Open(rawURL string, env Env) (Spec, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return Spec{}, fmt.Errorf("feed %q is no URL; write one like sim://?seed=7; there are %s, which tickboard feeds explains", plainURL(rawURL), s.names())
	}
	scheme, ok := s[u.Scheme]
	if !ok {
		return Spec{}, fmt.Errorf("%w %q; there are %s, which tickboard feeds explains", ErrUnknownScheme, plainURL(rawURL), s.names())
	}
	spec, err := scheme.Open(u, env)
	if err != nil {
		return Spec{}, fmt.Errorf("feed %s: %w", plainURL(rawURL), err)
	}
	spec.URL = plainURL(rawURL)
	return spec, nil
}

// OpenAll makes the sources of several URLs, in their order. At most one of them
// takes posts, since there is one address for these.
func (s Schemes) OpenAll(rawURLs []string, env Env) ([]Spec, error) {
	specs := make([]Spec, 0, len(rawURLs))
	for _, u := range rawURLs {
		spec, err := s.Open(u, env)
		if err != nil {
			return nil, err
		}
		if spec.Posts != nil && Posts(specs) != nil {
			return nil, fmt.Errorf("feed %s: there is one address for posts, and another feed has it already; give one ingest:// only, several programs may post to it", spec.URL)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// Posts takes what clients post: the source that does, nil without one.
func Posts(specs []Spec) http.Handler {
	for _, spec := range specs {
		if spec.Posts != nil {
			return spec.Posts
		}
	}
	return nil
}

// plainURL is a feed's URL as people may see it: without a user, and with xxxxx
// in place of parameters that are called as secrets are.
func plainURL(rawURL string) string {
	address, query, found := strings.Cut(rawURL, "?")
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		end := len(rest)
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			end = slash
		}
		user := strings.LastIndexByte(rest[:end], '@') + 1
		address = scheme + "://" + rest[user:]
	}
	if !found {
		return address
	}
	params := strings.Split(query, "&")
	for i, param := range params {
		name, _, _ := strings.Cut(param, "=")
		switch strings.ToLower(name) {
		case "key", "secret", "token", "password", "apikey", "api_key":
			params[i] = name + "=xxxxx"
		}
	}
	return address + "?" + strings.Join(params, "&")
}

// names are those of all schemes, as they stand in URLs.
func (s Schemes) names() string {
	return strings.Join(slices.Sorted(maps.Keys(s)), "://, ") + "://"
}
