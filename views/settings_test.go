package views

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

func TestAddressesOfChannelsTellThemApartAndNoSecret(t *testing.T) {
	for _, c := range []struct{ kind, address, want string }{
		{"push", "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABnx", "updates.push.services.mozilla.com"},
		{"email", "ann@example.com", "ann@example.com"},
		{"ntfy", "https://ntfy.sh/topic/", "ntfy.sh/topic"},
		{"slack", "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXwxyz", "hooks.slack.com/…wxyz"},
		{"webhook", "https://example.com", "example.com"},
		{"webhook", "https://user:pass@example.com:8443/ab?token=secret#x", "example.com:8443/…ab"},
		{"post", "https://example.com/a/\U0001F680\U0001F680\U0001F680\U0001F680\U0001F680", "example.com/…\U0001F680\U0001F680\U0001F680\U0001F680"},
		{"service", "Desk", "Desk"},
		{"webhook", "::", ""},
	} {
		if got := channelAddress(Channel{Kind: c.kind, Address: c.address}); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.kind, c.address, got, c.want)
		}
	}
}

func TestChannelsSayHowTheyAre(t *testing.T) {
	now := time.Date(2026, 11, 20, 20, 42, 9, 0, time.UTC)
	before := now.Add(-time.Hour)
	for _, c := range []struct {
		channel      Channel
		state, words string
	}{
		{Channel{Enabled: true}, "new", "Nothing delivered yet: send a test."},
		{Channel{Enabled: true, Delivered: before}, "good", "Works: last delivered 1 h ago."},
		{Channel{Enabled: true, Delivered: before, Failing: before, Error: "it answered 500"}, "failing", "Takes nothing since 19:42 UTC: it answered 500."},
		{Channel{Enabled: true, Failing: before}, "failing", "Takes nothing since 19:42 UTC: it does not say why."},
		{Channel{Failing: before, Error: "it is gone."}, "failing", "Off since it took nothing: it is gone."},
		{Channel{Delivered: before}, "off", "Off."},
		{Channel{Enabled: true, Unconfirmed: true, Address: "ann@example.com"}, "waiting", "Waits for the code that was sent to ann@example.com."},
	} {
		if state, words := channelState(NewClock(now), c.channel); state != c.state || words != c.words {
			t.Errorf("%+v: %s %q, want %s %q", c.channel, state, words, c.state, c.words)
		}
	}
}

func TestEveryFieldOfTheSettingsHasItsLabel(t *testing.T) {
	for _, name := range []string{"settings", "settings-new"} {
		page := samplePage(t, name)
		labelled := make(map[string]bool)
		for _, l := range find(page, tag("label")) {
			labelled[value(l, "for")] = true
		}
		ids := make(map[string]bool)
		for _, n := range find(page, func(n *html.Node) bool { return value(n, "id") != "" }) {
			if ids[value(n, "id")] {
				t.Errorf("%s: two elements are %q", name, value(n, "id"))
			}
			ids[value(n, "id")] = true
		}
		for _, field := range find(page, func(n *html.Node) bool { return n.Data == "input" || n.Data == "select" }) {
			inside := false
			for p := field.Parent; p != nil; p = p.Parent {
				inside = inside || p.Data == "label"
			}
			if !inside && !labelled[value(field, "id")] {
				t.Errorf("%s: the field %q %q has no label", name, value(field, "id"), value(field, "name"))
			}
		}
	}
}

func TestWaysThatAreNotOfferedSayWhy(t *testing.T) {
	page := samplePage(t, "settings-new")
	hints := find(page, func(n *html.Node) bool { return value(n, "data-way") != "" })
	if len(hints) != len(ways) {
		t.Errorf("%d ways", len(hints))
	}
	for _, hint := range hints {
		if _, off := attr(hint, "data-off"); off != (value(hint, "data-way") == "email") {
			t.Errorf("%s: off %v", value(hint, "data-way"), off)
		}
	}
	for _, hint := range find(page, func(n *html.Node) bool { return value(n, "data-way") == "email" }) {
		if !strings.Contains(text(hint), "There is no mail server here.") {
			t.Errorf("the hint says %q", text(hint))
		}
	}
}
