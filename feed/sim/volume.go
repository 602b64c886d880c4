package sim

import (
	"math"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

// tallyEvery is how often the day's volume is told.
const tallyEvery = int64(time.Minute)

// tally is the day's volume. The trades are only some of the market's, as a
// feed of one venue has them; the volume is that of all, so that it is the same
// whenever the market began.
type tally struct {
	due  int64   // when it is told next
	told float64 // with the trades since
	busy float64 // how much more is traded than on a usual day
}

// beginTally begins a day's volume.
func (t *ticker) beginTally(now int64) {
	t.tally = tally{due: now + tallyEvery, busy: math.Exp(0.2 * t.rng.NormFloat64())}
	if t.synthetic || t.model.plain {
		t.tally.due = never
	}
}

// traded is the day's volume at a moment of the regular session.
func (t *ticker) traded(at int64) float64 {
	p := &t.phase
	share := t.hours.course.until(float64(at-p.open) / float64(p.shut-p.open))
	return t.volume * t.tally.busy * max(0.001, share)
}

// tell is the update that says the volume, once a minute of the regular session
// where it is more than what the trades were.
func (t *ticker) tell(now int64) (u feed.Update, ok bool) {
	t.tally.due = now + tallyEvery
	volume := t.traded(now)
	if t.phase.session != quotes.Regular || volume <= t.tally.told {
		return u, false
	}
	t.tally.told = volume
	return feed.Update{Symbol: t.symbol, Kind: feed.Day, Time: instant(now), Volume: quotes.Some(t.shares(volume))}, true
}

// count adds a trade to what the volume is known to be.
func (t *ticker) count(u *feed.Update) {
	if u.CountsVolume {
		t.tally.told += float64(u.Size.CoefficientInt64()) * math.Pow10(int(u.Size.Exponent()))
	}
}
