package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
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

// TestEachConditionFiresOnceForItsOwner by REST and stream, and nobody else hears
// of it.
func TestEachConditionFiresOnceForItsOwner(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	quoted := func(symbol, bid, ask string) string {
		return fmt.Sprintf(`{"type":"quote","symbol":%q,"bid":%s,"ask":%s}`, symbol, bid, ask)
	}
	halted := func(symbol, is string) string {
		return fmt.Sprintf(`{"type":"status","symbol":%q,"halted":%s}`, symbol, is)
	}
	closed := func(symbol, price string) string {
		return fmt.Sprintf(`{"type":"day","symbol":%q,"previous_close":%s}`, symbol, price)
	}
	cases := []struct {
		symbol, alert, text, price string
		before, not, then          []string
	}{
		{"C1", `"condition":"above","level":100`, "above 100", "100.01", []string{trade("C1", "99")}, []string{trade("C1", "100")}, []string{trade("C1", "100.01")}},
		{"C2", `"condition":"below","level":"100.50"`, "below 100.50", "100.49", []string{trade("C2", "101")}, []string{trade("C2", "100.50")}, []string{trade("C2", "100.49")}},
		{"C3", `"condition":"crosses_up","level":100`, "rises to 100", "100", []string{trade("C3", "99")}, []string{trade("C3", "99.99")}, []string{trade("C3", "100")}},
		{"C4", `"condition":"crosses_down","level":100`, "falls to 100", "50", []string{trade("C4", "101")}, nil, []string{trade("C4", "50")}}, // over the line
		{"C5", `"condition":"crosses","level":100`, "crosses 100", "100.00", []string{trade("C5", "101")}, []string{trade("C5", "102")}, []string{trade("C5", "100.00")}},
		{"C6", `"condition":"percent_day","level":5`, "up 5 % on the day", "105", []string{closed("C6", "100"), trade("C6", "100")}, []string{trade("C6", "104.99")}, []string{trade("C6", "105")}},
		{"C7", `"condition":"percent_window","level":-5,"window":"5m"`, "down 5 % within 5 minutes", "95.00", []string{trade("C7", "100")}, []string{trade("C7", "95.01")}, []string{trade("C7", "95.00")}},
		{"C8", `"condition":"day_high"`, "new high of the day", "101", []string{trade("C8", "100")}, []string{trade("C8", "100"), trade("C8", "99")}, []string{trade("C8", "101")}},
		{"C9", `"condition":"day_low"`, "new low of the day", "99", []string{trade("C9", "100")}, []string{trade("C9", "101")}, []string{trade("C9", "99")}},
		{"D1", `"condition":"volume_above","level":200`, "volume above 200", "10", []string{trade("D1", "10")}, []string{trade("D1", "10")}, []string{trade("D1", "10")}},
		{"D2", `"condition":"spread_above","level":0.05`, "spread above 0.05", "10", []string{trade("D2", "10"), quoted("D2", "9.99", "10.01")}, []string{quoted("D2", "9.96", "10.01")}, []string{quoted("D2", "9.95", "10.01")}},
		{"D3", `"condition":"halted"`, "trading halted", "10", []string{trade("D3", "10")}, []string{halted("D3", "false")}, []string{halted("D3", "true")}},
		{"D4", `"condition":"resumed"`, "trading resumed", "10", []string{trade("D4", "10"), halted("D4", "true")}, []string{halted("D4", "true")}, []string{halted("D4", "false")}},
	}
	for _, c := range cases {
		s.ingest(c.before...)
	}
	owner, other := &person{server: s}, &person{server: s}
	// Both have a profile before their streams begin.
	other.setAlert(`{"symbol":"C1","condition":"below","level":1,"note":"of the other"}`)
	owner.setAlert(`{"symbol":"C1","condition":"below","level":1}`)
	st, theirs := s.open("/events", "Cookie", owner.cookie), s.open("/events?symbols=C1", "Cookie", other.cookie)
	st.hello()
	theirs.hello()

	for _, c := range cases {
		a := owner.setAlert(fmt.Sprintf(`{"symbol":%q,%s}`, c.symbol, c.alert))
		if a.Text != c.text || a.Version != 1 || a.State.Count != 0 || a.Repeat != "once" || a.Sessions != "regular" {
			t.Errorf("%s: set as %+v", c.text, a)
		}
		if c.not != nil {
			s.ingest(c.not...)
		}
		s.ingest(c.then...)
		n := decode[ownNotification](t, st.await("notification"))
		if n.RuleID != a.ID || n.Kind != "alert" || n.Symbol != c.symbol || n.Rule != c.text || n.Link != "/q/"+c.symbol ||
			n.Price.String() != c.price || n.Message != fmt.Sprintf("%s: %s, at %s", c.symbol, c.text, c.price) {
			t.Errorf("%s: %+v, want the price %s", c.text, n, c.price)
		}
		s.ingest(c.then...) // again: it has fired
		if past := owner.fired(a.ID, 1); past[0].ID != n.ID || past[0].Late || past[0].Quote.Symbol != c.symbol || past[0].Price != n.Price {
			t.Errorf("%s: the history has %+v", c.text, past[0])
		}
		var now ownAlert
		if owner.ask(http.MethodGet, fmt.Sprint("/alerts/", a.ID), "").want(t, http.StatusOK).decode(t, &now); now.State.Phase != "done" || now.State.Count != 1 {
			t.Errorf("%s: now %+v", c.text, now)
		}
		other.ask(http.MethodGet, fmt.Sprint("/alerts/", a.ID), "").problem(t, http.StatusNotFound)
	}
	s.send("to all")
	if n := theirs.notification(); n.Message != "to all" {
		t.Errorf("the other's stream has %+v", n)
	}
	if n := st.notification(); n.Message != "to all" {
		t.Errorf("the owner's stream has %+v after what was fired", n)
	}
	if list := owner.notifications(); len(list) != len(cases)+1 {
		t.Errorf("the owner has %d notifications", len(list))
	}
	nobody := &person{server: s}
	for name, who := range map[string]*person{"the other": other, "nobody": nobody} {
		if list := who.notifications(); len(list) != 1 || list[0].Message != "to all" {
			t.Errorf("%s has %+v", name, list)
		}
		if list := who.history(""); len(list) != 0 {
			t.Errorf("%s has the history %+v", name, list)
		}
	}
	figures := s.metrics()
	if figures["tickboard_alerts_fired_total"] != float64(len(cases)) || figures["tickboard_alerts"] != 2 || figures["tickboard_alerts_waiting"] != 0 || figures["tickboard_alerts_quotes_total"] == 0 {
		t.Errorf("%v fired, %v armed, %v wait", figures["tickboard_alerts_fired_total"], figures["tickboard_alerts"], figures["tickboard_alerts_waiting"])
	}
}

