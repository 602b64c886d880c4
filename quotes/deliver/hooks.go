package deliver

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/tickboard/tickboard/quotes/alert"
)

// NewSenders returns the senders that post to addresses which people have given.
// More may be added before the map is in use.
func NewSenders(g *Guard) Senders {
	return Senders{
		Webhook: webhook{g}, Ntfy: hook{g, ntfy}, Slack: hook{g, slack}, Discord: hook{g, discord}, Post: hook{g, plain},
	}
}

// hook posts a message in a form of its own.
type hook struct {
	guard *Guard
	form  func(Message) (contentType string, body []byte, header http.Header)
}

// Prepare implements Preparer.
func (h hook) Prepare(ctx context.Context, c *Channel) error { return h.guard.prepare(ctx, c) }

// Send implements Sender.
func (h hook) Send(ctx context.Context, c Channel, m Message) error {
	contentType, body, header := h.form(m)
	return h.guard.post(ctx, c.Address, contentType, body, m.Key, header)
}

const textType = "text/plain; charset=utf-8"

// plain is the text, and where to read more.
func plain(m Message) (string, []byte, http.Header) {
	return textType, []byte(withLink(m.Text, m.Link)), nil
}

func withLink(text, link string) string {
	if link == "" {
		return text
	}
	return text + "\n" + link
}

// ntfy is a message in ntfy's headers (docs.ntfy.sh/publish).
func ntfy(m Message) (string, []byte, http.Header) {
	header := http.Header{"Title": {mime.QEncoding.Encode("utf-8", m.Title)}}
	priority, tag := "default", "chart_with_upwards_trend"
	switch m.Notification.Type {
	case alert.Warning:
		priority, tag = "high", "warning"
	case alert.Error:
		priority, tag = "high", "rotating_light"
	case alert.Success:
		tag = "white_check_mark"
	case alert.Info:
	}
	header.Set("Priority", priority)
	header.Set("Tags", tag)
	if m.Link != "" {
		header.Set("Click", m.Link)
	}
	return textType, []byte(m.Text), header
}

// slackEscapes are the three that Slack's text needs
// (docs.slack.dev/messaging/formatting-message-text); they also take the meaning
// from <!channel>.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slack is what incoming webhooks of Slack, Mattermost and others take.
func slack(m Message) (string, []byte, http.Header) {
	return asJSON(struct {
		Text string `json:"text"`
	}{withLink(slackEscapes.Replace(m.Text), slackEscapes.Replace(m.Link))})
}

// maxDiscord bounds the content of a message of Discord, in characters
// (docs.discord.com/developers/resources/webhook).
const maxDiscord = 2000

// discord is what webhooks of Discord take. Whatever the text says, nobody is
// called.
func discord(m Message) (string, []byte, http.Header) {
	type mentions struct {
		Parse []string `json:"parse"`
	}
	content := withLink(m.Text, m.Link)
	if utf8.RuneCountInString(content) > maxDiscord {
		content = m.Text // at most alert.MaxMessage
	}
	return asJSON(struct {
		Content  string   `json:"content"`
		Mentions mentions `json:"allowed_mentions"`
	}{content, mentions{[]string{}}})
}

// asJSON encodes a form of strings, which always succeeds.
func asJSON(form any) (string, []byte, http.Header) {
	body, _ := json.Marshal(form)
	return "application/json", body, nil
}
