package web

import (
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

// alerts answers with the caller's alerts, of all symbols or of one.
func (s *Server) alerts(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "symbol"); err != nil {
		return err
	}
	sym, err := symbolParam(values)
	if err != nil {
		return err
	}
	caller, err := s.identify(c) // before the alerts are read: the version is not ahead of them
	if err != nil {
		return err
	}
	answer := struct {
		Alerts  []ownAlert `json:"alerts"`
		Version int64      `json:"version"`
	}{[]ownAlert{}, caller.Versions.Alerts}
	if caller.ID != 0 {
		list, err := s.Rules.RulesOf(c.Request().Context(), int64(caller.ID))
		if err != nil {
			return err
		}
		now := time.Now()
		for i := range list {
			if sym.IsZero() || list[i].Symbol == sym {
				answer.Alerts = append(answer.Alerts, ownAlertOf(&list[i], now))
			}
		}
	}
	s.personal(c)
	return s.renderJSON(c, answer)
}

// alert answers with one of them.
func (s *Server) alert(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	r, err := s.ownRule(c)
	if err != nil {
		return err
	}
	s.personal(c)
	return writeAlert(c, http.StatusOK, &r)
}

// addAlert sets a new one. One that the newest quote meets already is refused
// with advice, unless that is meant.
func (s *Server) addAlert(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	var fields alertFields
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	r := alert.Rule{}
	if err := fields.into(&r); err != nil {
		return err
	}
	r = r.Completed()
	if err := r.Validate(time.Now()); err != nil {
		return ruleProblem(err)
	}
	if err := s.mustKnow(r.Symbol); err != nil {
		return err
	}
	if err := s.knowWays(c, r.Deliver, ""); err != nil {
		return err
	}
	if refused, err := s.refuseMet(c, &r, fields.EvenIfMet); refused {
		return err
	}
	caller, err := s.mustCaller(c) // last: a refusal makes no profile
	if err != nil {
		return err
	}
	r.Profile = int64(caller)
	if r, err = s.Alerts.Add(c.Request().Context(), r); err != nil {
		return ruleProblem(err)
	}
	s.profileChanged(caller)
	c.Response().Header().Set(echo.HeaderLocation, alertPath(r.ID))
	return writeAlert(c, http.StatusCreated, &r)
}

// putAlert sets one anew: what is not given is as in a new one.
func (s *Server) putAlert(c echo.Context) error {
	return s.changeAlert(c, func(old *alert.Rule) alert.Rule {
		return alert.Rule{
			ID: old.ID, Profile: old.Profile, Symbol: old.Symbol, Created: old.Created,
			Version: old.Version, Since: old.Since, State: old.State,
		}
	})
}

// patchAlert changes what is given.
func (s *Server) patchAlert(c echo.Context) error {
	return s.changeAlert(c, func(old *alert.Rule) alert.Rule { return *old })
}

// changeAlert changes the rule that is made of the old one by what is given.
func (s *Server) changeAlert(c echo.Context, from func(old *alert.Rule) alert.Rule) error {
	if err := bare(c); err != nil {
		return err
	}
	var fields alertFields
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	old, err := s.ownRule(c)
	if err != nil {
		return err
	}
	if err := ifMatch(c, old.Version); err != nil {
		return err
	}
	r := from(&old)
	if err := fields.into(&r); err != nil {
		return err
	}
	if r.Symbol != old.Symbol {
		return refuse(http.StatusBadRequest, "An alert stays with its symbol, %s. Set a new one for %s.", old.Symbol, r.Symbol)
	}
	if err := s.knowWays(c, r.Deliver, old.Deliver); err != nil {
		return err
	}
	if r = r.Completed(); r.StartsAnew(&old) {
		if refused, err := s.refuseMet(c, &r, fields.EvenIfMet); refused {
			return err
		}
	}
	if err := s.mayChange(c, profile.ID(r.Profile)); err != nil {
		return err
	}
	if r, err = s.Alerts.Update(c.Request().Context(), old, r); err != nil {
		return ruleProblem(err)
	}
	s.profileChanged(profile.ID(r.Profile))
	return writeAlert(c, http.StatusOK, &r)
}

