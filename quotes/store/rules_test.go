package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

// compareRules tells 1.5 and 1.50 apart, and no nil from none.
var compareRules = cmp.Options{compareExactly, cmpopts.EquateEmpty()}

// fullRule has something in every field.
func fullRule() alert.Rule {
	day := time.Date(2026, 11, 20, 14, 42, 7, 123456000, time.UTC)
	return alert.Rule{
		Profile: 7, Symbol: quotes.MustSymbol("BTC/USD"), Condition: alert.PercentWindow, Level: quotes.Some(quotes.MustDecimal("-5.50")),
		Window: time.Hour, Hysteresis: quotes.Some(quotes.MustDecimal("0.10")), Repeat: alert.Always, Cooldown: time.Minute,
		Sessions: alert.AllSessions, Note: "sell? \U0001F680 it's", Expires: day.AddDate(1, 0, 0), Paused: true, Deliver: "none", Created: day,
		State: alert.State{
			Phase: alert.Spent, Fired: day.Add(time.Hour), Count: 3, Day: "2026-11-20", At: 1 << 50,
			High: quotes.Some(quotes.MustDecimal("101.50")), Low: quotes.Some(quotes.MustDecimal("0.00001305")),
		},
	}
}

func addRule(t testing.TB, db *store.DB, r alert.Rule) alert.Rule {
	t.Helper()
	if err := store.AddProfile(db, r.Profile); err != nil {
		t.Fatal(err)
	}
	stored, err := db.AddRule(t.Context(), r, 0)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestRulesComeBackAsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		db := open(t, address)
		bare := alert.Rule{Profile: 8, Symbol: quotes.MustSymbol("A"), Condition: alert.Halted}.Completed()
		var want []alert.Rule
		for i, r := range []alert.Rule{fullRule(), bare, fullRule()} {
			stored := addRule(t, db, r)
			r.ID, r.Version, r.Since = alert.RuleID(i+1), 1, 1
			if diff := cmp.Diff(r, stored, compareRules); diff != "" {
				t.Errorf("AddRule returned another (-want +got):\n%s", diff)
			}
			want = append(want, r)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, address)
		for _, c := range []struct {
			name string
			read func() ([]alert.Rule, error)
			want []alert.Rule
		}{
			{"all", func() ([]alert.Rule, error) { return db.Rules(t.Context(), 0, 10) }, want},
			{"from 1, one", func() ([]alert.Rule, error) { return db.Rules(t.Context(), 1, 1) }, want[1:2]},
			{"of 7", func() ([]alert.Rule, error) { return db.RulesOf(t.Context(), 7) }, []alert.Rule{want[0], want[2]}},
			{"2", func() ([]alert.Rule, error) { r, err := db.Rule(t.Context(), 2); return []alert.Rule{r}, err }, want[1:2]},
		} {
			got, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, compareRules); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
	})
}

func TestRulesAreChangedAndDeletedByTheirOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		r := addRule(t, db, fullRule())
		changed := r
		changed.Symbol, changed.Created, changed.State = quotes.MustSymbol("B"), time.Time{}, alert.State{Count: 9}
		changed.Condition, changed.Level, changed.Window, changed.Note, changed.Paused = alert.Above, quotes.Some(quotes.MustDecimal("1.50")), 0, "", false
		got, err := db.UpdateRule(t.Context(), changed, true)
		if err != nil {
			t.Fatal(err)
		}
		changed.Symbol, changed.Created, changed.State.Count, changed.Version, changed.Since = r.Symbol, r.Created, 3, 2, 2
		if diff := cmp.Diff(changed, got, compareRules); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		other, gone := changed, changed
		other.Profile, gone.ID = 8, 99
		for _, c := range []struct {
			name string
			rule alert.Rule
			want error
		}{{"an old version", r, alert.ErrRuleChanged}, {"another's", other, alert.ErrNoRule}, {"none", gone, alert.ErrNoRule}} {
			if _, err := db.UpdateRule(t.Context(), c.rule, true); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if err := db.DeleteRule(t.Context(), 8, r.ID); !errors.Is(err, alert.ErrNoRule) {
			t.Errorf("another's: %v", err)
		}
		if err := db.DeleteRule(t.Context(), 7, r.ID); err != nil {
			t.Error(err)
		}
		if _, err := db.Rule(t.Context(), r.ID); !errors.Is(err, alert.ErrNoRule) {
			t.Errorf("deleted: %v", err)
		}
		if next := addRule(t, db, fullRule()); next.ID != r.ID+1 {
			t.Errorf("the number %d was given again", next.ID)
		}
	})
}

