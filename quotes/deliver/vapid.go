package deliver

import (
	"context"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/SherClockHolmes/webpush-go"
)

// Keys are the keys that all processes on one database share. ServerKey returns
// the one of that name; where there is none it stores what make returns, and of
// several that make one at once all get the same.
type Keys interface {
	ServerKey(ctx context.Context, name string, make func() (string, error)) (string, error)
}

// vapidName is the name of the pair by which push services know this server
// (RFC 8292).
const vapidName = "vapid"

// vapid is that pair, read when it is first needed.
type vapid struct {
	keys Keys

	mu   sync.Mutex
	pair *vapidPair // guarded by mu
}

type vapidPair struct {
	Public  string `json:"public"` // an uncompressed point of P-256 in base64url, as browsers want it
	Private string `json:"private"`
}

// get reads the pair, and makes it where there is none yet.
func (v *vapid) get(ctx context.Context) (vapidPair, error) {
	v.mu.Lock()
	known := v.pair
	v.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	text, err := v.keys.ServerKey(ctx, vapidName, func() (string, error) {
		private, public, err := webpush.GenerateVAPIDKeys()
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(vapidPair{public, private})
		return string(text), err
	})
	if err != nil {
		return vapidPair{}, err
	}
	var pair vapidPair
	if err := json.Unmarshal([]byte(text), &pair); err != nil {
		return vapidPair{}, fmt.Errorf("the stored key for push messages: %w", err)
	}
	v.mu.Lock()
	v.pair = &pair
	v.mu.Unlock()
	return pair, nil
}

// subscriptionKeys are what a browser gives for a subscription (RFC 8291).
type subscriptionKeys struct {
	P256DH string `json:"p256dh"`
	Auth   string `json:"auth"`
}

// parseSubscriptionKeys checks a browser's keys, and returns them in the one form
// that is stored.
func parseSubscriptionKeys(text string) (subscriptionKeys, error) {
	var keys subscriptionKeys
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return keys, fmt.Errorf(`the subscription's keys are not {"p256dh":…,"auth":…}`)
	}
	point, err := base64.RawURLEncoding.DecodeString(keys.P256DH)
	if err == nil {
		_, err = ecdh.P256().NewPublicKey(point)
	}
	if err != nil {
		return keys, fmt.Errorf("the subscription's p256dh is no point of P-256 in base64url; take it from PushSubscription.toJSON()")
	}
	if auth, err := base64.RawURLEncoding.DecodeString(keys.Auth); err != nil || len(auth) != 16 {
		return keys, fmt.Errorf("the subscription's auth is not 16 bytes in base64url; take it from PushSubscription.toJSON()")
	}
	return keys, nil
}
