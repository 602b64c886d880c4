package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/views"
)

const (
	// passName is the cookie of a person who gave the admin token to /feeds.
	passName = "tickboard_feeds"
	passTime = time.Hour
)

// feeds shows the operator how the sources are: those who bear the admin token,
// or gave it to the page's form within the hour.
func (s *Server) feeds(c echo.Context) error {
	r := c.Request()
	pass := s.passes(r, time.Now())
	switch {
	case pass || s.authorized(r):
		return s.tellFeeds(c, views.FeedsPage{Site: s.site(), Leave: pass})
	case wantsPage(r):
		return s.renderStatus(c, http.StatusUnauthorized, views.FeedsEntry(s.site(), false))
	}
	return unauthorized(c)
}

// adminFeeds is the same on the operator's listener, which asks for no token.
func (s *Server) adminFeeds(c echo.Context) error {
	site := s.site()
	site.Home = site.PublicURL
	s.setHeaders(c.Response().Header(), c.Request())
	return s.tellFeeds(c, views.FeedsPage{Site: site})
}

// tellFeeds answers with a page for a browser, with JSON for all others.
func (s *Server) tellFeeds(c echo.Context, page views.FeedsPage) error {
	page.Feeds = s.feedStates()
	c.Response().Header().Set("Vary", "Accept")
	if wantsPage(c.Request()) {
		return s.renderStatus(c, http.StatusOK, views.Feeds(page))
	}
	return writeJSON(c, http.StatusOK, struct {
		Time  time.Time    `json:"time"`
		Feeds []views.Feed `json:"feeds"`
	}{page.Now.UTC(), page.Feeds})
}

// enterFeeds takes the form's token for a cookie that admits to /feeds alone,
// or takes the cookie away.
func (s *Server) enterFeeds(c echo.Context) error {
	r := c.Request()
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusBadRequest, "The form cannot be read. Go back to /feeds and send it again.")
	}
	pass := &http.Cookie{ //nolint:gosec // Secure wherever the client speaks TLS; the usual address is this machine's, without
		Name: passName, Path: "/feeds", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secure(r), MaxAge: -1,
	}
	if r.PostForm.Get("leave") == "" {
		if !s.isAdminToken(strings.TrimSpace(r.PostForm.Get("token"))) {
			return s.renderStatus(c, http.StatusUnauthorized, views.FeedsEntry(s.site(), true))
		}
		pass.Value, pass.MaxAge = s.passUntil(time.Now().Add(passTime)), int(passTime/time.Second)
	}
	c.SetCookie(pass)
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.Redirect(http.StatusSeeOther, "/feeds")
}

// passUntil is a cookie's value: when it ends, signed with the admin token, so
// that nothing is kept here and a new token ends all passes.
func (s *Server) passUntil(end time.Time) string {
	text := strconv.FormatInt(end.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.AdminToken))
	mac.Write([]byte("feeds until " + text))
	return text + "." + hex.EncodeToString(mac.Sum(nil))
}

// passes says whether r bears a pass that has not ended.
func (s *Server) passes(r *http.Request, now time.Time) bool {
	cookie, err := r.Cookie(passName)
	if err != nil || s.AdminToken == "" {
		return false
	}
	text, _, _ := strings.Cut(cookie.Value, ".")
	end, err := strconv.ParseInt(text, 10, 64)
	return err == nil && now.Unix() < end && hmac.Equal([]byte(cookie.Value), []byte(s.passUntil(time.Unix(end, 0))))
}

// feedStates is how each source is.
func (s *Server) feedStates() []views.Feed {
	feeds := []views.Feed{}
	for _, st := range s.Market.States() {
		f := views.Feed{
			Name: st.Name, URL: st.URL, Timeliness: st.Timeliness, Note: st.Note, State: string(st.Phase), Since: st.Since.UTC(),
			LastMessage: st.LastMessage.UTC(), LastUpdate: st.LastUpdate.UTC(), Messages: st.Messages, Updates: st.Emitted,
			MessageRate: st.MessageRate, UpdateRate: st.UpdateRate, Outcomes: make(map[string]int64),
			MarketTime: st.MarketTime,
			Restarts:   st.Restarts, Error: st.LastError, ErrorTime: st.LastErrorAt.UTC(), Advice: st.Advice,
			Symbols: st.Symbols, Restored: st.Restored, Listed: st.Listed, Asked: st.Asked, Confirmed: st.Got,
			Refused: make(map[string]string),
		}
		for outcome, n := range st.Updates {
			f.Outcomes[feed.Outcome(outcome).String()] = n
		}
		for sym, why := range st.Refused {
			f.Refused[sym.String()] = why
		}
		feeds = append(feeds, f)
	}
	return feeds
}
