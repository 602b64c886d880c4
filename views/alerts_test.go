package views

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/quotes"
)

func TestAlertsSayWhatTheyWaitFor(t *testing.T) {
	in := quotes.Instrument{Symbol: quotes.MustSymbol("AAPL"), Decimals: 2}
	for want, a := range map[string]Alert{
		"above 1,190.00":          {Condition: "above", Level: number("1190")},
		"below 0.00525":           {Condition: "below", Level: number("0.00525")},
		"rises to 190.50":         {Condition: "crosses_up", Level: number("190.5")},
		"falls to 190.50":         {Condition: "crosses_down", Level: number("190.5")},
		"crosses 190.50":          {Condition: "crosses", Level: number("190.5")},
		"up 2.5% on the day":      {Condition: "percent_day", Level: number("2.5")},
		"down 2.5% on the day":    {Condition: "percent_day", Level: number("-2.5")},
		"down 10% within an hour": {Condition: "percent_window", Level: number("-10"), Window: time.Hour},
		"up 1% within 15 minutes": {Condition: "percent_window", Level: number("1"), Window: 15 * time.Minute},
		"up 1% within 4 hours":    {Condition: "percent_window", Level: number("1"), Window: 4 * time.Hour},
		"up 1% within a day":      {Condition: "percent_window", Level: number("1"), Window: 24 * time.Hour},
		"volume above 25,000,000": {Condition: "volume_above", Level: number("25000000")},
		"spread above 0.10":       {Condition: "spread_above", Level: number("0.1")},
		"new high of the day":     {Condition: "day_high"},
		"trading halted":          {Condition: "halted"},
		"no quotes any more":      {Condition: "stale"},
		"something of the future": {Condition: "something of the future"},
	} {
		if got := a.Words(in); got != want {
			t.Errorf("%s %v: %q, want %q", a.Condition, a.Level, got, want)
		}
	}
}

func TestAlertsSayTheirState(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 42, 9, 0, time.UTC)
	ago := now.Add(-time.Minute)
	level := Alert{Condition: "above", Level: number("190"), Repeat: "once"}
	for _, c := range []struct {
		change      func(*Alert)
		phase, want string
		live        bool
	}{
		{func(*Alert) {}, "armed", "Armed", true},
		{func(a *Alert) { a.Spent, a.Fired = true, ago }, "fired", "Fired", false},
		{func(a *Alert) { a.Spent, a.Fired, a.Paused = true, ago, true }, "paused", "Paused", false},
		{func(a *Alert) { a.Expires = now }, "expired", "Expired", false},
		{func(a *Alert) { a.Expires = now.Add(time.Microsecond) }, "armed", "Armed", true},
		{func(a *Alert) { a.Repeat, a.Cooldown, a.Spent, a.Fired = "always", time.Hour, true, ago }, "waits", "Waits for the price to come back", true},
		{func(a *Alert) { a.Repeat, a.Cooldown, a.Fired = "always", time.Hour, ago }, "rests", "Armed again at", true},
		{func(a *Alert) { a.Repeat, a.Cooldown, a.Fired = "always", time.Minute, ago }, "armed", "Armed", true},
		{func(a *Alert) { a.Repeat, a.Spent, a.Fired = "daily", true, ago }, "waits", "Fired; armed again on the next trading day", true},
		{func(a *Alert) { a.Condition, a.Repeat, a.Spent = "volume_above", "always", true }, "waits", "Waits for the value to come back", false},
	} {
		a := level
		c.change(&a)
		clock := NewClock(now)
		phase := clock.Phase(a)
		words, _ := phaseWords(a, phase)
		if phase != c.phase || words != c.want || clock.Live(a) != c.live {
			t.Errorf("%+v: %s, %q, a line %t; want %s, %q, %t", a, phase, words, clock.Live(a), c.phase, c.want, c.live)
		}
	}
}

