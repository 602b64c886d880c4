package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
)

// quotes answers with the newest quotes of the symbols asked for, in their order.
func (s *Server) quotes(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "symbols"); err != nil {
		return err
	}
	syms, err := s.symbolsParam(values)
	if err != nil {
		return err
	}
	if len(syms) == 0 {
		return refuse(http.StatusBadRequest, "Name the symbols: /api/v1/quotes?symbols=AAPL,MSFT.")
	}
	known, unknown := s.sort(syms)
	answer := struct {
		Quotes  []*quotes.StockQuote `json:"quotes"`
		Unknown []quotes.Symbol      `json:"unknown"`
	}{make([]*quotes.StockQuote, 0, len(known)), unknown}
	s.interest.look(time.Now(), known...)
	for _, sym := range known {
		answer.Quotes = append(answer.Quotes, s.quote(sym))
	}
	return s.renderJSON(c, answer)
}

// oneQuote answers with the newest quote of one symbol.
func (s *Server) oneQuote(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values); err != nil {
		return err
	}
	sym, err := pathSymbol(c, "/api/v1/quotes/")
	if err != nil {
		return err
	}
	if err := s.mustKnow(sym); err != nil {
		return err
	}
	s.interest.look(time.Now(), sym)
	return s.renderJSON(c, s.quote(sym))
}

// mustKnow refuses a symbol that no feed has.
func (s *Server) mustKnow(sym quotes.Symbol) error {
	if _, ok := s.Market.Directory().Lookup(sym); ok {
		return nil
	}
	if !s.settled() {
		return refuse(http.StatusServiceUnavailable, "The feeds have not yet said what they have. Try again in a few seconds.")
	}
	return refuse(http.StatusNotFound, "No feed here has %s. Search for it by the name of what it stands for; a script asks /api/v1/symbols?q=name.", sym)
}

// quote is the newest quote of a symbol that a feed has; where none has come
// yet it is one without figures.
func (s *Server) quote(sym quotes.Symbol) *quotes.StockQuote {
	if f, ok := s.Hub.Latest(sym); ok {
		return f.Value()
	}
	in, _ := s.Market.Directory().Lookup(sym)
	return &quotes.StockQuote{Symbol: sym, Currency: in.Currency, Session: quotes.Regular}
}

// symbols finds instruments by symbol and name.
func (s *Server) symbols(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "q", "limit"); err != nil {
		return err
	}
	limit, err := intParam(values, "limit", 20, 100)
	if err != nil {
		return err
	}
	return s.renderJSON(c, struct {
		Symbols []quotes.Instrument `json:"symbols"`
	}{s.Market.Directory().Search(values.Get("q"), int(limit))})
}
