package sse

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// farewells opens n streams, drains the server, and returns when each client
// left and how long it is to wait, both in the order of leaving.
func farewells(t *testing.T, opts Options, n int) (left, waits []time.Duration) {
	t.Helper()
	s := newStand(opts, 10)
	p := servePipes(t, s)
	var mu sync.Mutex
	var readers sync.WaitGroup
	var began time.Time
	for range n {
		c := p.get(t)
		readers.Go(func() {
			defer func() { _ = c.conn.Close() }() // as clients do at the end
			ev, err := c.events.Next()
			if err != nil || ev.Name != "bye" || string(ev.Data) != `{"reason":"drain"}` {
				t.Errorf("event %v, %v", ev, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			left, waits = append(left, time.Since(began)), append(waits, ev.Retry)
		})
	}
	began = time.Now()
	if err := s.sse.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > opts.Drain {
		t.Errorf("the drain took %v", took)
	}
	readers.Wait()
	return left, waits
}

// busiest is the largest number of times in one second, with the seconds
// beginning anywhere, and the mean of the seconds from the first to the last.
func busiest(times []time.Duration) (most int, mean float64) {
	slices.Sort(times)
	from := 0
	for i, at := range times {
		for times[from] <= at-time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	span := times[len(times)-1] - times[0]
	return most, float64(len(times)) / span.Seconds()
}

// evenly checks the times at which clients come back: no second has more than so
// many times the mean.
func evenly(t *testing.T, returns []time.Duration, times float64) {
	t.Helper()
	most, mean := busiest(returns)
	t.Logf("%d come back, %.0f a second, most %d: %.2f times", len(returns), mean, most, float64(most)/mean)
	if float64(most) > times*mean {
		t.Errorf("%d came back within one second, %.0f are the mean", most, mean)
	}
}

var drains = []time.Duration{0, time.Second, 4 * time.Second, 10 * time.Second, time.Minute}

func TestClientsOfARollingRestartComeBackEvenly(t *testing.T) {
	const clients, nodes = 10_000, 5
	for _, drain := range drains {
		s := New(Options{Drain: drain})
		var returns []time.Duration
		for node := range nodes { // each begins when the one before is empty
			for i := range clients / nodes {
				at, retry := s.goodbye(i, clients/nodes)
				returns = append(returns, time.Duration(node)*max(drain, time.Second)+at+retry)
			}
		}
		evenly(t, returns, 2)
	}
}

func TestClientsOfADrainComeBackEvenly(t *testing.T) {
	for _, drain := range drains {
		t.Run(drain.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const n = 400
				left, waits := farewells(t, Options{Drain: drain, Heartbeat: 10 * time.Hour}, n)
				if len(left) != n {
					t.Fatalf("%d goodbyes", len(left))
				}
				last := time.Second + max(drain, 4*time.Second)
				returns := make([]time.Duration, 0, n)
				for i := range left {
					if waits[i] < time.Second || waits[i] > last {
						t.Errorf("retry %v, want 1s to %v", waits[i], last)
					}
					returns = append(returns, left[i]+waits[i])
				}
				if spread := left[n-1] - left[0]; spread < drain*9/10 || spread > drain {
					t.Errorf("goodbyes within %v", spread)
				}
				if drain < time.Minute { // else a second has too few
					evenly(t, returns, 1.2)
				}
			})
		})
	}
}

func TestDrainEndsWithTheLastStreamAndTellsAllWhenItsTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStand(Options{Drain: 10_000 * time.Hour, Heartbeat: time.Hour}, 10)
		p := servePipes(t, s)
		for range 10 {
			c := p.get(t)
			go func() { _, _ = c.events.Next() }()
		}
		stuck := p.get(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := s.sse.Drain(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
		stuck.expect(`bye {"reason":"drain"}`)
		if err := s.sse.Drain(t.Context()); err != nil || time.Since(began) > time.Minute+goodbyeTimeout {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := newStand(Options{Drain: 10_000 * time.Hour, Heartbeat: time.Hour}, 10)
		p := servePipes(t, s)
		c := p.get(t)
		began := time.Now()
		done := make(chan error)
		go func() { done <- s.sse.Drain(t.Context()) }()
		time.Sleep(time.Second)
		p.get(t).expect(`busy {"reason":"drain"}`)
		_ = c.conn.Close()
		if err := <-done; err != nil || time.Since(began) != time.Second {
			t.Errorf("error %v after %v", err, time.Since(began))
		}
	})
}
