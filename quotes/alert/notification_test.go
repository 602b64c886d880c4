package alert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

var when = time.Date(2026, 11, 20, 15, 42, 7, 120_000_000, time.UTC)

func note(message string) alert.Notification {
	return alert.Notification{Type: alert.Info, Message: message, Time: when}
}

func TestUnfitNotificationIsRefusedWithWhatToDo(t *testing.T) {
	with := func(change func(*alert.Notification)) alert.Notification {
		n := note("fine")
		change(&n)
		return n
	}
	for _, c := range []struct {
		name string
		n    alert.Notification
		says string // "" for a good one
	}{
		{"one character", note("x"), ""},
		{"1,000 characters of several bytes", note(strings.Repeat("\U0001F680", 1000)), ""},
		{"line feed and tab", note("a\n\tb"), ""},
		{"markup is text", note("<script>alert(1)</script>"), ""},
		{"empty", note(""), "write 1 to 1000 characters"},
		{"white space alone", note(" \n\t\u00a0"), "write 1 to 1000 characters"},
		{"1,001 characters", note(strings.Repeat("ä", 1001)), "has 1001 characters; shorten it to 1000"},
		{"other encoding", note("caf\xe9"), "send it as UTF-8"},
		{"NUL", note("a\x00b"), "U+0000"},
		{"escape", note("a\x1b[31mb"), "U+001B"},
		{"carriage return", note("a\rb"), "U+000D"},
		{"C1 control", note("a\u0085b"), "U+0085"},
		{"no type", with(func(n *alert.Notification) { n.Type = "" }), "info, success, warning or error"},
		{"other type", with(func(n *alert.Notification) { n.Type = "Info" }), "info, success, warning or error"},
		{"no time", with(func(n *alert.Notification) { n.Time = time.Time{} }), "the time"},
		{"a time JSON has no words for", with(func(n *alert.Notification) { n.Time = when.AddDate(9000, 0, 0) }), "the time"},
		{"a price beyond 18 digits", with(func(n *alert.Notification) { n.Price = quotes.Some(decimal.New(1, 30)) }), "the price"},
		{"a rule's name with a line feed in it is text", with(func(n *alert.Notification) { n.Rule = "a\nb" }), ""},
		{"a rule's name too long", with(func(n *alert.Notification) { n.Rule = strings.Repeat("r", 101) }), "the rule"},
		{"a link of the web", with(func(n *alert.Notification) { n.Link = "https://example.com/a?b=c#d" }), ""},
		{"a path of ours", with(func(n *alert.Notification) { n.Link = "/q/BTC/USD?x=1" }), ""},
		{"a link that runs a script", with(func(n *alert.Notification) { n.Link = "javascript:alert(1)" }), "write https://"},
		{"another host by a path", with(func(n *alert.Notification) { n.Link = "//example.com/" }), "write https://"},
		{"another host by a backslash", with(func(n *alert.Notification) { n.Link = `/\example.com/` }), "write https://"},
		{"a link with a space", with(func(n *alert.Notification) { n.Link = "https://example.com/a b" }), "write https://"},
		{"a link to nowhere", with(func(n *alert.Notification) { n.Link = "https://:80/" }), "write https://"},
		{"no path", with(func(n *alert.Notification) { n.Link = "q/AAPL" }), "write https://"},
		{"a link too long", with(func(n *alert.Notification) { n.Link = "/" + strings.Repeat("a", 500) }), "shorten it to 500"},
		{"one that expires", with(func(n *alert.Notification) { n.Expires = when.Add(time.Second) }), ""},
		{"one that has expired", with(func(n *alert.Notification) { n.Expires = when }), "choose a later time"},
		{"an end JSON has no words for", with(func(n *alert.Notification) { n.Expires = when.AddDate(9000, 0, 0) }), "choose an earlier time"},
		{"for watchers", with(func(n *alert.Notification) { n.Watchers, n.Symbol = true, quotes.MustSymbol("AAPL") }), ""},
		{"for the watchers of nothing", with(func(n *alert.Notification) { n.Watchers = true }), "name one"},
		{"for two", with(func(n *alert.Notification) { n.Watchers, n.Symbol, n.Profile = true, quotes.MustSymbol("AAPL"), 1 }), "choose one of them"},
		{"for a profile below zero", with(func(n *alert.Notification) { n.Profile = -1 }), "above 0"},
		{"another kind", with(func(n *alert.Notification) { n.Kind = "news" }), "message, alert or incident"},
	} {
		err := c.n.Validate()
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		} else if !errors.Is(err, alert.ErrInvalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want ErrInvalid that says %q", c.name, err, c.says)
		}
	}
}

