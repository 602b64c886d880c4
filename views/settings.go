package views

import (
	"net/url"
	"strings"
	"time"
)

// SettingsPage is "/settings": what of a person's own is no list and no alert.
type SettingsPage struct {
	Site
	// Known says that something is kept for the viewer, since Created.
	Known   bool
	Created time.Time
	// User is the name by which a reverse proxy knows the viewer, "" without.
	User string
	// Away says that the database cannot be read now.
	Away     bool
	Devices  []Device
	Channels []Channel
	Ways     []Way
	Services []string // the operator's, to choose from
	// MaxChannels is how many channels one may have.
	MaxChannels int
	// LastID is up to where the page has the notifications. The Bell's Sound and
	// Desktop say what an open page does while it is hidden.
	LastID int64
	Bell
}

// Device is a browser that opens a profile.
type Device struct {
	ID, Label     string
	Created, Seen time.Time // Seen to the day
	This          bool      // the one that asks
}

// Channel is a way to reach its owner when no page is open.
type Channel struct {
	ID                 int64
	Version            int64
	Kind, Name         string
	Address            string
	Enabled            bool
	Alerts, Messages   bool
	Unconfirmed        bool // its code is awaited
	Delivered, Failing time.Time
	Error              string
}

// Way is a kind of channel.
type Way struct {
	Kind string
	// Why says why it is not offered here, "" when it is.
	Why string
}

// MailOffPage is "/mail/off/…", where a letter's link leads.
type MailOffPage struct {
	Site
	Address string
	// Done says that letters have ended.
	Done bool
}

// way is how a kind of channel is offered.
type way struct {
	kind, label string
	field       string // what the address is called, "" without one
	example     string
	hint        string
}

// ways are all kinds of channels, in the order in which they are offered.
var ways = []way{
	{"push", "This browser", "", "", "A message of the system, also when no page of ours is open."},
	{"email", "E-mail", "Address", "name@example.com", "A code is sent there first, and nothing else before you enter it."},
	{"ntfy", "ntfy", "Address of the topic", "https://ntfy.sh/a-name-nobody-guesses", "Subscribe to the topic in the ntfy app. Whoever knows its name can read along."},
	{"slack", "Slack or compatible", "Address of the webhook", "https://hooks.slack.com/services/…", "Mattermost, Rocket.Chat and others take the same."},
	{"discord", "Discord", "Address of the webhook", "https://discord.com/api/webhooks/…", "In the channel's settings: Integrations, Webhooks."},
	{"webhook", "Webhook, signed", "Address", "https://example.com/hook", "A POST of JSON, signed with a key that is shown once, when you add it."},
	{"post", "Plain text by POST", "Address", "https://example.com/inbox", "The text alone is the body of the request."},
	{"service", "A service of this server", "", "", "What the operator of this server has set up."},
}

// wayOf is how a kind is offered; one that is not known here bears its own name.
func wayOf(kind string) way {
	for _, w := range ways {
		if w.kind == kind {
			return w
		}
	}
	return way{kind: kind, label: kind}
}

// offeredWays are those of the page that views know, with why not.
func offeredWays(p SettingsPage) []Way {
	var out []Way
	for _, w := range ways {
		for _, o := range p.Ways {
			if o.Kind == w.kind {
				out = append(out, o)
			}
		}
	}
	return out
}

// channelAddress is the address as far as it tells channels apart. What follows
// the host in a webhook's address is as good as a password, and somebody may look
// over one's shoulder.
func channelAddress(c Channel) string {
	switch c.Kind {
	case "email", "service":
		return c.Address
	}
	u, err := url.Parse(c.Address)
	if err != nil || u.Host == "" {
		return ""
	}
	path := strings.Trim(u.Path, "/")
	switch {
	case c.Kind == "push" || path == "":
		return u.Host
	case c.Kind == "ntfy":
		return u.Host + "/" + path
	}
	last := []rune(path)
	return u.Host + "/…" + string(last[max(0, len(last)-4):])
}

// channelState is how a channel is: a word for its look, and what a person reads.
func channelState(c *Clock, ch Channel) (state, words string) {
	switch {
	case ch.Unconfirmed:
		return "waiting", "Waits for the code that was sent to " + ch.Address + "."
	case !ch.Failing.IsZero() && !ch.Enabled:
		return "failing", "Off since it took nothing: " + saidLast(ch.Error)
	case !ch.Enabled:
		return "off", "Off."
	case !ch.Failing.IsZero():
		return "failing", "Takes nothing since " + c.Moment(ch.Failing) + ": " + saidLast(ch.Error)
	case !ch.Delivered.IsZero():
		return "good", "Works: last delivered " + c.ago(ch.Delivered) + "."
	}
	return "new", "Nothing delivered yet: send a test."
}

// saidLast is an error as a sentence.
func saidLast(text string) string {
	if text == "" {
		return "it does not say why."
	}
	return strings.TrimSuffix(text, ".") + "."
}

// seenWords says when a device was here.
func seenWords(c *Clock, d Device) string {
	switch today := c.now.UTC().Format(time.DateOnly); {
	case d.This:
		return "this browser"
	case d.Seen.UTC().Format(time.DateOnly) == today:
		return "here today"
	default:
		return "last here " + d.Seen.UTC().Format("Jan 2, 2006")
	}
}
