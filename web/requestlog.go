package web

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// logRequests writes a line for each request when it has been answered, at
// debug; a stream's line comes with its end. Of the query nothing is logged, and
// of the path not the secret of a stream.
func (s *Server) logRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Logger.Enabled(r.Context(), slog.LevelDebug) {
			next.ServeHTTP(w, r)
			return
		}
		began := time.Now()
		status := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(status, r)
		s.Logger.Debug("request", "method", r.Method, "path", withoutSecret(r.URL.Path), "status", status.code,
			"remote", r.RemoteAddr, "duration", time.Since(began))
	})
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func loggedPath(c echo.Context) string { return withoutSecret(c.Request().URL.Path) }

// withoutSecret leaves the stream out of "/events/{stream}/symbols".
func withoutSecret(path string) string {
	for _, prefix := range []string{"/events/", "/stream/"} {
		if strings.HasPrefix(path, prefix) && strings.HasSuffix(path, "/symbols") {
			return prefix + "…/symbols"
		}
	}
	return path
}
