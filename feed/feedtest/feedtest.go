// Package feedtest is the suite that every feed.Source passes. A source's own
// tests call Run once for each way in which the source is set up, and add what
// is particular to it.
//
//   - feedtest.go  Case and Run: the list of checks
//   - spec.go      what a Spec says of itself: name, timeliness, instruments
//   - updates.go   what a source emits: each update by its kind, their order
//   - life.go      how Run begins and ends: in time, and with nothing left behind
//   - vendor.go    VendorCase and RunVendor: the list of checks
//   - server.go    the vendor that is played
//   - session.go   a source that speaks with it, and what it emits
//   - vendor_life.go, vendor_demand.go, vendor_messages.go, vendor_faults.go  the checks
//   - recorded.go  real messages of vendors
package feedtest

import (
	"cmp"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
)

// Case is a source and what the suite has to know of it.
type Case struct {
	// Open makes the source, each time a new one. Where it cannot, it ends the
	// test itself.
	Open func(t *testing.T) feed.Spec
	// Updates is how many the suite looks at in each run; 0 is 2,000. A source
	// that is finished earlier, or slow, may give fewer, but never none.
	Updates int
	// RealTime runs the suite by the real clock, for sources that speak with a
	// server. Otherwise each check runs in a synctest bubble, where waiting
	// takes no time.
	RealTime bool
}

// Run checks the source of c, one subtest for each promise.
func Run(t *testing.T, c Case) {
	t.Helper()
	c.check(t, "SaysWhatItIs", checkSpec)
	c.check(t, "EmitsSoundUpdates", func(ctx context.Context, spec feed.Spec) error {
		return checkUpdates(ctx, spec, c.limits())
	})
	c.check(t, "StopsWhileItRests", func(ctx context.Context, spec feed.Spec) error {
		return checkRestingStop(ctx, spec, c.limits())
	})
	c.check(t, "StopsWhileItEmits", func(ctx context.Context, spec feed.Spec) error {
		return checkBusyStop(ctx, spec, c.limits())
	})
	c.check(t, "DoesNotBeginWhenCancelled", func(ctx context.Context, spec feed.Spec) error {
		return checkCancelled(ctx, spec, c.limits())
	})
}

// check runs one check as a subtest, in a bubble unless the case is in real time.
func (c Case) check(t *testing.T, name string, f func(context.Context, feed.Spec) error) {
	t.Helper()
	body := func(t *testing.T) {
		noneLeft := leftovers()
		if err := f(t.Context(), c.Open(t)); err != nil {
			t.Error(err)
		}
		if err := noneLeft(); err != nil {
			t.Error(err)
		}
	}
	t.Run(name, func(t *testing.T) {
		if c.RealTime {
			body(t)
			return
		}
		synctest.Test(t, body)
	})
}

// limits are how much and how long the checks wait.
type limits struct {
	updates  int           // looked at in one run
	patience time.Duration // for so many updates
	rest     time.Duration // after which a source that nobody hurries is stopped
	stop     time.Duration // from the end of the context to the return of Run
}

func (c Case) limits() limits {
	l := limits{
		updates:  cmp.Or(c.Updates, 2000),
		patience: 10 * time.Minute,
		rest:     10*time.Second + 500*time.Microsecond,
		stop:     100 * time.Millisecond,
	}
	if c.RealTime {
		l.patience, l.rest = 5*time.Second, 200*time.Millisecond
		l.stop = 500 * time.Millisecond // the promise is 100 ms; a loaded machine adds its own
	}
	return l
}
