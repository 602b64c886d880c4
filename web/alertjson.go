package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
	"github.com/tickboard/tickboard/quotes/profile"
)

// ownAlert is an alert as its owner sees it. What it has not is left out.
type ownAlert struct {
	ID         alert.RuleID    `json:"id"`
	Symbol     quotes.Symbol   `json:"symbol"`
	Condition  alert.Condition `json:"condition"`
	Level      exact           `json:"level,omitempty"`
	Window     string          `json:"window,omitempty"`
	Hysteresis exact           `json:"hysteresis,omitempty"`
	Repeat     alert.Repeat    `json:"repeat"`
	Cooldown   string          `json:"cooldown,omitempty"`
	Sessions   alert.Sessions  `json:"sessions"`
	Note       string          `json:"note,omitempty"`
	Expires    time.Time       `json:"expires,omitzero"`
	Paused     bool            `json:"paused"`
	Deliver    string          `json:"deliver,omitempty"`
	Created    time.Time       `json:"created"`
	Version    int64           `json:"version"`
	Text       string          `json:"text"`
	State      alertState      `json:"state"`
}

type alertState struct {
	Phase string    `json:"phase"` // armed, under, over, spent or done
	Fired time.Time `json:"fired,omitzero"`
	Count int64     `json:"count"`
}

func ownAlertOf(r *alert.Rule, now time.Time) ownAlert {
	return ownAlert{
		ID: r.ID, Symbol: r.Symbol, Condition: r.Condition, Level: exact(quotes.FormatOptional(r.Level)), Window: alert.FormatSpan(r.Window),
		Hysteresis: exact(quotes.FormatOptional(r.Hysteresis)), Repeat: r.Repeat, Cooldown: alert.FormatSpan(r.Cooldown), Sessions: r.Sessions, Note: r.Note,
		Expires: r.Expires, Paused: r.Paused, Deliver: r.Deliver, Created: r.Created, Version: r.Version, Text: r.Text(),
		State: alertState{phaseOf(r, now), r.State.Fired, r.State.Count},
	}
}

// phaseOf names what a rule waits for. Whether it is paused is told beside it.
func phaseOf(r *alert.Rule, now time.Time) string {
	running := *r
	running.Paused = false
	switch {
	case running.Done(now):
		return "done"
	case r.State.Phase == alert.Fresh:
		return "armed"
	}
	return string(r.State.Phase)
}

func writeAlert(c echo.Context, status int, r *alert.Rule) error {
	setETag(c, r.Version)
	if c.Response().Header().Get("Cache-Control") == "" {
		c.Response().Header().Set("Cache-Control", "no-store")
	}
	return c.JSON(status, ownAlertOf(r, time.Now()))
}

// ownFiring is an entry of the history; its number is its notification's.
type ownFiring struct {
	ID      int64              `json:"id"`
	Rule    alert.RuleID       `json:"rule"`
	Symbol  quotes.Symbol      `json:"symbol"`
	Message string             `json:"message"`
	Time    time.Time          `json:"time"`
	Price   exact              `json:"price,omitempty"`
	Late    bool               `json:"late"`
	Quote   *quotes.StockQuote `json:"quote"`
}

func ownFiringOf(p *alert.Past) ownFiring {
	return ownFiring{
		ID: p.Number, Rule: p.Rule, Symbol: p.Quote.Symbol, Message: p.Message, Time: p.Time, Price: exact(quotes.FormatOptional(p.Price)), Late: p.Late, Quote: &p.Quote,
	}
}

// alertFields are what people set of an alert, each as it came: one that was not
// given is nil. What an answer has beside them may be sent back and is not heeded.
type alertFields struct {
	Symbol     json.RawMessage `json:"symbol"`
	Condition  json.RawMessage `json:"condition"`
	Level      json.RawMessage `json:"level"`
	Window     json.RawMessage `json:"window"`
	Hysteresis json.RawMessage `json:"hysteresis"`
	Repeat     json.RawMessage `json:"repeat"`
	Cooldown   json.RawMessage `json:"cooldown"`
	Sessions   json.RawMessage `json:"sessions"`
	Note       json.RawMessage `json:"note"`
	Expires    json.RawMessage `json:"expires"`
	Paused     json.RawMessage `json:"paused"`
	Deliver    json.RawMessage `json:"deliver"`
	EvenIfMet  bool            `json:"even_if_met"`

	ID      json.RawMessage `json:"id"`
	Created json.RawMessage `json:"created"`
	Version json.RawMessage `json:"version"`
	Text    json.RawMessage `json:"text"`
	State   json.RawMessage `json:"state"`
}

