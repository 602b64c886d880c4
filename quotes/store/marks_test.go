package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/quotes/store"
)

// newReader makes an empty profile with a number.
func newReader(t testing.TB, db *store.DB, id int64) {
	t.Helper()
	if err := store.Exec(db, fmt.Sprintf(`INSERT INTO profiles (id, created, seen, settings, lists, alerts, marks, settings_version, changed, read_to, cleared_to)
		VALUES (%d, 1, 0, '{}', 0, 0, 0, 0, 0, 0, 0)`, id)); err != nil {
		t.Fatal(err)
	}
}

// publish stores notifications in turn.
func publish(t testing.TB, db *store.DB, list ...alert.Notification) {
	t.Helper()
	for _, n := range list {
		if n.Type == "" {
			n.Type = alert.Info
		}
		if n.Time.IsZero() {
			n.Time = when
		}
		if n.Message == "" {
			n.Message = "a message"
		}
		if _, err := db.Append(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
}

// watching is who watches these symbols.
func watching(profile int64, symbols ...string) alert.Audience {
	return alert.Audience{Profile: profile, Watches: func(sym quotes.Symbol) bool { return slices.Contains(symbols, sym.String()) }}
}

// shown is the numbers that a query gives, those that are unread negative.
func shown(t testing.TB, db *store.DB, q alert.Query) []int64 {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.Now.IsZero() {
		q.Now = when
	}
	list, err := db.Noted(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int64{}
	for _, n := range list {
		if !n.Read {
			n.ID = -n.ID
		}
		numbers = append(numbers, n.ID)
	}
	return numbers
}

func unread(t testing.TB, db *store.DB, a alert.Audience) alert.Standing {
	t.Helper()
	st, err := db.Standing(t.Context(), a, 0, when)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func same(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestEachSeesWhatIsMeantForThem(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		newReader(t, db, 7)
		newReader(t, db, 8)
		a := quotes.MustSymbol("A")
		publish(t, db,
			alert.Notification{},
			alert.Notification{Profile: 7},
			alert.Notification{Profile: 8},
			alert.Notification{Symbol: a, Watchers: true},
			alert.Notification{Expires: when.Add(time.Second)},
			alert.Notification{Expires: when.Add(time.Hour)},
		)
		for _, c := range []struct {
			who  alert.Audience
			want []int64
		}{
			{alert.Audience{}, []int64{-6, -5, -1}},
			{watching(0, "A", "B"), []int64{-6, -5, -4, -1}},
			{watching(7, "B"), []int64{-6, -5, -2, -1}},
			{watching(8, "A"), []int64{-6, -5, -4, -3, -1}},
			{alert.Audience{Profile: 99}, []int64{-6, -5, -1}},
		} {
			same(t, fmt.Sprint(c.who.Profile), c.want, shown(t, db, alert.Query{Audience: c.who}))
			same(t, fmt.Sprint(c.who.Profile), len(c.want), unread(t, db, c.who).Unread)
		}
		same(t, "later", []int64{-6, -1}, shown(t, db, alert.Query{Now: when.Add(time.Second)}))
	})
}

func TestNotificationsAreChosen(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		newReader(t, db, 7)
		btc := quotes.MustSymbol("BTC/USD")
		publish(t, db,
			alert.Notification{Type: alert.Warning, Kind: alert.KindIncident, Message: "binance is down"},
			alert.Notification{Kind: alert.KindAlert, Profile: 7, Symbol: btc, Rule: "above 1", RuleID: 1, Message: "Größer als 100 %_"},
			alert.Notification{Rule: "above 1", Symbol: btc, Message: "from before there were kinds"},
			alert.Notification{Message: "ΑΘΗΝΑ opens"},
			alert.Notification{Kind: alert.KindMessage, Message: `a \ and 'quotes'`},
		)
		if err := db.MarkRead(t.Context(), 7, alert.Choice{IDs: []int64{1, 4}}, true); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what string
			q    alert.Query
			want []int64
		}{
			{"all", alert.Query{}, []int64{-5, 4, -3, -2, 1}},
			{"type", alert.Query{Type: alert.Warning}, []int64{1}},
			{"incidents", alert.Query{Kind: alert.KindIncident}, []int64{1}},
			{"alerts", alert.Query{Kind: alert.KindAlert}, []int64{-3, -2}},
			{"messages", alert.Query{Kind: alert.KindMessage}, []int64{-5, 4}},
			{"symbol", alert.Query{Symbol: btc}, []int64{-3, -2}},
			{"unread", alert.Query{Unread: true}, []int64{-5, -3, -2}},
			{"before", alert.Query{Before: 4}, []int64{-3, -2, 1}},
			{"before and kind, one", alert.Query{Before: 3, Kind: alert.KindAlert, Limit: 1}, []int64{-2}},
			{"text in another case", alert.Query{Text: " BINANCE Is "}, []int64{1}},
			{"text of the symbol", alert.Query{Text: "btc/u"}, []int64{-3, -2}},
			{"an umlaut", alert.Query{Text: "GRÖSSER"}, []int64{}},
			{"an umlaut that is there", alert.Query{Text: "GRÖß"}, []int64{-2}},
			{"no letter that a database need know", alert.Query{Text: "αθηνα"}, []int64{4}},
			{"signs of LIKE", alert.Query{Text: "100 %_"}, []int64{-2}},
			{"a sign alone", alert.Query{Text: "%"}, []int64{-2}},
			{"a backslash", alert.Query{Text: `\`}, []int64{-5}},
			{"a quotation mark", alert.Query{Text: `'QUOTES'`}, []int64{-5}},
			{"what is not there", alert.Query{Text: "kraken"}, []int64{}},
		} {
			c.q.Profile = 7
			same(t, c.what, c.want, shown(t, db, c.q))
		}
	})
}

func TestPagesUnderAChoiceLeaveNothingOut(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		newReader(t, db, 7)
		a := quotes.MustSymbol("A")
		var want []int64
		for i := range int64(60) {
			n := alert.Notification{Profile: 8}
			switch {
			case i%7 == 0:
				n = alert.Notification{Symbol: a, Watchers: true, Message: "Find me"}
				want = append([]int64{-i - 1}, want...)
			case i%2 == 0:
				n = alert.Notification{Symbol: quotes.MustSymbol("B"), Watchers: true, Message: "find me not"}
			}
			publish(t, db, n)
		}
		for _, limit := range []int{1, 2, 4, 9, 100} {
			var got []int64
			for before := int64(0); ; {
				page := shown(t, db, alert.Query{Audience: watching(7, "A"), Text: "find", Before: before, Limit: limit})
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				before = -page[len(page)-1]
			}
			same(t, fmt.Sprintf("pages of %d", limit), want, got)
		}
	})
}

func TestReadClearedAndRestored(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		newReader(t, db, 7)
		newReader(t, db, 8)
		publish(t, db, make([]alert.Notification, 6)...)
		publish(t, db, alert.Notification{Profile: 8})
		ctx := t.Context()
		read := func(read bool, which alert.Choice) func() error {
			return func() error { return db.MarkRead(ctx, 7, which, read) }
		}
		var undo alert.Undo
		clearing := func(which alert.Choice, want alert.Undo) func() error {
			return func() (err error) {
				undo, err = db.Clear(ctx, 7, which)
				same(t, "what takes it back", want, undo)
				return err
			}
		}
		back := func() error { return db.Restore(ctx, 7, undo) }
		ids := func(ids ...int64) alert.Choice { return alert.Choice{IDs: ids} }
		version := int64(0)
		for _, c := range []struct {
			what string
			do   func() error
			want []int64
		}{
			{"two", read(true, ids(2, 4)), []int64{-6, -5, 4, -3, 2, -1}},
			{"another's and none", read(true, ids(7, 99)), []int64{-6, -5, 4, -3, 2, -1}},
			{"one again", read(false, ids(2)), []int64{-6, -5, 4, -3, -2, -1}},
			{"up to three", read(true, alert.Choice{UpTo: 3}), []int64{-6, -5, 4, 3, 2, 1}},
			{"no further back", read(true, alert.Choice{UpTo: 1}), []int64{-6, -5, 4, 3, 2, 1}},
			{"one unread below", read(false, ids(1)), []int64{-6, -5, 4, 3, 2, -1}},
			{"clear two", clearing(ids(1, 5), alert.Undo{IDs: []int64{1, 5}}), []int64{-6, 4, 3, 2}},
			{"clear one of them again", clearing(ids(5, 4), alert.Undo{IDs: []int64{4}}), []int64{-6, 3, 2}},
			{"take that back", back, []int64{-6, 4, 3, 2}},
			{"clear up to four", clearing(alert.Choice{UpTo: 4}, alert.Undo{InsteadOf: 4}), []int64{-6}},
			{"take it back: what was cleared before stays so", back, []int64{-6, 4, 3, 2}},
			{"and what it was is unread again", func() error { return db.Restore(ctx, 7, alert.Undo{IDs: []int64{1, 5}}) }, []int64{-6, -5, 4, 3, 2, -1}},
			{"clear up to two", clearing(alert.Choice{UpTo: 2}, alert.Undo{InsteadOf: 2}), []int64{-6, -5, 4, 3}},
			{"clear all", clearing(alert.Choice{UpTo: 6}, alert.Undo{UpTo: 2, InsteadOf: 6}), []int64{}},
			{"what is still to come is not read", read(true, alert.Choice{UpTo: 99}), []int64{}},
			{"no further back either", clearing(alert.Choice{UpTo: 3}, alert.Undo{}), []int64{}},
		} {
			if err := c.do(); err != nil {
				t.Fatalf("%s: %v", c.what, err)
			}
			same(t, c.what, c.want, shown(t, db, alert.Query{Audience: alert.Audience{Profile: 7}}))
			st := unread(t, db, alert.Audience{Profile: 7})
			if st.Version <= version {
				t.Errorf("%s: version %d after %d", c.what, st.Version, version)
			}
			version = st.Version
			negative := func(n int64) bool { return n > 0 }
			if count := len(slices.DeleteFunc(c.want, negative)); st.Unread != count {
				t.Errorf("%s: %d unread, want %d", c.what, st.Unread, count)
			}
		}
		if err := db.Restore(ctx, 7, alert.Undo{UpTo: 0, InsteadOf: 2}); !errors.Is(err, alert.ErrMarksMoved) {
			t.Errorf("an old clearing is taken back: %v", err)
		}
		publish(t, db, alert.Notification{})
		same(t, "the next", []int64{-8}, shown(t, db, alert.Query{Audience: alert.Audience{Profile: 7}}))
		same(t, "another's", []int64{-8, -7, -6, -5, -4, -3, -2, -1}, shown(t, db, alert.Query{Audience: alert.Audience{Profile: 8}}))
		if err := db.MarkRead(ctx, 99, alert.Choice{UpTo: 1}, true); !errors.Is(err, profile.ErrNoProfile) {
			t.Errorf("a profile that is gone: %v", err)
		}
	})
}

func TestRetentionRemovesMarks(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		newReader(t, db, 7)
		publish(t, db, make([]alert.Notification, 5)...)
		if err := db.MarkRead(t.Context(), 7, alert.Choice{IDs: []int64{1, 2, 3, 4, 5}}, true); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Prune(t.Context(), 2, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n, err := store.Count(db, "notification_marks"); err != nil || n != 2 {
			t.Errorf("%d marks are left, %v", n, err)
		}
	})
}

func TestUnreadIsCountedSoFar(t *testing.T) {
	db := openNew(t)
	newReader(t, db, 7)
	fill(t, db, alert.MostUnread+2)
	same(t, "unread", alert.MostUnread, unread(t, db, alert.Audience{Profile: 7}).Unread)
	if st, err := db.Standing(t.Context(), alert.Audience{}, 2, when); err != nil || st.Unread != 2 {
		t.Errorf("of the first two: %+v, %v", st, err)
	}
}
