package alpaca

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestALimitBelowOursIsFound: the plan allows three symbols, and a request for
// more is refused as a whole.
func TestALimitBelowOursIsFound(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		f.mu.Lock()
		over := r.Action == "subscribe" && len(f.listed)+len(r.Trades) > 3
		f.mu.Unlock()
		if over {
			return errorFrame
		}
		return f.take(r)
	}
	r := start(t, f.open("alpaca://iex"), "A", "B", "C", "D", "E")
	r.eventually("two refusals", func() bool { return r.count("refused") == 2 })
	for _, sym := range []string{"A", "B", "C"} {
		r.until("subscribed " + sym)
	}
	r.until("refused D over the symbol limit of the Alpaca plan")
	f.send(tradeFor("A", 1))
	r.until("12 15:00:00 A trade 342") // the connection is the same
}

func TestWhatTheListLacksIsRefused(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		full := f.take(r)
		return strings.ReplaceAll(full, `"B",`, "") // trades and quotes of A and C alone
	}
	r := start(t, f.open("alpaca://iex"), "A", "B", "C")
	r.until("refused B Alpaca did not acknowledge it")
	r.until("subscribed A")
	r.until("subscribed C")
}

// TestTheFullListDecides has a symbol fall off the vendor's list while another is
// asked for: it is asked for again, and refused when that is of no use.
func TestTheFullListDecides(t *testing.T) {
	f := newFake(t)
	r := start(t, f.open("alpaca://iex"), "A")
	r.until("subscribed A")
	f.mu.Lock()
	delete(f.listed, "A")
	f.mu.Unlock()
	r.watch("B")
	r.until("subscribed B")
	r.eventually("A again", func() bool { return cmp.Equal(f.said(), []string{"subscribe A", "subscribe B", "subscribe A"}) })
}

func TestWhatIsNotWatchedAnyMoreIsUnsubscribed(t *testing.T) {
	f := newFake(t)
	r := start(t, f.open("alpaca://iex?limit=2"), "A", "B", "C")
	r.until("refused C over the limit of 2 symbols")
	r.until("subscribed B")
	r.unwatch("A")
	r.until("subscribed C")
	r.eventually("the requests", func() bool {
		return cmp.Equal(f.said(), []string{"subscribe A,B", "unsubscribe A", "subscribe C"})
	})
	f.send(tradeFor("A", 1)) // one that was under way
	f.send(tradeFor("C", 2))
	r.until("12 15:00:00 C trade")
	if r.count("12 15:00:00 A trade") > 0 {
		t.Error("a trade of what is not watched any more came through")
	}
}

// TestAVendorThatKeepsASymbolIsNotAskedForEver: an unsubscription without effect.
func TestAVendorThatKeepsASymbolIsNotAskedForEver(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		if r.Action == "unsubscribe" {
			r.Trades = nil
		}
		return f.take(r)
	}
	r := start(t, f.open("alpaca://iex"), "A")
	r.until("subscribed A")
	r.unwatch("A")
	r.watch("B")
	r.until("subscribed B")
	r.watch("C")
	r.until("subscribed C")
	if said := f.said(); slices.Index(said, "unsubscribe A") < 0 || len(said) != 4 {
		t.Errorf("%q", said)
	}
}

func TestAFeedWithoutStatusesIsSubscribedWithoutThem(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		if len(r.Statuses) > 0 || len(r.LULDs) > 0 {
			return errorMessage(410, "invalid subscribe action for this feed")
		}
		return f.take(r)
	}
	s := f.open("alpaca://test")
	r := start(t, s, "FAKEPACA")
	r.until("reported Alpaca does not send trading halts")
	r.until("subscribed FAKEPACA")
	f.send(fakeFrame)
	r.until("24 07:56:53.639713735 FAKEPACA trade")
	if n := len(f.called()); n > 0 {
		t.Errorf("the test stream has no snapshots, and there were %d calls", n)
	}
	r.stop()
	again := start(t, s, "FAKEPACA")
	again.until("subscribed FAKEPACA")
	if again.count("reported") > 0 {
		t.Error("it was tried again")
	}
}

// TestARequestThatTheFeedNeverTakesIsNotRepeated, with statuses and without.
func TestARequestThatTheFeedNeverTakesIsNotRepeated(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		if slices.Contains(r.Trades, "A") {
			return errorMessage(410, "invalid subscribe action for this feed")
		}
		return f.take(r)
	}
	r := start(t, f.open("alpaca://iex"), "A")
	r.until("refused A Alpaca says 410")
	r.watch("B")
	r.until("subscribed B")
	f.send(errorMessage(405, "symbol limit exceeded")) // which answers nothing
	r.until("reported Alpaca says 405")
	f.send(tradeFor("B", 1))
	r.until("12 15:00:00 B trade")
	if diff := cmp.Diff([]string{"subscribe A", "subscribe A", "subscribe B"}, f.said()); diff != "" {
		t.Error(diff)
	}
}

