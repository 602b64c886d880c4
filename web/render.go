package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
)

// renderJSON answers with JSON that a client may keep and ask about.
func (s *Server) renderJSON(c echo.Context, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return revalidated(c, "application/json", body)
}

// writeJSON answers with JSON that is not to be kept.
func writeJSON(c echo.Context, status int, v any) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(status, v)
}

// render answers with a page. It is rendered whole before the first byte
// leaves, so that an error on the way is not half a page.
func (s *Server) render(c echo.Context, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(c.Request().Context(), &body); err != nil {
		return err
	}
	return revalidated(c, "text/html; charset=utf-8", body.Bytes())
}

// renderStatus answers with a page of a status other than 200.
func (s *Server) renderStatus(c echo.Context, status int, page templ.Component) error {
	var body bytes.Buffer
	if err := page.Render(c.Request().Context(), &body); err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.HTMLBlob(status, body.Bytes())
}

// revalidated answers 200 with the body, or 304 when the client has it. The
// ETag is made from the content, so that nodes agree; it is weak because the
// body may go out compressed or not.
func revalidated(c echo.Context, contentType string, body []byte) error {
	sum := sha256.Sum256(body)
	etag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h := c.Response().Header()
	if h.Get("Cache-Control") == "" { // a personal answer has said more
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("ETag", etag)
	if matches(c.Request().Header.Get("If-None-Match"), etag) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, contentType, body)
}

// matches compares weakly (RFC 9110, section 13.1.2).
func matches(ifNoneMatch, etag string) bool {
	for tag := range strings.SplitSeq(ifNoneMatch, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}