// firingOf is r's next firing.
func firingOf(r alert.Rule, price string) alert.Firing {
	r.State.Count++
	r.State.Phase, r.State.Fired = alert.Spent, time.UnixMicro(when.UnixMicro()).UTC()
	return alert.Firing{Rule: r, Quote: quoteOf(r.Symbol.String(), price, 5), Price: quotes.Some(quotes.MustDecimal(price)), Time: r.State.Fired, Late: true}
}

func TestFiringIsStoredWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		fill(t, db, 1)
		b, a, gone, edited := addRule(t, db, fullRule()), addRule(t, db, fullRule()), addRule(t, db, fullRule()), addRule(t, db, fullRule())
		if err := db.DeleteRule(t.Context(), 7, gone.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := db.UpdateRule(t.Context(), edited, true); err != nil {
			t.Fatal(err)
		}
		armed := b
		armed.State.Phase = alert.Fresh
		batch := []alert.Firing{firingOf(a, "101.50"), firingOf(gone, "1"), {Rule: armed}, firingOf(edited, "1")}
		for round, want := range [][]alert.Outcome{
			{alert.Stored, alert.LeftOut, alert.Stored, alert.LeftOut},
			{alert.StoredThen, alert.LeftOut, alert.Stored, alert.LeftOut},
		} {
			fired, err := db.Fire(t.Context(), batch)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range fired {
				if f.Outcome != want[i] || f.Rule != batch[i].Rule.ID || round == 0 && i == 0 != (f.Notification.ID == 2) {
					t.Errorf("round %d: number %d: %+v", round, i, f)
				}
			}
		}
		list, err := db.After(t.Context(), 1, 10)
		if err != nil || len(list) != 1 || list[0].Rule != "down 5.50% within an hour" || list[0].Symbol != a.Symbol {
			t.Errorf("the log has %+v, %v", list, err)
		}
		for _, want := range []alert.Rule{batch[0].Rule, armed} {
			if got, err := db.Rule(t.Context(), want.ID); err != nil || !cmp.Equal(want, got, compareRules) {
				t.Errorf("%v: %s", err, cmp.Diff(want, got, compareRules))
			}
		}
		past, err := db.History(t.Context(), alert.PastQuery{Profile: 7, Limit: 10})
		want := []alert.Past{{Number: 2, Rule: a.ID, Message: list[0].Message, Time: list[0].Time, Price: batch[0].Price, Late: true, Quote: *batch[0].Quote}}
		if diff := cmp.Diff(want, past, compareRules); err != nil || diff != "" {
			t.Errorf("the history: %v (-want +got):\n%s", err, diff)
		}
		for _, c := range []struct {
			profile int64
			rule    alert.RuleID
			symbol  quotes.Symbol
			before  int64
			want    int
		}{
			{7, a.ID, quotes.Symbol{}, 0, 1},
			{7, b.ID, quotes.Symbol{}, 0, 0},
			{8, 0, quotes.Symbol{}, 0, 0},
			{7, 0, quotes.Symbol{}, 2, 0},
			{7, 0, a.Symbol, 3, 1},
			{7, 0, quotes.MustSymbol("B"), 0, 0},
		} {
			if past, err := db.History(t.Context(), alert.PastQuery{Profile: c.profile, Rule: c.rule, Symbol: c.symbol, Before: c.before, Limit: 10}); err != nil || len(past) != c.want {
				t.Errorf("%+v: %d, %v", c, len(past), err)
			}
		}
	})
}

func TestChangesOfRulesAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		first := addRule(t, db, fullRule())
		_, from, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		second, third := addRule(t, db, fullRule()), addRule(t, db, fullRule())
		if _, err := db.Fire(t.Context(), []alert.Firing{firingOf(third, "1")}); err != nil { // is no person's change
			t.Fatal(err)
		}
		first.Note = "changed"
		if first, err = db.UpdateRule(t.Context(), first, true); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteRule(t.Context(), 7, second.ID); err != nil {
			t.Fatal(err)
		}
		type change struct {
			id      alert.RuleID
			version int64
			gone    bool
		}
		want := []change{{third.ID, 1, false}, {first.ID, 2, false}, {second.ID, 0, true}}
		for _, limit := range []int{1, 2, 100} {
			var got []change
			for after := from; ; {
				list, newest, err := db.RuleChanges(t.Context(), after, limit)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range list {
					if got = append(got, change{c.Rule.ID, c.Rule.Version, c.Gone}); c.Rule.Symbol != first.Symbol {
						t.Errorf("%+v", c)
					}
				}
				if after = newest; len(list) < limit {
					break
				}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(change{})); diff != "" {
				t.Errorf("%d at once (-want +got):\n%s", limit, diff)
			}
		}
	})
}

