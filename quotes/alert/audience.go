package alert

import (
	"slices"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

// Audience is who reads the log: a profile, 0 for nobody's, and whoever watches
// symbols. It sees what is for everybody, for its profile and for the watchers of
// a symbol that it watches.
type Audience struct {
	Profile int64
	// Watches says whether a symbol is watched; nil is none. Several may call it
	// at once.
	Watches func(quotes.Symbol) bool
}

// Sees says whether n is for the audience, and has not expired at now.
func (a Audience) Sees(n *Notification, now time.Time) bool {
	return a.is(addresseeOf(n)) && !n.Expired(now)
}

// addressee is for whom a notification is.
type addressee struct {
	profile int64         // 0 is everybody
	watched quotes.Symbol // of everybody those who watch it
}

func addresseeOf(n *Notification) addressee {
	to := addressee{profile: n.Profile}
	if n.Watchers {
		to.watched = n.Symbol
	}
	return to
}

// mayBe says what can be said without asking who watches what.
func (a Audience) mayBe(to addressee) bool { return to.profile == 0 || to.profile == a.Profile }

func (a Audience) is(to addressee) bool {
	return a.mayBe(to) && (to.watched.IsZero() || a.Watches != nil && a.Watches(to.watched))
}

// keep leaves of the entries from the index from on those that are for the
// audience at now.
func (a Audience) keep(list []*Entry, from int, now time.Time) []*Entry {
	kept := slices.DeleteFunc(list[from:], func(e *Entry) bool {
		return !a.is(e.to) || !e.expires.IsZero() && !now.Before(e.expires)
	})
	return list[:from+len(kept)]
}
