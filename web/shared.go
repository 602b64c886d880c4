package web

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// sharedList is a list that its owner shows to whoever has the link. It is the
// same for everybody.
func (s *Server) sharedList(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Referrer-Policy", "same-origin") // the address is the secret
	h.Set("X-Robots-Tag", "noindex")
	l, err := s.Profiles.SharedList(c.Request().Context(), c.Param("token"))
	if errors.Is(err, profile.ErrNoList) {
		return refuse(http.StatusNotFound, "This list is no longer shared, or the link is not complete. Ask its owner for a new one.")
	}
	if err != nil {
		return err
	}
	settled := s.settled() // before the look at the lists, which is complete then
	known, unknown := s.sort(l.Symbols)
	rows := s.rowsOf(known...)
	page := views.SharedListPage{
		Site: s.site(), Name: l.Name, Symbols: l.Symbols, Rows: rows,
		LastID: s.Log.Last(), MaxSymbols: s.MaxSymbols, MarketWords: s.marketWords(rows, len(unknown) > 0),
	}
	if settled {
		page.Unknown = unknown
	} else {
		page.Awaited = unknown
	}
	return s.render(c, views.SharedList(page))
}