func TestASilentSourceIsTold(t *testing.T) {
	t.Parallel()
	s := startEnv(t, []string{"TICKBOARD_INGEST_TOKEN=" + ingestToken}, "--feed", "ingest://?stale_after=1s", "--symbols", "AAA")
	s.ingest(trade("AAA", "100"))
	p := &person{server: s}
	a := p.setAlert(`{"symbol":"AAA","condition":"stale"}`)
	above := p.setAlert(`{"symbol":"AAA","condition":"above","level":100}`)
	if past := p.fired(a.ID, 1); !past[0].Quote.Stale {
		t.Errorf("%+v", past)
	}
	if list := p.history(fmt.Sprint("?rule=", above.ID)); len(list) != 0 {
		t.Errorf("a stale quote fired %+v", list)
	}
}

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

// TestACorrectedPriceFiresNothing: it was not traded. A rule that crosses takes it
// for the price before.
func TestACorrectedPriceFiresNothing(t *testing.T) {
	t.Parallel()
	s := startIngest(t)
	s.ingest(trade("AAA", "99", `,"id":1`))
	p := &person{server: s}
	up := p.setAlert(`{"symbol":"AAA","condition":"crosses_up","level":100}`)
	s.ingest(`{"type":"correction","symbol":"AAA","id":1,"price":101,"size":100}`)
	if q := s.quote("AAA"); q.Price != "101" {
		t.Fatalf("the correction was not taken: %+v", q)
	}
	s.ingest(trade("AAA", "102"), trade("AAA", "99"), trade("AAA", "103"))
	if past := p.fired(up.ID, 1); past[0].Price != "103" {
		t.Errorf("%+v", past)
	}
}