// into sets what is given; null takes away what there was.
func (f *alertFields) into(r *alert.Rule) error {
	for _, field := range []struct {
		name, is string
		raw      json.RawMessage
		set      func(json.RawMessage) error
	}{
		{"symbol", "a symbol as text", f.Symbol, to(&r.Symbol)},
		{"condition", "a text, one of those that /api/v1/alerts/conditions lists", f.Condition, to(&r.Condition)},
		{"level", "a number", f.Level, func(raw json.RawMessage) (err error) { r.Level, err = quotes.ParseOptional(number(raw)); return err }},
		{"window", "a time as 15m or 4h", f.Window, func(raw json.RawMessage) (err error) { r.Window, err = parseSpan(raw); return err }},
		{"hysteresis", "a number", f.Hysteresis, func(raw json.RawMessage) (err error) {
			r.Hysteresis, err = quotes.ParseOptional(number(raw))
			return err
		}},
		{"repeat", "once, always or daily", f.Repeat, to(&r.Repeat)},
		{"cooldown", "a time as 15m, 4h or 2d", f.Cooldown, func(raw json.RawMessage) (err error) { r.Cooldown, err = parseSpan(raw); return err }},
		{"sessions", "regular, extended or both", f.Sessions, to(&r.Sessions)},
		{"note", "a text", f.Note, to(&r.Note)},
		{"expires", "a moment as 2026-12-31T21:00:00Z", f.Expires, to(&r.Expires)},
		{"paused", "true or false", f.Paused, to(&r.Paused)},
		{"deliver", "none, or a comma list of sound, browser and the numbers of channels, as text", f.Deliver, to(&r.Deliver)},
	} {
		if field.raw == nil {
			continue
		}
		if err := field.set(field.raw); err != nil {
			switch {
			case errors.Is(err, quotes.ErrSymbol):
				return err
			case errors.Is(err, quotes.ErrDigits):
				return refuse(http.StatusBadRequest, "%s has more than %d digits; round it.", field.name, quotes.MaxDigits)
			}
			return refuse(http.StatusBadRequest, "%s is %s, not %s.", field.name, field.is, clip(string(field.raw)))
		}
	}
	r.Expires = r.Expires.UTC()
	return nil
}

// to reads into a field. Null is its zero value.
func to[T any](into *T) func(json.RawMessage) error {
	return func(raw json.RawMessage) error {
		var value T
		if string(raw) != "null" {
			if err := json.Unmarshal(raw, &value); err != nil {
				return err
			}
		}
		*into = value
		return nil
	}
}

// exact is a decimal on the wire: written as a number, read from a number or a
// text.
type exact string

// MarshalJSON implements json.Marshaler.
func (e exact) MarshalJSON() ([]byte, error) { return []byte(e), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (e *exact) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	*e = exact(text)
	return nil
}

// number is the text of a number that came as a number, a text or null.
func number(raw json.RawMessage) string {
	var e exact
	if string(raw) == "null" || e.UnmarshalJSON(raw) != nil {
		return ""
	}
	return cmp.Or(string(e), "an empty text")
}

// parseSpan reads a time as alert.ParseSpan does; null is none.
func parseSpan(raw json.RawMessage) (time.Duration, error) {
	var text string
	if err := to(&text)(raw); err != nil || text == "" {
		return 0, err
	}
	return alert.ParseSpan(text)
}

// symbolParam is the symbol that a query names, the zero Symbol without one.
func symbolParam(values url.Values) (quotes.Symbol, error) {
	if !values.Has("symbol") {
		return quotes.Symbol{}, nil
	}
	return quotes.ParseSymbol(values.Get("symbol"))
}

// offer is what /api/v1/alerts/conditions answers with.
type offer struct {
	Conditions []offeredCondition `json:"conditions"`
	Windows    []string           `json:"windows"`
	Repeats    []alert.Repeat     `json:"repeats"`
	Sessions   []alert.Sessions   `json:"sessions"`
	Limits     offeredLimits      `json:"limits"`
}

// offeredCondition is a condition with the fields that it takes.
type offeredCondition struct {
	Condition  alert.Condition `json:"condition"`
	Means      string          `json:"means"`
	Level      string          `json:"level,omitempty"`      // price, percent, volume or spread: needed
	Window     bool            `json:"window,omitempty"`     // needed
	Hysteresis bool            `json:"hysteresis,omitempty"` // may be given
	Sessions   bool            `json:"sessions,omitempty"`   // others than regular may be given
}

type offeredLimits struct {
	Alerts      int    `json:"alerts"`
	Note        int    `json:"note"`
	MinCooldown string `json:"min_cooldown"`
	MaxCooldown string `json:"max_cooldown"`
}

// offered is what there is to set.
func offered() offer {
	o := offer{
		Repeats: []alert.Repeat{alert.Once, alert.Always, alert.Daily}, Sessions: []alert.Sessions{alert.RegularOnly, alert.ExtendedOnly, alert.AllSessions},
		Limits: offeredLimits{profile.MaxAlerts, alert.MaxNote, alert.FormatSpan(alert.MinCooldown), alert.FormatSpan(alert.MaxCooldown)},
	}
	for _, w := range alert.Windows {
		o.Windows = append(o.Windows, alert.FormatSpan(w))
	}
	for _, c := range alert.Offers() {
		o.Conditions = append(o.Conditions, offeredCondition(c))
	}
	return o
}
