package web

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/alert"
)

// send stores a notification for everybody. When it answers the notification
// survives a power cut.
func (s *Server) send(c echo.Context) error {
	if !s.authorized(c.Request()) {
		return unauthorized(c)
	}
	var message struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	if err := decodeJSON(c, &message); err != nil {
		return err
	}
	kind, err := alert.ParseType(cmp.Or(message.Type, string(alert.Info)))
	if err != nil {
		return invalid(err)
	}
	stored, err := s.Log.Send(c.Request().Context(), alert.Notification{
		Type: kind, Kind: alert.KindMessage, Message: message.Message, Time: time.Now().UTC(),
	})
	if err != nil {
		return invalid(err)
	}
	return writeJSON(c, http.StatusAccepted, stored)
}

// invalid turns a refusal of the log into a problem, and leaves a fault as it is.
func invalid(err error) error {
	if !errors.Is(err, alert.ErrInvalid) {
		return err
	}
	return refuse(http.StatusBadRequest, "%s", sentence(strings.TrimPrefix(err.Error(), alert.ErrInvalid.Error()+": ")))
}
