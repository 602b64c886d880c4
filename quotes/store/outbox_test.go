package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/store"
)

// often is a rate that no test reaches.
var often = deliver.Rate{Count: 1000, Per: time.Hour}

func dueNow(t testing.TB, db *store.DB, now time.Time) []deliver.RowID {
	t.Helper()
	list, err := db.Due(t.Context(), now, 100)
	if err != nil {
		t.Fatal(err)
	}
	var ids []deliver.RowID
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	return ids
}

// lease takes a row for a minute.
func lease(t testing.TB, db *store.DB, id deliver.RowID, now time.Time) deliver.Lease {
	t.Helper()
	l, ok, err := db.Lease(t.Context(), id, now, now.Add(time.Minute), often)
	if err != nil || !ok {
		t.Fatalf("lease of %d: %v, %v", id, ok, err)
	}
	return l
}

func finish(t testing.TB, db *store.DB, l deliver.Lease, now time.Time, r deliver.Result) {
	t.Helper()
	if ok, err := db.Finish(t.Context(), l, now, r); err != nil || !ok {
		t.Fatalf("finish of %d: %v, %v", l.Delivery.ID, ok, err)
	}
}

// tell appends notifications for profile 7.
func tell(t testing.TB, db *store.DB, count int) {
	t.Helper()
	for i := range count {
		n := note(fmt.Sprint(i + 1))
		n.Profile = 7
		if _, err := db.Append(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
}

var delivered = deliver.Result{State: deliver.Delivered}

func TestNotificationGoesToTheChannelsThatTakeIt(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		for i, change := range []func(*deliver.Channel){
			func(*deliver.Channel) {},                                     // 1
			func(c *deliver.Channel) { c.Alerts = false },                 // 2
			func(c *deliver.Channel) { c.Messages = false },               // 3
			func(c *deliver.Channel) { c.Enabled = false },                // 4
			func(c *deliver.Channel) { c.Confirmed = time.Time{} },        // 5
			func(c *deliver.Channel) { c.Profile = 8 },                    // 6
			func(c *deliver.Channel) { c.Profile, c.Messages = 8, false }, // 7
		} {
			c := aChannel()
			change(&c)
			if stored := addChannel(t, db, c); int(stored.ID) != i+1 {
				t.Fatal(stored.ID)
			}
		}
		for i, list := range []string{"7, 'A_B,MSFT', 0", "8, 'AXB,A_BC', 0", "8, 'A_B', 1"} {
			if err := store.Exec(db, fmt.Sprintf(`INSERT INTO lists (id, profile, name, position, symbols, version, created, deleted, share)
				SELECT %d, p, 'x', 0, s, 1, 1, d, '' FROM (SELECT %s) AS l`, i+1, named(list))); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			change func(*alert.Notification)
			want   []deliver.ChannelID
		}{
			"an alert":                     {func(n *alert.Notification) { n.Profile, n.Kind = 7, alert.KindAlert }, []deliver.ChannelID{1, 3}},
			"an alert nowhere":             {func(n *alert.Notification) { n.Profile, n.Kind, n.Deliver = 7, alert.KindAlert, "none" }, nil},
			"an alert with a sound":        {func(n *alert.Notification) { n.Profile, n.Kind, n.Deliver = 7, alert.KindAlert, "sound,browser" }, nil},
			"an alert to some":             {func(n *alert.Notification) { n.Profile, n.Kind, n.Deliver = 7, alert.KindAlert, "sound,2,3,4,5,6" }, []deliver.ChannelID{2, 3}},
			"a message for a profile":      {func(n *alert.Notification) { n.Profile, n.Kind = 7, alert.KindMessage }, []deliver.ChannelID{1, 2}},
			"a message for one without":    {func(n *alert.Notification) { n.Profile, n.Kind = 9, alert.KindMessage }, nil},
			"a message for all":            {func(n *alert.Notification) { n.Kind = alert.KindMessage }, []deliver.ChannelID{1, 2, 6}},
			"an incident":                  {func(n *alert.Notification) { n.Kind = alert.KindIncident }, []deliver.ChannelID{1, 2, 6}},
			"one for watchers":             {func(n *alert.Notification) { n.Watchers, n.Symbol = true, quotes.MustSymbol("A_B") }, []deliver.ChannelID{1, 2}},
			"one for watchers of the last": {func(n *alert.Notification) { n.Watchers, n.Symbol = true, quotes.MustSymbol("A_BC") }, []deliver.ChannelID{6}},
			"one for watchers of none":     {func(n *alert.Notification) { n.Watchers, n.Symbol = true, quotes.MustSymbol("A_") }, nil},
		} {
			n := note(name)
			c.change(&n)
			stored, err := db.Append(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			var got []deliver.ChannelID
			for id := deliver.ChannelID(1); id <= 7; id++ {
				for _, profile := range []int64{7, 8} {
					rows, err := db.Deliveries(t.Context(), profile, id, 0, 100)
					if err != nil {
						t.Fatal(err)
					}
					for _, row := range rows {
						if row.Notification == stored.ID {
							got = append(got, row.Channel)
							if text := string(row.Payload); !strings.Contains(text, name) || strings.Contains(text, "deliver") {
								t.Errorf("%s: the payload is %s", name, text)
							}
						}
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// named gives the values of a list the names p, s and d.
func named(list string) string {
	parts := strings.Split(list, ", ")
	return parts[0] + " AS p, " + parts[1] + " AS s, " + parts[2] + " AS d"
}

func TestFiringGoesToTheChannelsOfItsRule(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		first, second := addChannel(t, db, aChannel()), addChannel(t, db, aChannel())
		r := alert.Rule{
			Profile: 7, Symbol: quotes.MustSymbol("A"), Condition: alert.Above, Level: quotes.Some(quotes.MustDecimal("1")), Deliver: fmt.Sprint(second.ID),
		}.Completed()
		r = addRule(t, db, r)
		r.State.Phase, r.State.Count = alert.Spent, 1
		q := &quotes.StockQuote{Symbol: r.Symbol, Price: quotes.Some(quotes.MustDecimal("2")), Time: began, Version: 1, Session: quotes.Regular}
		hinted := false
		db.OnOutbox(func() { hinted = true })
		fired, err := db.Fire(t.Context(), []alert.Firing{{Rule: r, Quote: q, Price: q.Price, Time: began}})
		if err != nil || fired[0].Outcome != alert.Stored || !hinted {
			t.Fatalf("%+v, %v, hinted: %v", fired, err, hinted)
		}
		for id, want := range map[deliver.ChannelID]int{first.ID: 0, second.ID: 1} {
			rows, err := db.Deliveries(t.Context(), 7, id, 0, 10)
			if err != nil || len(rows) != want {
				t.Errorf("channel %d: %+v, %v", id, rows, err)
			}
		}
	})
}

func TestOnlyTheFirstRowOfAChannelIsDue(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		addChannel(t, db, aChannel())
		addChannel(t, db, aChannel())
		tell(t, db, 3) // rows 1 to 6, odd ones of the first
		now := time.Now().Add(time.Second)
		check := func(when string, want ...deliver.RowID) {
			t.Helper()
			if diff := cmp.Diff(want, dueNow(t, db, now)); diff != "" {
				t.Errorf("due %s (-want +got):\n%s", when, diff)
			}
		}
		check("at first", 1, 2)
		if _, ok, err := db.Lease(t.Context(), 3, now, now.Add(time.Minute), often); ok || err != nil {
			t.Errorf("a lease out of order: %v, %v", ok, err)
		}
		l := lease(t, db, 1, now)
		if l.Delivery.Tries != 1 || l.Channel.Name != aChannel().Name || string(l.Delivery.Payload) == "" {
			t.Errorf("%+v", l)
		}
		check("while the first is tried", 2)
		if _, ok, err := db.Lease(t.Context(), 1, now, now.Add(time.Minute), often); ok || err != nil {
			t.Errorf("a second lease: %v, %v", ok, err)
		}
		if err := db.Free(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		check("after it was given back", 1, 2)
		lost := lease(t, db, 1, now)
		if err := db.FreeAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("after all were given back", 1, 2)
		l = lease(t, db, 1, now)
		if ok, err := db.Finish(t.Context(), lost, now, delivered); ok || err != nil {
			t.Errorf("the lease that was lost was finished: %v, %v", ok, err)
		}
		if err := db.Free(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		l = lease(t, db, 1, now)
		later := now.Add(2 * time.Minute)
		again := lease(t, db, 1, later)
		if ok, err := db.Finish(t.Context(), l, later, delivered); ok || err != nil {
			t.Errorf("the lease that has passed was finished: %v, %v", ok, err)
		}
		if err := db.Free(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		check("while another has it", 2)
		finish(t, db, again, later, deliver.Result{State: deliver.Waiting, Error: "no", Due: later.Add(time.Hour)})
		check("after a failure", 2)
		now = later.Add(time.Hour)
		finish(t, db, lease(t, db, 1, now), now, delivered)
		check("after it was delivered", 2, 3)
		c, err := db.Channel(t.Context(), 7, 1)
		if err != nil || !c.Delivered.Equal(now.Truncate(time.Microsecond)) || !c.Failing.IsZero() || c.Error != "" {
			t.Errorf("%+v, %v", c, err)
		}
		finish(t, db, lease(t, db, 3, now), now, deliver.Result{State: deliver.Dead, Error: "never"})
		check("after it was given up", 2, 5)
		if waiting, since, err := db.Backlog(t.Context()); err != nil || waiting != 4 || since.IsZero() {
			t.Errorf("backlog: %d, %v, %v", waiting, since, err)
		}
	})
}

func TestRowsBeyondTheRateWait(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		addChannel(t, db, aChannel())
		tell(t, db, 4)
		now, rate := time.Now().Add(time.Second), deliver.Rate{Count: 2, Per: time.Hour}
		for range 2 {
			finish(t, db, lease(t, db, dueNow(t, db, now)[0], now), now, delivered)
			now = now.Add(time.Minute)
		}
		if _, ok, err := db.Lease(t.Context(), 3, now, now.Add(time.Minute), rate); ok || err != nil {
			t.Errorf("beyond the rate: %v, %v", ok, err)
		}
		if due := dueNow(t, db, now.Add(57*time.Minute)); len(due) != 0 {
			t.Errorf("due too early: %v", due)
		}
		now = now.Add(58 * time.Minute)
		if l, ok, err := db.Lease(t.Context(), 3, now, now.Add(time.Minute), rate); !ok || err != nil || l.Delivery.Tries != 1 {
			t.Errorf("an hour after the first: %+v, %v, %v", l, ok, err)
		}
	})
}

func TestTestWaitsForNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		c := addChannel(t, db, aChannel())
		failSome(t, db, c)
		c, err := db.Channel(t.Context(), 7, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		c.Enabled = false
		if _, err := db.UpdateChannel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		row, err := db.AddTest(t.Context(), 7, c.ID, []byte(`{}`), now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.AddTest(t.Context(), 7, c.ID, []byte(`{}`), now); err == nil || !strings.Contains(err.Error(), deliver.ErrTestWaits.Error()) {
			t.Errorf("a second test: %v", err)
		}
		if due := dueNow(t, db, now); !slices.Contains(due, row) {
			t.Errorf("due: %v", due)
		}
		l, ok, err := db.Lease(t.Context(), row, now, now.Add(time.Minute), deliver.Rate{Count: 1, Per: time.Hour})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		finish(t, db, l, now, delivered)
		if due := dueNow(t, db, now); len(due) != 1 || due[0] != 1 {
			t.Errorf("what waited is due once the test has arrived: %v", due)
		}
	})
}

func TestChannelThatIsTurnedOffGivesUpWhatWaits(t *testing.T) {
	for name, c := range map[string]struct {
		result deliver.Result
		left   int
	}{
		"turned off": {deliver.Result{State: deliver.Dead, Error: "gone", Close: true}, 2},
		"removed":    {deliver.Result{State: deliver.Dead, Error: "gone", Remove: true}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, on backend) {
				db := open(t, on.address(t))
				addChannel(t, db, aChannel())
				tell(t, db, 2)
				now := time.Now().Add(time.Second)
				finish(t, db, lease(t, db, 1, now), now, c.result)
				rows, err := db.Deliveries(t.Context(), 7, 1, 0, 10)
				if err != nil || len(rows) != c.left {
					t.Fatalf("%+v, %v", rows, err)
				}
				for _, row := range rows {
					if row.State != deliver.Dead || row.Ended.IsZero() || !strings.Contains(row.Error, "gone") {
						t.Errorf("%+v", row)
					}
				}
				list, err := db.Channels(t.Context(), 7)
				if err != nil || len(list) != min(c.left, 1) || len(list) == 1 && (list[0].Enabled || list[0].Version != 2 || list[0].Error != "gone") {
					t.Errorf("%+v, %v", list, err)
				}
				if due := dueNow(t, db, now.Add(48*time.Hour)); len(due) != 0 {
					t.Errorf("still due: %v", due)
				}
			})
		})
	}
}

func TestRowsOfAChannelThatWasTurnedOffAreGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		c := addChannel(t, db, aChannel())
		tell(t, db, 2)
		c.Enabled = false
		if _, err := db.UpdateChannel(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		now := time.Now().Add(time.Second)
		if _, ok, err := db.Lease(t.Context(), 1, now, now.Add(time.Minute), often); ok || err != nil {
			t.Fatal(ok, err)
		}
		rows, err := db.Deliveries(t.Context(), 7, c.ID, 0, 10)
		if err != nil || len(rows) != 2 || rows[0].State != deliver.Dead || rows[1].State != deliver.Dead || rows[0].Error == "" {
			t.Errorf("%+v, %v", rows, err)
		}
	})
}

func TestOldRowsAreRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		addChannel(t, db, aChannel())
		tell(t, db, 3)
		now := time.Now().Add(time.Second)
		finish(t, db, lease(t, db, 1, now), now, delivered)
		finish(t, db, lease(t, db, 2, now), now, deliver.Result{State: deliver.Dead, Error: "no"})
		left := func(want ...deliver.RowID) {
			t.Helper()
			rows, err := db.Deliveries(t.Context(), 7, 1, 0, 10)
			var got []deliver.RowID
			for _, row := range rows {
				got = append(got, row.ID)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v, left (-want +got):\n%s", err, diff)
			}
		}
		for _, c := range []struct {
			delivered, dead time.Duration
			removed         int
			left            []deliver.RowID
		}{
			{0, 0, 0, []deliver.RowID{3, 2, 1}},
			{time.Second, 0, 1, []deliver.RowID{3, 2}},
			{time.Second, time.Second, 1, []deliver.RowID{3}},
			{time.Hour, time.Hour, 0, []deliver.RowID{3}},
		} {
			removed, err := db.PruneOutbox(t.Context(), now.Add(c.delivered), now.Add(c.dead))
			if err != nil || removed != c.removed {
				t.Errorf("removed %d, %v; want %d", removed, err, c.removed)
			}
			left(c.left...)
		}
	})
}