// TestWhatHappenedWhileTheProcessWasDownIsToldLate by the first price and by the
// day's high that it comes with.
func TestWhatHappenedWhileTheProcessWasDownIsToldLate(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*server){
		"SIGTERM": func(s *server) { s.stop() },
		"SIGKILL": func(s *server) {
			s.awaitStored("AAA")
			s.awaitStored("BBB")
			s.kill()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startIngest(t)
			s.ingest(trade("AAA", "99"), trade("BBB", "99"))
			p := &person{server: s}
			stays := p.setAlert(`{"symbol":"AAA","condition":"above","level":100}`)
			passed := p.setAlert(`{"symbol":"BBB","condition":"crosses_up","level":100}`)
			end(s)
			s.restart()
			s.ingest(trade("AAA", "101"), `{"type":"day","symbol":"BBB","high":105,"low":98}`, trade("BBB", "99.50"))
			for _, id := range []int64{stays.ID, passed.ID} {
				if past := p.fired(id, 1); !past[0].Late || !strings.Contains(past[0].Message, "(late: ") {
					t.Errorf("%+v", past)
				}
			}
		})
	}
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

// TestTwoNodesFireAnAlertOnce: each sees the same quotes, and knows within a
// second what the other is told; what one of them alone sees fires too.
func TestTwoNodesFireAnAlertOnce(t *testing.T) {
	t.Parallel()
	_, nodes := onPostgres(t, "--symbols", "AAA", "--feed", "ingest://")
	one, two := nodes[0], nodes[1]
	both := func(lines ...string) {
		one.ingest(lines...)
		two.ingest(lines...)
	}
	both(trade("AAA", "99"))
	p := &person{server: one}
	var ids []int64
	for level := 100; level < 110; level++ {
		ids = append(ids, p.setAlert(fmt.Sprintf(`{"symbol":"AAA","condition":"above","level":%d}`, level)).ID)
	}
	armed := func(s *server, n float64) {
		t.Helper()
		began := time.Now()
		eventually(t, fmt.Sprint(n, " are armed"), func() bool { return s.metrics()["tickboard_alerts"] == n })
		if took := time.Since(began); took > 5*time.Second { // a second, and a busy machine
			t.Errorf("it took %v", took)
		}
	}
	armed(two, 10)
	st := two.open("/events", "Cookie", p.cookie)
	st.hello()
	for level := 101; level <= 110; level++ {
		both(trade("AAA", fmt.Sprint(level)))
	}
	for range ids {
		st.notification()
	}
	for _, id := range ids {
		p.fired(id, 1)
	}
	if a, b := one.metrics()["tickboard_alerts_fired_total"], two.metrics()["tickboard_alerts_fired_total"]; a+b != 10 {
		t.Errorf("the nodes have fired %v and %v", a, b)
	}
	if list := p.notifications(); len(list) != 10 {
		t.Errorf("%d notifications", len(list))
	}
	last := p.setAlert(`{"symbol":"AAA","condition":"above","level":200}`)
	gone := p.setAlert(`{"symbol":"AAA","condition":"above","level":201}`)
	armed(two, 2)
	undo := fmt.Sprintf("/alerts/%d/restore", gone.ID)
	p.ask(http.MethodDelete, fmt.Sprint("/alerts/", gone.ID), "").want(t, http.StatusOK)
	armed(two, 1)
	p.ask(http.MethodPost, undo, "").want(t, http.StatusOK)
	armed(two, 2)
	p.at(two).ask(http.MethodDelete, fmt.Sprint("/alerts/", gone.ID), "").want(t, http.StatusOK)
	armed(one, 1)
	one.kill()
	two.ingest(trade("AAA", "300"))
	p.at(two).fired(last.ID, 1)
}

// TestAlertsWaitForTheDatabase: while it is away quotes go on, and what fires is
// stored when it is back, once.
func TestAlertsWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	db, nodes := onPostgres(t, "--symbols", "AAA", "--feed", "ingest://")
	s := nodes[0]
	s.ingest(trade("AAA", "99"))
	p := &person{server: s}
	a := p.setAlert(`{"symbol":"AAA","condition":"above","level":100}`)
	db.Stop()
	s.ingest(trade("AAA", "101"), trade("AAA", "99"))
	if q := s.quote("AAA"); q.Price != "99" {
		t.Errorf("%+v", q)
	}
	if waiting := s.metrics()["tickboard_alerts_fired_total"]; waiting != 0 {
		t.Errorf("%v are stored", waiting)
	}
	if err := db.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is stored", func() bool { return s.metrics()["tickboard_alerts_fired_total"] == 1 })
	if past := p.fired(a.ID, 1); past[0].Price != "101" || past[0].Late {
		t.Errorf("%+v", past)
	}
}
