package web

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
)

// healthz says that the process is up.
func (s *Server) healthz(c echo.Context) error {
	return writeJSON(c, http.StatusOK, map[string]string{"status": "ok"})
}

// feedHealth is how one feed is.
type feedHealth struct {
	Name       string            `json:"name"`
	Timeliness quotes.Timeliness `json:"timeliness"`
	State      string            `json:"state"`
	Since      time.Time         `json:"since"`
	LastUpdate *time.Time        `json:"last_update,omitempty"`
	Symbols    int               `json:"symbols"`
	Restarts   int               `json:"restarts"`
	Error      string            `json:"error,omitempty"`
}

// readyz says that streams are accepted and quotes are there. How the feeds are
// is told but does not count: one vendor's outage must not take every node out.
func (s *Server) readyz(c echo.Context) error {
	answer := struct {
		Status string       `json:"status"`
		Feeds  []feedHealth `json:"feeds"`
	}{Status: "ready"}
	for _, state := range s.Market.States() {
		f := feedHealth{
			Name: state.Name, Timeliness: state.Timeliness, State: string(state.Phase), Since: state.Since,
			Symbols: state.Symbols, Restarts: state.Restarts, Error: state.LastError,
		}
		if !state.LastUpdate.IsZero() {
			f.LastUpdate = &state.LastUpdate
		}
		answer.Feeds = append(answer.Feeds, f)
	}
	switch {
	case s.stopping.Load():
		answer.Status = "stopping"
	case !s.Market.Ready():
		answer.Status = "starting"
	default:
		return writeJSON(c, http.StatusOK, answer)
	}
	return writeJSON(c, http.StatusServiceUnavailable, answer)
}
