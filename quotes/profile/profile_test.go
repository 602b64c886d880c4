package profile

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/quotes"
)

func TestASecretIsKeptAsItsHashAlone(t *testing.T) {
	secret := NewSecret()
	k, ok := SecretKey(secret)
	if !ok || k.IsZero() || strings.Contains(k.String(), secret) || len(k.String()) != len("cookie:")+64 || secret == NewSecret() {
		t.Errorf("%s of %s", k, secret)
	}
	if other, _ := SecretKey(NewSecret()); other == k || other.Device() == k.Device() {
		t.Error("two secrets are one device")
	}
	for _, bad := range []string{"", "x", secret + "A", secret[:42], secret[:42] + "=", secret + "\n", " " + secret} {
		if k, ok := SecretKey(bad); ok || !k.IsZero() {
			t.Errorf("%q is a secret", bad)
		}
	}
}

func TestNoUserIsADevice(t *testing.T) {
	secret, _ := SecretKey(NewSecret())
	if k, err := UserKey(strings.TrimPrefix(secret.String(), "cookie:")); err != nil || k == secret {
		t.Errorf("%v, %v", k, err)
	}
	for _, bad := range []string{"", "a\nb", "\xff", strings.Repeat("x", 201)} {
		if k, err := UserKey(bad); err == nil || !k.IsZero() {
			t.Errorf("%q is a user", bad)
		}
	}
}

func TestACodeMayBeTypedInSmallLetters(t *testing.T) {
	code := NewCode()
	if HashCode(code) != HashCode(strings.ToLower(code)) || HashCode(code) == HashCode(NewCode()) || strings.Contains(HashCode(code), code) {
		t.Error(HashCode(code))
	}
}

func TestSettingsRefuseWhatIsNoJSON(t *testing.T) {
	if _, _, err := (Settings{}).With(Settings{"a": json.RawMessage(`{`)}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if s, err := ParseSettings([]byte(`[]`)); err == nil {
		t.Errorf("%v", s)
	}
	if text := Settings(nil).JSON(); string(text) != "{}" {
		t.Errorf("%s", text)
	}
}

func TestNamesOfLists(t *testing.T) {
	for text, want := range map[string]string{
		" Tech ": "Tech", "日本 🚀": "日本 🚀", strings.Repeat("é", MaxName): strings.Repeat("é", MaxName),
		"": "", " \t": "", "a\nb": "", "\xff": "", strings.Repeat("é", MaxName+1): "",
	} {
		if got, err := ParseName(text); got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func syms(list string) []quotes.Symbol {
	if list == "" {
		return nil
	}
	var all []quotes.Symbol
	for name := range strings.SplitSeq(list, ",") {
		all = append(all, quotes.MustSymbol(name))
	}
	return all
}

func text(list []quotes.Symbol) string {
	var names []string
	for _, s := range list {
		names = append(names, s.String())
	}
	return strings.Join(names, ",")
}

func TestEditsMoveAddAndRemove(t *testing.T) {
	for _, c := range []struct{ name, list, add, remove, before, want string }{
		{"at the end", "A,B", "C", "", "", "A,B,C"},
		{"there already", "A,B,C", "A", "", "", "A,B,C"},
		{"twice", "A", "B,B", "", "", "A,B"},
		{"before", "A,B,C", "D,E", "", "B", "A,D,E,B,C"},
		{"moved up", "A,B,C", "C", "", "A", "C,A,B"},
		{"moved down", "A,B,C", "A", "", "C", "B,A,C"},
		{"moved to the end", "A,B,C", "A", "A", "", "B,C,A"},
		{"before one that is gone", "A,B", "C", "", "X", "A,B,C"},
		{"before one that goes", "A,B", "C", "A", "A", "B,C"},
		{"before itself", "A,B,C", "B", "", "B", "A,B,C"},
		{"removed", "A,B,C", "", "B,X", "", "A,C"},
		{"to nothing", "", "A", "", "", "A"},
	} {
		e := Edit{Add: syms(c.add), Remove: syms(c.remove)}
		if c.before != "" {
			e.Before = quotes.MustSymbol(c.before)
		}
		if got := text(e.Apply(syms(c.list))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestEditsKeepWhatTheyDoNotName: whatever others have changed, an edit leaves
// each symbol once, those that it adds, none that it removes, and the others in
// their order.
func TestEditsKeepWhatTheyDoNotName(t *testing.T) {
	symbol := rapid.Map(rapid.IntRange(0, 9), func(i int) quotes.Symbol { return quotes.MustSymbol(string(rune('A' + i))) })
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(symbol, func(s quotes.Symbol) quotes.Symbol { return s }).Draw(t, "list")
		e := Edit{Add: rapid.SliceOfN(symbol, 0, 4).Draw(t, "add"), Remove: rapid.SliceOfN(symbol, 0, 4).Draw(t, "remove"), Before: symbol.Draw(t, "before")}
		before := text(list)
		got := e.Apply(list)
		if text(list) != before {
			t.Fatal("the list that was given has changed")
		}
		if text(unique(got)) != text(got) {
			t.Fatalf("twice: %s", text(got))
		}
		if left := without(e.Add, got); len(left) > 0 {
			t.Fatalf("%s is not there", text(left))
		}
		named := append(append([]quotes.Symbol{}, e.Add...), e.Remove...)
		if diff := cmp.Diff(text(without(list, named)), text(without(got, named))); diff != "" {
			t.Fatal(diff)
		}
		if gone := without(e.Remove, e.Add); len(without(gone, got)) != len(gone) {
			t.Fatalf("%s is still there: %s", text(gone), text(got))
		}
	})
}

// forgetful is a store that fails at its first look for what is past its time, and
// counts the looks.
type forgetful struct {
	Store
	looks atomic.Int64
}

func (f *forgetful) Retire(context.Context, time.Time) ([]ID, error) {
	if f.looks.Add(1) == 1 {
		return nil, errors.New("away")
	}
	return nil, nil
}

func TestProfilesAreLookedThroughDailyAndAfterAFaultSooner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		store := new(forgetful)
		done := make(chan error, 1)
		go func() { done <- RunRetire(ctx, store, slog.New(slog.DiscardHandler)) }()
		synctest.Wait()
		for _, c := range []struct {
			after time.Duration
			looks int64
		}{{0, 1}, {time.Hour - 1, 1}, {1, 2}, {24*time.Hour - 1, 2}, {1, 3}} {
			time.Sleep(c.after)
			synctest.Wait()
			if got := store.looks.Load(); got != c.looks {
				t.Errorf("after another %s: %d looks, want %d", c.after, got, c.looks)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestListsThatAnOrderDoesNotNameStayBehindTheirNeighbours(t *testing.T) {
	for _, c := range []struct {
		lists, order, want []ListID
	}{
		{[]ListID{1, 2, 3}, []ListID{3, 2, 1}, []ListID{3, 2, 1}},
		{[]ListID{1, 2, 3}, nil, []ListID{1, 2, 3}},
		{[]ListID{1, 2, 3, 4}, []ListID{4, 1, 3}, []ListID{4, 1, 2, 3}},
		{[]ListID{1, 2, 3}, []ListID{3, 99, 2, 3}, []ListID{1, 3, 2}},
	} {
		var lists []List
		for _, id := range c.lists {
			lists = append(lists, List{ID: id})
		}
		var got []ListID
		for _, l := range Arrange(lists, c.order) {
			got = append(got, l.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%v by %v:\n%s", c.lists, c.order, diff)
		}
	}
}
