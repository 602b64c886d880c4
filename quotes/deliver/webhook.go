package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// SignatureHeader bears the signature of a webhook: t=SECONDS,v1=HEX, where HEX
// is the HMAC-SHA256 of SECONDS, a full stop and the body, under the channel's
// secret. Who checks it also looks whether the seconds (since 1970) are about now.
const SignatureHeader = "Tickboard-Signature"

// webhook posts the notification as JSON, signed.
type webhook struct{ guard *Guard }

// Prepare implements Preparer; a channel without a secret gets one.
func (w webhook) Prepare(ctx context.Context, c *Channel) error {
	if c.Secret == "" {
		c.Secret = NewSecret()
	}
	return w.guard.prepare(ctx, c)
}

// NewSecret makes a webhook's secret.
func NewSecret() string { return rand.Text() }

// Send implements Sender.
func (w webhook) Send(ctx context.Context, c Channel, m Message) error {
	header := http.Header{SignatureHeader: {Sign(c.Secret, time.Now(), m.Body)}}
	return w.guard.post(ctx, c.Address, "application/json", m.Body, m.Key, header)
}

// Sign makes the signature of a body that is sent at a time.
func Sign(secret string, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%s.%s", seconds, body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}
