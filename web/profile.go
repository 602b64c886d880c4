package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/profile"
)

// ownProfile is a profile as its owner sees it.
type ownProfile struct {
	ID       profile.ID       `json:"id"` // by which an operator sends it a message
	Created  time.Time        `json:"created"`
	Settings profile.Settings `json:"settings"`
	Versions profile.Versions `json:"versions"`
	Devices  []ownDevice      `json:"devices"`
}

type ownDevice struct {
	ID      string    `json:"id"`
	Label   string    `json:"label"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen"`
	This    bool      `json:"this,omitempty"`
}

// ownLimits is how much a profile may have.
type ownLimits struct {
	Lists    int `json:"lists"`
	Symbols  int `json:"symbols"`
	Alerts   int `json:"alerts"`
	Channels int `json:"channels"`
}

// showProfile answers with the caller's profile, null for nobody's.
func (s *Server) showProfile(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	s.personal(c)
	found, err := s.identify(c)
	if err != nil {
		return err
	}
	return s.tellProfile(c, found.ID)
}

func (s *Server) tellProfile(c echo.Context, id profile.ID) error {
	answer := struct {
		Profile *ownProfile `json:"profile"`
		Limits  ownLimits   `json:"limits"`
	}{Limits: ownLimits{profile.MaxLists, s.MaxSymbols, profile.MaxAlerts, profile.MaxChannels}}
	if id != 0 {
		p, err := s.Profiles.Profile(c.Request().Context(), id)
		if err != nil {
			return personProblem(err)
		}
		k, err := s.keyOf(c.Request())
		if err != nil {
			return err
		}
		own := &ownProfile{ID: id, Created: p.Created, Settings: p.Settings, Versions: p.Versions}
		for _, d := range p.Devices {
			own.Devices = append(own.Devices, ownDevice{d.ID, d.Label, d.Created, d.Seen, d.ID == k.Device()})
		}
		answer.Profile = own
	}
	return s.renderJSON(c, answer)
}

// changeProfile merges settings.
func (s *Server) changeProfile(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	var change struct {
		Settings profile.Settings `json:"settings"`
	}
	if err := decodeJSON(c, &change); err != nil {
		return err
	}
	if change.Settings == nil {
		return refuse(http.StatusBadRequest, `Send the settings that change, as {"settings":{"sound":true}}; null takes one away.`)
	}
	id, err := s.mustCaller(c)
	if err != nil {
		return err
	}
	settings, versions, err := s.Profiles.ChangeSettings(c.Request().Context(), id, change.Settings)
	if err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	return writeJSON(c, http.StatusOK, struct {
		Settings profile.Settings `json:"settings"`
		Version  int64            `json:"version"`
	}{settings, versions.Settings})
}

// deleteProfile removes all that is the caller's.
func (s *Server) deleteProfile(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	if err := s.Profiles.DeleteProfile(c.Request().Context(), id); err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	s.forget(c)
	return c.NoContent(http.StatusNoContent)
}

// changer is the caller of a change that only makes sense to who has a profile.
func (s *Server) changer(c echo.Context) (profile.ID, error) {
	id, err := s.ownerOnly(c)
	if err == nil {
		err = s.mayChange(c, id)
	}
	return id, err
}

// forget takes the device's cookie away.
func (s *Server) forget(c echo.Context) {
	if len(s.vouched(c.Request())) == 0 {
		s.setSecret(c, "", -time.Second)
	}
}

// exportProfile answers with everything of the caller's own, as a file.
func (s *Server) exportProfile(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	s.personal(c)
	id, err := s.changer(c) // it costs as much
	if err != nil {
		return err
	}
	all, err := s.Profiles.Export(c.Request().Context(), id)
	if err != nil {
		return personProblem(err)
	}
	now := time.Now().UTC()
	all["exported"] = now
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-store")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="tickboard-%s.json"`, now.Format(time.DateOnly)))
	return c.Blob(http.StatusOK, "application/json", body)
}

// removeDevice takes a device out of the caller's profile.
func (s *Server) removeDevice(c echo.Context) error {
	if err := noParameters(c); err != nil {
		return err
	}
	id, err := s.changer(c)
	if err != nil {
		return err
	}
	device := c.Param("id")
	if err := s.Profiles.RemoveDevice(c.Request().Context(), id, device); err != nil {
		return personProblem(err)
	}
	s.profileChanged(id)
	if k, err := s.keyOf(c.Request()); err == nil && k.Device() == device {
		s.forget(c)
	}
	return c.NoContent(http.StatusNoContent)
}

// noParameters refuses a query string, for calls that take none.
func noParameters(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	return knownOnly(values)
}

// personProblem says what a refusal of the profiles' store means for the one who
// asked, and leaves a fault as it is.
func personProblem(err error) error {
	for _, p := range []struct {
		is     error
		status int
	}{
		{profile.ErrNoProfile, http.StatusNotFound}, {profile.ErrNoDevice, http.StatusNotFound}, {profile.ErrNoList, http.StatusNotFound},
		{profile.ErrNoCode, http.StatusNotFound}, {profile.ErrLastDevice, http.StatusConflict},
		{profile.ErrListChanged, http.StatusPreconditionFailed}, {profile.ErrInvalid, http.StatusBadRequest}, {profile.ErrLimit, http.StatusUnprocessableEntity},
	} {
		if errors.Is(err, p.is) {
			return refuse(p.status, "%s", sentence(err.Error()))
		}
	}
	return err
}