func TestLevelsLieWhereTheChartHasTheirPrice(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 42, 9, 0, time.UTC)
	r := sampleRow(now, "AAPL|Apple Inc.|XNAS|USD|2|America/New_York", "105 100 101 110 100 1000", nil)
	at := func(levels ...string) (alerts []Alert) {
		for _, l := range levels {
			alerts = append(alerts, Alert{Condition: "above", Level: number(l), Repeat: "once"})
		}
		return alerts
	}
	low, high := newSpark(r).Low, newSpark(r).High
	for _, c := range []struct {
		name   string
		alerts []Alert
		want   []level
	}{
		{"none", nil, nil},
		{"in the middle", at(low.Add(high).Div(number("2").Decimal).String()), []level{{Y: "50.00"}}},
		{"at the edges of the chart", at(high.String(), low.String()), []level{{Y: "4.54"}, {Y: "95.45"}}},
		{"beyond, the nearest first", at("500", "300", "400"), []level{{Y: "0", Edge: "up", Label: "↑ above 300.00 · above 400.00 · above 500.00"}}},
		{"more than there is room for", at("1", "2", "3", "4", "5"), []level{{Y: "100", Edge: "down", Label: "↓ above 5.00 · above 4.00 · above 3.00 and 2 more"}}},
		{"fired", []Alert{{Condition: "above", Level: number("105"), Repeat: "once", Spent: true}}, nil},
		{"not a price", []Alert{{Condition: "volume_above", Level: number("105"), Repeat: "once"}}, nil},
	} {
		got := newLevels(NewClock(now), r, c.alerts)
		for i := range got {
			if got[i].Edge == "" {
				got[i].Label = ""
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	close := newLevels(NewClock(now), r, at("105", "105.1"))
	if len(close) != 2 || close[0].Label+close[1].Label != "above 105.10 · above 105.00" {
		t.Errorf("two that are close share a label: %+v", close)
	}
	if got := newLevels(NewClock(now), Row{Instrument: r.Instrument}, at("105")); got != nil {
		t.Errorf("without a chart: %+v", got)
	}
}

func TestEveryAlertSaysItsStateAndWhatCanBeDone(t *testing.T) {
	page := samplePage(t, "alerts")
	states := make(map[string]int)
	for _, n := range find(page, tag("li")) {
		if value(n, "data-alert") == "" {
			continue
		}
		phase := value(n, "data-phase")
		states[phase]++
		acts := make(map[string]bool)
		for _, b := range find(n, tag("button")) {
			acts[value(b, "data-do")] = true
			if !strings.HasSuffix(value(b, "aria-label"), ": "+value(n, "data-name")) {
				t.Errorf("a button does not say for which alert it is: %q", value(b, "aria-label"))
			}
		}
		if !acts["edit"] || !acts["delete"] || acts["resume"] != (phase == "paused") || acts["pause"] == (phase == "paused" || phase == "fired" || phase == "expired") {
			t.Errorf("%s, %s: %v", value(n, "data-name"), phase, acts)
		}
	}
	for _, phase := range []string{"armed", "waits", "rests", "fired", "paused", "expired"} {
		if states[phase] == 0 {
			t.Errorf("no sample is %s", phase)
		}
	}
}

func TestAFiringSaysItsPriceOnce(t *testing.T) {
	in := quotes.Instrument{Symbol: quotes.MustSymbol("AAPL"), Decimals: 2}
	for _, c := range []struct{ message, what, note string }{
		{"AAPL: above 189.5, at 189.52", "above 189.5", ""},
		{"AAPL: above 189.5, at 189.52\nsell, at 189.52", "above 189.5", "sell, at 189.52"},
		{"AAPL: above 189.5, at 189.52 (late: it happened while nobody looked)", "above 189.5", ""},
		{"AAPL: above 189.5, at 189.521", "above 189.5, at 189.521", ""},
		{"something else", "something else", ""},
	} {
		what, note := (Firing{Instrument: in, Message: c.message, Price: number("189.52")}).What()
		if what != c.what || note != c.note {
			t.Errorf("%q: %q and %q, want %q and %q", c.message, what, note, c.what, c.note)
		}
	}
}
