package sim

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// The bounds of the parameters.
const (
	minRate  = 0.01
	maxRate  = 1000
	maxCount = 100_000
	maxSpeed = 10_000
)

// A market may begin from earliest on and before latest, and is finished at the
// end of time, which the clock of nanoseconds still reaches.
var (
	earliest = time.Date(1990, time.January, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
	endTime  = time.Date(2200, time.January, 1, 0, 0, 0, 0, time.UTC)
)

// config is what a feed's URL says.
type config struct {
	seed   uint64
	rate   float64 // mean updates per second and symbol
	count  int     // synthetic symbols
	named  bool    // the named ones too
	burst  bool    // bursts instead of an even drip
	speed  float64 // market time per time; 0 is as fast as possible
	start  time.Time
	real   bool // the exchanges' hours instead of the demo's
	split  bool
	faults faults
}

// usual is what a URL without parameters says.
func usual() config { return config{seed: 7, rate: 8, named: true, burst: true, speed: 1} }

// virtual says that the market's time is not ours.
func (c *config) virtual() bool { return c.speed != 1 || !c.start.IsZero() }

func parse(u *url.URL) (config, error) {
	if u.Host != "" || u.Path != "" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return config{}, errors.New("the simulated market has no address, only parameters: write " + usage)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return config{}, fmt.Errorf("malformed parameters (%w): write %s", err, usage)
	}
	c := usual()
	for name, values := range query {
		if len(values) > 1 {
			return config{}, fmt.Errorf("%s is there %d times: write it once", name, len(values))
		}
		if err := c.set(name, values[0]); err != nil {
			return config{}, err
		}
	}
	switch {
	case !c.named && c.count == 0:
		return config{}, errors.New("named=0 leaves out all symbols that there are: write how many synthetic ones there shall be, such as count=100")
	case !c.named && c.split:
		return config{}, errors.New("split=1 splits one of the named stocks, which named=0 leaves out: write one of the two")
	}
	return c, nil
}

func (c *config) set(name, value string) (err error) {
	switch name {
	case "seed":
		if c.seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			return fmt.Errorf("seed %q: write a whole number such as seed=7", value)
		}
	case "rate":
		if c.rate, err = number(value, minRate, maxRate); err != nil {
			return fmt.Errorf("rate %q: write updates per second, a number from %v to %v such as rate=2", value, minRate, maxRate)
		}
	case "count":
		n, err := strconv.ParseUint(value, 10, 32)
		if err != nil || n > maxCount {
			return fmt.Errorf("count %q: write a whole number from 0 to %d such as count=100", value, maxCount)
		}
		c.count = int(n)
	case "named":
		if c.named, err = choice(value, "0", "1"); err != nil {
			return fmt.Errorf("named %q: write named=0 to leave out all symbols but the synthetic ones, or named=1", value)
		}
	case "burst":
		if c.burst, err = choice(value, "0", "1"); err != nil {
			return fmt.Errorf("burst %q: write burst=1 for bursts or burst=0 for an even drip", value)
		}
	case "speed":
		if c.speed, err = speedOf(value); err != nil {
			return fmt.Errorf("speed %q: write a number from 1 to %d such as speed=60, or speed=max", value, maxSpeed)
		}
	case "start":
		if c.start, err = startOf(value); err != nil {
			return fmt.Errorf("start %q: write an instant from %d to %d such as start=2026-03-09T13:25:00Z (a + in it as %%2B)",
				value, earliest.Year(), latest.Year()-1)
		}
	case "hours":
		if c.real, err = choice(value, "demo", "real"); err != nil {
			return fmt.Errorf("hours %q: write hours=demo for a market that never closes or hours=real for the exchanges' own hours", value)
		}
	case "split":
		if c.split, err = choice(value, "0", "1"); err != nil {
			return fmt.Errorf("split %q: write split=1 for a stock split on each trading day or split=0 for none", value)
		}
	case "faults":
		if c.faults, err = faultsOf(value); err != nil {
			return fmt.Errorf("faults %q: write some of %s, with commas between", value, strings.Join(faultNames[:], ", "))
		}
	default:
		return fmt.Errorf("unknown parameter %q: there are seed, rate, count, named, burst, speed, start, hours, split and faults, as in %s", name, usage)
	}
	return nil
}

// errValue is any value that a parameter does not take; set says what it does.
var errValue = errors.New("no such value")

func number(value string, least, most float64) (float64, error) {
	d, err := quotes.ParseDecimal(value)
	if n := d.InexactFloat64(); err == nil && n >= least && n <= most {
		return n, nil
	}
	return 0, errValue
}

// choice says whether value is the second of two.
func choice(value, no, yes string) (bool, error) {
	if value != no && value != yes {
		return false, errValue
	}
	return value == yes, nil
}

func speedOf(value string) (float64, error) {
	if value == "max" {
		return 0, nil
	}
	return number(value, 1, maxSpeed)
}

func startOf(value string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || at.Before(earliest) || !at.Before(latest) {
		return time.Time{}, errValue
	}
	return at.UTC(), nil
}
