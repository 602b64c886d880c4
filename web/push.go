package web

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/deliver"
)

// pushWorker is the worker that shows push messages. It is at the root of the
// site, because a worker is in charge of what is below its own address.
func (s *Server) pushWorker(c echo.Context) error {
	return s.assets.send(c, "js/push-worker.js", false)
}

// pushKey answers with what browsers need to subscribe.
func (s *Server) pushKey(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	push, ok := s.sender(deliver.Push).(*deliver.PushSender)
	if !ok {
		return refuse(http.StatusNotFound, "%s", s.notOffered(deliver.Push))
	}
	key, err := push.PublicKey(c.Request().Context())
	if err != nil {
		return err
	}
	return s.renderJSON(c, struct {
		Key string `json:"key"`
	}{key})
}
