package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

// began is a moment with as many digits as the database keeps.
var began = time.Date(2026, 11, 20, 14, 42, 7, 123456000, time.UTC)

// aChannel is one of profile 7 that takes everything.
func aChannel() deliver.Channel {
	return deliver.Channel{
		Profile: 7, Kind: deliver.Webhook, Name: "phone \U0001F680 it's", Address: "https://example.com/a?b=c", Secret: "s",
		Enabled: true, Alerts: true, Messages: true, Confirmed: began, CodeHash: "c0de", Created: began.Add(-time.Hour),
	}
}

func addChannel(t testing.TB, db *store.DB, c deliver.Channel) deliver.Channel {
	t.Helper()
	stored, err := db.AddChannel(t.Context(), c, 20)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestChannelsComeBackAsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		db := open(t, address)
		bare := deliver.Channel{Profile: 8, Kind: deliver.Email, Name: "mail", Address: "a@example.com", Created: began}
		var want []deliver.Channel
		for i, c := range []deliver.Channel{aChannel(), bare, aChannel()} {
			stored := addChannel(t, db, c)
			c.ID, c.Version = deliver.ChannelID(i+1), 1
			if diff := cmp.Diff(c, stored); diff != "" {
				t.Errorf("AddChannel returned another (-want +got):\n%s", diff)
			}
			want = append(want, c)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, address)
		got, err := db.Channels(t.Context(), 7)
		if diff := cmp.Diff([]deliver.Channel{want[0], want[2]}, got); err != nil || diff != "" {
			t.Errorf("%v, those of 7 (-want +got):\n%s", err, diff)
		}
		one, err := db.Channel(t.Context(), 8, 2)
		if diff := cmp.Diff(want[1], one); err != nil || diff != "" {
			t.Errorf("%v, 2 (-want +got):\n%s", err, diff)
		}
		for name, err := range map[string]error{
			"another's":      errOf(db.Channel(t.Context(), 7, 2)),
			"none":           errOf(db.Channel(t.Context(), 7, 9)),
			"del another's":  db.DeleteChannel(t.Context(), 7, 2),
			"test another's": errOf(db.AddTest(t.Context(), 7, 2, nil, began)),
		} {
			if !errors.Is(err, deliver.ErrNoChannel) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func errOf[T any](_ T, err error) error { return err }

func TestChannelIsChangedByWhoeverKnowsItsVersion(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		c := addChannel(t, db, aChannel())
		failSome(t, db, c)
		c.Name, c.Alerts, c.Messages = "tablet", false, false
		changed, err := db.UpdateChannel(t.Context(), c)
		if err != nil || changed.Version != 2 || changed.Name != "tablet" || changed.Alerts || changed.Failing.IsZero() || changed.Error == "" {
			t.Errorf("%+v, %v", changed, err)
		}
		if _, err := db.UpdateChannel(t.Context(), c); !errors.Is(err, deliver.ErrChannelChanged) {
			t.Errorf("the old version: %v", err)
		}
		other := changed
		other.Profile = 8
		if _, err := db.UpdateChannel(t.Context(), other); !errors.Is(err, deliver.ErrNoChannel) {
			t.Errorf("another's: %v", err)
		}
		changed.Address = "https://example.com/new"
		if moved, err := db.UpdateChannel(t.Context(), changed); err != nil || !moved.Failing.IsZero() || moved.Error != "" {
			t.Errorf("with another address it fails no more: %+v, %v", moved, err)
		}
		if due := dueNow(t, db, time.Now()); len(due) != 1 {
			t.Errorf("what waited is due at once: %v", due)
		}
	})
}

// failSome has a message wait for the channel after a try that failed.
func failSome(t testing.TB, db *store.DB, c deliver.Channel) {
	t.Helper()
	n := note("x")
	n.Profile = c.Profile
	if _, err := db.Append(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	l := lease(t, db, dueNow(t, db, time.Now())[0], time.Now())
	r := deliver.Result{State: deliver.Waiting, Error: "no", Due: time.Now().Add(time.Hour)}
	if ok, err := db.Finish(t.Context(), l, time.Now(), r); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if due := dueNow(t, db, time.Now()); len(due) != 0 {
		t.Fatalf("due although it failed: %v", due)
	}
}

func TestNoProfileHasMoreChannelsThanAllowed(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		var all sync.WaitGroup
		refused := make(chan error, 10)
		for range 10 {
			all.Go(func() {
				if _, err := db.AddChannel(t.Context(), aChannel(), 4); err != nil {
					refused <- err
				}
			})
		}
		all.Wait()
		close(refused)
		for err := range refused {
			if !errors.Is(err, deliver.ErrTooMany) {
				t.Error(err)
			}
		}
		list, err := db.Channels(t.Context(), 7)
		if err != nil || len(list) != 4 {
			t.Errorf("%d channels, %v", len(list), err)
		}
		other := aChannel()
		other.Profile = 8
		addChannel(t, db, other)
	})
}

