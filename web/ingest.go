package web

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
)

// ingestPath is where clients post quotes. A post may be as long, and may last
// as long, as its sender likes; its bearer token makes it safe from pages of other
// sites.
const ingestPath = "/api/v1/ingest"

// errDrained ends the posts that last when the server stops.
var errDrained = errors.New("the server stops")

// ingest gives a post to the feed that takes them, until the server has said
// goodbye to its streams.
func (s *Server) ingest(c echo.Context) error {
	if s.Posts == nil {
		return refuse(http.StatusNotFound, "No feed takes quotes here. Start the server with --feed ingest:// and a token in TICKBOARD_INGEST_TOKEN.")
	}
	ctx, cancel := context.WithCancelCause(c.Request().Context())
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	watch.Go(func() {
		select {
		case <-s.drained:
			cancel(errDrained)
		case <-ctx.Done():
		}
	})
	s.Posts.ServeHTTP(c.Response(), c.Request().WithContext(ctx))
	return nil
}
