package e2e

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// pushSubscriber is a browser's part in Web Push: the keys of one subscription.
type pushSubscriber struct {
	private *ecdh.PrivateKey
	auth    []byte
}

func newPushSubscriber(t testing.TB) *pushSubscriber {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &pushSubscriber{private, make([]byte, 16)}
	_, _ = rand.Read(s.auth) // never fails
	return s
}

// channel adds the subscription at an address.
func (s *pushSubscriber) channel(p *person, address string) (c wireChannel) {
	p.t.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	body := fmt.Sprintf(`{"kind":"push","name":"x","address":%q,"messages":true,"keys":{"p256dh":%q,"auth":%q}}`,
		address, encode(s.private.PublicKey().Bytes()), encode(s.auth))
	p.ask("POST", "/channels", body).want(p.t, http.StatusCreated).decode(p.t, &c)
	return c
}

// open decrypts a message (RFC 8188, section 2; RFC 8291, section 3.4).
func (s *pushSubscriber) open(t testing.TB, body []byte) []byte {
	t.Helper()
	salt, from, record := body[:16], body[21:86], body[86:]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("the message cannot be opened: %v", err)
		}
	}
	derive := func(secret, salt []byte, label string, length int) []byte {
		key, err := hkdf.Key(sha256.New, secret, salt, label, length)
		must(err)
		return key
	}
	sender, err := ecdh.P256().NewPublicKey(from)
	must(err)
	shared, err := s.private.ECDH(sender)
	must(err)
	secret := derive(shared, s.auth, "WebPush: info\x00"+string(s.private.PublicKey().Bytes())+string(from), 32)
	block, err := aes.NewCipher(derive(secret, salt, "Content-Encoding: aes128gcm\x00", 16))
	must(err)
	gcm, err := cipher.NewGCM(block)
	must(err)
	text, err := gcm.Open(nil, derive(secret, salt, "Content-Encoding: nonce\x00", 12), record, nil)
	must(err)
	return bytes.TrimSuffix(bytes.TrimRight(text, "\x00"), []byte{2})
}

func TestPushMessagesAreForTheBrowserAloneAndEndWithIt(t *testing.T) {
	t.Parallel()
	var gone atomic.Bool
	service := newHook(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		if gone.Load() {
			w.WriteHeader(http.StatusGone)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	s := startStill(t, "--allow-private-webhooks")
	p, browser := &person{server: s}, newPushSubscriber(t)
	c := browser.channel(p, service.URL+"/push/1")
	if c.Secret != "" {
		t.Error("the keys leave the server")
	}
	s.send("The market is closed")
	await(t, "a push message", func() bool { return len(service.got()) == 1 })
	message := service.got()[0]
	var words struct{ Title, Text, Type, Tag string }
	if err := json.Unmarshal(browser.open(t, []byte(message.body)), &words); err != nil || words.Text != "The market is closed" || words.Type != "info" || words.Tag == "" {
		t.Errorf("the browser reads %+v (%v)", words, err)
	}
	var key struct{ Key string }
	s.get("/api/v1/push/key").want(t, http.StatusOK).decode(t, &key)
	if signed := message.header.Get("Authorization"); !strings.HasPrefix(signed, "vapid t=") || !strings.HasSuffix(signed, ", k="+key.Key) {
		t.Errorf("Authorization: %s; browsers subscribe with %s", signed, key.Key)
	}

	s.stop()
	s.restart()
	s.awaitFinished()
	var after struct{ Key string }
	if s.get("/api/v1/push/key").want(t, http.StatusOK).decode(t, &after); after != key {
		t.Error("a restart makes another key, which ends all subscriptions")
	}
	gone.Store(true)
	p.ask("POST", "/channels/"+strconv.FormatInt(c.ID, 10)+"/test", "").want(t, http.StatusAccepted)
	await(t, "the end of the channel", func() bool {
		return p.ask("GET", "/channels/"+strconv.FormatInt(c.ID, 10), "").status == http.StatusNotFound
	})
}
