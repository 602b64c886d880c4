package finnhub

import (
	"time"

	"github.com/tickboard/tickboard/feed"
)

const (
	// holdTime is how long trades wait for the snapshot of their symbol. The limit
	// of calls may make it come much later; then they have gone before it.
	holdTime = 2 * time.Second
	// mostHeld is how many wait; of more the newest do.
	mostHeld = 4096
)

// gate holds the trades of a symbol back until its snapshot has been told, so that
// the break is the first that is said of it.
type gate struct {
	since time.Time
	open  bool
	held  []feed.Update
}

// pass emits u, or holds it, and says whether it has emitted it.
func (g *gate) pass(u feed.Update, emit func(feed.Update)) bool {
	if g.open {
		emit(u)
		return true
	}
	if len(g.held) == mostHeld {
		g.held = append(g.held[:0], g.held[mostHeld/2:]...)
	}
	g.held = append(g.held, u)
	return false
}

// release tells a snapshot, with a break before it when it is the first, and what
// was held; it says whether there was any.
func (g *gate) release(list []feed.Update, first feed.Update, emit func(feed.Update)) bool {
	if !g.open {
		emit(first)
	}
	for _, u := range append(list, g.held...) {
		emit(u)
	}
	some := len(g.held) > 0
	g.open, g.held = true, nil
	return some
}