func TestDeletedChannelTakesItsRowsAlong(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		gone, stays := addChannel(t, db, aChannel()), addChannel(t, db, aChannel())
		n := note("x")
		n.Profile = 7
		if _, err := db.Append(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteChannel(t.Context(), 7, gone.ID); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[deliver.ChannelID]int{gone.ID: 0, stays.ID: 1} {
			rows, err := db.Deliveries(t.Context(), 7, id, 0, 10)
			if err != nil || len(rows) != want {
				t.Errorf("channel %d: %v, %v", id, rows, err)
			}
		}
	})
}

func TestDeliveriesAreThoseOfTheChannelNewestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		first, second := addChannel(t, db, aChannel()), addChannel(t, db, aChannel())
		for i := range 3 {
			n := note(fmt.Sprint(i))
			n.Profile = 7
			if _, err := db.Append(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := db.Deliveries(t.Context(), 7, second.ID, 0, 2)
		if err != nil || len(rows) != 2 || rows[0].ID != 6 || rows[1].ID != 4 || rows[0].Notification != 3 || rows[0].State != deliver.Waiting {
			t.Errorf("%+v, %v", rows, err)
		}
		rows, err = db.Deliveries(t.Context(), 7, first.ID, 5, 10)
		if err != nil || len(rows) != 2 || rows[0].ID != 3 || rows[1].ID != 1 {
			t.Errorf("%+v, %v", rows, err)
		}
		if rows, err := db.Deliveries(t.Context(), 8, first.ID, 0, 10); err != nil || len(rows) != 0 {
			t.Errorf("another's: %+v, %v", rows, err)
		}
	})
}

// TestABrowsersSubscriptionIsOneChannel, however often it is added.
func TestABrowsersSubscriptionIsOneChannel(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		push := deliver.Channel{Profile: 7, Kind: deliver.Push, Name: "here", Address: "https://push.example/1", Secret: "old", Enabled: true, Created: began, Confirmed: began}
		first := addChannel(t, db, push)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				again := push
				again.Secret, again.Messages, again.Created = "new", true, began.Add(time.Hour)
				got, err := db.AddChannel(t.Context(), again, 1) // there is room for no other
				if err != nil || got.ID != first.ID || got.Version < 2 || got.Secret != "new" || !got.Messages || !got.Created.Equal(began) {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		all.Wait()
		other, elsewhere := push, push
		other.Address, elsewhere.Profile = "https://push.example/2", 8
		for _, c := range []deliver.Channel{other, elsewhere} {
			if got := addChannel(t, db, c); got.ID == first.ID || got.Version != 1 {
				t.Errorf("%+v", got)
			}
		}
		if list, err := db.Channels(t.Context(), 7); err != nil || len(list) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// TestTwoProfilesHaveRoomForOnesChannels: what is left out is said, nothing waits
// for it, and a subscription that both have stays one for their alerts.
func TestTwoProfilesHaveRoomForOnesChannels(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		into, _ := person(t, db)
		from, k := person(t, db)
		var kept, brought []deliver.Channel
		add := func(id profile.ID, kind deliver.Kind, name, address string) deliver.Channel {
			return addChannel(t, db, deliver.Channel{Profile: int64(id), Kind: kind, Name: name, Address: address, Enabled: true, Alerts: true, Messages: true, Created: began, Confirmed: began})
		}
		for i := range profile.MaxChannels - 2 {
			kept = append(kept, add(into, deliver.Post, "kept", fmt.Sprint("https://a.example/", i)))
		}
		push := add(into, deliver.Push, "here", "https://push.example/1")
		same := add(from, deliver.Push, "here too", "https://push.example/1")
		for i := range 3 {
			brought = append(brought, add(from, deliver.Post, fmt.Sprint("brought ", i), fmt.Sprint("https://b.example/", i)))
		}
		rule := fullRule()
		rule.Profile, rule.Deliver = int64(from), fmt.Sprintf("sound,%d,%d", same.ID, brought[0].ID)
		rule = addRule(t, db, rule)
		if _, err := db.Append(t.Context(), note("to all")); err != nil { // so that something waits for each
			t.Fatal(err)
		}
		if err := db.AddCode(t.Context(), into, "code", noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		moved, err := db.Move(t.Context(), "code", k, "b", noon)
		if diff := cmp.Diff([]string{"brought 1", "brought 2"}, moved.Left); err != nil || diff != "" {
			t.Errorf("%v, left out (-want +got):\n%s", err, diff)
		}
		var want, got []deliver.ChannelID
		for _, c := range append(kept, push, brought[0]) {
			want = append(want, c.ID)
		}
		list, err := db.Channels(t.Context(), int64(into))
		for _, c := range list {
			got = append(got, c.ID)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		due, err := db.Due(t.Context(), time.Now(), 100)
		if err != nil || len(due) != profile.MaxChannels {
			t.Errorf("%d wait, %v", len(due), err)
		}
		if r, err := db.Rule(t.Context(), rule.ID); err != nil || r.Deliver != fmt.Sprintf("sound,%d,%d", push.ID, brought[0].ID) {
			t.Errorf("the alert goes to %q, %v", r.Deliver, err)
		}
	})
}
