// Package sim is a market that looks real and is reproducible: large companies
// of the United States and Brazil, some coins, and synthetic symbols for load.
// The same seed and the same clock give the same updates; each symbol has its
// own random stream, so that symbols beside it change nothing of it. What it
// says is always marked as simulated. It knows no sessions and no holidays: its
// market never closes.
//
//   - sim.go       Scheme: the feed's URL, parsed strictly
//   - universe.go  the listings: names, previous closes, how they move
//   - source.go    Source: the clock, and one goroutine that follows it
//   - market.go    all tickers and the queue of what is due
//   - ticker.go    one symbol: fair value, bid and ask, trades
//   - past.go      the trades of the day before the start
//   - arrivals.go  when a symbol's next update comes: bursts, or an even drip
//   - factor.go    what moves all symbols together
//   - sizes.go     how much is traded and quoted
package sim

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const usage = "sim://?seed=7&rate=2&count=0&burst=1"

// The bounds of the parameters.
const (
	minRate  = 0.01
	maxRate  = 1000
	maxCount = 100_000
)

// config is what a feed's URL says.
type config struct {
	seed  uint64
	rate  float64 // mean updates per second and symbol
	count int     // synthetic symbols beside the named ones
	burst bool    // bursts instead of an even drip
}

// Scheme is "sim://?seed=7&rate=2&count=0&burst=1": seed is any whole number,
// rate the mean of updates per second and symbol, count the number of synthetic
// symbols SIM0000 and up, and burst=0 makes all of it an even drip. What is left
// out is as in this line.
func Scheme() feed.Scheme { return feed.Scheme{Usage: usage, Open: open} }

func open(u *url.URL, _ feed.Env) (feed.Spec, error) {
	c, err := parse(u)
	if err != nil {
		return feed.Spec{}, err
	}
	listings := universe(c.count)
	instruments := make([]quotes.Instrument, len(listings))
	for i, l := range listings {
		instruments[i] = l.instrument()
	}
	return feed.Spec{
		Source: &source{config: c, listings: listings, clock: time.Now},
		Instruments: func(context.Context) ([]quotes.Instrument, error) {
			return slices.Clone(instruments), nil
		},
		Timeliness: quotes.Simulated,
		Calendar:   func(quotes.Instrument) *quotes.Calendar { return quotes.AlwaysOpen },
		StaleAfter: staleAfter(c.rate),
	}, nil
}

// staleAfter is a silence that does not happen by chance: between bursts a
// third of the mean rate is left, and of e^20 gaps one is longer.
func staleAfter(rate float64) time.Duration {
	return max(30*time.Second, time.Duration(60/rate*float64(time.Second)))
}

func parse(u *url.URL) (config, error) {
	if u.Host != "" || u.Path != "" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return config{}, errors.New("the simulated market has no address, only parameters: write " + usage)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return config{}, fmt.Errorf("malformed parameters (%w): write %s", err, usage)
	}
	c := config{seed: 7, rate: 2, burst: true}
	for name, values := range query {
		if len(values) > 1 {
			return config{}, fmt.Errorf("%s is there %d times: write it once", name, len(values))
		}
		if err := c.set(name, values[0]); err != nil {
			return config{}, err
		}
	}
	return c, nil
}

func (c *config) set(name, value string) error {
	switch name {
	case "seed":
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Errorf("seed %q: write a whole number such as seed=7", value)
		}
		c.seed = n
	case "rate":
		d, err := quotes.ParseDecimal(value)
		rate := d.InexactFloat64()
		if err != nil || rate < minRate || rate > maxRate {
			return fmt.Errorf("rate %q: write updates per second, a number from %v to %v such as rate=2", value, minRate, maxRate)
		}
		c.rate = rate
	case "count":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n > maxCount {
			return fmt.Errorf("count %q: write a whole number from 0 to %d such as count=100", value, maxCount)
		}
		c.count = int(n)
	case "burst":
		if value != "0" && value != "1" {
			return fmt.Errorf("burst %q: write burst=1 for bursts or burst=0 for an even drip", value)
		}
		c.burst = value == "1"
	default:
		return fmt.Errorf("unknown parameter %q: there are seed, rate, count and burst, as in %s", name, usage)
	}
	return nil
}