// TestChangesOfOtherThingsAreNoneOfRules: they have the same numbers.
func TestChangesOfOtherThingsAreNoneOfRules(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		rule := addRule(t, db, fullRule())
		_, before, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		addList(t, db, profile.ID(rule.Profile), "other")
		list, newest, err := db.RuleChanges(t.Context(), before, 10)
		if err != nil || len(list) > 0 || newest <= before {
			t.Errorf("after %d: %v, ask after %d, %v; want nothing and a later number", before, list, newest, err)
		}
		if list, again, err := db.RuleChanges(t.Context(), newest, 10); err != nil || len(list) > 0 || again != newest {
			t.Errorf("after %d: %v, %d, %v", newest, list, again, err)
		}
		later := addRule(t, db, fullRule())
		if list, _, err := db.RuleChanges(t.Context(), newest, 10); err != nil || len(list) != 1 || list[0].Rule.ID != later.ID {
			t.Errorf("a rule that is set then: %v, %v", list, err)
		}
	})
}

func TestThereIsALimitOfRules(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for _, id := range []int64{7, 8} {
			if err := store.AddProfile(db, id); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		var added atomic.Int64
		for range 8 {
			all.Go(func() {
				switch _, err := db.AddRule(t.Context(), fullRule(), 3); {
				case err == nil:
					added.Add(1)
				case !errors.Is(err, alert.ErrRules) || !strings.Contains(err.Error(), "there are 3"):
					t.Error(err)
				}
			})
		}
		all.Wait()
		other := fullRule()
		other.Profile++
		if _, err := db.AddRule(t.Context(), other, 3); err != nil {
			t.Errorf("another profile: %v", err)
		}
		if added.Load() != 3 {
			t.Errorf("%d were added", added.Load())
		}
	})
}

func TestWordsOfARuleChangeWithoutItsState(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		r := addRule(t, db, fullRule())
		words := r
		words.Note, words.Deliver, words.Cooldown, words.Expires = "other", "sound,3", time.Hour, time.Time{}
		words.Level, words.State, words.Paused = quotes.Some(quotes.MustDecimal("1")), alert.State{}, false // are not changed
		got, err := db.UpdateRule(t.Context(), words, false)
		if err != nil {
			t.Fatal(err)
		}
		words.Level, words.State, words.Paused, words.Version = r.Level, r.State, r.Paused, 2
		if diff := cmp.Diff(words, got, compareRules); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		// What was decided of the version before counts.
		fired, err := db.Fire(t.Context(), []alert.Firing{firingOf(r, "1")})
		if err != nil || fired[0].Outcome != alert.Stored {
			t.Errorf("%+v, %v", fired, err)
		}
		if got, err = db.Rule(t.Context(), r.ID); err != nil || got.State.Count != 4 || got.Note != "other" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestRulesGoAndMoveWithTheirProfile, and those who watch for them are told.
func TestRulesGoAndMoveWithTheirProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		k, _ := profile.SecretKey(profile.NewSecret())
		now := time.Now()
		own, err := db.Make(t.Context(), k, "", now)
		if err != nil {
			t.Fatal(err)
		}
		r := fullRule()
		r.Profile = int64(own)
		moved, other := addRule(t, db, r), addRule(t, db, fullRule())
		_, from, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		hash := strings.Repeat("a", 64)
		if err := db.AddCode(t.Context(), 7, hash, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Move(t.Context(), hash, k, "", now); err != nil {
			t.Fatal(err)
		}
		list, from, err := db.RuleChanges(t.Context(), from, 10)
		if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(c alert.RuleChange) bool {
			return !c.Gone && c.Rule.ID == moved.ID && c.Rule.Profile == 7 && c.Rule.Since > moved.Version
		}) {
			t.Errorf("moved: %+v, %v", list, err)
		}
		// Nothing is told to the profile that is no more.
		if fired, err := db.Fire(t.Context(), []alert.Firing{firingOf(moved, "1")}); err != nil || fired[0].Outcome != alert.LeftOut {
			t.Errorf("%+v, %v", fired, err)
		}
		if err := db.DeleteProfile(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
		list, _, err = db.RuleChanges(t.Context(), from, 10)
		if err != nil || len(list) != 2 || !list[0].Gone || !list[1].Gone || list[0].Rule.ID+list[1].Rule.ID != moved.ID+other.ID {
			t.Errorf("deleted: %+v, %v", list, err)
		}
		if _, err := db.AddRule(t.Context(), fullRule(), 0); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("a rule of nobody: %v", err)
		}
	})
}

