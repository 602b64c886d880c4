// Package sim is a market that looks real and is reproducible: large companies
// of the United States and Brazil, some coins, and synthetic symbols for load.
// The same seed and the same clock give the same updates; each symbol has its
// own random stream, so that symbols beside it change nothing of it. What it
// says is always marked as simulated, however it is played.
//
//   - sim.go       Scheme: the feed's URL and what it makes
//   - options.go   the URL's parameters, parsed strictly
//   - parameters.go what they mean, for the help
//   - universe.go  the listings: names, previous closes, how they move
//   - source.go    Source: one goroutine that follows the clock
//   - clock.go     our time, or one that runs at its own speed
//   - market.go    all tickers and the queue of what is due
//   - ticker.go    one symbol: fair value, bid and ask, trades
//   - alarms.go    what happens to it at its time: sessions, auctions, splits
//   - halts.go     price bands, pauses and reopenings
//   - prints.go    trades that are not ordinary, and those that are taken back
//   - picture.go   the whole picture at the start
//   - past.go      the trades of the day before the start
//   - arrivals.go  when a symbol's next update comes: bursts, or an even drip
//   - hours.go     sessions, and how busy each part of the day is
//   - mood.go      how busy and nervous all symbols are together
//   - factor.go    what moves all symbols together
//   - spreads.go   how far bid and ask are apart
//   - sizes.go     how much is traded and quoted
//   - volume.go    the day's volume
//   - faults.go    what a bad feed does to all of it, on request
//
// # The model
//
// It is calibrated on a real session (IBM, AIG, BAC and SPY on 7 October 2013);
// "make market" prints that session's figures beside those of a simulated one.
// The fair value is a random walk with a common factor and a weak pull to the
// first day's previous close; bid and ask follow it on the grid of ticks, and
// trades happen at either. Events come in clusters (a Hawkes process with an
// exponential kernel). Stocks of the United States have odd lots, prints that
// may not be last, corrections, cancels, locked and crossed quotes at the rates
// of the tape, and now and then a fall or a leap out of the price band, which
// ends in a pause of five minutes. The day's volume is told once a minute: that
// of the whole market, of which the trades are some.
//
// # The parameters
//
//   - seed: any whole number.
//   - rate: the mean of updates per second and symbol, while its market is in
//     its regular session.
//   - count: how many synthetic symbols SIM0000 and up there are beside the
//     named ones.
//   - named: 0 leaves the named ones out; then there must be synthetic ones, and
//     no split.
//   - burst: 0 makes it an even drip of ordinary trades and quotes, for load:
//     no odd prints, no halts.
//   - hours: demo (the default) is a market that never closes, a bit busier
//     around midnight UTC; its days are UTC days, it has no auctions. real has
//     the sessions and holidays of the exchanges (quotes.CalendarOf): auctions,
//     thin trading before and after hours, and nothing at night. Coins and
//     synthetic symbols never close.
//   - speed: 1 (the default) to 10000, decimals allowed; what the machine does
//     not manage in time is left out. max waits for nothing, plays one day and
//     is finished.
//   - start: where the market's time begins, an RFC 3339 instant; now when left
//     out.
//   - split: 1 splits one stock at the begin of each trading day.
//   - faults: what is wrong with the feed: gap, dup, reorder, silence, crossed,
//     with commas between.
//
// With a speed or a start the market's time is virtual, and all that it says
// bears that time: sessions, days, charts and staleness go by it (feed.Spec's
// Clock), so that a trading day looks like one however fast it is played. It is
// simulated all the same, never live or replayed. The clock begins at start
// again whenever the source does.
package sim

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const usage = "sim://?seed=7&rate=8&count=0&named=1&burst=1&hours=demo&speed=1&start=2026-03-09T13:25:00Z&split=0&faults=gap,dup,reorder,silence,crossed"

// Scheme is "sim://" with the parameters of the package's doc, all of which may
// be left out: sim:// is sim://?seed=7&rate=8&count=0&named=1&burst=1&hours=demo&speed=1.
func Scheme() feed.Scheme { return feed.Scheme{Usage: usage, Open: open, Parameters: parameters()} }

func open(u *url.URL, _ feed.Env) (feed.Spec, error) {
	c, err := parse(u)
	if err != nil {
		return feed.Spec{}, err
	}
	listings := c.universe()
	instruments := make([]quotes.Instrument, len(listings))
	for i, l := range listings {
		instruments[i] = l.instrument()
	}
	s := newSource(c, listings, time.Now)
	spec := feed.Spec{
		Source: s,
		Instruments: func(context.Context) ([]quotes.Instrument, error) {
			return slices.Clone(instruments), nil
		},
		Timeliness: quotes.Simulated,
		StaleAfter: s.staleAfter(),
		Note:       "in the hours of the exchanges",
	}
	if !c.real {
		spec.Note = "open around the clock"
		spec.Calendar = func(quotes.Instrument) *quotes.Calendar { return quotes.AlwaysOpen }
	}
	if c.virtual() {
		spec.Note += ", on a clock of its own"
		spec.Clock = s.clock.time
	}
	return spec, nil
}

// staleAfter is a silence that no symbol keeps while it is open, by the market's
// clock: it is never silent for longer than half of it (longestGap). Where that
// clock is faster than ours it is longer, for a delay of ours is longer then.
func (c *config) staleAfter() time.Duration {
	return time.Duration(float64(2*c.longestGap()) * max(1, c.speed))
}

// longestGap is the longest time from an update of a symbol to its next.
func (c *config) longestGap() time.Duration {
	return max(15*time.Second, time.Duration(30/c.rate*float64(time.Second)))
}
