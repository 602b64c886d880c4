package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"github.com/tickboard/tickboard/quotes/alert"
)

const (
	// pushTime is how long a push service keeps a message for a browser that is
	// away, unless the notification expires before.
	pushTime = 24 * time.Hour
	// maxPush bounds what is sent in one message, in bytes, before it is
	// encrypted: services refuse more than 4,096 altogether (RFC 8030, section
	// 7.2), of which the encryption takes 103.
	maxPush = 3800
)

// PushSender brings notifications to browsers by Web Push (RFC 8030), encrypted
// for each (RFC 8291).
type PushSender struct {
	guard   *Guard
	vapid   vapid
	contact string
}

// NewPushSender makes a PushSender with the key that the processes share.
// contact is whom a push service may turn to: a mail address, or an https
// address.
func NewPushSender(keys Keys, guard *Guard, contact string) *PushSender {
	return &PushSender{guard: guard, vapid: vapid{keys: keys}, contact: contact}
}

// PublicKey is what a browser needs to subscribe: an uncompressed point of P-256
// in base64url. The pair is made at the first call for it.
func (p *PushSender) PublicKey(ctx context.Context) (string, error) {
	pair, err := p.vapid.get(ctx)
	return pair.Public, err
}

// Prepare implements Preparer.
func (p *PushSender) Prepare(_ context.Context, c *Channel) error {
	if _, err := p.guard.CheckURL(c.Address); err != nil {
		return err
	}
	keys, err := parseSubscriptionKeys(c.Secret)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	text, err := json.Marshal(keys)
	c.Secret = string(text)
	return err
}

// Send implements Sender.
func (p *PushSender) Send(ctx context.Context, c Channel, m Message) error {
	pair, err := p.vapid.get(ctx)
	if err != nil {
		return errors.New("the server's key for push messages cannot be read now")
	}
	keys, err := parseSubscriptionKeys(c.Secret)
	if err != nil {
		return Gone(err)
	}
	ttl := pushTime
	if end := m.Notification.Expires; !end.IsZero() {
		ttl = min(ttl, time.Until(end))
	}
	urgency := webpush.UrgencyNormal
	if m.Test || m.Notification.Kind == alert.KindAlert {
		urgency = webpush.UrgencyHigh // it wakes a phone that sleeps
	}
	answer, err := webpush.SendNotificationWithContext(ctx, pushPayload(m), &webpush.Subscription{
		Endpoint: c.Address, Keys: webpush.Keys{P256dh: keys.P256DH, Auth: keys.Auth},
	}, &webpush.Options{
		HTTPClient: guardClient{p.guard}, Subscriber: p.contact, VAPIDPublicKey: pair.Public, VAPIDPrivateKey: pair.Private,
		// A second try of the same row takes the place of the first where that
		// still waits for the browser.
		Topic: pushTopic(m.Key), TTL: max(int(ttl/time.Second), 0), Urgency: urgency,
	})
	if err != nil {
		return fmt.Errorf("the browser's push service: %w", err)
	}
	defer answer.Body.Close() //nolint:errcheck // it is in memory
	return pushVerdict(answer)
}

// pushVerdict says what a push service's answer means (RFC 8030, sections 5 and
// 7; RFC 8292, section 4.2).
func pushVerdict(answer *http.Response) error {
	switch status := answer.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound || status == http.StatusGone:
		return Gone(errors.New("the browser has ended the subscription"))
	case status == http.StatusRequestEntityTooLarge:
		return Permanent(errors.New("the browser's push service found the message too long"))
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return RetryAfter(retryAfter(answer.Header.Get("Retry-After"), time.Now()), fmt.Errorf("the browser's push service asks to wait (status %d)", status))
	case status >= 400 && status < 500:
		return Permanent(fmt.Errorf("the browser's push service refused the message (status %d); remove this browser and add it again", status))
	default:
		return fmt.Errorf("the browser's push service has a fault (status %d)", status)
	}
}

// guardClient makes the library's requests by the guard.
type guardClient struct{ guard *Guard }

func (g guardClient) Do(r *http.Request) (*http.Response, error) {
	answer, body, err := g.guard.Do(r)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// pushTopic makes a row's key what a Topic may be: at most 32 characters of
// base64url (RFC 8030, section 5.4).
func pushTopic(key string) string {
	topic := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, key)
	return topic[max(0, len(topic)-32):] // the number is at the end
}

// pushPayload is what the page's worker gets: the words to show, where a click
// goes, and a tag, by which what comes twice is shown once. What is too long for
// a push message is cut.
func pushPayload(m Message) []byte {
	payload := struct {
		Tag   string    `json:"tag"`
		Title string    `json:"title"`
		Text  string    `json:"text"`
		Type  string    `json:"type"`
		Time  time.Time `json:"time"`
		Link  string    `json:"link,omitempty"`
	}{m.Key, cut(m.Title, 100), m.Text, string(m.Notification.Type), m.Notification.Time.UTC(), m.Link}
	for most := 2000; ; most /= 2 {
		payload.Text = cut(payload.Text, most)
		if text, err := json.Marshal(payload); err != nil || len(text) <= maxPush {
			return text
		}
	}
}
