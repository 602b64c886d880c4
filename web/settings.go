package web

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// settings is the page of a person's own settings.
func (s *Server) settings(c echo.Context) error {
	found, err := s.identify(c)
	if _, meant := errors.AsType[*problem](err); meant {
		return err
	}
	s.personal(c)
	page := views.SettingsPage{Site: s.site(), Ways: s.ways(), Services: s.serviceNames(), MaxChannels: profile.MaxChannels, LastID: s.Log.Last()}
	if names := s.vouched(c.Request()); len(names) == 1 {
		page.User = names[0]
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	defer cancel()
	if err == nil {
		page.Bell, page.LastID = s.bell(ctx, found.ID)
		err = s.fillSettings(ctx, c, found.ID, &page)
	}
	if err != nil { // not knowing who asks, the page must not say that nothing is kept
		s.warnAway(c, err)
		page = views.SettingsPage{Site: page.Site, Ways: page.Ways, Services: page.Services, MaxChannels: page.MaxChannels, User: page.User, Away: true}
	}
	return s.render(c, views.Settings(page))
}

// fillSettings reads what is the caller's.
func (s *Server) fillSettings(ctx context.Context, c echo.Context, id profile.ID, page *views.SettingsPage) error {
	if id == 0 {
		return nil
	}
	p, err := s.Profiles.Profile(ctx, id)
	if errors.Is(err, profile.ErrNoProfile) { // deleted a moment ago
		return nil
	}
	if err != nil {
		return err
	}
	page.Known, page.Created = true, p.Created
	own := ""
	if k, err := s.keyOf(c.Request()); err == nil {
		own = k.Device()
	}
	for _, d := range p.Devices {
		page.Devices = append(page.Devices, views.Device{ID: d.ID, Label: d.Label, Created: d.Created, Seen: d.Seen, This: d.ID == own})
	}
	list, err := s.Channels.Channels(ctx, int64(id))
	for _, ch := range list {
		page.Channels = append(page.Channels, views.Channel{
			ID: int64(ch.ID), Version: ch.Version, Kind: string(ch.Kind), Name: ch.Name, Address: ch.Address,
			Enabled: ch.Enabled, Alerts: ch.Alerts, Messages: ch.Messages, Unconfirmed: ch.Confirmed.IsZero(),
			Delivered: ch.Delivered, Failing: ch.Failing, Error: ch.Error,
		})
	}
	return err
}

// ways are the kinds of channels, those that are not offered with the reason.
func (s *Server) ways() []views.Way {
	list := make([]views.Way, 0, len(kinds))
	for _, kind := range kinds {
		list = append(list, views.Way{Kind: string(kind), Why: s.notOffered(kind)})
	}
	return list
}

// serviceNames are the operator's services that one may choose from.
func (s *Server) serviceNames() []string {
	if services, ok := s.sender(deliver.Service).(deliver.Namer); ok {
		return services.Names()
	}
	return nil
}
