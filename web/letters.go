package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// mailOffPath begins the addresses of the links that end letters.
const mailOffPath = "/mail/off/"

// mailOff is where a letter's link leads: a question, because programs open links
// too.
func (s *Server) mailOff(c echo.Context) error { return s.endLetters(c, true) }

// endMail ends the letters: by the page's button, or by the one click of a mail
// program (RFC 8058), which has no page and no cookie.
func (s *Server) endMail(c echo.Context) error { return s.endLetters(c, false) }

func (s *Server) endLetters(c echo.Context, look bool) error {
	gone := refuse(http.StatusNotFound, "This link ends no letters any more: the address was removed, or the link is not whole.")
	mail, ok := s.sender(deliver.Email).(*deliver.MailSender)
	if !ok {
		return gone
	}
	ch, err := mail.Off(c.Request().Context(), s.Channels, strings.TrimPrefix(c.Request().URL.Path, mailOffPath), look)
	if errors.Is(err, deliver.ErrNoChannel) {
		return gone
	}
	if err != nil {
		return err
	}
	if !look {
		s.profileChanged(profile.ID(ch.Profile))
	}
	return s.renderStatus(c, http.StatusOK, views.MailOff(views.MailOffPage{Site: s.site(), Address: ch.Address, Done: !ch.Enabled}))
}