func TestTypesAreFour(t *testing.T) {
	for _, s := range []string{"info", "success", "warning", "error"} {
		if got, err := alert.ParseType(s); err != nil || string(got) != s {
			t.Errorf("%s: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "INFO", "debug", "info "} {
		if _, err := alert.ParseType(s); !errors.Is(err, alert.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", s, err)
		}
	}
}

func TestJSONIsAsTheContractHasIt(t *testing.T) {
	plain := note("say \"hi\" & <b>\nbye")
	plain.ID = 123
	full := plain
	full.Type = alert.Warning
	full.Symbol = quotes.MustSymbol("BTC/USD")
	full.Price = quotes.Some(quotes.MustDecimal("141.50"))
	full.Rule, full.RuleID, full.Profile = "above 141", 9, 77 // the profile is nobody's business
	full.Deliver = "sound,7"
	full.Kind, full.Link, full.Expires = alert.KindAlert, "/q/BTC/USD", when.Add(time.Hour)
	for _, c := range []struct {
		n    alert.Notification
		want string
	}{
		{plain, `{"id":123,"type":"info","message":"say \"hi\" \u0026 \u003cb\u003e\nbye","time":"2026-11-20T15:42:07.12Z"}`},
		{full, `{"id":123,"type":"warning","message":"say \"hi\" \u0026 \u003cb\u003e\nbye","time":"2026-11-20T15:42:07.12Z","symbol":"BTC/USD","price":141.50,"rule":"above 141","rule_id":9,"kind":"alert","deliver":"sound,7","link":"/q/BTC/USD","expires":"2026-11-20T16:42:07.12Z"}`},
	} {
		if got := string(c.n.AppendJSON(nil)); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if got, err := json.Marshal([]alert.Notification{c.n}); err != nil || string(got) != "["+c.want+"]" {
			t.Errorf("encoding/json: %s, %v", got, err)
		}
	}
}

func TestAppendJSONDoesNotAllocate(t *testing.T) {
	n := note("AAPL is above 190")
	n.Symbol = quotes.MustSymbol("AAPL")
	n.Price = quotes.Some(quotes.MustDecimal("190.01"))
	buf := make([]byte, 0, 512)
	if allocs := testing.AllocsPerRun(100, func() { buf = n.AppendJSON(buf[:0]) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// FuzzNotificationJSON: what is read is fit for the log, and is written so that
// it is read as the same again.
func FuzzNotificationJSON(f *testing.F) {
	f.Add([]byte(`{"id":1,"type":"info","message":"x","time":"2026-11-20T15:42:07Z"}`))
	f.Add([]byte(`{"id":9007199254740991,"type":"error","message":"\ud83d\ude80\u2028","time":"2026-11-20T15:42:07.123456+01:00","symbol":"btc/usd","price":1.50e1,"rule":"r"}`))
	f.Add([]byte(`{"id":2,"type":"info","message":"x","time":"2026-11-20T15:42:07Z","rule_id":3,"kind":"alert","link":"/q/A?b=\u0026","expires":"2026-11-21T15:42:07+02:00"}`))
	f.Add([]byte(`{"type":"info","message":"\u0000","time":"0000-01-01T00:00:00Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var n alert.Notification
		if json.Unmarshal(data, &n) != nil {
			return
		}
		if err := n.Validate(); err != nil {
			t.Fatalf("%s was read: %v", data, err)
		}
		text := n.AppendJSON(nil)
		var again alert.Notification
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if twice := again.AppendJSON(nil); !bytes.Equal(text, twice) {
			t.Errorf("%s\nis read as\n%s", text, twice)
		}
		if bytes.ContainsAny(text, "\r\n<>") {
			t.Errorf("%q would break a line or a page", text)
		}
	})
}
