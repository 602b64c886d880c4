package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// person is somebody with a browser's cookie at a server.
type person struct {
	*server
	cookie string
}

// ask asks as the person, and keeps the cookie of the first change.
func (p *person) ask(method, path, body string, headers ...string) answer {
	p.t.Helper()
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	if p.cookie != "" {
		headers = append(headers, "Cookie", p.cookie)
	}
	a := p.do(method, "/api/v1"+path, body, headers...)
	if set := a.header.Get("Set-Cookie"); set != "" {
		p.cookie, _, _ = strings.Cut(set, ";")
	}
	return a
}

// at is the person at another server that shares the database.
func (p *person) at(s *server) *person { return &person{server: s, cookie: p.cookie} }

// ownAlert is an alert on the wire.
type ownAlert struct {
	ID        int64       `json:"id"`
	Symbol    string      `json:"symbol"`
	Condition string      `json:"condition"`
	Level     json.Number `json:"level"`
	Window    string      `json:"window"`
	Repeat    string      `json:"repeat"`
	Cooldown  string      `json:"cooldown"`
	Sessions  string      `json:"sessions"`
	Note      string      `json:"note"`
	Expires   string      `json:"expires"`
	Paused    bool        `json:"paused"`
	Deliver   string      `json:"deliver"`
	Version   int64       `json:"version"`
	Text      string      `json:"text"`
	State     struct {
		Phase string `json:"phase"`
		Fired string `json:"fired"`
		Count int    `json:"count"`
	} `json:"state"`
}

func (p *person) setAlert(body string) (a ownAlert) {
	p.t.Helper()
	p.ask(http.MethodPost, "/alerts", body).want(p.t, http.StatusCreated).decode(p.t, &a)
	return a
}

// pastAlert is a firing on the wire.
type pastAlert struct {
	ID      int64       `json:"id"`
	Rule    int64       `json:"rule"`
	Symbol  string      `json:"symbol"`
	Message string      `json:"message"`
	Price   json.Number `json:"price"`
	Late    bool        `json:"late"`
	Quote   wireQuote   `json:"quote"`
}

func (p *person) history(query string) []pastAlert {
	p.t.Helper()
	var answer struct{ History []pastAlert }
	p.ask(http.MethodGet, "/alerts/history"+query, "").want(p.t, http.StatusOK).decode(p.t, &answer)
	return answer.History
}

// fired waits until an alert has fired so often.
func (p *person) fired(rule int64, times int) (list []pastAlert) {
	p.t.Helper()
	eventually(p.t, fmt.Sprintf("alert %d has fired %d times", rule, times), func() bool {
		list = p.history(fmt.Sprint("?rule=", rule))
		return len(list) >= times
	})
	if len(list) > times {
		p.t.Errorf("alert %d has fired %d times, want %d", rule, len(list), times)
	}
	return list
}

// ownNotification is one with what an alert's has more.
type ownNotification struct {
	notification
	Kind   string      `json:"kind"`
	Link   string      `json:"link"`
	Symbol string      `json:"symbol"`
	Price  json.Number `json:"price"`
	Rule   string      `json:"rule"`
	RuleID int64       `json:"rule_id"`
}

func (p *person) notifications() []ownNotification {
	p.t.Helper()
	var answer struct{ Notifications []ownNotification }
	p.ask(http.MethodGet, "/notifications?limit=200", "").want(p.t, http.StatusOK).decode(p.t, &answer)
	return answer.Notifications
}

func trade(symbol, price string, more ...string) string {
	return fmt.Sprintf(`{"type":"trade","symbol":%q,"price":%s,"size":100%s}`, symbol, price, strings.Join(more, ""))
}
