package alert_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

var (
	apple = quotes.MustSymbol("AAPL")
	bond  = quotes.MustSymbol("BND")
)

// mixed stores one notification for everybody, one for each of two profiles, one
// for the watchers of each of two symbols and one that has expired: 1 to 6.
func mixed(t *testing.T, s alert.Store) {
	t.Helper()
	for i, n := range []alert.Notification{
		{}, {Profile: 1}, {Profile: 2}, {Watchers: true, Symbol: apple}, {Watchers: true, Symbol: bond},
		{Expires: time.Now().Add(time.Second)},
	} {
		n.Type, n.Message, n.Time = alert.Info, fmt.Sprint("n", i+1), time.Now()
		if _, err := s.Append(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEachSeesWhatIsForIt(t *testing.T) {
	watches := func(sym quotes.Symbol) bool { return sym == apple }
	for _, c := range []struct {
		who  alert.Audience
		want []int64
	}{
		{alert.Audience{}, []int64{1}},
		{alert.Audience{Profile: 1}, []int64{1, 2}},
		{alert.Audience{Watches: watches}, []int64{1, 4}},
		{alert.Audience{Profile: 2, Watches: watches}, []int64{1, 3, 4}},
		{alert.Audience{Profile: 3}, []int64{1}},
	} {
		for _, ring := range []int{1, 100} { // from the database, from memory
			synctest.Test(t, func(t *testing.T) {
				m := &memory{}
				mixed(t, m)
				time.Sleep(time.Second)
				l := openLog(t, m, alert.Options{Ring: ring})
				f := l.Follow(make(chan struct{}, 1), 0, c.who)
				if diff := cmp.Diff(c.want, drain(t, f)); diff != "" || f.Lost() {
					t.Errorf("%+v, ring %d: followed, lost %v (-want +got):\n%s", c.who, ring, f.Lost(), diff)
				}
				for limit := 1; limit <= 4; limit++ {
					list, last, err := l.Newest(t.Context(), c.who, limit)
					if err != nil || last != 6 {
						t.Fatalf("the newest number is %d, %v", last, err)
					}
					var got []int64
					for _, n := range list {
						got = append([]int64{n.ID}, got...)
					}
					if diff := cmp.Diff(c.want[max(len(c.want)-limit, 0):], got); diff != "" {
						t.Errorf("%+v: the newest %d (-want +got):\n%s", c.who, limit, diff)
					}
				}
			})
		}
	}
}

// TestNobodyIsWokenForWhatIsForAnother, nor reads it when far behind.
func TestNobodyIsWokenForWhatIsForAnother(t *testing.T) {
	m := &memory{}
	l := openLog(t, m, alert.Options{Ring: 4})
	own := l.Follow(make(chan struct{}, 1), 0, alert.Audience{Profile: 2})
	other := l.Follow(make(chan struct{}, 1), 0, alert.Audience{Profile: 1})
	behind := l.Follow(make(chan struct{}, 1), 0, alert.Audience{Profile: 1})
	for i := range 3 {
		n := note(fmt.Sprint("n", i+1))
		n.Profile = 2
		if _, err := l.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if other.Pass() || other.Behind() {
		t.Error("the stream of another profile is to be woken")
	}
	if !own.Pass() {
		t.Error("the stream of the profile is not woken")
	}
	if got := drain(t, own); len(got) != 3 {
		t.Errorf("the profile's stream got %v", got)
	}
	send(t, m, 4)
	if err := l.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !other.Pass() || !behind.Pass() {
		t.Error("a stream is not woken for what is for everybody")
	}
	if diff := cmp.Diff(span(4, 7), drain(t, behind)); diff != "" || behind.Lost() {
		t.Errorf("far behind, lost %v (-want +got):\n%s", behind.Lost(), diff)
	}
}
