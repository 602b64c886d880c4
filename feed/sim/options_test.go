package sim

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
)

func TestURLIsParsed(t *testing.T) {
	for raw, want := range map[string]config{
		"sim://":                               usual(),
		"sim:":                                 usual(),
		"sim://?seed=18446744073709551615":     with(func(c *config) { c.seed = 1<<64 - 1 }),
		"sim://?rate=0.01&count=100000":        with(func(c *config) { c.rate, c.count = 0.01, 100_000 }),
		"sim://?burst=0&rate=1000&seed=0":      with(func(c *config) { c.burst, c.rate, c.seed = false, 1000, 0 }),
		"sim://?seed=7&rate=8&count=0&burst=1": usual(),
		"sim://?speed=1&hours=demo&split=0":    usual(),
		"sim://?speed=10000&hours=real":        with(func(c *config) { c.speed, c.real = 10_000, true }),
		"sim://?speed=1.5&split=1":             with(func(c *config) { c.speed, c.split = 1.5, true }),
		"sim://?speed=max&faults=dup":          with(func(c *config) { c.speed, c.faults = 0, dup }),
		"sim://?faults=crossed,gap,gap":        with(func(c *config) { c.faults = crossed | gap }),
		"sim://?start=2026-03-09T09:25:00.5-04:00": with(func(c *config) {
			c.start = time.Date(2026, time.March, 9, 13, 25, 0, 5e8, time.UTC)
		}),
		"sim://?count=1&named=0": with(func(c *config) { c.count, c.named = 1, false }),
		"sim://?named=1":         usual(),
		usage: with(func(c *config) {
			c.start = time.Date(2026, time.March, 9, 13, 25, 0, 0, time.UTC)
			c.faults = gap | dup | reorder | silence | crossed
		}),
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parse(u); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", raw, got, err, want)
		}
	}
}

func TestMalformedURLSaysWhatToWrite(t *testing.T) {
	for raw, want := range map[string]string{
		"sim://host":                             "write sim://?",
		"sim:///path":                            "write sim://?",
		"sim:opaque":                             "write sim://?",
		"sim://user@":                            "write sim://?",
		"sim://?seed=1#x":                        "write sim://?",
		"sim://?seed=1;rate=2":                   "malformed parameters",
		"sim://?pace=2":                          `unknown parameter "pace": there are seed, rate, count, named, burst, speed, start, hours, split and faults`,
		"sim://?speed=0":                         "write a number from 1 to 10000 such as speed=60, or speed=max",
		"sim://?speed=10001":                     "write a number from 1 to 10000",
		"sim://?speed=0.5":                       "write a number from 1 to 10000",
		"sim://?speed=MAX":                       "or speed=max",
		"sim://?start=today":                     "write an instant from 1990 to 2099 such as start=2026-03-09T13:25:00Z",
		"sim://?start=1989-12-31T23:59:59Z":      "write an instant from 1990",
		"sim://?start=2100-01-01T00:00:00Z":      "write an instant from 1990 to 2099",
		"sim://?start=2026-03-09":                "write an instant",
		"sim://?start=2026-03-09T09:25:00+01:00": "a + in it as %2B",
		"sim://?hours=xnys":                      "write hours=demo for a market that never closes or hours=real",
		"sim://?split=2":                         "write split=1 for a stock split",
		"sim://?faults=":                         "write some of gap, dup, reorder, silence, crossed, with commas between",
		"sim://?faults=gap;dup":                  "malformed parameters",
		"sim://?faults=gap, dup":                 "write some of gap",
		"sim://?rate=1&rate=2":                   "rate is there 2 times",
		"sim://?seed=":                           "write a whole number such as seed=7",
		"sim://?seed=-1":                         "write a whole number",
		"sim://?seed=1.5":                        "write a whole number",
		"sim://?rate=0":                          "a number from 0.01 to 1000",
		"sim://?rate=0.009":                      "a number from 0.01 to 1000",
		"sim://?rate=1000.1":                     "a number from 0.01 to 1000",
		"sim://?rate=NaN":                        "a number from 0.01 to 1000",
		"sim://?rate=0x10":                       "a number from 0.01 to 1000",
		"sim://?count=100001":                    "a whole number from 0 to 100000",
		"sim://?count=-1":                        "a whole number from 0 to 100000",
		"sim://?named=no":                        "write named=0 to leave out all symbols but the synthetic ones",
		"sim://?named=0":                         "such as count=100",
		"sim://?named=0&count=0":                 "such as count=100",
		"sim://?named=0&count=5&split=1":         "write one of the two",
		"sim://?burst=yes":                       "write burst=1 for bursts or burst=0",
	} {
		_, err := feed.Schemes{"sim": Scheme()}.Open(raw, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", raw, err, want)
		}
	}
}

func with(edit func(*config)) config {
	c := usual()
	edit(&c)
	return c
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{
		"seed=7&rate=2&count=0&burst=1", "rate=1e2", "count=%31", "burst=0&x", "rate=0.5&seed=1", "named=0&count=3", "named=0",
		"speed=max&start=2026-03-09T13:25:00Z", "speed=9999.5&hours=real&split=1", "faults=gap,dup&hours=demo", "start=2099-12-31T23:59:59%2B01:00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		c, err := parse(&url.URL{Scheme: "sim", RawQuery: query})
		if err != nil {
			return
		}
		if len(c.universe()) == 0 {
			t.Errorf("%q has no symbol", query)
		}
		if c.rate < minRate || c.rate > maxRate || c.count < 0 || c.count > maxCount || c.faults >= 1<<len(faultNames) ||
			c.speed != 0 && (c.speed < 1 || c.speed > maxSpeed) ||
			!c.start.IsZero() && (c.start.Before(earliest) || !c.start.Before(latest) || c.start.Location() != time.UTC) {
			t.Errorf("%q gives %+v", query, c)
		}
		if c.longestGap() <= 0 || c.staleAfter() < 2*c.longestGap() {
			t.Errorf("%q is stale after %v, and silent for %v", query, c.staleAfter(), c.longestGap())
		}
	})
}
