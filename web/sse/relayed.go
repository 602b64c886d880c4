package sse

import (
	"context"
	"net/http"
)

// relayed carries a stream over HTTP/2, whose connection is not its own. All but
// the writing is its loop's; that is left to the handler's goroutine, because it
// blocks.
type relayed struct {
	looped
	relay relay
	ctx   context.Context //nolint:containedctx // until serve
}

func newRelayed(l *loop, w http.ResponseWriter, r *http.Request) *relayed {
	c := &relayed{looped: looped{loop: l, w: w}, ctx: r.Context()}
	c.relay = relay{stream: &c.looped, bell: make(Bell, 1)}
	return c
}

// serve writes until the stream's end, or leaves that to the Outermost handler.
func (c *relayed) serve(st *Stream) {
	c.stream, c.socket = st, &c.relay
	w, ctx := c.w, c.ctx
	c.w, c.ctx = nil, nil
	writeHead(w)
	if b := baseOf(w); b != nil {
		c.relay.w = b.ResponseWriter
		b.relay = &c.relay
	} else {
		c.relay.w = w
		defer c.relay.serve(ctx)
	}
	c.loop.poke(&c.looped, pokeServe)
}
