package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// newDevice is the key of a device that is new.
func newDevice(t testing.TB) profile.Key {
	t.Helper()
	k, ok := profile.SecretKey(profile.NewSecret())
	if !ok {
		t.Fatal("a secret without a key")
	}
	return k
}

// person makes a profile and its first device.
func person(t testing.TB, db *store.DB) (profile.ID, profile.Key) {
	t.Helper()
	k := newDevice(t)
	id, err := db.Make(t.Context(), k, "Firefox on Linux", noon)
	if err != nil {
		t.Fatal(err)
	}
	return id, k
}

func opens(t testing.TB, db *store.DB, k profile.Key) profile.Found {
	t.Helper()
	found, err := db.Open(t.Context(), k, noon)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAKeyOpensTheProfileThatWasMadeForItAndNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		db := open(t, address)
		one, k := person(t, db)
		two, _ := person(t, db)
		if one == two || one == 0 || two == 0 {
			t.Fatalf("%d and %d", one, two)
		}
		if found := opens(t, db, newDevice(t)); found.ID != 0 {
			t.Errorf("an unknown key opens %d", found.ID)
		}
		if again, err := db.Make(t.Context(), k, "another", noon); err != nil || again != one {
			t.Errorf("made again: %d, %v", again, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		db = open(t, address)
		if found := opens(t, db, k); found.ID != one || found.NewDay {
			t.Errorf("%+v, want %d", found, one)
		}
		p, err := db.Profile(t.Context(), one)
		want := profile.Profile{ID: one, Created: noon, Settings: profile.Settings{}, Devices: []profile.Device{
			{ID: k.Device(), Label: "Firefox on Linux", Created: noon, Seen: noon.Truncate(24 * time.Hour)},
		}}
		if diff := cmp.Diff(want, p); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if _, err := db.Profile(t.Context(), 99); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("none: %v", err)
		}
	})
}

func TestADeviceIsSeenOnceADay(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, k := person(t, db)
		tomorrow := noon.Add(13 * time.Hour)
		for _, want := range []bool{true, false} {
			found, err := db.Open(t.Context(), k, tomorrow)
			if err != nil || found.NewDay != want {
				t.Errorf("a new day: %v, want %v; %v", found.NewDay, want, err)
			}
			if err := db.See(t.Context(), k, tomorrow); err != nil {
				t.Fatal(err)
			}
		}
		if p, err := db.Profile(t.Context(), id); err != nil || !p.Devices[0].Seen.Equal(noon.Truncate(24*time.Hour).Add(24*time.Hour)) {
			t.Errorf("%+v, %v", p.Devices, err)
		}
	})
}

func TestSettingsAreMergedAndCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		for i, c := range []struct {
			change, want string
			version      int64
		}{
			{`{"sound":true,"later":{"a":[1]}}`, `{"later":{"a":[1]},"sound":true}`, 1},
			{`{"sound": true}`, `{"later":{"a":[1]},"sound":true}`, 1},
			{`{"later":null,"none":null,"browser":false}`, `{"browser":false,"sound":true}`, 2},
		} {
			var change profile.Settings
			if err := json.Unmarshal([]byte(c.change), &change); err != nil {
				t.Fatal(err)
			}
			got, versions, err := db.ChangeSettings(t.Context(), id, change)
			if err != nil || string(got.JSON()) != c.want || versions.Settings != c.version {
				t.Errorf("%d: %s, %+v, %v", i, got.JSON(), versions, err)
			}
			p, err := db.Profile(t.Context(), id)
			if err != nil || string(p.Settings.JSON()) != c.want || p.Versions.Settings != c.version {
				t.Errorf("%d: stored %s, %+v, %v", i, p.Settings.JSON(), p.Versions, err)
			}
		}
		long := profile.Settings{"x": json.RawMessage(`"` + strings.Repeat("x", profile.MaxSettings) + `"`)}
		if _, _, err := db.ChangeSettings(t.Context(), id, long); !errors.Is(err, profile.ErrInvalid) {
			t.Errorf("too long: %v", err)
		}
	})
}

func TestChangesAreFoundInTheirOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		db, other := open(t, address), open(t, address)
		one, _ := person(t, db)
		two, _ := person(t, db)
		from, err := other.NewestChange(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if list, err := other.Changes(t.Context(), from, 10); err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
		for _, id := range []profile.ID{two, one, two, one} {
			if err := store.Touch(t.Context(), db, id, profile.Alerts, profile.Marks); err != nil {
				t.Fatal(err)
			}
		}
		if err := store.Touch(t.Context(), db, 99, profile.Alerts); err != nil {
			t.Errorf("one that is not there: %v", err)
		}
		if err := db.DeleteProfile(t.Context(), two); err != nil {
			t.Fatal(err)
		}
		list, err := other.Changes(t.Context(), from, 10)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		if c := list[0]; c.ID != one || c.Gone || c.Versions != (profile.Versions{Alerts: 2, Marks: 2}) {
			t.Errorf("%+v", c)
		}
		if c := list[1]; c.ID != two || !c.Gone || c.Number <= list[0].Number {
			t.Errorf("%+v", c)
		}
		if list, err := other.Changes(t.Context(), list[0].Number, 10); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestACodeTakesADeviceInOnceAndInTime(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, first := person(t, db)
		ends := noon.Add(profile.MoveTime)
		for _, hash := range []string{"earlier", "late", "good"} {
			if err := db.AddCode(t.Context(), id, hash, ends); err != nil {
				t.Fatal(err)
			}
		}
		second := newDevice(t)
		for _, c := range []struct {
			hash string
			now  time.Time
		}{{"earlier", noon}, {"none", noon}, {"good", ends}} {
			if _, err := db.Move(t.Context(), c.hash, second, "b", c.now); !errors.Is(err, profile.ErrNoCode) {
				t.Errorf("%s: %v", c.hash, err)
			}
			if _, err := db.Code(t.Context(), c.hash, c.now); !errors.Is(err, profile.ErrNoCode) {
				t.Errorf("%s: %v", c.hash, err)
			}
		}
		if to, err := db.Code(t.Context(), "good", noon); err != nil || to != id {
			t.Errorf("%d, %v", to, err)
		}
		if moved, err := db.Move(t.Context(), "good", second, "Safari on iPhone", noon); err != nil || !cmp.Equal(moved, profile.Moved{ID: id}) {
			t.Errorf("%+v, %v", moved, err)
		}
		if _, err := db.Move(t.Context(), "good", newDevice(t), "c", noon); !errors.Is(err, profile.ErrNoCode) {
			t.Errorf("a second time: %v", err)
		}
		for _, k := range []profile.Key{first, second} {
			if found := opens(t, db, k); found.ID != id {
				t.Errorf("%+v", found)
			}
		}
		if err := db.RemoveDevice(t.Context(), id, first.Device()); err != nil {
			t.Error(err)
		}
		if found := opens(t, db, first); found.ID != 0 {
			t.Errorf("the removed device opens %d", found.ID)
		}
		if err := db.RemoveDevice(t.Context(), id, first.Device()); !errors.Is(err, profile.ErrNoDevice) {
			t.Errorf("removed again: %v", err)
		}
		if err := db.RemoveDevice(t.Context(), id, second.Device()); !errors.Is(err, profile.ErrLastDevice) {
			t.Errorf("the last: %v", err)
		}
	})
}

