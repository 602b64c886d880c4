package ingest

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// minToken is the length of the shortest token, in bytes.
const minToken = 16

// defaultStaleAfter is the silence after which a symbol is stale: long for what
// is sent as it happens, short enough for a sender that has died.
const defaultStaleAfter = time.Minute

// maxDuration bounds what may be given as one.
const maxDuration = 24 * time.Hour

// sourceName is what a source may be called.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)

// options are the URL's parameters.
type options struct {
	name       string
	timeliness quotes.Timeliness
	delay      time.Duration
	staleAfter time.Duration
}

// parameters are those of the URL, for the help.
func parameters() []feed.Parameter {
	return []feed.Parameter{
		{Name: "name", Means: "what the source is called in its quotes"},
		{Name: "timeliness", Means: "live or delayed"},
		{Name: "delay", Means: "by how much delayed quotes are late, as 15m"},
		{Name: "stale_after", Means: "silence after which a symbol is stale, as 1m; 0 is never"},
	}
}

// parseOptions takes each parameter at most once, and nothing else of the URL.
func parseOptions(u *url.URL, name, usage string) (options, error) {
	if u.Opaque != "" || u.User != nil || u.Host+u.Path != "" || u.Fragment != "" {
		return options{}, fmt.Errorf("it has parameters only; write it like %s", usage)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return options{}, fmt.Errorf("parameters: %w; write them like %s", err, usage)
	}
	opt := options{name: name, timeliness: quotes.Live, staleAfter: defaultStaleAfter}
	parse := map[string]func(string) error{
		"name":        func(s string) (err error) { opt.name, err = parseName(s); return err },
		"timeliness":  func(s string) (err error) { opt.timeliness, err = parseTimeliness(s); return err },
		"delay":       func(s string) (err error) { opt.delay, err = parseDuration(s, time.Second); return err },
		"stale_after": func(s string) (err error) { opt.staleAfter, err = parseDuration(s, 0); return err },
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		set, ok := parse[key]
		if !ok {
			return options{}, fmt.Errorf("unknown parameter %q; there are name, timeliness, delay and stale_after", key)
		}
		if len(values[key]) > 1 {
			return options{}, fmt.Errorf("%s is there %d times; write it once", key, len(values[key]))
		}
		if err := set(values[key][0]); err != nil {
			return options{}, fmt.Errorf("%s=%q: %w", key, values[key][0], err)
		}
	}
	switch delayed := opt.timeliness == quotes.Delayed; {
	case delayed && opt.delay == 0:
		return options{}, errors.New("timeliness=delayed: say by how much, as delay=15m")
	case !delayed && opt.delay != 0:
		return options{}, errors.New("delay: it belongs to timeliness=delayed")
	}
	return opt, nil
}

func parseName(s string) (string, error) {
	if !sourceName.MatchString(s) {
		return "", errors.New("write 1 to 16 of a-z 0-9 -, first a letter")
	}
	return s, nil
}

func parseTimeliness(s string) (quotes.Timeliness, error) {
	t := quotes.Timeliness(s)
	if t != quotes.Live && t != quotes.Delayed {
		return "", errors.New("write live or delayed")
	}
	return t, nil
}

func parseDuration(s string, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > maxDuration {
		return 0, fmt.Errorf("write a duration from %v to %v, as 1m30s", least, maxDuration)
	}
	return d, nil
}

// readToken is the secret that posts bear.
func readToken(env feed.Env) (string, error) {
	token, err := env(tokenSetting)
	switch {
	case err != nil:
		return "", err
	case token == "":
		return "", fmt.Errorf("posts need a token of their own: set TICKBOARD_%s, or TICKBOARD_%[1]s_FILE to the file that has it, to at least %d random characters", tokenSetting, minToken)
	case len(token) < minToken:
		return "", fmt.Errorf("TICKBOARD_%s has %d characters; give it at least %d random ones", tokenSetting, len(token), minToken)
	}
	return token, nil
}
