package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

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
		{"C6", `"condition":"percent_day","level":5`, "up 5% on the day", "105", []string{closed("C6", "100"), trade("C6", "100")}, []string{trade("C6", "104.99")}, []string{trade("C6", "105")}},
		{"C7", `"condition":"percent_window","level":-5,"window":"5m"`, "down 5% within 5 minutes", "95.00", []string{trade("C7", "100")}, []string{trade("C7", "95.01")}, []string{trade("C7", "95.00")}},
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
