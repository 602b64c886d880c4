package alert_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

func TestRefusalsSayWhatToDo(t *testing.T) {
	with := func(r alert.Rule, change func(*alert.Rule)) alert.Rule { change(&r); return r }
	above := rule(alert.Above, "100", "")
	for _, c := range []struct {
		name, says string
		rule       alert.Rule
	}{
		{"no symbol", "name one", with(above, func(r *alert.Rule) { r.Symbol = quotes.Symbol{} })},
		{"no such condition", "choose above, below", rule("beside", "100", "")},
		{"52 weeks", "choose day_high", rule(alert.YearHigh, "", "")},
		{"no level", "give a number", rule(alert.Above, "", "")},
		{"level zero", "above zero", rule(alert.Above, "0", "")},
		{"volume below zero", "above zero", rule(alert.VolumeAbove, "-1", "")},
		{"percent zero", "-100 to 10000", rule(alert.PercentDay, "0", "")},
		{"percent too low", "-100 to 10000", rule(alert.PercentDay, "-100.01", "")},
		{"too many digits", "round it", with(above, func(r *alert.Rule) { r.Level = quotes.Some(quotes.MustDecimal("1e17").Shift(5)) })},
		{"level of a halt", "leave it out", rule(alert.Halted, "1", "")},
		{"hysteresis of a halt", "leave it out", rule(alert.Halted, "", "1")},
		{"hysteresis below zero", "give 0 or more", rule(alert.Above, "100", "-1")},
		{"hysteresis as the level", "give less", rule(alert.Above, "100", "100")},
		{"window of a price", "leave it out", with(above, func(r *alert.Rule) { r.Window = time.Hour })},
		{"no window", "1m, 5m", rule(alert.PercentWindow, "5", "")},
		{"odd window", "1m, 5m", with(rule(alert.PercentWindow, "5", ""), func(r *alert.Rule) { r.Window = 2 * time.Minute })},
		{"no such repeat", "choose once", with(above, func(r *alert.Rule) { r.Repeat = "twice" })},
		{"always without cooldown", "from 1s to 30d", with(above, func(r *alert.Rule) { r.Repeat = alert.Always })},
		{"once with cooldown", "choose always", with(above, func(r *alert.Rule) { r.Cooldown = time.Hour })},
		{"no such sessions", "choose regular", with(above, func(r *alert.Rule) { r.Sessions = "night" })},
		{"a halt by session", "choose regular", with(rule(alert.Halted, "", ""), func(r *alert.Rule) { r.Sessions = alert.AllSessions })},
		{"expired", "choose a later time", with(above, func(r *alert.Rule) { r.Expires = begin })},
		{"expires too late", "before 10000", with(above, func(r *alert.Rule) { r.Expires = begin.AddDate(9000, 0, 0) })},
		{"note", "shorten it to 200", with(above, func(r *alert.Rule) { r.Note = strings.Repeat("x", 201) })},
		{"another way", "sound, browser and the numbers", with(above, func(r *alert.Rule) { r.Deliver = "sound,post" })},
		{"a channel below one", "sound, browser and the numbers", with(above, func(r *alert.Rule) { r.Deliver = "0" })},
		{"a channel in odd digits", "sound, browser and the numbers", with(above, func(r *alert.Rule) { r.Deliver = "+1" })},
		{"none and something", "sound, browser and the numbers", with(above, func(r *alert.Rule) { r.Deliver = "none,sound" })},
		{"a way twice", "name it once", with(above, func(r *alert.Rule) { r.Deliver = "sound,3,sound" })},
		{"too many ways", "shorten it to 300", with(above, func(r *alert.Rule) { r.Deliver = strings.Repeat("1234567,", 40) + "1" })},
		{"note with a bell", "control character", with(above, func(r *alert.Rule) { r.Note = "\a" })},
	} {
		err := c.rule.Validate(begin)
		if !errors.Is(err, alert.ErrRule) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
		}
	}
}

