package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
)

// The bounds of max_rate, in writes a second.
const (
	minRate = 0.1
	maxRate = 50
)

// pathSymbol parses the symbol that is the rest of the path after prefix.
// URL.Path is decoded exactly once, however the symbol was written.
func pathSymbol(c echo.Context, prefix string) (quotes.Symbol, error) {
	return quotes.ParseSymbol(strings.TrimPrefix(c.Request().URL.Path, prefix))
}

// query parses the query string strictly: what cannot be decoded is refused
// rather than left out.
func query(c echo.Context) (url.Values, error) {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The query string cannot be decoded. Percent-encode it, and separate parameters by &.")
	}
	return values, nil
}

// knownOnly refuses parameters other than those named, for the API, where a
// misspelt one would otherwise go unnoticed.
func knownOnly(values url.Values, names ...string) error {
	for name := range values {
		if !slices.Contains(names, name) {
			return refuse(http.StatusBadRequest, "There is no parameter %q here; there are: %s.", clip(name), strings.Join(names, ", "))
		}
	}
	return nil
}

// symbolsParam parses the list of symbols, at most as many as a stream may have.
func (s *Server) symbolsParam(values url.Values) ([]quotes.Symbol, error) {
	return s.listParam(values, "symbols")
}

// listParam is symbolsParam by another name.
func (s *Server) listParam(values url.Values, name string) ([]quotes.Symbol, error) {
	syms, err := quotes.ParseSymbols(strings.Join(values[name], ","))
	if err != nil {
		return nil, err
	}
	if len(syms) > s.MaxSymbols {
		return nil, s.tooMany(len(syms))
	}
	return syms, nil
}

func (s *Server) tooMany(n int) error {
	return refuse(http.StatusBadRequest, "%d symbols are too many; name at most %d.", n, s.MaxSymbols)
}

// rateParam parses max_rate; without one it is the server's.
func (s *Server) rateParam(values url.Values) (float64, error) {
	if !values.Has("max_rate") {
		return s.MaxRate, nil
	}
	return parseRate(values.Get("max_rate"))
}

func parseRate(text string) (float64, error) {
	rate, err := strconv.ParseFloat(text, 64)
	if err != nil {
		rate = 0
	}
	return rate, checkRate(rate)
}

// checkRate is written so that NaN is refused too.
func checkRate(rate float64) error {
	if rate >= minRate && rate <= maxRate {
		return nil
	}
	return refuse(http.StatusBadRequest, "max_rate is a number of writes a second from %v to %v.", minRate, maxRate)
}

// intParam parses a whole number from 1 to most.
func intParam(values url.Values, name string, fallback, most int64) (int64, error) {
	if !values.Has(name) {
		return fallback, nil
	}
	n, err := strconv.ParseInt(values.Get(name), 10, 64)
	if err != nil || n < 1 || n > most {
		return 0, refuse(http.StatusBadRequest, "%s is a whole number from 1 to %d.", name, most)
	}
	return n, nil
}

// clip shortens a text from outside for a message.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
