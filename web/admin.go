package web

import (
	"net/http"
	"net/http/pprof"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler serves the operator's listener (how the sources are, metrics,
// profiles), to IP addresses and localhost
// only: it asks for no token, so a rebound name must not reach it.
func (s *Server) adminHandler() http.Handler {
	e := s.newEcho()
	for path, handler := range map[string]echo.HandlerFunc{
		"/metrics":             echo.WrapHandler(promhttp.HandlerFor(s.metrics(), promhttp.HandlerOpts{})),
		"/feeds":               s.adminFeeds,
		"/static/*":            s.assets.serve,
		"/healthz":             s.healthz,
		"/readyz":              s.readyz,
		"/debug/pprof/":        echo.WrapHandler(http.HandlerFunc(pprof.Index)),
		"/debug/pprof/:name":   echo.WrapHandler(http.HandlerFunc(pprof.Index)),
		"/debug/pprof/cmdline": echo.WrapHandler(http.HandlerFunc(pprof.Cmdline)),
		"/debug/pprof/profile": echo.WrapHandler(http.HandlerFunc(pprof.Profile)),
		"/debug/pprof/symbol":  echo.WrapHandler(http.HandlerFunc(pprof.Symbol)),
		"/debug/pprof/trace":   echo.WrapHandler(http.HandlerFunc(pprof.Trace)),
	} {
		e.Match([]string{http.MethodGet, http.MethodHead}, path, handler)
	}
	return s.logRequests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLocal(r.Host) {
			_ = writeProblem(w, misdirected)
			return
		}
		e.ServeHTTP(w, r)
	}))
}