func TestRulesThatCanBeSet(t *testing.T) {
	window := rule(alert.PercentWindow, "-5", "1")
	window.Window = 24 * time.Hour
	expiring := rule(alert.Below, "0.00000001", "")
	expiring.Expires, expiring.Deliver = begin.Add(time.Microsecond), "browser,12,sound"
	for _, r := range []alert.Rule{
		rule(alert.Above, "100", "0"), always(rule(alert.Crosses, "999999999999999999", "99.99")), window, expiring,
		rule(alert.PercentDay, "-100", ""), rule(alert.PercentDay, "10000", ""), rule(alert.DayHigh, "", "5"), rule(alert.DayLow, "", ""),
		rule(alert.VolumeAbove, "1", ""), rule(alert.SpreadAbove, "0.01", ""), rule(alert.Halted, "", ""), rule(alert.Resumed, "", ""), rule(alert.Stale, "", ""),
	} {
		if err := r.Validate(begin); err != nil {
			t.Errorf("%s: %v", r.Text(), err)
		}
	}
}

func TestARuleThatIsMetAlreadyIsToldAndOfferedACrossing(t *testing.T) {
	extended := rule(alert.Above, "100", "")
	extended.Sessions = alert.ExtendedOnly
	for _, c := range []struct {
		rule    alert.Rule
		quote   string
		says    string
		instead alert.Condition
	}{
		{rule(alert.Above, "100", ""), "101", "above 100 already, at 101. To be told when it next rises to 100", alert.CrossesUp},
		{rule(alert.Above, "100", ""), "100", "", ""},
		{rule(alert.Above, "100", ""), "", "", ""},
		{rule(alert.Above, "100", ""), "101 stale", "", ""},
		{rule(alert.Below, "100.50", ""), "99", "below 100.50 already, at 99. To be told when it next falls to 100.50", alert.CrossesDown},
		{rule(alert.CrossesUp, "100", ""), "101", "", ""},
		{extended, "99 x101 post", "above 100 already, at 101", alert.CrossesUp},
		{extended, "101", "", ""},
		{rule(alert.PercentDay, "5", ""), "105 close100", "Choose another level than 5.", ""},
		{rule(alert.VolumeAbove, "5", ""), "1 vol6", "Choose another level than 5.", ""},
		{rule(alert.DayHigh, "", ""), "101 high101", "", ""},
	} {
		advice, met := c.rule.Met(quoteAt(1, c.quote))
		if met != (c.says != "") || !strings.Contains(advice.Text, c.says) || advice.Instead != c.instead {
			t.Errorf("%s at %q: %+v, %t", c.rule.Text(), c.quote, advice, met)
		}
	}
	r := rule(alert.Above, "100", "")
	if _, met := r.Met(nil); met {
		t.Error("met by no quote")
	}
}

func TestFiringsInWords(t *testing.T) {
	window := rule(alert.PercentWindow, "5", "")
	window.Window = 15 * time.Minute
	noted := rule(alert.Above, "100.00", "")
	noted.Note = "sell"
	for _, c := range []struct {
		rule  alert.Rule
		price string
		late  bool
		want  string
	}{
		{noted, "100.50", false, "ACME: above 100.00, at 100.50\nsell"},
		{window, "105", true, "ACME: up 5% within 15 minutes, at 105 (late: it happened while nobody looked)"},
		{rule(alert.PercentDay, "-5", ""), "95", false, "ACME: down 5% on the day, at 95"},
		{rule(alert.Halted, "", ""), "", false, "ACME: trading halted"},
	} {
		f := alert.Firing{Rule: c.rule, Price: optional(c.price), Late: c.late, Time: begin}
		n := f.Notification()
		if err := n.Validate(); err != nil || n.Message != c.want {
			t.Errorf("%q, %v; want %q", n.Message, err, c.want)
		}
	}
}
