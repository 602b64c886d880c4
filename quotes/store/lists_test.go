package store_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

var compareLists = cmp.Options{cmp.AllowUnexported(quotes.Symbol{}), cmpopts.EquateEmpty()}

func addList(t testing.TB, db *store.DB, id profile.ID, name string, symbols ...string) profile.List {
	t.Helper()
	l, err := db.AddList(t.Context(), id, profile.List{Name: name, Symbols: symbolsOf(t, symbols...), Created: noon})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(lists []profile.List) string {
	var all []string
	for _, l := range lists {
		all = append(all, l.Name)
	}
	return strings.Join(all, " ")
}

func namesNow(t testing.TB, db *store.DB, id profile.ID) (string, int64) {
	t.Helper()
	lists, version, err := db.Lists(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return names(lists), version
}

func TestListsComeBackAsStoredInTheirOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		other, _ := person(t, db)
		if lists, version, err := db.Lists(t.Context(), id); err != nil || version != 0 || len(lists) != 0 {
			t.Errorf("%+v, %d, %v", lists, version, err)
		}
		one := addList(t, db, id, "One 🚀", "BTC/USD", "A", "^GSPC")
		two := addList(t, db, id, "Two")
		three := addList(t, db, id, "Three", "A")
		want := profile.List{ID: one.ID, Name: "One 🚀", Symbols: symbolsOf(t, "BTC/USD", "A", "^GSPC"), Version: 1, Created: noon}
		if diff := cmp.Diff(want, one, compareLists); diff != "" {
			t.Error(diff)
		}
		if got, err := db.List(t.Context(), id, one.ID); err != nil || !cmp.Equal(want, got, compareLists) {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := db.List(t.Context(), other, one.ID); !errors.Is(err, profile.ErrNoList) {
			t.Errorf("another's: %v", err)
		}
		if got, version := namesNow(t, db, id); got != "One 🚀 Two Three" || version != 3 {
			t.Errorf("%s, %d", got, version)
		}
		if err := db.OrderLists(t.Context(), id, []profile.ListID{three.ID, 99, one.ID}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time changes nothing
			if got, version := namesNow(t, db, id); got != "Three One 🚀 Two" || version != 4 {
				t.Errorf("%s, %d", got, version)
			}
			if err := db.OrderLists(t.Context(), id, []profile.ListID{three.ID, one.ID, two.ID}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestOfTwoWhoReplaceAListOneIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		other, _ := person(t, db)
		l := addList(t, db, id, "List", "A")
		first, second := l, l
		first.Name, second.Symbols = "First", symbolsOf(t, "B")
		got, err := db.ReplaceList(t.Context(), id, first)
		if err != nil || got.Name != "First" || got.Version != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := db.ReplaceList(t.Context(), id, second); !errors.Is(err, profile.ErrListChanged) {
			t.Errorf("the second: %v", err)
		}
		if _, err := db.ReplaceList(t.Context(), other, got); !errors.Is(err, profile.ErrNoList) {
			t.Errorf("another's: %v", err)
		}
		if same, err := db.ReplaceList(t.Context(), id, got); err != nil || same.Version != 2 {
			t.Errorf("nothing new: %+v, %v", same, err)
		}
		second.Version = 0
		if got, err = db.ReplaceList(t.Context(), id, second); err != nil || got.Version != 3 || got.Name != "List" {
			t.Errorf("any version: %+v, %v", got, err)
		}
		if _, version := namesNow(t, db, id); version != 3 {
			t.Errorf("version %d", version)
		}
	})
}

func TestEditsOfManyLoseNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		dbs := []*store.DB{open(t, address), open(t, address)}
		id, _ := person(t, dbs[0])
		l := addList(t, dbs[0], id, "List", "X", "Y")
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				e := profile.Edit{Add: symbolsOf(t, fmt.Sprint("S", i)), Before: quotes.MustSymbol("Y")}
				if _, err := dbs[i%2].EditList(t.Context(), id, l.ID, e, 100); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := dbs[1].List(t.Context(), id, l.ID)
		if err != nil || len(got.Symbols) != 22 || got.Version != 21 || got.Symbols[0].String() != "X" || got.Symbols[21].String() != "Y" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestAListHasRoomForSoMany(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		l := addList(t, db, id, "List", "A", "B", "C")
		for _, c := range []struct {
			name        string
			add, remove []string
			most        int
			want        string
			version     int64
		}{
			{"too many", []string{"D"}, nil, 3, "", 1},
			{"there already", []string{"A"}, nil, 3, "A,B,C", 1},
			{"one for another", []string{"D"}, []string{"A"}, 3, "B,C,D", 2},
			{"still too many, but fewer", nil, []string{"B"}, 1, "C,D", 3},
		} {
			got, err := db.EditList(t.Context(), id, l.ID, profile.Edit{Add: symbolsOf(t, c.add...), Remove: symbolsOf(t, c.remove...)}, c.most)
			if c.want == "" != errors.Is(err, profile.ErrLimit) || c.want != "" && err != nil {
				t.Errorf("%s: %v", c.name, err)
			} else if diff := cmp.Diff(symbolsOf(t, strings.Split(c.want, ",")...), got.Symbols, compareLists); err == nil && (diff != "" || got.Version != c.version) {
				t.Errorf("%s: version %d\n%s", c.name, got.Version, diff)
			}
		}
		for i := range profile.MaxLists - 1 {
			addList(t, db, id, fmt.Sprint(i))
		}
		if _, err := db.AddList(t.Context(), id, profile.List{Name: "one more", Created: noon}); !errors.Is(err, profile.ErrLimit) || !strings.Contains(err.Error(), "50") {
			t.Errorf("one more: %v", err)
		}
		if err := db.DeleteList(t.Context(), id, l.ID, 0, noon); err != nil {
			t.Fatal(err)
		}
		addList(t, db, id, "in its place")
		if _, err := db.RestoreList(t.Context(), id, l.ID, noon); !errors.Is(err, profile.ErrLimit) {
			t.Errorf("restored over the limit: %v", err)
		}
	})
}

