package web

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
	"github.com/tickboard/tickboard/views"
)

const (
	// pageFirings is how many lines of the history come at once, symbolFirings
	// how many a symbol's page has.
	pageFirings   = 50
	symbolFirings = 5
)

// alertsPage is the caller's alerts, by symbol, with what has fired.
func (s *Server) alertsPage(c echo.Context) error {
	caller, err := s.alertOwner(c)
	if err != nil {
		return err
	}
	// The log is read before the alerts: what fires in between comes by the page's
	// stream.
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	defer cancel()
	var page views.AlertsPage
	page.Bell, page.LastID = s.bell(ctx, caller)
	if page.AlertList, page.History, err = s.alertNews(c); err != nil {
		s.without(ctx, "a page without alerts", err)
		page.Away = true
	}
	rows := make([]views.Row, 0, len(page.Groups))
	for _, g := range page.Groups {
		rows = append(rows, g.Row)
	}
	page.MarketWords = s.marketWords(rows, false)
	page.Site = s.siteOf(page.MarketWords)
	return s.render(c, views.Alerts(page))
}

// alertListPart answers with the list for a page that is open: of all symbols, or of
// one.
func (s *Server) alertListPart(c echo.Context) error {
	sym, _, err := alertParams(c)
	if err != nil {
		return err
	}
	s.personal(c)
	if !sym.IsZero() {
		list, err := s.alertsOn(c, sym)
		if err != nil {
			return err
		}
		return s.render(c, views.SymbolAlerts(s.plainRow(sym), list, time.Now()))
	}
	list, history, err := s.alertNews(c)
	if err != nil {
		return err
	}
	return s.render(c, views.AlertNews(list, history, time.Now()))
}

// alertHistoryPart answers with the firings before a number, for a page that is open.
func (s *Server) alertHistoryPart(c echo.Context) error {
	sym, before, err := alertParams(c)
	if err != nil {
		return err
	}
	id, err := s.alertOwner(c)
	if err != nil {
		return err
	}
	history, err := s.firings(c.Request().Context(), id, sym, before, pageFirings)
	if err != nil {
		return err
	}
	return s.render(c, views.Firings(history, time.Now()))
}

// alertParams are the symbol that a list is bounded to and the number before
// which a history begins, zero without.
func alertParams(c echo.Context) (sym quotes.Symbol, before int64, err error) {
	values, err := query(c)
	if err != nil {
		return sym, 0, err
	}
	if values.Get("symbol") != "" {
		if sym, err = quotes.ParseSymbol(values.Get("symbol")); err != nil {
			return sym, 0, err
		}
	}
	before, err = intParam(values, "before", 0, math.MaxInt64)
	return sym, before, err
}

// alertOwner is the caller, 0 for nobody, whose answer is nobody else's.
func (s *Server) alertOwner(c echo.Context) (profile.ID, error) {
	s.personal(c)
	return s.caller(c)
}

// alertNews is what the caller's page of alerts shows. The version is looked at
// first: what is read may be newer than it says, never older.
func (s *Server) alertNews(c echo.Context) (list views.AlertList, history views.History, err error) {
	list.Most = profile.MaxAlerts
	found, err := s.identify(c)
	if err != nil || found.ID == 0 {
		return list, history, err
	}
	list.Version = found.Versions.Alerts
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	defer cancel()
	rules, err := s.Rules.RulesOf(ctx, int64(found.ID))
	if err != nil {
		return list, history, err
	}
	for _, r := range rules {
		i := slices.IndexFunc(list.Groups, func(g views.AlertGroup) bool { return g.Instrument.Symbol == r.Symbol })
		if i < 0 {
			i = len(list.Groups)
			list.Groups = append(list.Groups, s.alertGroup(r.Symbol))
		}
		list.Groups[i].Alerts = append(list.Groups[i].Alerts, viewAlert(r))
	}
	slices.SortFunc(list.Groups, func(a, b views.AlertGroup) int {
		return cmp.Compare(a.Instrument.Symbol.String(), b.Instrument.Symbol.String())
	})
	history, err = s.firings(ctx, found.ID, quotes.Symbol{}, 0, pageFirings)
	return list, history, err
}

// alertGroup is a symbol without its alerts. Somebody looks at it now.
func (s *Server) alertGroup(sym quotes.Symbol) views.AlertGroup {
	if _, known := s.Market.Directory().Lookup(sym); known {
		s.interest.look(time.Now(), sym)
		return views.AlertGroup{Row: s.plainRow(sym)}
	}
	return views.AlertGroup{Row: views.Row{Instrument: quotes.Instrument{Symbol: sym, Decimals: 2}}, Missing: true}
}

// alertsOn is the caller's alerts on one symbol, with what fired last.
func (s *Server) alertsOn(c echo.Context, sym quotes.Symbol) (list views.SymbolAlertList, err error) {
	list.History.Symbol = sym
	found, err := s.identify(c)
	if err != nil || found.ID == 0 {
		return list, err
	}
	list.Version = found.Versions.Alerts
	ctx, cancel := context.WithTimeout(c.Request().Context(), pageReadTime)
	defer cancel()
	rules, err := s.Rules.RulesOf(ctx, int64(found.ID))
	if err != nil {
		return list, err
	}
	for _, r := range rules {
		if r.Symbol == sym {
			list.Alerts = append(list.Alerts, viewAlert(r))
		}
	}
	list.History, err = s.firings(ctx, found.ID, sym, 0, symbolFirings)
	list.History.Older = false
	return list, err
}

// firings are the last of a profile before a number, 0 for the newest.
func (s *Server) firings(ctx context.Context, id profile.ID, sym quotes.Symbol, before int64, most int) (views.History, error) {
	h := views.History{Symbol: sym}
	if id == 0 {
		return h, nil
	}
	past, err := s.Rules.History(ctx, alert.PastQuery{Profile: int64(id), Symbol: sym, Before: before, Limit: most + 1})
	if err != nil {
		return h, err
	}
	h.Older = len(past) > most
	for _, p := range past[:min(len(past), most)] {
		in, known := s.Market.Directory().Lookup(p.Quote.Symbol)
		if !known {
			in = quotes.Instrument{Symbol: p.Quote.Symbol, Decimals: 2}
		}
		h.Firings = append(h.Firings, views.Firing{
			ID: p.Number, Instrument: in, Message: p.Message, Time: p.Time, Price: p.Price, Late: p.Late, Quote: &p.Quote,
		})
	}
	return h, nil
}

func viewAlert(r alert.Rule) views.Alert {
	return views.Alert{
		ID: int64(r.ID), Version: r.Version, Symbol: r.Symbol, Condition: string(r.Condition), Level: r.Level,
		Window: r.Window, Hysteresis: r.Hysteresis, Repeat: string(r.Repeat), Cooldown: r.Cooldown, Sessions: string(r.Sessions),
		Note: r.Note, Expires: r.Expires, Deliver: r.Deliver, Paused: r.Paused,
		Spent: r.State.Phase == alert.Spent, Fired: r.State.Fired, Count: r.State.Count,
	}
}
