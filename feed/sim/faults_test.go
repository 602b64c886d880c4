package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// through gives the updates of ten minutes of some symbols, as they are and as a
// feed with faults tells them.
func through(f faults) (sound, spoilt []string, updates []feed.Update) {
	c := usual()
	emit := spoil(f, c.seed, c.staleAfter(), func(u feed.Update) {
		spoilt = append(spoilt, text(u))
		updates = append(updates, u)
	})
	playFrom(c, pick(0, "AAPL", "BTC/USD", "IBM", "VALE3"), time.Date(2026, time.March, 9, 15, 0, 0, 0, time.UTC), 10*time.Minute, func(u feed.Update) {
		sound = append(sound, text(u))
		emit(u)
	})
	return sound, spoilt, updates
}

func TestWithoutFaultsNothingIsSpoilt(t *testing.T) {
	sound, spoilt, _ := through(0)
	if diff := cmp.Diff(sound, spoilt); diff != "" {
		t.Error(diff)
	}
}

func TestDoubledUpdatesAreTheOnlyOnesMore(t *testing.T) {
	sound, spoilt, _ := through(dup)
	if more := len(spoilt) - len(sound); more < len(sound)/100 || more > len(sound)/25 {
		t.Errorf("%d more than %d", more, len(sound))
	}
	if diff := cmp.Diff(sound, slices.Compact(spoilt)); diff != "" {
		t.Error(diff)
	}
}

func TestReorderedUpdatesAreAllThere(t *testing.T) {
	sound, spoilt, updates := through(reorder)
	back := 0
	last := make(map[quotes.Symbol]time.Time)
	for _, u := range updates {
		if u.Kind != feed.Break && u.Time.Before(last[u.Symbol]) {
			back++
		}
		last[u.Symbol] = u.Time
	}
	if back < len(sound)/100 || back > len(sound)/25 {
		t.Errorf("%d of %d go back", back, len(sound))
	}
	slices.Sort(sound)
	slices.Sort(spoilt)
	if missing := len(sound) - len(spoilt); missing < 0 || missing > 4 { // one of each symbol may still be held
		t.Errorf("%d are missing", missing)
	}
}

func TestGapsAreOfAllSymbolsAndShort(t *testing.T) {
	sound, spoilt, updates := through(gap)
	lost := float64(len(sound)-len(spoilt)) / float64(len(sound))
	if lost < 0.01 || lost > 0.08 {
		t.Errorf("%.3f of the updates are lost", lost)
	}
	s := &spoiler{faults: gap, seed: mix(7)}
	for _, u := range updates {
		if (u.Kind == feed.Trade || u.Kind == feed.Quote) && s.inGap(u.Time.UnixNano()) {
			t.Errorf("%s came through a gap", text(u))
		}
	}
	for minute := range int64(20) {
		length := 0
		for ms := range int64(60_000) {
			if s.inGap(minute*gapEvery + ms*1e6) {
				length++
			}
		}
		if length < 999 || length > 4001 {
			t.Errorf("a gap of %d ms in minute %d", length, minute)
		}
	}
}

func TestASilentSymbolBecomesStaleAndComesBack(t *testing.T) {
	c := usual()
	silent := 0
	last := make(map[quotes.Symbol]time.Time)
	emit := spoil(silence, c.seed, c.staleAfter(), func(u feed.Update) {
		if before, ok := last[u.Symbol]; ok && u.Kind != feed.Break {
			if gap := u.Time.Sub(before); gap > c.staleAfter() && u.Time.Sub(before) < 4*c.staleAfter() {
				silent++
			} else if gap >= 4*c.staleAfter() {
				t.Errorf("%v is silent for %v", u.Symbol, gap)
			}
		}
		last[u.Symbol] = u.Time
	})
	begin := time.Date(2026, time.March, 9, 0, 0, 0, 0, time.UTC)
	playFrom(c, pick(0, "AAPL", "BTC/USD", "IBM", "VALE3"), begin, time.Hour, emit)
	if silent < 3 || silent > 30 { // of 20 stretches of 4 symbols
		t.Errorf("%d silences in an hour", silent)
	}
}

func TestCrossedQuotesAreCrossed(t *testing.T) {
	_, _, updates := through(crossed)
	wrong, all := 0, 0
	for _, u := range updates {
		if u.Kind == feed.Quote && u.Symbol.String() == "BTC/USD" {
			all++
			if u.Bid.Decimal.GreaterThan(u.Ask.Decimal) {
				wrong++
			}
		}
	}
	if wrong == 0 || wrong > all/10 {
		t.Errorf("%d of %d quotes are crossed", wrong, all)
	}
}

func TestWhatIsSaidOfAStateAlwaysComesThrough(t *testing.T) {
	var kinds []feed.Kind
	emit := spoil(gap|silence|dup|reorder, 7, 30*time.Second, func(u feed.Update) { kinds = append(kinds, u.Kind) })
	var want []feed.Kind
	for at := range 600 {
		for _, kind := range []feed.Kind{feed.Break, feed.Day, feed.Status} {
			emit(feed.Update{Symbol: quotes.MustSymbol("AAPL"), Kind: kind, Time: instant(int64(at) * 1e9)})
			want = append(want, kind)
		}
	}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}
