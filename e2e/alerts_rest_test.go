package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAnAlertThatIsMetAlreadyIsRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(trade("AAA", "101"))
	p := &person{server: s}
	const above = `"symbol":"AAA","condition":"above","level":100`
	a := p.ask(http.MethodPost, "/alerts", `{`+above+`}`)
	detail := a.problem(t, http.StatusUnprocessableEntity)
	var met struct {
		Met    bool
		Advice struct {
			Condition, Text string
			Level           json.Number
		}
	}
	if a.decode(t, &met); !met.Met || met.Advice.Condition != "crosses_up" || met.Advice.Level != "100" ||
		!strings.Contains(detail, "AAA is above 100 already, at 101") || !strings.Contains(detail, "even_if_met") {
		t.Errorf("%s", a.body)
	}
	if p.cookie != "" {
		t.Error("a refusal made a profile")
	}
	// What it advises can be set, and waits for the next time.
	up := p.setAlert(`{"symbol":"AAA","condition":"crosses_up","level":100}`)
	if up.State.Phase != "over" && up.State.Phase != "armed" {
		t.Errorf("%+v", up)
	}
	even := p.setAlert(`{` + above + `,"even_if_met":true}`)
	p.fired(even.ID, 1)
	s.ingest(trade("AAA", "99"), trade("AAA", "100"))
	if past := p.fired(up.ID, 1); past[0].Price != "100" {
		t.Errorf("%+v", past)
	}
	// To change one into such a one, or to arm it again, is refused too.
	below := p.setAlert(`{"symbol":"AAA","condition":"below","level":50}`)
	path := fmt.Sprint("/alerts/", below.ID)
	p.ask(http.MethodPatch, path, `{"level":150}`, "If-Match", `"v1"`).problem(t, http.StatusUnprocessableEntity)
	p.ask(http.MethodPatch, path, `{"level":150,"paused":true}`, "If-Match", `"v1"`).want(t, http.StatusOK)
	p.ask(http.MethodPost, path+"/rearm", `{}`).problem(t, http.StatusUnprocessableEntity)
	p.ask(http.MethodPost, path+"/rearm", `{"even_if_met":true}`).want(t, http.StatusOK)
	p.fired(below.ID, 1)
}

