package feedtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/goleak"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// watched is how many symbols the suite watches: what the free plans of
// vendors allow.
const watched = 30

// checkRestingStop ends the context at a moment that the source did not choose.
func checkRestingStop(ctx context.Context, spec feed.Spec, l limits) error {
	_, err := collect(ctx, spec, 0, l.rest, l.stop)
	return err
}

// checkBusyStop ends the context within emit, of the first update and of a
// later one.
func checkBusyStop(ctx context.Context, spec feed.Spec, l limits) error {
	for _, n := range []int{1, 100} {
		if _, err := collect(ctx, spec, n, l.patience, l.stop); err != nil {
			return fmt.Errorf("stopped at update %d: %w", n, err)
		}
	}
	return nil
}

// checkCancelled calls Run with a context that has ended already.
func checkCancelled(ctx context.Context, spec feed.Spec, l limits) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err := collect(ctx, spec, 0, 0, l.stop)
	return err
}

// collect runs the source until it has emitted limit updates (0 is no limit),
// patience is over or the source is finished, and returns what it emitted. Every
// emit takes a moment, so that two at a time meet; from the end of the context
// on it takes a millisecond, so that a source that goes on emitting is late.
func collect(ctx context.Context, spec feed.Spec, limit int, patience, stop time.Duration) ([]feed.Update, error) {
	demand, err := demandFor(ctx, spec)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var (
		mu       sync.Mutex
		overlaps atomic.Bool
		updates  []feed.Update
	)
	emit := func(u feed.Update) {
		if !mu.TryLock() {
			overlaps.Store(true)
			return
		}
		defer mu.Unlock()
		if ctx.Err() != nil {
			time.Sleep(time.Millisecond)
			return
		}
		time.Sleep(time.Microsecond)
		updates = append(updates, u)
		if len(updates) == limit {
			cancel()
		}
	}
	if err := runToEnd(ctx, spec.Source, demand, emit, stop); err != nil {
		return nil, err
	}
	if overlaps.Load() {
		return nil, errors.New("emit was called by two goroutines at a time")
	}
	return updates, nil
}

// runToEnd calls Run and waits for its return, for as long as stop after the
// end of ctx.
func runToEnd(ctx context.Context, source feed.Source, demand *feed.Demand, emit func(feed.Update), stop time.Duration) error {
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx, demand, emit) }()
	select {
	case err := <-ended:
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("failed: %w", err)
		}
		return nil
	case <-ctx.Done():
	}
	cancelled := time.Now()
	hopeless := time.NewTimer(100 * stop)
	defer hopeless.Stop()
	select {
	case <-ended:
	case <-hopeless.C:
	}
	if took := time.Since(cancelled); took > stop {
		return fmt.Errorf("had not returned %v after its context ended", stop)
	}
	return nil
}

// demandFor watches the source's first instruments.
func demandFor(ctx context.Context, spec feed.Spec) (*feed.Demand, error) {
	list, err := spec.Instruments(context.WithoutCancel(ctx))
	if err != nil {
		return nil, fmt.Errorf("list of instruments: %w", err)
	}
	var demand feed.Demand
	for _, in := range list[:min(len(list), watched)] {
		demand.Add(in.Symbol)
	}
	return &demand, nil
}

func instruments(ctx context.Context, spec feed.Spec) (map[quotes.Symbol]quotes.Instrument, error) {
	list, err := spec.Instruments(ctx)
	if err != nil {
		return nil, fmt.Errorf("list of instruments: %w", err)
	}
	bySymbol := make(map[quotes.Symbol]quotes.Instrument, len(list))
	for _, in := range list {
		bySymbol[in.Symbol] = in
	}
	return bySymbol, nil
}

// leftovers notes the goroutines that there are; what it returns says which
// others there are later.
func leftovers() func() error {
	before := goleak.IgnoreCurrent()
	return func() error {
		if err := goleak.Find(before); err != nil {
			return fmt.Errorf("the source left something behind: %w", err)
		}
		return nil
	}
}
