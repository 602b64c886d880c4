package alert_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// runEngine runs an engine in a bubble until the test's end.
func runEngine(t *testing.T, e *alert.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); running.Wait() }
}

func add(t testing.TB, e *alert.Engine, r alert.Rule) alert.Rule {
	t.Helper()
	stored, err := e.Add(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestAFiringIsCommittedWithin50Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, hints := newRuleMemory(), 0
		e := alert.NewEngine(m, alert.EngineOptions{Stored: func([]alert.Notification) { hints++ }})
		defer runEngine(t, e)()
		for i := range 100 {
			add(t, e, rule(alert.CrossesUp, quotes.FormatDecimal(quotes.MustDecimal("100").Add(quotes.MustDecimal("1").Shift(int32(-i%10)))), ""))
		}
		e.Observe(quoteAt(1, "99"))
		for i, price := range []string{"100.0000000005", "100.00000005", "100.005", "100.5", "102"} {
			time.Sleep(7 * time.Millisecond)
			e.Observe(quoteAt(int64(i)+2, price))
		}
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		if n := len(m.fired()); n != 100 {
			t.Errorf("%d of 100 are committed", n)
		}
		m.set(func() {
			if m.fires > 8 {
				t.Errorf("%d commits in 85 ms", m.fires)
			}
		})
		if hints == 0 {
			t.Error("nobody was told")
		}
	})
}

func TestObserveWaitsForNoDatabaseAndAnOutageLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{Logger: discard()})
		stop := runEngine(t, e)
		for _, level := range []string{"100", "101", "102"} {
			add(t, e, rule(alert.Above, level, ""))
		}
		add(t, e, always(rule(alert.Crosses, "103", "0")))
		m.set(func() { m.fail = errors.New("no disk") })
		began := time.Now()
		e.Observe(quoteAt(1, "99"))
		for i, price := range []string{"100.5", "101.5", "102.5", "103.5", "102.5"} {
			e.Observe(quoteAt(int64(i)+2, price))
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("Observe took %v", waited)
		}
		time.Sleep(time.Minute)
		if st := e.Stats(); st.Errors < 5 || len(m.fired()) != 0 {
			t.Errorf("%+v", st)
		}
		// It comes back, and does not say at first that it has stored the batch.
		m.set(func() { m.fail, m.after = nil, errors.New("connection lost") })
		time.Sleep(30 * time.Second)
		m.set(func() { m.after = nil })
		time.Sleep(30 * time.Second)
		if n := len(m.fired()); n != 4 {
			t.Errorf("%d were committed, want each of 4 once", n)
		}
		e.Observe(quoteAt(10, "104"))
		stop() // commits what is left
		if n := len(m.fired()); n != 5 {
			t.Errorf("%d after the stop, want 5", n)
		}
	})
}

func TestWhoDeletesOrChangesARuleWhileItFiresIsObeyed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{})
		kept, deleted, changed := add(t, e, rule(alert.Above, "100", "")), add(t, e, rule(alert.Above, "100", "")), add(t, e, rule(alert.Above, "100", ""))
		e.Observe(quoteAt(1, "101"))
		// Both by another process, so that the engine is not told.
		if err := m.DeleteRule(t.Context(), 1, deleted.ID); err != nil {
			t.Fatal(err)
		}
		changed.Level = optional("102")
		if _, err := m.UpdateRule(t.Context(), changed, true); err != nil {
			t.Fatal(err)
		}
		if err := e.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.Observe(quoteAt(2, "102"))
		e.Observe(quoteAt(3, "102.01"))
		if err := e.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []alert.RuleID
		for _, f := range m.fired() {
			got = append(got, f.Rule.ID)
		}
		if diff := cmp.Diff([]alert.RuleID{kept.ID, changed.ID}, got); diff != "" {
			t.Error(diff)
		}
		if st := e.Stats(); st.LeftOut != 2 || st.Fired != 2 || st.Rules != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestARuleReadBeforeItsFiringWasStoredIsNotWatchedAgain: the engine looks for what
