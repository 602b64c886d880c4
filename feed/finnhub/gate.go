package finnhub

import (
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
)

// holdTime is how long trades wait for the snapshot of their symbol. The limit of
// calls may make it come much later; then they have gone before it.
const holdTime = 2 * time.Second

// gate is a Gate that knows how long it has been there.
type gate struct {
	dialogue.Gate
	since time.Time
}

// release tells a snapshot, with a break before it when it is the first, and what
// was held; it says whether there was any.
func (g *gate) release(list []feed.Update, first feed.Update, emit func(feed.Update)) bool {
	if !g.IsOpen() {
		emit(first)
	}
	held := g.Open()
	for _, u := range append(list, held...) {
		emit(u)
	}
	return len(held) > 0
}
