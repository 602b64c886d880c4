package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/views"
)

const (
	// pageReadTime is how long a page waits for its notifications.
	pageReadTime = 2 * time.Second
	// firstRows bounds the first visit's list where none of --symbols exists.
	firstRows = 12
)

// dashboard is the watchlist of the address, the caller's, or the first visit's.
func (s *Server) dashboard(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	show, err := s.listShown(c, values)
	if err != nil {
		return err
	}
	syms := show.symbols
	caller, err := s.caller(c)
	if err != nil {
		return err
	}
	// The log is read before the quotes: what happens in between comes by the
	// page's stream.
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	notes := s.panel(ctx, caller, syms)
	cancel()
	settled := s.settled() // before the look at the lists, which is complete then
	known, unknown := s.sort(syms)
	rows := s.rowsOf(known...)
	words := s.marketWords(rows, len(unknown) > 0)
	page := views.DashboardPage{
		Site: s.siteOf(words), Ticker: values.Get("view") == "ticker", Rows: rows, Asked: show.asked, OwnLists: show.own,
		Notifications: notes.list, LastID: notes.last, NotificationsAway: notes.away, Bell: notes.bell, MaxSymbols: s.MaxSymbols, MarketWords: words,
	}
	if settled {
		page.Unknown = unknown
	} else {
		page.Awaited = unknown
	}
	return s.render(c, views.Dashboard(page))
}

// firstSymbols is the configured list as far as it exists, or else whatever
// there is: a first visit shows prices. While no source has said what it has, it
// is the configured list.
func (s *Server) firstSymbols() []quotes.Symbol {
	known, unknown := s.sort(s.FirstSymbols)
	if len(known) == 0 {
		if s.Market.Directory().Len() == 0 && !s.settled() {
			return unknown
		}
		for _, in := range s.Market.Directory().Search("", min(firstRows, s.MaxSymbols)) {
			known = append(known, in.Symbol)
		}
	}
	return known[:min(len(known), s.MaxSymbols)]
}

// rows answers with rows of the watchlist, for symbols that are added live.
func (s *Server) rows(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	syms, err := s.symbolsParam(values)
	if err != nil {
		return err
	}
	if len(syms) == 0 {
		return refuse(http.StatusBadRequest, "Name the symbols: /rows?symbols=AAPL,MSFT.")
	}
	settled := s.settled()
	known, unknown := s.sort(syms)
	if !settled {
		unknown = nil // that is not known yet
	}
	return s.render(c, views.Rows(s.rowsOf(known...), unknown, time.Now()))
}

// symbolPage is everything about one symbol.
func (s *Server) symbolPage(c echo.Context) error {
	sym, err := pathSymbol(c, "/q/")
	if err != nil {
		return err
	}
	if err := s.mustKnow(sym); err != nil {
		return err
	}
	caller, err := s.caller(c)
	if err != nil {
		return err
	}
	s.personal(c)
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	bell, last := s.bell(ctx, caller, sym)
	cancel()
	alerts, err := s.alertsOn(c, sym)
	if err != nil { // the page has its quote all the same
		s.without(c.Request().Context(), "a page without alerts", err)
	}
	rows := s.rowsOf(sym)
	words := s.marketWords(rows, false)
	return s.render(c, views.Symbol(views.SymbolPage{
		Site: s.siteOf(words), Row: rows[0], Alerts: alerts, LastID: last, Bell: bell, MarketWords: words,
	}))
}

// market answers with what the header says of symbols, for pages that are open.
func (s *Server) market(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	syms, err := s.symbolsParam(values)
	if err != nil {
		return err
	}
	known, unknown := s.sort(syms)
	rows := make([]views.Row, 0, len(known))
	for _, sym := range known {
		rows = append(rows, s.plainRow(sym))
	}
	return s.renderJSON(c, s.marketWords(rows, len(unknown) > 0))
}

// marketWords is what the header says of rows, and of the symbols that nobody has
// listed if there are some beside them, or nothing is listed at all.
func (s *Server) marketWords(rows []views.Row, lacking bool) views.MarketWords {
	return views.Markets(rows, lacking || s.Market.Directory().Len() == 0, s.feedStates(), time.Now())
}

// rowsOf are the rows of symbols that feeds have, which somebody looks at now.
func (s *Server) rowsOf(syms ...quotes.Symbol) []views.Row {
	s.interest.look(time.Now(), syms...)
	rows := make([]views.Row, 0, len(syms))
	for _, sym := range syms {
		rows = append(rows, s.row(sym))
	}
	return rows
}

func (s *Server) row(sym quotes.Symbol) views.Row {
	row := s.plainRow(sym)
	row.Spark = s.History.Points(sym)
	return row
}

// plainRow is a row without the day's prices.
func (s *Server) plainRow(sym quotes.Symbol) views.Row {
	in, _ := s.Market.Directory().Lookup(sym)
	row := views.Row{Instrument: in}
	if f, ok := s.Hub.Latest(sym); ok {
		row.Quote = f.Value()
	}
	return row
}

// siteOf is the site for a page of quotes, which says what their data is.
func (s *Server) siteOf(words views.MarketWords) views.Site {
	site := s.site()
	site.Data = words.Data
	return site
}

func (s *Server) site() views.Site {
	site := views.Site{
		Assets: s.assets.path, Data: views.DataWords(s.feedStates()), Embeds: s.widget.framed, Now: time.Now(),
	}
	if s.PublicURL != nil {
		site.PublicURL = strings.TrimSuffix(s.PublicURL.String(), "/")
	}
	return site
}

// devViews lists the samples of all views.
func (s *Server) devViews(c echo.Context) error {
	return s.render(c, views.DevViews(s.site(), views.Samples(s.site())))
}

// devView shows one view with canned data.
func (s *Server) devView(c echo.Context) error {
	for _, sample := range views.Samples(s.site()) {
		if sample.Name == c.Param("name") {
			return s.render(c, sample.Component)
		}
	}
	return refuse(http.StatusNotFound, "There is no such view; /dev/views lists them.")
}