func TestTheHistoryIsKeptAsLongAsTheNotifications(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for range 3 {
			if _, err := db.Fire(t.Context(), []alert.Firing{firingOf(addRule(t, db, fullRule()), "1")}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.Prune(t.Context(), 2, time.Time{}); err != nil {
			t.Fatal(err)
		}
		past, err := db.History(t.Context(), alert.PastQuery{Profile: 7, Limit: 10})
		if err != nil || len(past) != 2 || past[0].Number != 3 || past[1].Number != 2 {
			t.Errorf("%+v, %v", past, err)
		}
	})
}

// TestADeletedRuleComesBackAsItWas with its number, its state and its history, for
// some time, once or repeated.
func TestADeletedRuleComesBackAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		r, other := addRule(t, db, fullRule()), addRule(t, db, fullRule())
		f := firingOf(r, "1")
		f.Rule.State.Phase, f.Rule.State.High = alert.Spent, quotes.Some(quotes.MustDecimal("200.5"))
		if _, err := db.Fire(t.Context(), []alert.Firing{f}); err != nil {
			t.Fatal(err)
		}
		was, err := db.Rule(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, from, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		ago := time.Now().Add(-time.Hour)
		for range 2 { // and it can be deleted again
			if err := db.DeleteRule(t.Context(), 7, r.ID); err != nil {
				t.Fatal(err)
			}
			if fired, err := db.Fire(t.Context(), []alert.Firing{firingOf(was, "2")}); err != nil || fired[0].Outcome != alert.LeftOut {
				t.Errorf("a deleted rule fires: %+v, %v", fired, err)
			}
			for _, c := range []struct {
				name    string
				profile int64
				since   time.Time
				most    int
				want    error
			}{
				{"another's", 8, ago, 0, alert.ErrNoRule}, {"too late", 7, time.Now().Add(time.Hour), 0, alert.ErrNoRule},
				{"no room", 7, ago, 1, alert.ErrRules},
			} {
				if _, err := db.RestoreRule(t.Context(), c.profile, r.ID, c.since, c.most); !errors.Is(err, c.want) {
					t.Errorf("%s: %v", c.name, err)
				}
			}
			was.Version++
			for range 2 { // an answer may get lost
				back, err := db.RestoreRule(t.Context(), 7, r.ID, ago, 2)
				if diff := cmp.Diff(was, back, cmp.AllowUnexported(quotes.Symbol{})); err != nil || diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			}
			if _, err := db.RestoreRule(t.Context(), 8, r.ID, ago, 2); !errors.Is(err, alert.ErrNoRule) {
				t.Errorf("another's that is there: %v", err)
			}
		}
		if past, err := db.History(t.Context(), alert.PastQuery{Profile: 7, Rule: r.ID, Limit: 9}); err != nil || len(past) != 1 {
			t.Errorf("%+v, %v", past, err)
		}
		if list, _, err := db.RuleChanges(t.Context(), from, 10); err != nil || len(list) != 1 || list[0].Gone || list[0].Rule.ID != r.ID {
			t.Errorf("others hear %+v, %v", list, err)
		}
		if fired, err := db.Fire(t.Context(), []alert.Firing{firingOf(was, "3")}); err != nil || fired[0].Outcome != alert.Stored {
			t.Errorf("it does not fire any more: %+v, %v", fired, err)
		}
		// For ever it is not kept.
		if err := db.DeleteRule(t.Context(), 7, other.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Retire(t.Context(), time.Now().Add(profile.RestoreTime+time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.RestoreRule(t.Context(), 7, other.ID, time.Time{}, 0); !errors.Is(err, alert.ErrNoRule) {
			t.Errorf("long gone: %v", err)
		}
	})
}
