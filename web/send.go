package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

// sending is what the operator publishes, and for whom.
type sending struct {
	Type     string    `json:"type"`
	Message  string    `json:"message"`
	Profile  int64     `json:"profile"`
	Symbol   string    `json:"symbol"`
	Watchers bool      `json:"watchers"`
	Link     string    `json:"link"`
	Expires  time.Time `json:"expires"`
}

// send stores a notification for everybody, for one profile or for the watchers of
// a symbol. When it answers the notification survives a power cut.
func (s *Server) send(c echo.Context) error {
	if !s.authorized(c.Request()) {
		return unauthorized(c)
	}
	var message sending
	if err := decodeJSON(c, &message); err != nil {
		return err
	}
	n, err := message.notification()
	if err != nil {
		return err
	}
	if n.Profile > 0 {
		_, err := s.Profiles.Profile(c.Request().Context(), profile.ID(n.Profile))
		if errors.Is(err, profile.ErrNoProfile) {
			return refuse(http.StatusNotFound, "There is no profile %d, so that nothing was sent.", n.Profile)
		}
		if err != nil {
			return err
		}
	}
	stored, err := s.Log.Send(c.Request().Context(), n)
	if err != nil {
		return invalid(err)
	}
	return writeJSON(c, http.StatusAccepted, sent{stored})
}

// notification is what is to be stored.
func (m *sending) notification() (n alert.Notification, err error) {
	n = alert.Notification{
		Kind: alert.KindMessage, Message: m.Message, Time: time.Now().UTC(),
		Profile: m.Profile, Watchers: m.Watchers, Link: m.Link, Expires: m.Expires,
	}
	if n.Type, err = alert.ParseType(cmp.Or(m.Type, string(alert.Info))); err != nil {
		return n, invalid(err)
	}
	if m.Symbol != "" {
		if n.Symbol, err = quotes.ParseSymbol(m.Symbol); err != nil {
			return n, err
		}
	}
	return n, nil
}

// sent is a notification with for whom it is, which is not told to others than
// the operator.
type sent struct{ n alert.Notification }

// MarshalJSON implements json.Marshaler.
func (s sent) MarshalJSON() ([]byte, error) {
	dst := s.n.AppendJSON(nil)
	switch {
	case s.n.Profile != 0:
		dst = fmt.Appendf(dst[:len(dst)-1], `,"profile":%d}`, s.n.Profile)
	case s.n.Watchers:
		dst = append(dst[:len(dst)-1], `,"watchers":true}`...)
	}
	return dst, nil
}

// invalid turns a refusal of the log into a problem, and leaves a fault as it is.
func invalid(err error) error {
	if !errors.Is(err, alert.ErrInvalid) {
		return err
	}
	return refuse(http.StatusBadRequest, "%s", sentence(strings.TrimPrefix(err.Error(), alert.ErrInvalid.Error()+": ")))
}
