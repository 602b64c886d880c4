package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// makeMove answers with a link that takes another device in.
func (s *Server) makeMove(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	code, expires := profile.NewCode(), time.Now().Add(profile.MoveTime).UTC().Truncate(time.Second)
	if err := s.Profiles.AddCode(c.Request().Context(), id, profile.HashCode(code), expires); err != nil {
		return personProblem(err)
	}
	return writeJSON(c, http.StatusCreated, struct {
		URL     string    `json:"url"`
		Expires time.Time `json:"expires"`
	}{s.site().PublicURL + "/move/" + code, expires})
}

// movePage asks a person whether this device is to be taken in. To look uses
// nothing up.
func (s *Server) movePage(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	defer cancel()
	into, err := s.Profiles.Code(ctx, profile.HashCode(c.Param("code")), time.Now())
	if errors.Is(err, profile.ErrNoCode) {
		return s.renderStatus(c, http.StatusNotFound, views.Move(views.MovePage{Site: s.site(), Gone: true}))
	}
	if err != nil {
		return err
	}
	found, err := s.identify(c)
	if err != nil {
		return err
	}
	page := views.MovePage{Site: s.site(), Code: c.Param("code"), Already: found.ID == into}
	if found.ID != 0 && !page.Already {
		lists, _, err := s.Profiles.Lists(ctx, found.ID)
		if err != nil {
			return personProblem(err)
		}
		page.Brings, page.Lists = true, len(lists)
		if page.Over, err = s.channelsOver(ctx, into, found.ID); err != nil {
			return err
		}
		page.MaxChannels = profile.MaxChannels
	}
	s.personal(c)
	return s.render(c, views.Move(page))
}

// channelsOver is for how many channels there is no room where two profiles become
// one.
func (s *Server) channelsOver(ctx context.Context, profiles ...profile.ID) (int, error) {
	over := -profile.MaxChannels
	for _, id := range profiles {
		list, err := s.Channels.Channels(ctx, int64(id))
		if err != nil {
			return 0, err
		}
		over += len(list)
	}
	return max(over, 0), nil
}

// move takes the device in.
func (s *Server) move(c echo.Context) error {
	k, settle, label, err := s.movingKey(c)
	if err != nil {
		return err
	}
	moved, err := s.Profiles.Move(c.Request().Context(), profile.HashCode(c.Param("code")), k, label, time.Now())
	if errors.Is(err, profile.ErrNoCode) && wantsPage(c.Request()) {
		return s.renderStatus(c, http.StatusNotFound, views.Move(views.MovePage{Site: s.site(), Gone: true}))
	}
	if err != nil {
		return personProblem(err)
	}
	settle()
	s.profileChanged(moved.ID)
	s.profileChanged(moved.Before)
	if wantsPage(c.Request()) {
		return s.renderStatus(c, http.StatusOK, views.Move(views.MovePage{
			Site: s.site(), Done: true, Brings: moved.Before != 0, Lists: moved.Lists, Alerts: moved.Alerts,
			Left: moved.Left, MaxChannels: profile.MaxChannels,
		}))
	}
	return writeJSON(c, http.StatusOK, struct {
		Lists  int      `json:"lists"`
		Alerts int      `json:"alerts"`
		Left   []string `json:"channels_left,omitempty"`
	}{moved.Lists, moved.Alerts, moved.Left})
}

// movingKey is the key that the device has, or a new one.
func (s *Server) movingKey(c echo.Context) (k profile.Key, settle func(), label string, err error) {
	found, err := s.identify(c)
	if err != nil {
		return k, nil, "", err
	}
	if found.ID == 0 {
		k, label, settle, err = s.newKey(c)
		return k, settle, label, err
	}
	if err := s.mayChange(c, found.ID); err != nil {
		return k, nil, "", err
	}
	k, err = s.keyOf(c.Request())
	return k, func() {}, "", err
}
