package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

// maxSearch bounds the text that notifications are searched for, in bytes.
const maxSearch = 400

// standing is where a reader is, as answers say it.
type standing struct {
	Unread int   `json:"unread"`
	Marks  int64 `json:"marks"`
}

// notifications answers with the caller's newest notifications, or those before a
// number, as far as the filters choose them.
func (s *Server) notifications(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "before", "limit", "type", "kind", "q", "symbol", "unread", "watching"); err != nil {
		return err
	}
	q, err := s.notificationsQuery(values)
	if err != nil {
		return err
	}
	watching, err := s.listParam(values, "watching")
	if err != nil {
		return err
	}
	if q.Audience, err = s.audience(c, watching); err != nil {
		return err
	}
	list, last, st, err := s.noted(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.personal(c)
	return s.renderJSON(c, struct {
		Notifications []alert.Noted `json:"notifications"`
		LastID        int64         `json:"last_id"`
		standing
		Versions *profile.Versions `json:"versions,omitempty"` // as streams tell, for who has none
	}{list, last, st, versionsOf(c)})
}

// versionsOf are the versions of the caller's things as they were when it was
// looked up who that is, nil for nobody's.
func versionsOf(c echo.Context) *profile.Versions {
	found, ok := c.Get(foundKey).(profile.Found)
	if !ok || found.ID == 0 {
		return nil
	}
	return &found.Versions
}

// notificationsQuery parses what is to be chosen.
func (s *Server) notificationsQuery(values url.Values) (q alert.Query, err error) {
	limit, err := intParam(values, "limit", 50, 200)
	if err != nil {
		return q, err
	}
	if q.Before, err = intParam(values, "before", 0, math.MaxInt64); err != nil {
		return q, err
	}
	q.Limit, q.Text = int(limit), values.Get("q")
	if len(q.Text) > maxSearch {
		return q, refuse(http.StatusBadRequest, "q has %d bytes; shorten it to %d.", len(q.Text), maxSearch)
	}
	if values.Has("type") {
		if q.Type, err = alert.ParseType(values.Get("type")); err != nil {
			return q, invalid(err)
		}
	}
	switch q.Kind = alert.Kind(values.Get("kind")); q.Kind {
	case "", alert.KindMessage, alert.KindAlert, alert.KindIncident:
	default:
		return q, refuse(http.StatusBadRequest, "kind is message, alert or incident.")
	}
	if values.Has("symbol") {
		if q.Symbol, err = quotes.ParseSymbol(values.Get("symbol")); err != nil {
			return q, err
		}
	}
	switch values.Get("unread") {
	case "":
	case "1", "true":
		q.Unread = true
	case "0", "false":
	default:
		return q, refuse(http.StatusBadRequest, "unread is 1 for those that are not read, or left out.")
	}
	return q, nil
}

// noted reads what a query chooses, the number up to which the newest are
// complete, and how many up to there are unread in all.
func (s *Server) noted(ctx context.Context, q alert.Query) (list []alert.Noted, last int64, st standing, err error) {
	q.Now = time.Now()
	last = s.Log.Last() // read first: what is stored from now on has a higher number
	if list, err = s.Marks.Noted(ctx, q); err != nil {
		return nil, 0, st, err
	}
	if len(list) > 0 {
		last = max(last, list[0].ID) // the database may be ahead of what was read
	}
	now, err := s.Marks.Standing(ctx, q.Audience, last, q.Now)
	return list, last, standing{now.Unread, now.Version}, err
}

// audience is for whom a page or an answer reads notifications: who asks, and who
// watches the symbols of their lists and those that the page shows.
func (s *Server) audience(c echo.Context, shows []quotes.Symbol) (alert.Audience, error) {
	id, err := s.caller(c)
	if err != nil {
		return alert.Audience{}, err
	}
	return s.audienceOf(c.Request().Context(), id, shows)
}

func (s *Server) audienceOf(ctx context.Context, id profile.ID, shows []quotes.Symbol) (alert.Audience, error) {
	watched := make(map[quotes.Symbol]bool)
	for _, sym := range shows {
		watched[sym] = true
	}
	if id != 0 {
		lists, _, err := s.Profiles.Lists(ctx, id)
		if err != nil {
			return alert.Audience{}, err
		}
		for _, l := range lists {
			for _, sym := range l.Symbols {
				watched[sym] = true
			}
		}
	}
	return alert.Audience{Profile: int64(id), Watches: func(sym quotes.Symbol) bool { return watched[sym] }}, nil
}

