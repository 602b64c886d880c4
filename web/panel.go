package web

import (
	"context"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

// panel is what a page shows of the notifications at its start.
type panel struct {
	list []views.Notification
	last int64 // the list is complete up to it
	away bool  // they cannot be read now
	bell views.Bell
}

// panel reads the newest notifications for who asks. A page that cannot have them
// has quotes all the same.
func (s *Server) panel(ctx context.Context, caller profile.ID, shows []quotes.Symbol) panel {
	p, err := s.readPanel(ctx, caller, shows)
	if err != nil {
		s.without(ctx, "a page without notifications", err)
		return panel{last: s.Log.Last(), away: true}
	}
	return p
}

func (s *Server) readPanel(ctx context.Context, caller profile.ID, shows []quotes.Symbol) (p panel, err error) {
	who, found, err := s.reader(ctx, caller, shows)
	if err != nil {
		return p, err
	}
	list, last, st, err := s.noted(ctx, alert.Query{Audience: who, Limit: views.PanelPage})
	if err != nil {
		return p, err
	}
	p = panel{last: last, bell: bellOf(st, found)}
	for _, n := range list {
		p.list = append(p.list, views.Notification{
			ID: n.ID, Type: string(n.Type), Kind: string(n.Kind), Message: n.Message, Time: n.Time, Read: n.Read,
			Symbol: n.Symbol, Price: n.Price, Link: n.Link, Expires: n.Expires,
		})
	}
	return p, nil
}

// bell is how many notifications are unread, for a page without the panel, and the
// number after which its stream tells of more.
func (s *Server) bell(ctx context.Context, caller profile.ID, shows ...quotes.Symbol) (views.Bell, int64) {
	last := s.Log.Last()
	who, found, err := s.reader(ctx, caller, shows)
	if err == nil {
		var st alert.Standing
		if st, err = s.Marks.Standing(ctx, who, last, time.Now()); err == nil {
			return bellOf(standing{st.Unread, st.Version}, found), last
		}
	}
	s.without(ctx, "a page without its unread notifications", err)
	return views.Bell{}, last
}

// reader is for whom a page reads, with what is known of the profile.
func (s *Server) reader(ctx context.Context, caller profile.ID, shows []quotes.Symbol) (alert.Audience, profile.Profile, error) {
	var found profile.Profile
	if caller != 0 {
		var err error
		if found, err = s.Profiles.Profile(ctx, caller); err != nil {
			return alert.Audience{}, found, err
		}
	}
	who, err := s.audienceOf(ctx, caller, shows)
	return who, found, err
}

func bellOf(st standing, p profile.Profile) views.Bell {
	on := func(name string) bool { return string(p.Settings[name]) == "true" }
	return views.Bell{Unread: st.Unread, Marks: st.Marks, Settings: p.Versions.Settings, Sound: on("sound"), Desktop: on("browser")}
}
