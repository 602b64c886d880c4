package web

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
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
			"remote", s.clients.name(r), "duration", time.Since(began))
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

// Hijack is how a stream takes its connection over, to answer with 200.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.code = http.StatusOK
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController reach the writer below.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func loggedPath(c echo.Context) string { return withoutSecret(c.Request().URL.Path) }

// withoutSecret leaves out of a path what may be the secret of a stream, below
// the streams whatever is no symbol, for it is longer than one, and of a link.
func withoutSecret(path string) string {
	for _, prefix := range []string{"/move/", "/l/", mailOffPath} {
		if strings.HasPrefix(path, prefix) {
			return prefix + "…"
		}
	}
	for _, prefix := range []string{"/events/", "/stream/"} {
		rest, below := strings.CutPrefix(path, prefix)
		if !below {
			continue
		}
		if strings.HasSuffix(rest, "/symbols") {
			return prefix + "…/symbols"
		}
		if _, err := quotes.ParseSymbol(rest); err != nil {
			return prefix + "…"
		}
	}
	return path
}