// others have changed, and finds what it is about to store itself.
func TestARuleReadBeforeItsFiringWasStoredIsNotWatchedAgain(t *testing.T) {
	m := newRuleMemory()
	e := alert.NewEngine(m, alert.EngineOptions{})
	r := add(t, e, rule(alert.Above, "100", ""))
	e.Observe(quoteAt(1, "101"))
	e.Observe(quoteAt(2, "99"))
	e.Set(r)
	if st := e.Stats(); st.Rules != 0 {
		t.Errorf("%+v", st)
	}
	if err := e.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Level, r.Version = optional("102"), r.Version+1
	e.Set(r) // changed since
	if st := e.Stats(); st.Rules != 1 || st.Fired != 1 || st.LeftOut != 0 {
		t.Errorf("%+v", st)
	}
}

func TestRulesComeAndGoWhileQuotesFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{})
		fired := func() int {
			if err := e.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return len(m.fired())
		}
		e.Observe(quoteAt(1, "99"))
		r := add(t, e, rule(alert.Above, "100", ""))
		r.Paused = true
		r, err := e.Rearm(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if e.Observe(quoteAt(2, "101")); fired() != 0 {
			t.Error("a paused rule fired")
		}
		r.Paused, r.Condition = false, alert.CrossesUp
		if r, err = e.Rearm(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if e.Observe(quoteAt(3, "102")); fired() != 0 {
			t.Error("set above the line, it has crossed nothing")
		}
		e.Observe(quoteAt(4, "99"))
		if e.Observe(quoteAt(5, "100")); fired() != 1 {
			t.Error("it has not fired")
		}
		if r, err = e.Rearm(t.Context(), r); !errors.Is(err, nil) || r.State.Count != 1 || r.Version != 4 {
			t.Errorf("%+v, %v", r, err)
		}
		e.Observe(quoteAt(6, "99"))
		if e.Observe(quoteAt(7, "100")); fired() != 2 {
			t.Error("armed again, it has not fired")
		}
		if r, err = e.Rearm(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := e.Delete(t.Context(), 2, acme, r.ID); !errors.Is(err, alert.ErrNoRule) {
			t.Errorf("another's: %v", err)
		}
		if err := e.Delete(t.Context(), 1, acme, r.ID); err != nil {
			t.Fatal(err)
		}
		e.Observe(quoteAt(8, "99"))
		if e.Observe(quoteAt(9, "100")); fired() != 2 {
			t.Error("a deleted rule fired")
		}
		r.Level = optional("")
		if _, err := e.Rearm(t.Context(), r); !errors.Is(err, alert.ErrRule) {
			t.Errorf("a rule without a level: %v", err)
		}
		if _, err := e.Add(t.Context(), r); !errors.Is(err, alert.ErrRule) {
			t.Errorf("a rule without a level: %v", err)
		}
	})
}

func TestDemandFollowsTheRulesThatMayFire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, demand := newRuleMemory(), &feed.Demand{}
		loaded := rule(alert.Above, "100", "")
		loaded.Symbol = quotes.MustSymbol("LOADED")
		paused := rule(alert.Above, "100", "")
		paused.Symbol, paused.Paused = quotes.MustSymbol("PAUSED"), true
		for _, r := range []alert.Rule{loaded, paused} {
			if _, err := m.AddRule(t.Context(), r, 0); err != nil {
				t.Fatal(err)
			}
		}
		e := alert.NewEngine(m, alert.EngineOptions{Demand: demand})
		if err := e.Load(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		stop := runEngine(t, e)
		want := func(what string, syms ...quotes.Symbol) {
			t.Helper()
			time.Sleep(50 * time.Millisecond)
			if got, _ := demand.Watched(); !cmp.Equal(got, syms, cmp.AllowUnexported(quotes.Symbol{})) {
				t.Errorf("%s: %v, want %v", what, got, syms)
			}
		}
		want("at the start", loaded.Symbol)
		first, second := add(t, e, rule(alert.Above, "100", "")), rule(alert.Above, "101", "")
		second.Expires = time.Now().Add(time.Hour)
		add(t, e, second)
		want("two of ACME", acme, loaded.Symbol)
		e.Observe(quoteAt(1, "100.50"))
		want("one has fired", acme, loaded.Symbol)
		time.Sleep(time.Hour + time.Second)
		want("the other has expired", loaded.Symbol)
		add(t, e, rule(alert.Below, "1", ""))
		want("a third", acme, loaded.Symbol)
		stop()
		if got, _ := demand.Watched(); len(got) != 0 {
			t.Errorf("after the end: %v", got)
		}
		if first.ID != 3 {
			t.Errorf("the first has the number %d", first.ID)
		}
	})
}

