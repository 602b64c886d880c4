package feed_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

var saidNames = map[feed.Kind]string{
	feed.Asked: "asked", feed.Subscribed: "subscribed", feed.Released: "released", feed.Refused: "refused",
}

// desk is Subscriptions with what they say.
type desk struct {
	*feed.Subscriptions
	said []string
}

func newDesk(limit int, has func(quotes.Symbol) bool) *desk {
	d := &desk{}
	d.Subscriptions = feed.NewSubscriptions(limit, has, func(u feed.Update) {
		text := saidNames[u.Kind] + " " + u.Symbol.String()
		if u.Note != "" {
			text += ": " + u.Note
		}
		d.said = append(d.said, text)
	})
	return d
}

// follow is Follow in texts: "+A +B -C".
func (d *desk) follow(list string) string {
	syms, err := quotes.ParseSymbols(list)
	if err != nil {
		panic(err)
	}
	add, remove := d.Follow(syms)
	var texts []string
	for _, sym := range add {
		texts = append(texts, "+"+sym.String())
	}
	for _, sym := range remove {
		texts = append(texts, "-"+sym.String())
	}
	return strings.Join(texts, " ")
}

func (d *desk) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, d.said); diff != "" {
		t.Error(diff)
	}
	d.said = nil
}

const over2 = "over the limit of 2 symbols; it is asked for when another is not watched any more"

func TestWhatIsSubscribedStaysBeforeWhatIsNew(t *testing.T) {
	d := newDesk(2, nil)
	for _, step := range []struct{ watched, want string }{
		{"M,N", "+M +N"},
		{"A,M,N", ""},   // A is first and new: it waits
		{"A,B,M,N", ""}, // B waits behind it
		{"A,B,N", "+A -M"},
		{"A,B,N", ""},
		{"B,N", "+B -A"},
		{"", "-B -N"},
	} {
		if got := d.follow(step.watched); got != step.want {
			t.Errorf("Follow(%s) is %q, want %q", step.watched, got, step.want)
		}
	}
	d.expect(t, "asked M", "asked N", "refused A: "+over2, "refused B: "+over2, "released M", "asked A",
		"released A", "asked B", "released B", "released N")
}

func TestWhoWaitedLongestComesFirst(t *testing.T) {
	d := newDesk(1, nil)
	d.follow("M")
	d.follow("M,Z")
	d.follow("A,M,Z")
	if got := d.follow("A,Z"); got != "+Z -M" {
		t.Errorf("%q", got)
	}
}

func TestWhatWaitsAndIsNotWatchedAnyMoreIsReleased(t *testing.T) {
	d := newDesk(1, nil)
	d.follow("A,B")
	d.follow("A")
	d.expect(t, "asked A", "refused B: over the limit of 1 symbols; it is asked for when another is not watched any more", "released B")
}

func TestWhatTheSourceHasNotIsNotAskedFor(t *testing.T) {
	d := newDesk(0, func(sym quotes.Symbol) bool { return sym.String() != "X" })
	if got := d.follow("A,X,B"); got != "+A +B" {
		t.Errorf("%q", got)
	}
}

func TestARefusalFreesAPlaceAndIsNotAskedAgain(t *testing.T) {
	d := newDesk(1, nil)
	d.follow("A,B")
	d.said = nil
	d.Refuse(quotes.MustSymbol("B"), "was never asked for")
	d.Refuse(quotes.MustSymbol("A"), "no such symbol")
	if got := d.follow("A,B"); got != "+B" {
		t.Errorf("%q", got)
	}
	d.follow("B")
	if got := d.follow("A,B"); got != "" {
		t.Errorf("asks again for what was refused: %q", got)
	}
	d.expect(t, "refused A: no such symbol", "asked B")
}

func TestConfirmationsAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(0, nil)
		d.follow("B,A,C")
		time.Sleep(time.Second)
		for _, name := range []string{"A", "A", "Z"} {
			d.Confirm(quotes.MustSymbol(name))
		}
		if got := join(d.Unconfirmed(time.Second)); got != "" {
			t.Errorf("unconfirmed after a second: %s", got)
		}
		if got := join(d.Unconfirmed(999 * time.Millisecond)); got != "B C" {
			t.Errorf("unconfirmed: %q", got)
		}
		d.expect(t, "asked B", "asked A", "asked C", "subscribed A")
	})
}

func TestSubscriptionsKeepTheirLimit(t *testing.T) {
	names := strings.Split("A B C D E F G", " ")
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		d := newDesk(limit, nil)
		asked, refused := map[string]bool{}, map[string]bool{}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 && len(asked) > 0 {
				name := rapid.SampledFrom(slices.Sorted(mapKeys(asked))).Draw(t, "refuse")
				d.Refuse(quotes.MustSymbol(name), "no")
				delete(asked, name)
				refused[name] = true
			}
			watched := rapid.Permutation(names).Draw(t, "watched")[:rapid.IntRange(0, len(names)).Draw(t, "of")]
			before := len(asked)
			for text := range strings.FieldsSeq(d.follow(strings.Join(watched, ","))) {
				name := text[1:]
				if text[0] == '-' {
					if !asked[name] || slices.Contains(watched, name) {
						t.Fatalf("takes back %s", name)
					}
					delete(asked, name)
					before--
				} else {
					if asked[name] || refused[name] || !slices.Contains(watched, name) {
						t.Fatalf("asks for %s", name)
					}
					asked[name] = true
				}
			}
			possible := 0
			for _, name := range watched {
				if !refused[name] {
					possible++
				}
			}
			if limit > 0 {
				possible = min(possible, limit)
			}
			if len(asked) != possible || before > len(asked) {
				t.Fatalf("%d asked for, %d possible", len(asked), possible)
			}
		}
	})
}

func mapKeys(m map[string]bool) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// BenchmarkFollowFarOverTheLimit is what a change of demand costs a free plan
// when thousands of symbols are watched.
func BenchmarkFollowFarOverTheLimit(b *testing.B) {
	var watched []quotes.Symbol
	for i := range 5000 {
		watched = append(watched, quotes.MustSymbol(fmt.Sprintf("S%d", i)))
	}
	s := feed.NewSubscriptions(30, nil, func(feed.Update) {})
	s.Follow(watched)
	b.ReportAllocs()
	for b.Loop() {
		s.Follow(watched)
	}
}