func TestADeletedListComesBackForAWeek(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		l := addList(t, db, id, "One", "A")
		addList(t, db, id, "Two")
		shared, err := db.ShareList(t.Context(), id, l.ID, "token")
		if err != nil || shared.Share != "token" || shared.Version != 2 {
			t.Fatalf("%+v, %v", shared, err)
		}
		if err := db.DeleteList(t.Context(), id, l.ID, 1, noon); !errors.Is(err, profile.ErrListChanged) {
			t.Errorf("an old version: %v", err)
		}
		if err := db.DeleteList(t.Context(), id, l.ID, 2, noon); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"deleted again": db.DeleteList(t.Context(), id, l.ID, 0, noon),
			"read":          second(db.List(t.Context(), id, l.ID)),
			"by its link":   second(db.SharedList(t.Context(), "token")),
			"edited":        second(db.EditList(t.Context(), id, l.ID, profile.Edit{Add: symbolsOf(t, "B")}, 9)),
			"too late":      second(db.RestoreList(t.Context(), id, l.ID, noon.Add(profile.RestoreTime))),
			"none":          second(db.RestoreList(t.Context(), id, 99, noon)),
		} {
			if !errors.Is(err, profile.ErrNoList) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got, _ := namesNow(t, db, id); got != "Two" {
			t.Errorf("%s", got)
		}
		for range 2 { // the second time it is there
			got, err := db.RestoreList(t.Context(), id, l.ID, noon.Add(profile.RestoreTime-time.Minute))
			if err != nil || got.Name != "One" || got.Version != 4 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		if got, _ := namesNow(t, db, id); got != "One Two" {
			t.Errorf("%s", got)
		}
		if got, err := db.SharedList(t.Context(), "token"); err != nil || got.Name != "One" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAPublicLinkCanBeTakenAway(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		id, _ := person(t, db)
		l := addList(t, db, id, "One", "A")
		for i := range 2 { // a second link is the first
			if got, err := db.ShareList(t.Context(), id, l.ID, fmt.Sprint("token", i)); err != nil || got.Share != "token0" || got.Version != 2 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for range 2 {
			if got, err := db.UnshareList(t.Context(), id, l.ID); err != nil || got.Share != "" || got.Version != 3 {
				t.Errorf("%+v, %v", got, err)
			}
		}
		for _, token := range []string{"token0", "token1", ""} {
			if _, err := db.SharedList(t.Context(), token); !errors.Is(err, profile.ErrNoList) {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}