// TestAlertsAreSetChangedAndArmedAgain is the life of an alert by REST.
func TestAlertsAreSetChangedAndArmedAgain(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(trade("AAA", "99"), trade("BBB", "10"))
	p := &person{server: s}
	if a := p.ask(http.MethodGet, "/alerts", "").want(t, http.StatusOK); a.body != `{"alerts":[],"version":0}` || a.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("of nobody: %s %v", a.body, a.header)
	}
	made := p.ask(http.MethodPost, "/alerts", `{"symbol":"aaa","condition":"above","level":"100.50","repeat":"always","cooldown":"90m",
		"hysteresis":0.25,"sessions":"both","note":"sell?","expires":"2099-01-01T00:00:00+01:00","deliver":"sound,browser"}`).want(t, http.StatusCreated)
	var a ownAlert
	made.decode(t, &a)
	path := fmt.Sprint("/alerts/", a.ID)
	if made.header.Get("Location") != "/api/v1"+path || made.header.Get("ETag") != `"v1"` {
		t.Errorf("%v", made.header)
	}
	if a.Symbol != "AAA" || a.Level != "100.50" || a.Cooldown != "1h30m" || a.Expires != "2098-12-31T23:00:00Z" || a.Text != "above 100.50" || a.State.Phase != "armed" {
		t.Errorf("%+v", a)
	}
	// It can be sent back as it is: nothing changes but its version.
	if got := p.ask(http.MethodPut, path, made.body, "If-Match", `"v1"`).want(t, http.StatusOK); strings.Replace(got.body, `"version":2`, `"version":1`, 1) != made.body {
		t.Errorf("put back: %s\nwas %s", got.body, made.body)
	}
	p.ask(http.MethodPatch, path, `{"note":null}`).problem(t, http.StatusPreconditionRequired)
	p.ask(http.MethodPatch, path, `{"note":null}`, "If-Match", `"v1"`).problem(t, http.StatusPreconditionFailed)
	a = ownAlert{}
	p.ask(http.MethodPatch, path, `{"note":null,"paused":true,"cooldown":"30d"}`, "If-Match", `"v2"`).want(t, http.StatusOK).decode(t, &a)
	if a.Note != "" || !a.Paused || a.Cooldown != "30d" || a.Deliver != "sound,browser" || a.Version != 3 {
		t.Errorf("%+v", a)
	}
	s.ingest(trade("AAA", "101"))
	if list := p.history("?symbol=AAA"); len(list) != 0 {
		t.Errorf("a paused alert fired %+v", list)
	}
	p.ask(http.MethodPost, path+"/rearm", `{"level":"current"}`).want(t, http.StatusOK).decode(t, &a)
	if a.Level != "101" || a.Paused || a.Version != 4 {
		t.Errorf("%+v", a)
	}
	s.ingest(trade("AAA", "101.01"))
	p.fired(a.ID, 1)
	if list := p.history("?symbol=BBB"); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if list := p.history(fmt.Sprintf("?symbol=AAA&before=%d&limit=5", p.history("")[0].ID)); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	p.setAlert(`{"symbol":"BBB","condition":"day_high"}`)
	var list struct {
		Alerts  []ownAlert
		Version int64
	}
	if p.ask(http.MethodGet, "/alerts?symbol=BBB", "").want(t, http.StatusOK).decode(t, &list); len(list.Alerts) != 1 || list.Version < 5 {
		t.Errorf("%+v", list)
	}
	p.ask(http.MethodDelete, path, "", "If-Match", `"v3"`).problem(t, http.StatusPreconditionFailed)
	deleted := p.ask(http.MethodDelete, path, "").want(t, http.StatusOK)
	p.ask(http.MethodDelete, path, "").problem(t, http.StatusNotFound)
	if len(p.history(fmt.Sprint("?rule=", a.ID))) != 1 {
		t.Error("the history has gone with the alert")
	}
	var back struct {
		Undo  string
		Until time.Time
	}
	if deleted.decode(t, &back); back.Undo != "/api/v1"+path+"/restore" || time.Until(back.Until) < 6*24*time.Hour {
		t.Errorf("%+v", back)
	}
	(&person{server: s}).ask(http.MethodPost, path+"/restore", "").problem(t, http.StatusNotFound)
	for range 2 { // whose answer may get lost
		p.ask(http.MethodPost, path+"/restore", "").want(t, http.StatusOK)
	}
	p.ask(http.MethodDelete, path, "").want(t, http.StatusOK)
	// All that is a person's goes.
	p.ask(http.MethodDelete, "/profile", "").want(t, http.StatusNoContent)
	eventually(t, "no alert is armed", func() bool { return s.metrics()["tickboard_alerts"] == 0 })
}

func TestAlertsThatCannotBeSetSayWhy(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(trade("AAA", "99"))
	p := &person{server: s}
	for body, says := range map[string]string{
		`{}`:                                    "no symbol",
		`{"symbol":"AAA"}`:                      "choose above",
		`{"symbol":"A A","condition":"halted"}`: "allowed are",
		`{"symbol":"AAA","condition":"year_high"}`:                                          "52-week",
		`{"symbol":"AAA","condition":"above"}`:                                              "give a number",
		`{"symbol":"AAA","condition":"above","level":"1,5"}`:                                "level is a number",
		`{"symbol":"AAA","condition":"above","level":""}`:                                   "level is a number",
		`{"symbol":"AAA","condition":"above","level":true}`:                                 "level is a number",
		`{"symbol":"AAA","condition":"above","level":100,"Level2":1}`:                       "unknown field",
		`{"symbol":"AAA","condition":"percent_window","level":5,"window":"2m"}`:             "window is one of 1m, 5m, 15m",
		`{"symbol":"AAA","condition":"percent_window","level":5,"window":300}`:              "window is a time as 15m",
		`{"symbol":"AAA","condition":"above","level":100,"expires":"2001-01-01T00:00:00Z"}`: "later time",
		`{"symbol":"AAA","condition":"above","level":100,"expires":"tomorrow"}`:             "expires is a moment",
		`{"symbol":"AAA","condition":"above","level":100,"deliver":"pigeon"}`:               "sound, browser and the numbers",
		`{"symbol":"AAA","condition":"above","level":100,"deliver":"sound,7"}`:              "no channel 7",
		`{"symbol":"AAA","condition":"above","level":100.0000000000000000001}`:              "level has more than 18 digits; round it",
		`{"symbol":"AAA","condition":"above","level":100,"repeat":"always"}`:                "cooldown",
		`{"symbol":"AAA","condition":"above","level":100,"paused":"yes"}`:                   "true or false",
		`[]`: "does not begin with {",
	} {
		if detail := p.ask(http.MethodPost, "/alerts", body).problem(t, http.StatusBadRequest); !strings.Contains(detail, says) {
			t.Errorf("%s: %s; want %q", body, detail, says)
		}
	}
	p.ask(http.MethodPost, "/alerts", `{"symbol":"NONE","condition":"halted"}`).problem(t, http.StatusNotFound)
	if p.cookie != "" {
		t.Error("a refusal made a profile")
	}
	p.ask(http.MethodGet, "/alerts?sym=AAA", "").problem(t, http.StatusBadRequest)
	p.ask(http.MethodGet, "/alerts/history?limit=0", "").problem(t, http.StatusBadRequest)
	p.ask(http.MethodGet, "/alerts/1", "").problem(t, http.StatusNotFound)
	var offer struct {
		Conditions []struct{ Condition, Means string }
		Limits     struct{ Alerts int }
	}
	if p.ask(http.MethodGet, "/alerts/conditions", "").want(t, http.StatusOK).decode(t, &offer); len(offer.Conditions) != 14 || offer.Limits.Alerts != 200 {
		t.Errorf("%+v", offer)
	}
	for _, c := range offer.Conditions {
		if strings.HasPrefix(c.Condition, "year_") || c.Means == "" {
			t.Errorf("%+v", c)
		}
	}
	a := p.setAlert(`{"symbol":"AAA","condition":"halted"}`)
	path := fmt.Sprint("/alerts/", a.ID)
	for body, says := range map[string]string{`{"level":"current"}`: "Halted has no price", `{"level":"soon"}`: "level is a number"} {
		if detail := p.ask(http.MethodPost, path+"/rearm", body).problem(t, http.StatusBadRequest); !strings.Contains(detail, says) {
			t.Errorf("%s: %s", body, detail)
		}
	}
	if detail := p.ask(http.MethodPatch, path, `{"symbol":"BBB"}`, "If-Match", `*`).problem(t, http.StatusBadRequest); !strings.Contains(detail, "stays with its symbol") {
		t.Error(detail)
	}
	p.ask(http.MethodPatch, "/alerts/99", `{}`, "If-Match", `*`).problem(t, http.StatusNotFound)
}