// TestQuotesOutOfOrderAndManyAtOnce: what comes after a newer quote of its symbol
// is left out; everything may be called at once.
func TestQuotesOutOfOrderAndManyAtOnce(t *testing.T) {
	m := newRuleMemory()
	e := alert.NewEngine(m, alert.EngineOptions{Demand: &feed.Demand{}})
	stop := runEngine(t, e)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 500 {
				price := "99"
				if i%2 == 1 {
					price = "101"
				}
				e.Observe(quoteAt(int64(i*8+worker+1), price))
				switch r := rule(alert.Above, "100", "0"); i % 50 {
				case 0:
					add(t, e, r)
				case 25:
					r = add(t, e, always(rule(alert.Crosses, "100", "0")))
					if r, err := e.Rearm(t.Context(), r); err != nil {
						t.Error(err)
					} else if err := e.Delete(t.Context(), 1, acme, r.ID); err != nil {
						t.Error(err)
					}
				}
				e.Stats()
			}
		})
	}
	all.Wait()
	stop()
	ones := make(map[alert.RuleID]int)
	for _, f := range m.fired() {
		if f.Rule.Condition == alert.Above {
			ones[f.Rule.ID]++
		}
	}
	for id, n := range ones {
		if n != 1 {
			t.Errorf("rule %d has fired %d times", id, n)
		}
	}
	if len(ones) != 80 {
		t.Errorf("%d rules have fired, want 80", len(ones))
	}
	before := e.Stats().Older
	if e.Observe(quoteAt(1, "99")); e.Stats().Older != before+1 {
		t.Error("an older quote was not left out")
	}
}

// TestWhatOthersChangeIsFollowed: rules that another process adds, changes and
// deletes in the same database.
func TestWhatOthersChangeIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{Logger: discard()})
		early, err := m.AddRule(t.Context(), rule(alert.Above, "100", ""), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Load(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		defer runEngine(t, e)()
		e.Observe(quoteAt(1, "99"))
		late, err := m.AddRule(t.Context(), rule(alert.Above, "100", ""), 0)
		if err != nil {
			t.Fatal(err)
		}
		early.Level = optional("200")
		if _, err := m.UpdateRule(t.Context(), early, true); err != nil {
			t.Fatal(err)
		}
		m.set(func() { m.fail = errors.New("away") })
		time.Sleep(3 * time.Second)
		m.set(func() { m.fail = nil })
		time.Sleep(time.Second)
		e.Observe(quoteAt(2, "101"))
		time.Sleep(time.Second)
		if got := m.fired(); len(got) != 1 || got[0].Rule.ID != late.ID {
			t.Errorf("%+v", got)
		}
		if !e.Armed(acme) || e.Stats().Rules != 1 {
			t.Errorf("%+v", e.Stats())
		}
		if err := m.DeleteRule(t.Context(), 1, early.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if e.Armed(acme) || e.Armed(quotes.MustSymbol("B")) {
			t.Errorf("%+v", e.Stats())
		}
	})
}