// TestWhatIsWatchedAgainBeforeItIsUnsubscribedIsConfirmed: the vendor has it on its
// list still, and is not asked for it.
func TestWhatIsWatchedAgainBeforeItIsUnsubscribedIsConfirmed(t *testing.T) {
	f := newFake(t)
	hold, held := make(chan bool), make(chan bool)
	f.answer = func(f *fake, r request) string {
		if slices.Contains(r.Trades, "B") && r.Action == "subscribe" {
			held <- true
			<-hold
		}
		return f.take(r)
	}
	r := start(t, f.open("alpaca://iex"), "A")
	r.until("subscribed A")
	r.watch("B")
	<-held // an unsubscription has to wait for the answer
	r.unwatch("A")
	r.until("released A")
	r.watch("A")
	r.eventually("a confirmation", func() bool { return r.count("subscribed A") == 2 })
	close(hold)
	r.until("subscribed B")
	if diff := cmp.Diff([]string{"subscribe A", "subscribe B"}, f.said()); diff != "" {
		t.Error(diff)
	}
}

func TestMissingStatusesAreSaidOnce(t *testing.T) {
	f := newFake(t)
	f.answer = func(f *fake, r request) string {
		r.Statuses = nil
		full := f.take(r)
		head, tail, _ := strings.Cut(full, `"statuses":`)
		_, tail, _ = strings.Cut(tail, "]")
		return head + `"statuses":[]` + tail
	}
	r := start(t, f.open("alpaca://iex"), "A", "B")
	r.until("reported Alpaca does not send the trading halts of A")
	r.until("subscribed B")
	if n := r.count("reported"); n != 1 {
		t.Errorf("%d reports", n)
	}
}

func TestASymbolThatAlpacaDoesNotListIsSaid(t *testing.T) {
	f := newFake(t)
	s := f.open("alpaca://iex?symbols=GME,NIX")
	if list, err := s.instruments(t.Context()); err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	r := start(t, s)
	r.until("refused NIX Alpaca lists no such active stock")
	r.until("subscribed GME")
}

// TestWithoutASnapshotTradesComeAllTheSame, and the vendor's word on it is told.
func TestWithoutASnapshotTradesComeAllTheSame(t *testing.T) {
	f := newFake(t)
	f.figures = func([]string) (int, string) { return 403, `{"message":"forbidden."}` }
	r := start(t, f.open("alpaca://iex"), "GME")
	r.until("reported no snapshots, so that previous closes may be missing")
	r.until("subscribed GME")
	r.watch("AMC", "BB")
	r.until("subscribed AMC")
	r.until("subscribed BB")
	if n := r.count("reported"); n != 1 {
		t.Errorf("%d reports", n)
	}
	f.send(tradeFor("GME", 1))
	r.until("12 15:00:00 GME trade")
}

// TestTheSnapshotsAreTakenAgainAtTheTurnOfTheDay, without a break in what streams.
func TestTheSnapshotsAreTakenAgainAtTheTurnOfTheDay(t *testing.T) {
	f := newFake(t)
	f.figures = func([]string) (int, string) {
		return 200, `{"GME":{"dailyBar":` + barOf(9, "20.") + `,"prevDailyBar":` + barOf(8, "10.") + `}}`
	}
	s := f.open("alpaca://iex")
	var asked time.Time
	s.rounds = func(now time.Time) time.Time { // once, and soon
		if !asked.IsZero() {
			return time.Time{}
		}
		asked = now
		return now
	}
	r := start(t, s, "GME")
	r.until("subscribed GME")
	f.mu.Lock()
	f.figures = func([]string) (int, string) {
		return 200, `{"GME":{"dailyBar":` + barOf(12, "30.") + `,"prevDailyBar":` + barOf(9, "20.") + `}}`
	}
	f.mu.Unlock()
	r.until("12 14:30:00 GME day prev 20.2")
	if n := r.count("09 14:30:00 GME break") + r.count("12 14:30:00 GME break"); n != 1 {
		t.Errorf("%d breaks", n)
	}
	if diff := cmp.Diff([]string{"GME", "GME"}, f.called()); diff != "" {
		t.Error(diff)
	}
}

func TestManySymbolsAreAskedForInBatches(t *testing.T) {
	f := newFake(t)
	s := f.open("alpaca://sip")
	var list []string
	for i := range 250 {
		list = append(list, fmt.Sprintf("A%c%c", 'A'+i/26, 'A'+i%26))
	}
	r := start(t, s, list...)
	r.eventually("all of them", func() bool { return r.count("subscribed") == 250 })
	var sizes []int
	for _, call := range f.called() {
		sizes = append(sizes, strings.Count(call, ",")+1)
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" {
		t.Error(diff)
	}
}

func tradeFor(sym string, id int) string {
	return fmt.Sprintf(`[{"T":"t","S":"%s","i":%d,"x":"V","p":1.5,"s":1,"c":["@"],"z":"C","t":"2026-01-12T15:00:00Z"}]`, sym, id)
}