func TestAChannelThatIsGoneStaysInAnAlertUntilItsWaysAreChanged(t *testing.T) {
	t.Parallel()
	s := startIngest(t, "--allow-private-webhooks")
	s.ingest(trade("AAA", "99"))
	p := &person{server: s}
	var way struct{ ID int64 }
	p.ask(http.MethodPost, "/channels", `{"kind":"ntfy","name":"Phone","address":"http://127.0.0.1:9/topic"}`).want(t, http.StatusCreated).decode(t, &way)
	a := p.setAlert(fmt.Sprintf(`{"symbol":"AAA","condition":"above","level":100,"deliver":"%d"}`, way.ID))
	path := fmt.Sprint("/alerts/", a.ID)
	p.ask(http.MethodDelete, fmt.Sprint("/channels/", way.ID), "", "If-Match", "*").want(t, http.StatusNoContent)
	p.ask(http.MethodPatch, path, `{"note":"sell?"}`, "If-Match", "*").want(t, http.StatusOK)
	p.ask(http.MethodPatch, path, fmt.Sprintf(`{"deliver":"sound,%d"}`, way.ID), "If-Match", "*").want(t, http.StatusOK)
	p.ask(http.MethodPatch, path, `{"deliver":"sound"}`, "If-Match", "*").want(t, http.StatusOK)
	if detail := p.ask(http.MethodPatch, path, fmt.Sprintf(`{"deliver":"%d"}`, way.ID), "If-Match", "*").problem(t, http.StatusBadRequest); !strings.Contains(detail, "You have no channel") {
		t.Error(detail)
	}
}

func TestAPersonHasSoManyAlerts(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(trade("AAA", "99"))
	p := &person{server: s}
	for set := 0; set < 200; {
		switch a := p.ask(http.MethodPost, "/alerts", `{"symbol":"AAA","condition":"halted"}`); a.status {
		case http.StatusCreated:
			set++
		case http.StatusTooManyRequests: // the pace of changes
			<-time.After(200 * time.Millisecond)
		default:
			a.want(t, http.StatusCreated)
		}
	}
	eventually(t, "the limit is told", func() bool {
		a := p.ask(http.MethodPost, "/alerts", `{"symbol":"AAA","condition":"halted"}`)
		if a.status == http.StatusTooManyRequests {
			return false
		}
		return strings.Contains(a.problem(t, http.StatusUnprocessableEntity), "there may be 200")
	})
}
