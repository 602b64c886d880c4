package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes/alert"
)

// ledger is an alert.IncidentStore that notes what it tells, and when.
type ledger struct {
	began time.Time
	asked int
	fails atomic.Bool
	down  map[string]bool
	last  map[string]time.Time
	told  []string
}

func (l *ledger) TellIncident(_ context.Context, i alert.Incident, quiet time.Duration) (bool, error) {
	l.asked++
	if l.fails.Load() {
		return false, errors.New("the disk is away")
	}
	now := time.Now()
	if i.Down == l.down[i.Source] || i.Down && !l.last[i.Source].IsZero() && now.Sub(l.last[i.Source]) < quiet {
		return false, nil
	}
	if l.down[i.Source] = i.Down; i.Down {
		l.last[i.Source] = now
	}
	l.told = append(l.told, fmt.Sprintf("%s %s %s", now.Sub(l.began), i.Notification.Type, i.Notification.Message))
	return true, i.Notification.Validate()
}

// sources are how the sources are at present.
type sources struct {
	mu   sync.Mutex
	list []feed.State // guarded by mu
}

func (s *sources) states() []feed.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

// turn puts one source into a phase that began now, and waits.
func (s *sources) turn(phase feed.Phase, speaks bool, wait time.Duration) {
	s.mu.Lock()
	state := feed.State{Name: "binance", Phase: phase, Since: time.Now()}
	if speaks {
		state.LastMessage = state.Since.Add(time.Second)
	}
	s.list = []feed.State{state}
	s.mu.Unlock()
	time.Sleep(wait)
	synctest.Wait()
}

// watchIncidents runs what tells of incidents while do turns the sources.
func watchIncidents(t *testing.T, do func(*sources, *ledger)) *ledger {
	t.Helper()
	var l *ledger
	synctest.Test(t, func(t *testing.T) {
		l = &ledger{began: time.Now(), down: make(map[string]bool), last: make(map[string]time.Time)}
		s := new(sources)
		watch := &incidents{states: s.states, log: NewLog(nil, alert.Options{}), store: l, logger: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { watch.run(ctx); close(done) }()
		do(s, l)
		stop()
		<-done
	})
	return l
}

func TestASourceThatIsDownForLongerIsAnIncident(t *testing.T) {
	l := watchIncidents(t, func(s *sources, _ *ledger) {
		s.turn(feed.Starting, false, time.Minute)
		s.turn(feed.Running, true, time.Minute)
		s.turn(feed.Waiting, false, 29*time.Second) // a short one is none
		s.turn(feed.Running, true, time.Minute)
		s.turn(feed.Silent, false, time.Hour)
		s.turn(feed.Running, false, time.Minute) // it has said nothing yet
		s.turn(feed.Running, true, time.Hour)
		s.turn(feed.Failed, false, time.Hour)
		s.turn(feed.Finished, false, time.Hour)
	})
	want := []string{
		"4m0s warning binance is down since 00:03 UTC. Its prices are the last ones known; it is tried again.",
		"1h4m40s success binance works again.",
		"2h5m0s warning binance has failed and is not tried again. Its prices are the last ones known.",
	}
	if diff := cmp.Diff(want, l.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if l.asked > 20 {
		t.Errorf("the database was asked %d times", l.asked)
	}
}

func TestAReplayThatEndsIsNoIncident(t *testing.T) {
	l := watchIncidents(t, func(s *sources, _ *ledger) {
		s.turn(feed.Running, true, time.Hour)
		s.turn(feed.Finished, false, time.Hour)
	})
	if len(l.told) > 0 {
		t.Errorf("told %q", l.told)
	}
}

func TestASourceThatFlapsIsToldOnce(t *testing.T) {
	l := watchIncidents(t, func(s *sources, _ *ledger) {
		for range 6 {
			s.turn(feed.Waiting, false, 45*time.Second)
			s.turn(feed.Running, true, 45*time.Second)
		}
		s.turn(feed.Waiting, false, 10*time.Minute)
	})
	if len(l.told) != 3 || l.told[2] < "10m" {
		t.Errorf("told %q", l.told)
	}
}

func TestAnIncidentIsToldWhenTheDatabaseIsThereAgain(t *testing.T) {
	l := watchIncidents(t, func(s *sources, l *ledger) {
		l.fails.Store(true)
		s.turn(feed.Waiting, false, 2*time.Minute)
		l.fails.Store(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
	})
	if len(l.told) != 1 || l.asked < 10 {
		t.Errorf("told %q after %d tries", l.told, l.asked)
	}
}
