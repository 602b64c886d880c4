package e2e

import (
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// farewell is how a client was sent away.
type farewell struct {
	left  time.Duration // after the signal
	retry time.Duration
}

// farewells opens n streams, sends the signal, runs during, and returns what each
// client was told.
func (s *server) farewells(n int, during func()) []farewell {
	s.t.Helper()
	var began time.Time
	streams := make([]*stream, 0, n)
	for range n {
		st := s.open("/events")
		st.hello()
		streams = append(streams, st)
	}
	var mu sync.Mutex
	var told []farewell
	var clients sync.WaitGroup
	began = time.Now()
	s.process.signal(syscall.SIGTERM)
	for _, st := range streams {
		clients.Go(func() {
			for ev := range st.events {
				if ev.Name == "bye" && string(ev.Data) == `{"reason":"drain"}` {
					mu.Lock()
					told = append(told, farewell{time.Since(began), ev.Retry})
					mu.Unlock()
				} else if ev.Name != "heartbeat" {
					s.t.Errorf("%s %s", ev.Name, ev.Data)
				}
			}
		})
	}
	during()
	clients.Wait()
	if len(told) != n {
		s.t.Fatalf("%d goodbyes for %d streams", len(told), n)
	}
	return told
}

// comeBackEvenly checks that no second brings more than twice the mean.
func comeBackEvenly(t *testing.T, told []farewell, latest time.Duration) {
	t.Helper()
	var returns []time.Duration
	for _, f := range told {
		if f.retry < time.Second || f.retry > latest {
			t.Errorf("retry %v", f.retry)
		}
		returns = append(returns, f.left+f.retry)
	}
	slices.Sort(returns)
	span := returns[len(returns)-1] - returns[0]
	mean, most, from := float64(len(returns))/span.Seconds(), 0, 0
	for i, at := range returns {
		for returns[from] <= at-time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	t.Logf("%d come back within %v, %.0f a second, %d at most", len(returns), span, mean, most)
	if float64(most) > 2*mean {
		t.Errorf("%d come back within a second, %.0f are the mean", most, mean)
	}
}

func TestDrainSpreadsGoodbyesOverItsTime(t *testing.T) {
	t.Parallel()
	const drain = 5 * time.Second
	s := startStill(t, "--drain", drain.String(), "--heartbeat", "1s")
	told := s.farewells(200, func() {
		eventually(t, "it is not ready", func() bool { return s.get("/readyz").status == http.StatusServiceUnavailable })
		a, err := try(http.MethodGet, s.AdminURL+"/readyz", "")
		if err != nil || a.status != http.StatusServiceUnavailable {
			t.Errorf("the admin listener's /readyz: %d, %v", a.status, err)
		}
		if reason := s.open("/stream/AAA").busy(); reason != "drain" {
			t.Error(reason)
		}
		s.get("/api/v1/quotes/AAA").want(t, http.StatusOK) // the rest is served on
	})
	ended := time.Now()
	if status := s.process.wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if after := time.Since(ended); after > 2*time.Second && !raceEnabled {
		t.Errorf("the end came %v after the last goodbye", after)
	}
	comeBackEvenly(t, told, time.Second+drain)
	slices.SortFunc(told, func(a, b farewell) int { return int(a.left - b.left) })
	if first, last := told[0].left, told[len(told)-1].left; last-first < drain*8/10 {
		t.Errorf("goodbyes from %v to %v", first, last)
	}
	if half := told[len(told)/2].left; half < drain*3/10 || half > drain*8/10 {
		t.Errorf("half of the goodbyes had left after %v", half)
	}
}

func TestWithoutADrainAllGoodbyesLeaveAtOnce(t *testing.T) {
	t.Parallel()
	s := startStill(t)
	began := time.Now()
	told := s.farewells(200, func() { began = time.Now() })
	if status := s.process.wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the stop took %v", took)
	}
	comeBackEvenly(t, told, 5*time.Second)
}

func TestSecondSignalEndsADrainAtOnce(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--drain", "1h")
	st := s.open("/events")
	st.hello()
	other := s.open("/events")
	other.hello()
	s.process.signal(syscall.SIGTERM)
	eventually(t, "it is not ready", func() bool { return s.get("/readyz").status == http.StatusServiceUnavailable })
	eventually(t, "another signal is the last", func() bool {
		s.process.signal(syscall.SIGTERM)
		select {
		case <-s.process.done:
			return true
		default:
			return false
		}
	})
	if status := s.process.wait(t); status != -1 {
		t.Errorf("exit status %d", status)
	}
}

func TestDrainEndsWhenNoStreamIsLeft(t *testing.T) {
	t.Parallel()
	s := startStill(t, "--drain", "1h")
	st := s.open("/events")
	st.hello()
	s.process.signal(syscall.SIGTERM)
	eventually(t, "it is not ready", func() bool { return s.get("/readyz").status == http.StatusServiceUnavailable })
	st.close()
	if status := s.process.wait(t); status != 0 {
		t.Errorf("exit status %d", status)
	}
}
