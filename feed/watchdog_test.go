package feed_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// silentSpec is a source of one symbol of an exchange, run anew after a minute
// of silence.
func silentSpec(f *fake, exchange string) feed.Spec {
	spec := f.spec()
	spec.SilentAfter = time.Minute
	spec.Instruments = func(context.Context) ([]quotes.Instrument, error) {
		return []quotes.Instrument{{Symbol: quotes.MustSymbol("A"), Name: "A", Exchange: exchange}}, nil
	}
	return spec
}

func TestASilentSourceIsRunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{says(of(feed.Asked, "A", ""))}}
		m := start(t, silentSpec(f, ""))
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if st := m.States()[0]; st.Phase != feed.Running || f.called() != 1 {
			t.Errorf("after 59 s: %d calls, %+v", f.called(), st)
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		st := m.States()[0]
		if st.Phase != feed.Silent || st.Restarts != 1 || !strings.Contains(st.LastError, "nothing of any price for 1m0s while the market is open") || st.Advice == "" {
			t.Errorf("after a minute: %+v", st)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		// Each pause is twice the one before: 1, 2, 4, 8, 16, 32, 60 s, and a fifth to either side.
		if n := f.called(); n < 7 || n > 9 {
			t.Errorf("%d calls in ten minutes", n)
		}
	})
}

func TestASourceThatSaysPricesIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{func(ctx context.Context, emit func(feed.Update)) error {
			emit(of(feed.Asked, "A", ""))
			for ctx.Err() == nil {
				_ = emits("1.00", "A")(cancelled(), emit)
				select {
				case <-time.After(50 * time.Second):
				case <-ctx.Done():
				}
			}
			return ctx.Err()
		}}}
		start(t, silentSpec(f, ""))
		time.Sleep(time.Hour)
		synctest.Wait()
		if f.called() != 1 {
			t.Errorf("%d calls", f.called())
		}
	})
}

func TestNothingIsExpectedWhereNothingIsAsked(t *testing.T) {
	for name, updates := range map[string][]feed.Update{
		"never asked": nil,
		"released":    {of(feed.Asked, "A", ""), of(feed.Released, "A", "")},
		"refused":     {of(feed.Asked, "A", ""), of(feed.Refused, "A", "no")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{says(updates...)}}
				start(t, silentSpec(f, ""))
				time.Sleep(time.Hour)
				synctest.Wait()
				if f.called() != 1 {
					t.Errorf("%d calls", f.called())
				}
			})
		})
	}
}

func TestASourceThatSendsEverythingIsExpectedToSpeakOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{emits("1.00", "A"), untilDone}}
		start(t, silentSpec(f, ""))
		time.Sleep(90 * time.Second)
		synctest.Wait()
		if f.called() != 2 {
			t.Errorf("%d calls", f.called())
		}
	})
}

func TestTheWatchdogKnowsTheMarketsHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{name: "f", runs: []func(context.Context, func(feed.Update)) error{says(of(feed.Asked, "A", ""))}}
		m := start(t, silentSpec(f, "XNYS"))
		until := func(text string) {
			at, err := time.Parse(time.DateTime, text)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Until(at))
			synctest.Wait()
		}
		// A bubble begins on a Saturday; New York is five hours behind.
		until("2000-01-03 09:09:58")
		if f.called() != 1 || m.States()[0].Phase != feed.Running {
			t.Errorf("%d calls over the weekend", f.called())
		}
		until("2000-01-03 09:10:05") // ten minutes of the pre-market
		if f.called() != 2 {
			t.Errorf("%d calls in the pre-market", f.called())
		}
		until("2000-01-03 14:29:00")
		before := f.called()
		until("2000-01-03 14:40:00") // ten minutes of the regular session
		if n := f.called() - before; n < 4 {
			t.Errorf("%d calls in the regular session", n)
		}
	})
}
