package alert_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes/alert"
)

// run runs the log until the test, which is in a bubble, ends.
func run(t *testing.T, l *alert.Log) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- l.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// rung waits for the bell and says how long it took.
func rung(t *testing.T, bell <-chan struct{}) time.Duration {
	t.Helper()
	begin := time.Now()
	select {
	case <-bell:
	case <-time.After(time.Hour):
		t.Fatal("the bell is never rung")
	}
	return time.Since(begin)
}

func TestSendRingsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t, &memory{}, alert.Options{})
		run(t, l)
		synctest.Wait()
		bell := make(chan struct{}, 1)
		f := l.Follow(bell, 0, alert.Audience{})
		if _, err := l.Send(t.Context(), note("n1")); err != nil {
			t.Fatal(err)
		}
		if took := rung(t, bell); took != 0 {
			t.Errorf("it took %v", took)
		}
		if diff := cmp.Diff(span(1, 1), drain(t, f)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestLostHintCostsAtMostASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		l := openLog(t, m, alert.Options{})
		run(t, l)
		bell := make(chan struct{}, 1)
		f := l.Follow(bell, 0, alert.Audience{})
		time.Sleep(300 * time.Millisecond)
		send(t, m, 2) // past the log
		if took := rung(t, bell); took != 700*time.Millisecond {
			t.Errorf("it took %v, want what is left of the second", took)
		}
		if diff := cmp.Diff(span(1, 2), drain(t, f)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestFollowerThatComesLateIsRungAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		send(t, m, 3)
		l := openLog(t, m, alert.Options{})
		for after, want := range map[int64]int{0: 1, 2: 1, 3: 0, 4: 0} {
			bell := make(chan struct{}, 1)
			f := l.Follow(bell, after, alert.Audience{})
			if len(bell) != want {
				t.Errorf("after %d: rung %d times, want %d", after, len(bell), want)
			}
			f.Close()
		}
	})
}

func TestClosedFollowerIsNotRung(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		l := openLog(t, m, alert.Options{})
		run(t, l)
		shared, other := make(chan struct{}, 1), make(chan struct{}, 1)
		first, second, third := l.Follow(shared, 0, alert.Audience{}), l.Follow(shared, 0, alert.Audience{}), l.Follow(other, 0, alert.Audience{})
		first.Close()
		first.Close()
		third.Close()
		if n := l.Stats().Followers; n != 1 {
			t.Errorf("%d followers, want 1", n)
		}
		if _, err := l.Send(t.Context(), note("n1")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(shared) != 1 || len(other) != 0 {
			t.Errorf("rung: shared %d, other %d; want 1, 0", len(shared), len(other))
		}
		second.Close()
		<-shared
		send(t, m, 1)
		time.Sleep(2 * time.Second)
		if len(shared) != 0 {
			t.Error("rung after the last follower was closed")
		}
	})
}

// TestStuckFollowersDelayNobody: 10,000 that never answer their bells.
func TestStuckFollowersDelayNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := openLog(t, &memory{}, alert.Options{})
		run(t, l)
		var stuck []*alert.Follower
		for range 10_000 {
			bell := make(chan struct{}, 1)
			bell <- struct{}{}
			stuck = append(stuck, l.Follow(bell, 0, alert.Audience{}))
		}
		bell := make(chan struct{}, 1)
		f := l.Follow(bell, 0, alert.Audience{})
		for i := range 10 {
			if _, err := l.Send(t.Context(), note("x")); err != nil {
				t.Fatal(err)
			}
			rung(t, bell)
			if took, err := f.Take(t.Context(), make([]*alert.Entry, 0, 10)); err != nil || len(took) != 1 || took[0].ID != int64(i+1) {
				t.Fatalf("%d: %v, %v", i, took, err)
			}
		}
		for _, s := range stuck {
			s.Close()
		}
	})
}

func TestOutageIsLoggedOnceAndEndsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		m := &memory{fail: errors.New("disk on fire")}
		l := alert.NewLog(m, encode, alert.Options{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		if err := l.Open(t.Context()); err == nil {
			t.Error("opened without a database")
		}
		run(t, l)
		bell := make(chan struct{}, 1)
		f := l.Follow(bell, 0, alert.Audience{})
		check := func(state string, failures, recoveries int) {
			t.Helper()
			synctest.Wait()
			text := lines.String()
			if a, b := strings.Count(text, "disk on fire"), strings.Count(text, "answers again"); a != failures || b != recoveries {
				t.Errorf("%s: %d failures and %d recoveries in the log, want %d and %d:\n%s", state, a, b, failures, recoveries, text)
			}
		}
		time.Sleep(time.Minute)
		check("after a minute", 1, 0)
		if _, err := l.Resume(t.Context(), 0, 1, true); err == nil {
			t.Error("a stream was told where it is without a database")
		}
		m.set(func() { m.fail = nil })
		send(t, m, 3)
		if took := rung(t, bell); took > time.Second {
			t.Errorf("it came back after %v", took)
		}
		check("after the recovery", 1, 1)
		m.set(func() { m.fail = errors.New("disk on fire") })
		time.Sleep(time.Minute)
		check("second outage", 2, 1)
		m.set(func() { m.fail = nil })
		time.Sleep(time.Second)
		check("second recovery", 2, 2)
		if diff := cmp.Diff(span(1, 3), drain(t, f)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if n := l.Stats().ReadErrors; n < 100 {
			t.Errorf("%d read errors in two minutes", n)
		}
	})
}

// TestManyWhoResumeShareReads: a page's number may be newer than what the node
// has read, and after a restart thousands come with such numbers.
func TestManyWhoResumeShareReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		l := openLog(t, m, alert.Options{})
		send(t, m, 5)
		before := m.readCount()
		gate := make(chan struct{})
		m.set(func() { m.gate = gate })
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				if start, err := l.Resume(t.Context(), 0, 5, true); err != nil || start != (alert.Start{ID: 5, Resumed: true}) {
					t.Errorf("%+v, %v", start, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.Resume(ctx, 0, 5, true); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one with less patience: %v", err)
		}
		close(gate)
		all.Wait()
		if reads := m.readCount() - before; reads > 2 {
			t.Errorf("%d reads", reads)
		}
	})
}

func TestRetentionRemovesTheOldest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		send(t, m, 8)
		l := openLog(t, m, alert.Options{Ring: 4, Keep: 10})
		run(t, l)
		bell := make(chan struct{}, 1)
		behind := l.Follow(bell, 2, alert.Audience{})
		took, err := behind.Take(t.Context(), make([]*alert.Entry, 0, 2))
		if err != nil || len(took) != 2 || behind.Lost() {
			t.Fatalf("%v, %v, lost %v", took, err, behind.Lost())
		}
		for range 22 {
			send(t, m, 1)
			l.Hint()
			synctest.Wait()
			if newest, pruned, _ := m.Bounds(t.Context()); newest-pruned > 11 || pruned > 0 && newest-pruned < 10 {
				t.Errorf("%d are left of %d", newest-pruned, newest)
			}
		}
		pruned := l.Stats().Pruned
		if pruned < 19 {
			t.Errorf("pruned to %d", pruned)
		}
		if diff := cmp.Diff(span(pruned+1, 30), drain(t, behind)); diff != "" || !behind.Lost() {
			t.Errorf("the one that was overtaken: lost is %v (-want +got):\n%s", behind.Lost(), diff)
		}
		if start, err := l.Resume(t.Context(), 0, 4, true); err != nil || !start.Gap {
			t.Errorf("it comes back: %+v, %v; want a gap", start, err)
		}
		if s := l.Stats(); s.Lost != 1 {
			t.Errorf("%d were overtaken, want 1", s.Lost)
		}
	})
}

func TestRetentionRemovesWhatIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		l := openLog(t, m, alert.Options{Keep: -1, KeepFor: time.Hour})
		run(t, l)
		for range 6 { // at 0, 20, 40 … 100 minutes
			if _, err := l.Send(t.Context(), alert.Notification{Type: alert.Info, Message: "x"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Minute)
		}
		time.Sleep(ageSlack)
		if _, pruned, _ := m.Bounds(t.Context()); pruned != 4 {
			t.Errorf("after two hours it has removed up to %d, want 4", pruned)
		}
		if got := l.Stats().Pruned; got != 4 {
			t.Errorf("the log knows of %d", got)
		}
		time.Sleep(24 * time.Hour)
		if _, pruned, _ := m.Bounds(t.Context()); pruned != 5 {
			t.Errorf("after a day it has removed up to %d, want 5: the newest stays", pruned)
		}
	})
}

// ageSlack is how much later than its time what is too old may go.
const ageSlack = time.Minute + time.Second

func TestRetentionBelowZeroKeepsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{}
		send(t, m, 20)
		run(t, openLog(t, m, alert.Options{Ring: 4, Keep: -1}))
		time.Sleep(time.Minute)
		if _, pruned, _ := m.Bounds(t.Context()); pruned != 0 {
			t.Errorf("pruned to %d", pruned)
		}
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{gate: make(chan struct{})}
		l := alert.NewLog(m, encode, alert.Options{})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		synctest.Wait()
		stop()
		close(m.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
