package web

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
)

// FuzzStreamParams sends any query string through everything that reads one: it
// is refused with a status of the client's, or gives values within their bounds
// that read the same when they are written out again.
func FuzzStreamParams(f *testing.F) {
	for _, seed := range []string{
		"", "symbols=AAPL,MSFT&max_rate=5", "symbols=a%20b", "symbols=BTC%2FUSD&symbols=,%20x,", "symbols=A,B,C,D,E,F", "max_rate=NaN", "max_rate=1e1", "max_rate=0x1p3",
		"max_rate=1_0", "max_rate=+Inf", "limit=20&before=1", "limit=-1", "limit=9223372036854775808", "before=%2B7", "a;b", "%zz", "symbols=%00%ff", "limit=%31",
	} {
		f.Add(seed)
	}
	s, e := &Server{Options: Options{MaxRate: 10, MaxSymbols: 5}}, echo.New()
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/stream", nil)
		r.URL.RawQuery = raw
		values, err := query(e.NewContext(r, httptest.NewRecorder()))
		if err != nil {
			mustBeTheirs(t, raw, err)
			return
		}
		if syms, err := s.symbolsParam(values); err != nil {
			mustBeTheirs(t, raw, err)
		} else {
			checkSymbols(t, s, syms)
		}
		if rate, err := s.rateParam(values); err != nil {
			mustBeTheirs(t, raw, err)
		} else if !(rate >= minRate && rate <= maxRate) {
			t.Errorf("%q: rate %v", raw, rate)
		}
		if limit, err := intParam(values, "limit", 20, 100); err != nil {
			mustBeTheirs(t, raw, err)
		} else if limit < 1 || limit > 100 {
			t.Errorf("%q: limit %d", raw, limit)
		}
		if err := knownOnly(values, "symbols", "max_rate"); err != nil {
			mustBeTheirs(t, raw, err)
		}
	})
}

func checkSymbols(t *testing.T, s *Server, syms []quotes.Symbol) {
	t.Helper()
	if len(syms) > s.MaxSymbols {
		t.Errorf("%d symbols", len(syms))
	}
	again, err := s.symbolsParam(url.Values{"symbols": {join(syms)}})
	if err != nil || join(again) != join(syms) {
		t.Errorf("%v comes back as %v (%v)", syms, again, err)
	}
}

// mustBeTheirs says that an error is the client's and fit to be shown: short, on
// one line.
func mustBeTheirs(t *testing.T, raw string, err error) {
	t.Helper()
	p := asProblem(err)
	if p.Status != http.StatusBadRequest || len(p.Detail) > 500 || strings.ContainsAny(p.Detail, "\r\n\x00\x1b") {
		t.Errorf("%q: %v", raw, p)
	}
	if own, ok := errors.AsType[*problem](err); ok && own.Detail == "" {
		t.Errorf("%q: a refusal without a word", raw)
	}
}

// FuzzPathSymbol takes any path: it is refused, or names a symbol whose own
// spelling, escaped or not, names it again.
func FuzzPathSymbol(f *testing.F) {
	for _, seed := range []string{"AAPL", "btc/usd", "BTC%2FUSD", "BTC%252FUSD", "..", "a/../b", "%00", "", "^GSPC", "A B", "é"} {
		f.Add(seed)
	}
	e := echo.New()
	parse := func(escaped string) (quotes.Symbol, error) {
		path, err := url.PathUnescape(escaped)
		if err != nil {
			return quotes.Symbol{}, err
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path, r.URL.RawPath = "/stream/"+path, "/stream/"+escaped
		return pathSymbol(e.NewContext(r, httptest.NewRecorder()), "/stream/")
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		sym, err := parse(escaped)
		if err != nil {
			return
		}
		for _, spelling := range []string{sym.String(), strings.ToLower(sym.String()), url.PathEscape(sym.String())} {
			if again, err := parse(spelling); err != nil || again != sym {
				t.Errorf("%q names %v, and %q %v (%v)", escaped, sym, spelling, again, err)
			}
		}
		if withoutSecret("/stream/"+sym.String()) != "/stream/"+sym.String() {
			t.Errorf("the log leaves out %v", sym)
		}
	})
}
