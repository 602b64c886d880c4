package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/alert"
)

// incident is news of a source at a time.
func incident(source string, down bool, at time.Time) alert.Incident {
	return alert.Incident{Source: source, Down: down, Notification: alert.Notification{
		Type: alert.Warning, Kind: alert.KindIncident, Message: "news of " + source, Time: at,
	}}
}

func TestAnIncidentIsToldOnceAndNotTooOften(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		db := open(t, on.address(t))
		const quiet = 10 * time.Minute
		stored := 0
		for _, c := range []struct {
			what   string
			source string
			down   bool
			after  time.Duration
			want   bool
		}{
			{"works, and was never down", "a", false, 0, false},
			{"down", "a", true, 0, true},
			{"still down", "a", true, time.Hour, false},
			{"another", "b", true, 0, true},
			{"works", "a", false, time.Minute, true},
			{"still works", "a", false, 2 * time.Minute, false},
			{"down again too soon", "a", true, quiet - time.Microsecond, false},
			{"works, and none was told that it was down", "a", false, quiet - time.Microsecond, false},
			{"down again", "a", true, quiet, true},
			{"works again", "a", false, quiet, true},
			{"the clock was set back", "a", true, -time.Hour, true},
		} {
			told, err := db.TellIncident(t.Context(), incident(c.source, c.down, when.Add(c.after)), quiet)
			if err != nil || told != c.want {
				t.Errorf("%s: told %v, %v", c.what, told, err)
			}
			if told {
				stored++
			}
		}
		list, err := db.After(t.Context(), 0, 100)
		if err != nil || len(list) != stored || list[0].Kind != alert.KindIncident || list[0].Message != "news of a" {
			t.Errorf("stored %+v, %v", list, err)
		}
	})
}

func TestOfSeveralProcessesOneTellsAnIncident(t *testing.T) {
	onBoth(t, func(t *testing.T, on backend) {
		address := on.address(t)
		var told atomic.Int32
		var all sync.WaitGroup
		for range 2 {
			db := open(t, address)
			for range 4 {
				all.Go(func() {
					news, err := db.TellIncident(t.Context(), incident("a", true, when), time.Minute)
					if err != nil {
						t.Error(err)
					}
					if news {
						told.Add(1)
					}
				})
			}
		}
		all.Wait()
		if told.Load() != 1 {
			t.Errorf("told %d times", told.Load())
		}
	})
}
