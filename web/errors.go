package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/views"
)

// problem is an error with the answer that it deserves: a problem document
// (RFC 9457), or a page for a person. Detail says what to do.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail) }

// refuse makes a problem with the status' own name as its title.
func refuse(status int, format string, args ...any) error {
	return &problem{Status: status, Title: http.StatusText(status), Detail: fmt.Sprintf(format, args...)}
}

// left says that an error is none of ours: who asked has gone, and what was under
// way for them was given up. The context is the request's, or one made of it.
func left(ctx context.Context, err error) bool {
	return errors.Is(ctx.Err(), context.Canceled) && errors.Is(err, context.Canceled)
}

// without logs that an answer lacks something, for a fault that does not keep the
// rest from who asks.
func (s *Server) without(ctx context.Context, what string, err error) {
	if left(ctx, err) {
		s.Logger.Debug("the client left", "error", err)
		return
	}
	s.Logger.Warn(what, "error", err)
}

// fail answers a request whose handler returned an error. The text of a fault
// of ours stays in the log. Nobody is there to answer who left.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if left(c.Request().Context(), err) {
		s.Logger.Debug("the client left", "method", c.Request().Method, "path", loggedPath(c), "error", err)
		return
	}
	p := asProblem(err)
	if _, meant := errors.AsType[*problem](err); p.Status >= http.StatusInternalServerError && !meant {
		s.Logger.Error("request failed", "method", c.Request().Method, "path", loggedPath(c), "error", err)
	}
	if c.Request().Method != http.MethodHead && wantsPage(c.Request()) {
		err = s.renderStatus(c, p.Status, views.Error(views.ErrorPage{
			Site: s.site(), Status: p.Status, Title: p.Title, Detail: p.Detail,
		}))
	} else {
		err = writeProblem(c.Response(), p)
	}
	if err != nil {
		s.Logger.Debug("answer not taken", "path", loggedPath(c), "error", err)
	}
}

// asProblem decides what an error means for the one who asked.
func asProblem(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if errors.Is(err, quotes.ErrSymbol) {
		return &problem{http.StatusBadRequest, "Malformed symbol", sentence(err.Error())}
	}
	if p := storageProblem(err); p != nil {
		return p
	}
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code < http.StatusInternalServerError {
		return &problem{he.Code, http.StatusText(he.Code), detailOf(he.Code)}
	}
	return &problem{
		http.StatusInternalServerError, http.StatusText(http.StatusInternalServerError),
		"Something went wrong here. Try again; the operator finds the cause in the log.",
	}
}

// storageProblem says what a database that cannot do what it was asked means for
// the one who asked; nil for any other error.
func storageProblem(err error) *problem {
	switch {
	case errors.Is(err, quotes.ErrStorageFull):
		return &problem{
			http.StatusInsufficientStorage, "The disk is full",
			"The server has no room left, so that nothing was stored. Quotes go on. Try again later; the operator has to make room.",
		}
	case errors.Is(err, quotes.ErrStorageReadOnly):
		return &problem{
			http.StatusServiceUnavailable, "The database can only be read",
			"Nothing was stored. Quotes go on. Try again later; the operator finds the cause in the log.",
		}
	case errors.Is(err, quotes.ErrStorageAway):
		return &problem{
			http.StatusServiceUnavailable, "The database does not answer",
			"Quotes go on. Try again in a moment; look first whether a change that was under way has been stored.",
		}
	}
	return nil
}

// detailOf explains the refusals that the router makes.
func detailOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return "There is nothing at this address. Begin at /."
	case http.StatusMethodNotAllowed:
		return "This address does not take the method; the Allow header lists those that it takes."
	}
	return "The request cannot be answered."
}

// writeProblem answers with a problem document.
func writeProblem(w http.ResponseWriter, p *problem) error {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	return json.NewEncoder(w).Encode(p)
}

// wantsPage says that a person asked, with a browser, for a page.
func wantsPage(r *http.Request) bool {
	for _, prefix := range []string{"/api/", "/events", "/stream", "/send", "/static/", "/healthz", "/readyz", "/rows", "/market", "/alerts/"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// sentence writes an error as one: a capital first, a full stop last.
func sentence(text string) string {
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