// marking is what a client wants marked; Watching are the symbols that its page
// shows, as for the list.
type marking struct {
	alert.Choice
	Read     *bool  `json:"read"`
	Watching string `json:"watching"`
}

// readNotifications marks notifications as read, or some as unread again.
func (s *Server) readNotifications(c echo.Context) error {
	var m marking
	if err := decodeJSON(c, &m); err != nil {
		return err
	}
	read := m.Read == nil || *m.Read
	if !read && m.UpTo > 0 {
		return refuse(http.StatusBadRequest, "Only notifications named in ids can be marked as unread.")
	}
	return s.mark(c, m, func(ctx context.Context, id int64) (*alert.Undo, error) {
		return nil, s.Marks.MarkRead(ctx, id, m.Choice, read)
	})
}

// clearNotifications takes notifications out of the caller's panel.
func (s *Server) clearNotifications(c echo.Context) error {
	var m marking
	if err := decodeJSON(c, &m); err != nil {
		return err
	}
	if m.Read != nil {
		return refuse(http.StatusBadRequest, "read is for /api/v1/notifications/read.")
	}
	return s.mark(c, m, func(ctx context.Context, id int64) (*alert.Undo, error) {
		undo, err := s.Marks.Clear(ctx, id, m.Choice)
		return &undo, err
	})
}

// restoreNotifications takes a clearing back.
func (s *Server) restoreNotifications(c echo.Context) error {
	var m struct {
		alert.Undo
		Watching string `json:"watching"`
	}
	if err := decodeJSON(c, &m); err != nil {
		return err
	}
	if m.UpTo < 0 || m.InsteadOf < 0 || m.InsteadOf > 0 && m.UpTo >= m.InsteadOf || m.InsteadOf == 0 && m.UpTo > 0 || len(m.IDs) > alert.MaxMarked {
		return refuse(http.StatusBadRequest, "Send the undo that the clearing answered.")
	}
	if _, err := s.ownerOnly(c); err != nil {
		return err
	}
	return s.changeMarks(c, m.Watching, func(ctx context.Context, id int64) (*alert.Undo, error) {
		return nil, s.Marks.Restore(ctx, id, m.Undo)
	})
}

// mark checks which notifications are meant, and changes their marks.
func (s *Server) mark(c echo.Context, m marking, change func(context.Context, int64) (*alert.Undo, error)) error {
	switch {
	case (m.UpTo > 0) == (len(m.IDs) > 0) || m.UpTo < 0:
		return refuse(http.StatusBadRequest, `Say which: {"up_to":123} for all up to a number, or {"ids":[120,123]} for some.`)
	case len(m.IDs) > alert.MaxMarked:
		return refuse(http.StatusBadRequest, "%d ids are too many; name at most %d, or up_to.", len(m.IDs), alert.MaxMarked)
	}
	for _, id := range m.IDs {
		if id < 1 {
			return refuse(http.StatusBadRequest, "ids are numbers of notifications, from 1.")
		}
	}
	return s.changeMarks(c, m.Watching, change)
}

// changeMarks changes the caller's marks, and answers where that leaves them.
func (s *Server) changeMarks(c echo.Context, watching string, change func(context.Context, int64) (*alert.Undo, error)) error {
	shows, err := s.listParam(url.Values{"watching": {watching}}, "watching")
	if err != nil {
		return err
	}
	id, err := s.mustCaller(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	undo, err := change(ctx, int64(id))
	if errors.Is(err, alert.ErrMarksMoved) {
		return refuse(http.StatusConflict, "More notifications have been cleared since, so that this can no longer be taken back.")
	}
	if err != nil {
		return err
	}
	s.profileChanged(id)
	who, err := s.audienceOf(ctx, id, shows)
	if err != nil {
		return err
	}
	st, err := s.Marks.Standing(ctx, who, 0, time.Now())
	if err != nil {
		return err
	}
	s.personal(c)
	return writeJSON(c, http.StatusOK, struct {
		standing
		Undo *alert.Undo `json:"undo,omitempty"`
	}{standing{st.Unread, st.Version}, undo})
}