// TestAChangeOfWordsLosesNothing: what a rule has done and what it waits for stay
// as they are where only its note, its end, its cooldown and its delivery change,
// even while it fires.
func TestAChangeOfWordsLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{})
		e.Observe(quoteAt(1, "99"))
		old := add(t, e, always(rule(alert.CrossesUp, "100", "0")))
		e.Observe(quoteAt(2, "100")) // decided, and not committed yet
		r := old
		r.Note, r.Deliver, r.Cooldown, r.Expires = "note", "none", time.Hour, time.Now().Add(time.Minute)
		r, err := e.Update(t.Context(), old, r)
		if err != nil || r.Version != 2 || r.Since != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if err := e.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if st := e.Stats(); st.Fired != 1 || st.LeftOut != 0 {
			t.Fatalf("%+v", st)
		}
		time.Sleep(2 * time.Second)
		e.Observe(quoteAt(3, "99"))
		e.Observe(quoteAt(4, "100"))
		if err := e.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(m.fired()); n != 1 {
			t.Errorf("it fired %d times, though its cooldown is an hour now", n)
		}
		// What it waits for changes: it begins anew, and has no cooldown to heed.
		if old, err = m.Rule(t.Context(), r.ID); err != nil || old.State.Count != 1 || old.Note != "note" {
			t.Fatalf("%+v, %v", old, err)
		}
		r = old
		r.Level = optional("101")
		if r, err = e.Update(t.Context(), old, r); err != nil || r.Since != 3 || r.State.Phase != alert.Under {
			t.Fatalf("%+v, %v", r, err)
		}
		e.Observe(quoteAt(5, "101"))
		if err := e.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := m.fired(); len(got) != 2 || got[1].Notification().Message != "ACME: rises to 101, at 101\nnote" || got[1].Notification().Deliver != "none" {
			t.Errorf("%+v", got)
		}
	})
}

// TestADeletedRuleThatComesBackGoesOn from the state that it had: it tells what it
// has not told, and nothing twice.
func TestADeletedRuleThatComesBackGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRuleMemory()
		e := alert.NewEngine(m, alert.EngineOptions{})
		e.Observe(quoteAt(1, "99"))
		waits, done, twice := add(t, e, rule(alert.CrossesUp, "100", "")), add(t, e, rule(alert.Above, "99.5", "")), add(t, e, always(rule(alert.CrossesUp, "101", "0")))
		e.Observe(quoteAt(2, "99.6"))
		undone := func(r alert.Rule, meanwhile ...*quotes.StockQuote) {
			t.Helper()
			if err := e.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := e.Delete(t.Context(), 1, acme, r.ID); err != nil {
				t.Fatal(err)
			}
			for _, q := range meanwhile {
				e.Observe(q)
			}
			if _, err := e.Restore(t.Context(), 1, r.ID, time.Time{}); err != nil {
				t.Fatal(err)
			}
			if err := e.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		fired := func() (ids []alert.RuleID) {
			for _, f := range m.fired() {
				ids = append(ids, f.Rule.ID)
			}
			return ids
		}
		undone(done)
		undone(waits)
		if diff := cmp.Diff([]alert.RuleID{done.ID}, fired()); diff != "" {
			t.Errorf("nothing has happened:\n%s", diff)
		}
		undone(waits, quoteAt(3, "100.5"))
		if diff := cmp.Diff([]alert.RuleID{done.ID, waits.ID}, fired()); diff != "" {
			t.Errorf("the line was crossed meanwhile:\n%s", diff)
		}
		e.Observe(quoteAt(4, "101.5"))
		undone(twice)
		e.Observe(quoteAt(5, "102"))
		undone(twice, quoteAt(6, "100.5"))
		time.Sleep(time.Hour) // its cooldown
		e.Observe(quoteAt(7, "101.5"))
		undone(twice)
		if diff := cmp.Diff([]alert.RuleID{done.ID, waits.ID, twice.ID, twice.ID}, fired()); diff != "" {
			t.Error(diff)
		}
		if _, err := e.Restore(t.Context(), 2, twice.ID, time.Time{}); !errors.Is(err, alert.ErrNoRule) {
			t.Errorf("another's: %v", err)
		}
	})
}
