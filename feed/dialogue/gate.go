package dialogue

import "github.com/tickboard/tickboard/feed"

// mostHeld is how many updates a Gate holds; of more the newest are.
const mostHeld = 4096

// Gate holds back what a stream says of a symbol until its snapshot has been
// told, which was asked for after the stream had begun: so nothing is missing
// between the two, and the snapshot's break comes before everything. Of bids and
// offers it holds the newest, of all else the newest few thousand. The zero Gate
// is closed and empty; one goroutine at a time uses it.
type Gate struct {
	open  bool
	held  []feed.Update
	quote feed.Update // the newest bid and offer, of no kind while there is none
}

// Pass emits u, or holds it, and says whether it has emitted it.
func (g *Gate) Pass(u feed.Update, emit func(feed.Update)) bool {
	switch {
	case g.open:
		emit(u)
		return true
	case u.Kind == feed.Quote:
		g.quote = u
		return false
	case len(g.held) == mostHeld:
		g.held = append(g.held[:0], g.held[mostHeld/2:]...)
	}
	g.held = append(g.held, u)
	return false
}

// IsOpen says whether updates pass.
func (g *Gate) IsOpen() bool { return g.open }

// Open lets updates pass from now on, and returns what was held, in the order in
// which it came but for the bid and offer, which is last.
func (g *Gate) Open() []feed.Update {
	held := g.held
	if g.quote.Kind != 0 {
		held = append(held, g.quote)
	}
	*g = Gate{open: true}
	return held
}
