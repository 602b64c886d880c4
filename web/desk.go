package web

import (
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/hub"
	"github.com/tickboard/tickboard/web/sse"
)

// desk is what the contents of streams share that one goroutine serves: one
// place at the hub and one look at the log for all of them, and the scratch of a
// turn. That goroutine alone uses it, but to join the group.
type desk struct {
	server    *Server
	group     *hub.Group[quotes.Symbol, *quotes.StockQuote, *content]
	urgent    sse.Bell
	followers []*content // that have notifications
	seen      int64      // the log's newest number at the last look
	latency   latencyTally

	quotes  []*quoteFrame
	entries []*alert.Entry
	ahead   int // how many of the entries are not behind all quotes, and
	before  int // how many of the quotes are before those
	members []*hub.Member[quotes.Symbol, *quotes.StockQuote, *content]
}

func (s *Server) newDesk(b sse.Bells) *desk {
	return &desk{
		server: s,
		group:  hub.NewGroup(s.Hub, hub.Bell(b.Paced), (*content).ready),
		urgent: b.Urgent,
	}
}

// Sweep implements sse.Desk.
func (d *desk) Sweep() (news bool) {
	news = d.group.Sweep()
	if last := d.server.Log.Last(); last != d.seen {
		d.seen, news = last, true
		for _, c := range d.followers {
			if c.catchUp == nil && c.follower.Pass() {
				c.behind = true
				c.stream.Ready(true)
			}
		}
	}
	d.server.latency.add(&d.latency)
	return news
}

// Fetch implements sse.Desk.
func (d *desk) Fetch(contents []sse.Content) {
	for _, c := range contents {
		if c, ok := c.(*content); ok {
			d.members = append(d.members, c.member)
		}
	}
	d.group.Fetch(d.members)
	clear(d.members)
	d.members = d.members[:0]
}

// Close implements sse.Desk.
func (d *desk) Close() {
	d.group.Close()
	d.server.latency.add(&d.latency)
}

// enter lets a content be told of notifications.
func (d *desk) enter(c *content) {
	c.entered, c.place = true, len(d.followers)
	d.followers = append(d.followers, c)
}

func (d *desk) leave(c *content) {
	if !c.entered {
		return
	}
	last := len(d.followers) - 1
	d.followers[c.place] = d.followers[last]
	d.followers[c.place].place = c.place
	d.followers[last] = nil
	d.followers = d.followers[:last]
}