func TestWhatADeviceHadIsMovedIn(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		into, _ := person(t, db)
		from, k := person(t, db)
		addList(t, db, into, "Mine", "A")
		moved := addList(t, db, from, "Brought", "B", "C")
		rule := fullRule()
		rule.Profile = int64(from)
		rule = addRule(t, db, rule)
		for id, change := range map[profile.ID]profile.Settings{into: {"a": json.RawMessage(`1`)}, from: {"a": json.RawMessage(`2`), "b": json.RawMessage(`3`)}} {
			if _, _, err := db.ChangeSettings(t.Context(), id, change); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.AddCode(t.Context(), into, "code", noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		_, heard, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.Move(t.Context(), "code", k, "b", noon)
		if want := (profile.Moved{ID: into, Before: from, Lists: 1, Alerts: 1}); err != nil || !cmp.Equal(got, want) {
			t.Fatalf("%+v, %v", got, err)
		}
		if found := opens(t, db, k); found.ID != into {
			t.Errorf("the device opens %d", found.ID)
		}
		lists, _, err := db.Lists(t.Context(), into)
		if err != nil || names(lists) != "Mine Brought" || lists[1].ID != moved.ID {
			t.Errorf("%+v, %v", lists, err)
		}
		rules, err := db.RulesOf(t.Context(), int64(into))
		if err != nil || len(rules) != 1 || rules[0].ID != rule.ID || rules[0].Version == rule.Version {
			t.Errorf("%+v, %v", rules, err)
		}
		told, _, err := db.RuleChanges(t.Context(), heard, 10)
		if err != nil || len(told) != 1 || told[0].Gone || told[0].Rule.ID != rule.ID || told[0].Rule.Profile != int64(into) {
			t.Errorf("told of rules: %+v, %v", told, err)
		}
		if p, err := db.Profile(t.Context(), into); err != nil || string(p.Settings.JSON()) != `{"a":1,"b":3}` || len(p.Devices) != 2 {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := db.Profile(t.Context(), from); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("the profile from before: %v", err)
		}
		if _, err := db.AddList(t.Context(), from, profile.List{Name: "late", Created: noon}); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("a list for one that is gone: %v", err)
		}
	})
}

func TestNothingIsLeftOfADeletedProfile(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		gone, k := person(t, db)
		stays, other := person(t, db)
		for _, id := range []profile.ID{gone, stays} {
			addList(t, db, id, "List", "A")
			rule := fullRule()
			rule.Profile = int64(id)
			addRule(t, db, rule)
		}
		fill(t, db, 2)
		if err := store.Exec(db, `UPDATE notifications SET profile = 1 WHERE id = 1`); err != nil {
			t.Fatal(err)
		}
		_, heard, err := db.RuleChanges(t.Context(), 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteProfile(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		if err := db.DeleteProfile(t.Context(), gone); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("a second time: %v", err)
		}
		if found := opens(t, db, k); found.ID != 0 {
			t.Errorf("its device opens %d", found.ID)
		}
		if found := opens(t, db, other); found.ID != stays {
			t.Errorf("the other's device opens %d", found.ID)
		}
		for id, want := range map[profile.ID]int{gone: 0, stays: 1} {
			rules, err := db.RulesOf(t.Context(), int64(id))
			if err != nil || len(rules) != want {
				t.Errorf("%d: %d rules, %v", id, len(rules), err)
			}
		}
		if told, _, err := db.RuleChanges(t.Context(), heard, 10); err != nil || len(told) != 1 || !told[0].Gone || told[0].Rule.ID != 1 {
			t.Errorf("told of rules: %+v, %v", told, err)
		}
		if all, err := db.After(t.Context(), 0, 10); err != nil || len(all) != 2 || all[0].Message != "" || all[1].Message != "2" {
			t.Errorf("the log: %+v, %v", all, err)
		}
		if _, err := db.Export(t.Context(), gone); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("exported: %v", err)
		}
	})
}

func TestProfilesThatNobodyUsesGo(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		empty, emptyKey := person(t, db)
		full, fullKey := person(t, db)
		set, _ := person(t, db)
		addList(t, db, full, "List", "A")
		if _, _, err := db.ChangeSettings(t.Context(), set, profile.Settings{"a": json.RawMessage(`1`)}); err != nil {
			t.Fatal(err)
		}
		if err := db.AddCode(t.Context(), full, "old", noon); err != nil {
			t.Fatal(err)
		}
		days := func(n int) time.Time { return noon.Add(time.Duration(n) * 24 * time.Hour) }
		for _, c := range []struct {
			name string
			now  time.Time
			seen profile.Key
			want []profile.ID
		}{
			{"in a month", days(30), profile.Key{}, nil},
			{"a day later", days(31), fullKey, []profile.ID{empty}},
			{"after 400 days", days(401), profile.Key{}, []profile.ID{set}},
			{"400 days after it was seen", days(432), profile.Key{}, []profile.ID{full}},
		} {
			if !c.seen.IsZero() {
				if err := db.See(t.Context(), c.seen, c.now); err != nil {
					t.Fatal(err)
				}
			}
			gone, err := db.Retire(t.Context(), c.now)
			if diff := cmp.Diff(c.want, gone); diff != "" || err != nil {
				t.Errorf("%s: %v\n%s", c.name, err, diff)
			}
		}
		if found := opens(t, db, emptyKey); found.ID != 0 {
			t.Errorf("%+v", found)
		}
		if _, err := db.Retire(t.Context(), days(500)); err != nil {
			t.Fatal(err)
		}
		if list, err := db.Changes(t.Context(), 0, 10); err != nil || len(list) != 0 {
			t.Errorf("rows are left: %+v, %v", list, err)
		}
	})
}