// deleteAlert deletes one, which can be brought back for a while; its history
// stays.
func (s *Server) deleteAlert(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	r, err := s.ownRule(c)
	if err == nil && c.Request().Header.Get("If-Match") != "" {
		err = ifMatch(c, r.Version)
	}
	if err == nil {
		err = s.mayChange(c, profile.ID(r.Profile))
	}
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	if err := s.Alerts.Delete(c.Request().Context(), r.Profile, r.Symbol, r.ID); err != nil {
		return ruleProblem(err)
	}
	s.profileChanged(profile.ID(r.Profile))
	return tellDeleted(c, alertPath(r.ID), now)
}

func alertPath(id alert.RuleID) string {
	return "/api/v1/alerts/" + strconv.FormatInt(int64(id), 10)
}

// restoreAlert brings a deleted one back in the state that it had. One that is
// there stays as it is: an answer may have got lost.
func (s *Server) restoreAlert(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	caller, err := s.changer(c)
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return ruleProblem(alert.ErrNoRule)
	}
	r, err := s.Alerts.Restore(c.Request().Context(), int64(caller), alert.RuleID(id), time.Now().Add(-profile.RestoreTime))
	if err != nil {
		return ruleProblem(err)
	}
	s.profileChanged(caller)
	return writeAlert(c, http.StatusOK, &r)
}

// rearmTries is how often rearmAlert begins again because somebody else has
// changed the alert meanwhile.
const rearmTries = 3

// rearmAlert lets one begin anew, at its level, another or the present price. One
// that was paused is armed too.
func (s *Server) rearmAlert(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	var fields struct {
		Level     *exact `json:"level"`
		EvenIfMet bool   `json:"even_if_met"`
	}
	if err := decodeJSON(c, &fields); err != nil {
		return err
	}
	for try := 1; ; try++ {
		r, err := s.ownRule(c)
		if err != nil {
			return err
		}
		if r.Paused = false; fields.Level != nil {
			if r, err = s.levelled(r, string(*fields.Level)); err != nil {
				return err
			}
		}
		if refused, err := s.refuseMet(c, &r, fields.EvenIfMet); refused {
			return err
		}
		if try == 1 {
			if err := s.mayChange(c, profile.ID(r.Profile)); err != nil {
				return err
			}
		}
		r, err = s.Alerts.Rearm(c.Request().Context(), r)
		if errors.Is(err, alert.ErrRuleChanged) && try < rearmTries {
			continue
		}
		if err != nil {
			return ruleProblem(err)
		}
		s.profileChanged(profile.ID(r.Profile))
		return writeAlert(c, http.StatusOK, &r)
	}
}

// levelled is r at a level: a number, or "current" for the present price.
func (s *Server) levelled(r alert.Rule, level string) (alert.Rule, error) {
	if level == "current" {
		r, err := r.AtPrice(s.quote(r.Symbol))
		return r, ruleProblem(err)
	}
	d, err := quotes.ParseDecimal(level)
	if err != nil {
		return r, refuse(http.StatusBadRequest, "level is a number, or current for the present price: %v.", err)
	}
	r.Level = quotes.Some(d)
	return r, nil
}

// refuseMet answers with advice when the newest quote meets a rule already, and
// says whether it did.
func (s *Server) refuseMet(c echo.Context, r *alert.Rule, evenSo bool) (refused bool, err error) {
	if evenSo || r.Paused {
		return false, nil
	}
	advice, met := r.Met(s.quote(r.Symbol))
	if !met {
		return false, nil
	}
	type instead struct {
		Condition alert.Condition `json:"condition,omitempty"`
		Level     exact           `json:"level,omitempty"`
		Text      string          `json:"text"`
	}
	answer := struct {
		problem
		Met    bool    `json:"met"`
		Advice instead `json:"advice"`
	}{
		problem{http.StatusUnprocessableEntity, "The alert would fire at once", advice.Text + " To be told at once, send it with even_if_met."},
		true, instead{Condition: advice.Instead, Text: advice.Text},
	}
	if advice.Instead != "" {
		answer.Advice.Level = exact(quotes.FormatOptional(r.Level))
	}
	c.Response().Header().Set("Content-Type", "application/problem+json")
	return true, writeJSON(c, http.StatusUnprocessableEntity, answer)
}

