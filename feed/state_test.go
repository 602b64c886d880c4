package feed_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// says is a run that emits updates and waits.
func says(updates ...feed.Update) func(context.Context, func(feed.Update)) error {
	return func(ctx context.Context, emit func(feed.Update)) error {
		for _, u := range updates {
			emit(u)
		}
		return untilDone(ctx, emit)
	}
}

func of(kind feed.Kind, sym, note string) feed.Update {
	return feed.Update{Kind: kind, Symbol: quotes.MustSymbol(sym), Note: note}
}

func TestASlowFailureIsGivenTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &feed.Failure{Err: errors.New("connection limit exceeded"), Advice: "stop the other program", Slow: true}
		fails := func(context.Context, func(feed.Update)) error { return fmt.Errorf("dial: %w", limit) }
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{fails, fails, fails, fails, fails, fails, untilDone}}
		m := start(t, f.spec("AAPL"))
		state := m.States()[0]
		if state.Phase != feed.Waiting || state.LastError != "dial: connection limit exceeded" || state.Advice != "stop the other program" || !state.LastErrorAt.Equal(time.Now()) {
			t.Errorf("%+v", state)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		want := []float64{1, 2, 4, 8, 10, 10}
		for i := range len(f.calls) - 1 {
			if pause := f.calls[i+1].Sub(f.calls[i]).Minutes(); pause < want[i] || pause > 1.21*want[i] {
				t.Errorf("pause %d is %.2f minutes, want %v and at most a fifth more", i, pause, want[i])
			}
		}
		if len(f.calls) != 7 {
			t.Errorf("%d calls", len(f.calls))
		}
	})
}

func TestTheNextRunWaitsForAsLongAsTheVendorAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asks := func(after time.Duration) func(context.Context, func(feed.Update)) error {
			return func(context.Context, func(feed.Update)) error {
				return fmt.Errorf("dial: %w", &feed.Failure{Err: errors.New("banned"), Slow: true, After: after})
			}
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{
			asks(30 * time.Second), asks(5 * time.Minute), asks(72 * time.Hour), untilDone,
		}}
		start(t, f.spec("AAPL"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if len(f.calls) != 4 {
			t.Fatalf("%d calls", len(f.calls))
		}
		for i, want := range []float64{1, 5, 60} {
			if pause := f.calls[i+1].Sub(f.calls[i]).Minutes(); pause < want || pause > 1.21*want {
				t.Errorf("pause %d is %.2f minutes, want %v and at most a fifth more", i, pause, want)
			}
		}
	})
}

func TestAHostThatCannotBeReachedGivesAdvice(t *testing.T) {
	for want, err := range map[string]error{
		"name server": &net.DNSError{Err: "no such host", Name: "quotes.example"},
		"firewall":    &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")},
	} {
		synctest.Test(t, func(t *testing.T) {
			fails := func(context.Context, func(feed.Update)) error { return fmt.Errorf("connect: %w", err) }
			m := start(t, (&fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{fails}}).spec("A"))
			if st := m.States()[0]; st.Phase != feed.Waiting || !strings.Contains(st.Advice, want) {
				t.Errorf("%s, %q", st.Phase, st.Advice)
			}
		})
	}
}

func TestDownSinceIsTheFirstFailureOfARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := func(context.Context, func(feed.Update)) error { return errors.New("no answer") }
		speaks := func(_ context.Context, emit func(feed.Update)) error {
			emit(feed.Update{Kind: feed.Received})
			time.Sleep(time.Minute)
			return errors.New("cut")
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{fails, fails, fails, speaks, fails, fails, fails, fails}}
		m := start(t, f.spec("A"))
		first := f.calls[0]
		var state feed.State
		for len(f.calls) < 4 {
			if state = m.States()[0]; !state.Since.Equal(first) {
				t.Fatalf("%s since %s after %d calls, down since %s", state.Phase, state.Since, len(f.calls), first)
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if state = m.States()[0]; state.Phase != feed.Running || !state.Since.Equal(f.calls[3]) {
			t.Errorf("%s since %s, called at %s", state.Phase, state.Since, f.calls[3])
		}
		cut := f.calls[3].Add(time.Minute)
		time.Sleep(time.Minute + 100*time.Millisecond)
		synctest.Wait()
		if state = m.States()[0]; state.Phase != feed.Waiting || !state.Since.Equal(cut) {
			t.Errorf("%s since %s, cut at %s", state.Phase, state.Since, cut)
		}
	})
}

func TestAPermanentFailureGivesItsAdvice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(context.Context, func(feed.Update)) error {
			return &feed.Failure{Err: errors.New("not authorised"), Advice: "set TICKBOARD_F_KEY", Permanent: true}
		}}}
		m := start(t, f.spec("AAPL"))
		if st := m.States()[0]; st.Phase != feed.Failed || st.Advice != "set TICKBOARD_F_KEY" {
			t.Errorf("%+v", st)
		}
	})
}

func TestTheStateTellsSubscriptionsOfThisConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drops := func(ctx context.Context, emit func(feed.Update)) error {
			time.Sleep(time.Minute)
			return errors.New("cut")
		}
		first := func(ctx context.Context, emit func(feed.Update)) error {
			for _, u := range []feed.Update{
				of(feed.Asked, "A", ""), of(feed.Asked, "B", ""), of(feed.Asked, "C", ""), of(feed.Asked, "D", ""),
				of(feed.Subscribed, "A", ""), of(feed.Subscribed, "B", ""), of(feed.Released, "B", ""),
				of(feed.Refused, "D", "no such symbol"), of(feed.Refused, "E", "over the limit"), of(feed.Released, "E", ""),
				of(feed.Reported, "A", "the vendor restarts soon"), of(200, "A", ""),
			} {
				emit(u)
			}
			return drops(ctx, emit)
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{first, untilDone}}
		m := start(t, f.spec("A", "B"))
		st := m.States()[0]
		if diff := cmp.Diff(map[quotes.Symbol]string{quotes.MustSymbol("D"): "no such symbol"}, st.Refused); diff != "" {
			t.Error(diff)
		}
		if st.Asked != 2 || st.Got != 1 || st.LastError != "the vendor restarts soon" || st.Phase != feed.Running || st.Updates[feed.Nonsense] != 1 || st.Listed != 2 {
			t.Errorf("%+v", st)
		}
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if st := m.States()[0]; st.Asked != 0 || st.Got != 0 || len(st.Refused) != 0 || st.LastError != "cut" {
			t.Errorf("after the connection: %+v", st)
		}
	})
}

func TestRefusalsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var updates []feed.Update
		for i := range 1000 {
			updates = append(updates, of(feed.Refused, fmt.Sprint("S", i), "no"))
		}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{says(updates...)}}
		if st := start(t, f.spec("A")).States()[0]; len(st.Refused) != 100 {
			t.Errorf("%d refusals", len(st.Refused))
		}
	})
}

func TestRatesAreTheMeanOfTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		drips := func(ctx context.Context, emit func(feed.Update)) error {
			for i := range 40 { // ten seconds
				emit(feed.Update{Kind: feed.Received})
				emit(of(feed.Status, "A", ""))
				emit(feed.Update{Kind: feed.Status, Symbol: quotes.MustSymbol("A"), Time: time.Now(), Halted: i%2 == 0})
				time.Sleep(250 * time.Millisecond)
			}
			return untilDone(ctx, emit)
		}
		mute := &fake{name: "mute", runs: []func(context.Context, func(feed.Update)) error{emits("1", "A")}}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{drips}}
		m := start(t, f.spec("A"), mute.spec("A"))
		time.Sleep(11500 * time.Millisecond)
		synctest.Wait()
		st := m.States()[0]
		if st.Messages != 40 || st.Emitted != 80 || st.MessageRate < 3.5 || st.MessageRate > 4 || st.UpdateRate < 7 || st.UpdateRate > 8 {
			t.Errorf("%d messages, %d updates, %.2f/s, %.2f/s", st.Messages, st.Emitted, st.MessageRate, st.UpdateRate)
		}
		if st.LastUpdate.IsZero() || st.LastMessage.Before(st.LastUpdate) {
			t.Errorf("last message %v, last update %v", st.LastMessage, st.LastUpdate)
		}
		if mute := m.States()[1]; mute.Messages != 1 || mute.LastMessage.IsZero() {
			t.Errorf("a source that does not tell its messages: %+v", mute)
		}
		time.Sleep(11 * time.Second)
		if st := m.States()[0]; st.MessageRate != 0 || st.UpdateRate != 0 {
			t.Errorf("after ten silent seconds: %+v", st)
		}
	})
}

func TestListedInstrumentsJoinTheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := quotes.Instrument{Symbol: quotes.MustSymbol("NEW"), Name: "Newcomer"}
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			emit(feed.Update{Kind: feed.Listed, Symbol: one.Symbol, Instrument: &one})
			return emits("5.00", "NEW")(ctx, emit)
		}}}
		m := start(t, f.spec("A", "Z"))
		if in, ok := m.Directory().Lookup(one.Symbol); !ok || in.Name != "Newcomer" {
			t.Errorf("%+v %v", in, ok)
		}
		if found := m.Directory().Search("", 5); len(found) != 3 || found[1].Symbol != one.Symbol {
			t.Errorf("%v", found)
		}
		if diff := cmp.Diff([]string{"NEW 5.00 f"}, m.quotes()); diff != "" {
			t.Error(diff)
		}
		if st := m.States()[0]; st.Listed != 3 || st.Symbols != 1 {
			t.Errorf("%+v", st)
		}
	})
}

func TestASpecsURLHasNoSecrets(t *testing.T) {
	schemes := feed.Schemes{"x": {Usage: "x://", Open: func(*url.URL, feed.Env) (feed.Spec, error) { return feed.Spec{}, nil }}}
	for given, want := range map[string]string{
		"x://":                                   "x://",
		"x:opaque":                               "x:opaque",
		"x://iex?symbols=AAPL,MSFT&speed=2":      "x://iex?symbols=AAPL,MSFT&speed=2",
		"x://me:hunter2@iex?Token=abc&rate=1":    "x://iex?Token=xxxxx&rate=1",
		"x:///some/file.csv?key=1&SECRET=2&loop": "x:///some/file.csv?key=xxxxx&SECRET=xxxxx&loop",
	} {
		spec, err := schemes.Open(given, nil)
		if err != nil || spec.URL != want {
			t.Errorf("%s: %q %v, want %q", given, spec.URL, err, want)
		}
	}
	for _, given := range []string{"y://me:hunter2@iex", "y://?token=hunter2", "x://%zz?token=hunter2", "x://me:hunter2@%zz"} {
		if _, err := schemes.Open(given, nil); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", given, err)
		}
	}
}