func TestExportHasAllOfOnesOwnAndNoSecret(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, k := person(t, db)
		addList(t, db, id, "My list", "BTC/USD", "A")
		rule := fullRule()
		rule.Profile = int64(id)
		rule = addRule(t, db, rule)
		if _, err := db.Fire(t.Context(), []alert.Firing{firingOf(rule, "141.50")}); err != nil {
			t.Fatal(err)
		}
		if err := store.Exec(db, `INSERT INTO channels (id, profile, kind, name, address, secret, enabled, alerts, messages, confirmed, code, created, version, delivered, failing, error)
			VALUES (1, 1, 'slack', 'team', 'https://hooks.example.com/s3cret/path', 's3cret', 1, 1, 0, 0, 's3cret', 0, 1, 0, 0, '')`); err != nil {
			t.Fatal(err)
		}
		all, err := db.Export(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(all)
		text := string(data)
		if err != nil || strings.Contains(text, "s3cret") || strings.Contains(text, k.String()) {
			t.Errorf("%v: %s", err, text)
		}
		for _, part := range []string{
			`"lists":[{"created":"2026-11-20T12:00:00Z","name":"My list","symbols":["BTC/USD","A"]}]`,
			`"level":-5.50`, `"window":"1h0m0s"`, `"paused":true`, `"price":141.50`, `"address":"https://hooks.example.com/…"`, `"devices":[{"created"`, `"settings":{}`,
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%s is not in\n%s", part, text)
			}
		}
	})
}

func symbolsOf(t testing.TB, names ...string) []quotes.Symbol {
	t.Helper()
	list, err := quotes.ParseSymbols(strings.Join(names, ","))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestItIsKnownWhoseNotificationsAreRemoved and moves with them.
func TestItIsKnownWhoseNotificationsAreRemoved(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		ann, annsKey := person(t, db)
		ben, _ := person(t, db)
		var gone profile.ID = 99 // whose profile is no more
		for _, to := range [...]profile.ID{ann, 0, ben, ann, gone, 0, ben} {
			n := note("x")
			n.Profile = int64(to)
			if _, err := db.Append(t.Context(), n); err != nil {
				t.Fatal(err)
			}
		}
		want := func(state string, nobody, anns, bens int64) {
			t.Helper()
			for id, want := range map[profile.ID]int64{0: nobody, ann: anns, ben: bens, gone: nobody} {
				if got, err := db.PrunedFor(t.Context(), int64(id)); err != nil || got != want {
					t.Errorf("%s: to %d up to %d are lost, %v; want %d", state, id, got, err, want)
				}
			}
		}
		want("at first", 0, 0, 0)
		for _, c := range []struct {
			keep               int
			nobody, anns, bens int64
		}{{6, 0, 1, 0}, {5, 2, 2, 2}, {4, 2, 2, 3}, {3, 2, 4, 3}, {2, 2, 4, 3}} {
			if _, err := db.Prune(t.Context(), c.keep, time.Time{}); err != nil {
				t.Fatal(err)
			}
			want(fmt.Sprintf("with %d kept", c.keep), c.nobody, c.anns, c.bens)
		}
		// Who takes a device in has its gaps too.
		if err := db.AddCode(t.Context(), ben, "hash", noon.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Move(t.Context(), "hash", annsKey, "b", noon); err != nil {
			t.Fatal(err)
		}
		if got, err := db.PrunedFor(t.Context(), int64(ben)); err != nil || got != 4 {
			t.Errorf("after the move up to %d are lost, %v; want 4", got, err)
		}
	})
}