// knowWays refuses channels in a rule's deliver that the caller does not have, and
// that were not in it before: one that is gone takes nothing.
func (s *Server) knowWays(c echo.Context, ways, before string) error {
	had := strings.Split(before, ",")
	var list []deliver.Channel
	asked := false
	for way := range strings.SplitSeq(ways, ",") {
		id, err := strconv.ParseInt(way, 10, 64)
		if err != nil || slices.Contains(had, way) {
			continue
		}
		if !asked {
			caller, err := s.identify(c)
			if err == nil && caller.ID != 0 {
				list, err = s.Channels.Channels(c.Request().Context(), int64(caller.ID))
			}
			if err != nil {
				return err
			}
			asked = true
		}
		if !slices.ContainsFunc(list, func(ch deliver.Channel) bool { return int64(ch.ID) == id }) {
			return refuse(http.StatusBadRequest, "You have no channel %d to deliver it; /api/v1/channels lists those that there are.", id)
		}
	}
	return nil
}

// ownRule is the caller's rule that the path names.
func (s *Server) ownRule(c echo.Context) (alert.Rule, error) {
	caller, err := s.ownerOnly(c)
	if err != nil {
		return alert.Rule{}, err
	}
	id, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil {
		return alert.Rule{}, ruleProblem(alert.ErrNoRule)
	}
	r, err := s.Rules.Rule(c.Request().Context(), alert.RuleID(id))
	if err == nil && r.Profile != int64(caller) {
		err = alert.ErrNoRule
	}
	return r, ruleProblem(err)
}

// alertHistory answers with what has fired, newest first.
func (s *Server) alertHistory(c echo.Context) error {
	values, err := query(c)
	if err != nil {
		return err
	}
	if err := knownOnly(values, "rule", "symbol", "before", "limit"); err != nil {
		return err
	}
	of := alert.PastQuery{}
	if of.Symbol, err = symbolParam(values); err != nil {
		return err
	}
	limit, err := intParam(values, "limit", 50, 200)
	if err != nil {
		return err
	}
	if of.Before, err = intParam(values, "before", 0, math.MaxInt64); err != nil {
		return err
	}
	rule, err := intParam(values, "rule", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	caller, err := s.caller(c)
	if err != nil {
		return err
	}
	answer := struct {
		History []ownFiring `json:"history"`
	}{[]ownFiring{}}
	if of.Profile, of.Rule, of.Limit = int64(caller), alert.RuleID(rule), int(limit); of.Profile != 0 {
		list, err := s.Rules.History(c.Request().Context(), of)
		if err != nil {
			return err
		}
		for i := range list {
			answer.History = append(answer.History, ownFiringOf(&list[i]))
		}
	}
	s.personal(c)
	return s.renderJSON(c, answer)
}

// alertConditions answers with what an alert may wait for.
func (s *Server) alertConditions(c echo.Context) error {
	if err := bare(c); err != nil {
		return err
	}
	return s.renderJSON(c, offered())
}

// ruleProblem turns a refusal into a problem, and leaves a fault as it is.
func ruleProblem(err error) error {
	for _, known := range []struct {
		is     error
		status int
	}{
		{alert.ErrRule, http.StatusBadRequest}, {alert.ErrNoRule, http.StatusNotFound}, {alert.ErrRules, http.StatusUnprocessableEntity},
		{alert.ErrRuleChanged, http.StatusPreconditionFailed}, {profile.ErrNoProfile, http.StatusNotFound},
	} {
		if errors.Is(err, known.is) {
			text := err.Error()
			if known.status == http.StatusBadRequest {
				text = strings.TrimPrefix(text, known.is.Error()+": ")
				text = strings.TrimPrefix(text, alert.ErrInvalid.Error()+": ")
			}
			return refuse(known.status, "%s", sentence(text))
		}
	}
	return err
}
