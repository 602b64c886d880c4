package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// shown is what the dashboard shows, and whose it is.
type shown struct {
	symbols []quotes.Symbol
	asked   bool // the address names the symbols
	own     views.OwnLists
}

// listShown is the caller's list that the address names by its number, or else the
// symbols that it names, or else the first of the caller's lists. Who has none sees
// what a first visit shows. A list is also found by its symbols, for an address
// that a page named before the list had a number.
func (s *Server) listShown(c echo.Context, values url.Values) (shown, error) {
	syms, err := s.symbolsParam(values)
	if err != nil {
		return shown{}, err
	}
	lists, own, err := s.ownLists(c)
	if err != nil {
		return shown{}, err
	}
	page := shown{symbols: syms, asked: values.Has("symbols"), own: own}
	at := slices.IndexFunc(lists, func(l profile.List) bool { return strconv.FormatInt(int64(l.ID), 10) == values.Get("list") })
	if at < 0 && page.asked {
		at = slices.IndexFunc(lists, func(l profile.List) bool { return slices.Equal(l.Symbols, syms) })
	} else if at < 0 && len(lists) > 0 {
		at = 0
	}
	switch {
	case at >= 0:
		page.own.ListID, page.symbols = int64(lists[at].ID), lists[at].Symbols
	case !page.asked:
		page.symbols = s.firstSymbols()
	default:
		page.own.Foreign = len(lists) > 0
	}
	page.own.Foreign = page.own.Foreign || own.ListsAway
	return page, nil
}

// ownLists are the caller's lists, with what a page says of them. A page is made
// also while the database is away.
func (s *Server) ownLists(c echo.Context) ([]profile.List, views.OwnLists, error) {
	s.personal(c)
	found, err := s.identify(c)
	if p := storageProblem(err); p != nil {
		s.warnAway(c, err)
		return nil, views.OwnLists{ListsAway: true}, nil
	}
	if err != nil || found.ID == 0 {
		return nil, views.OwnLists{}, err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), callerTime)
	defer cancel()
	lists, version, err := s.Profiles.Lists(ctx, found.ID)
	if err != nil {
		s.warnAway(c, err)
		return nil, views.OwnLists{ListsAway: true}, nil
	}
	own := views.OwnLists{ListsVersion: version}
	for _, l := range lists {
		own.Lists = append(own.Lists, views.ListName{ID: int64(l.ID), Name: l.Name})
	}
	return lists, own, nil
}
