package deliver

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/quotes/alert"
)

// keyRing are the server's keys in memory.
type keyRing struct {
	mu   sync.Mutex
	keys map[string]string
	made int
	err  error
}

func (k *keyRing) ServerKey(_ context.Context, name string, create func() (string, error)) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err != nil {
		return "", k.err
	}
	if value, ok := k.keys[name]; ok {
		return value, nil
	}
	value, err := create()
	if err == nil {
		if k.keys == nil {
			k.keys = make(map[string]string)
		}
		k.keys[name] = value
		k.made++
	}
	return value, err
}

// pushBrowser is a browser with one subscription, and its push service.
type pushBrowser struct {
	t       *testing.T
	private *ecdh.PrivateKey
	auth    []byte
	service *httptest.Server

	mu      sync.Mutex
	status  int
	header  http.Header
	got     []*http.Request
	bodies  [][]byte
	address string
}

func newPushBrowser(t *testing.T) *pushBrowser {
	t.Helper()
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &pushBrowser{t: t, private: private, auth: make([]byte, 16), status: http.StatusCreated}
	if _, err := rand.Read(b.auth); err != nil {
		t.Fatal(err)
	}
	b.service = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.got, b.bodies = append(b.got, r), append(b.bodies, body)
		for name, values := range b.header {
			w.Header()[name] = values
		}
		w.WriteHeader(b.status)
	}))
	t.Cleanup(b.service.Close)
	b.address = b.service.URL + "/push/abc"
	return b
}

// answers says how the service answers from now on.
func (b *pushBrowser) answers(status int, header ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status, b.header = status, make(http.Header)
	for i := 0; i < len(header); i += 2 {
		b.header.Set(header[i], header[i+1])
	}
}

func (b *pushBrowser) channel() Channel {
	keys, err := json.Marshal(map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(b.private.PublicKey().Bytes()),
		"auth":   base64.RawURLEncoding.EncodeToString(b.auth),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return Channel{ID: 3, Profile: 7, Kind: Push, Name: "this browser", Address: b.address, Secret: string(keys)}
}

// last is the newest request with its body.
func (b *pushBrowser) last() (*http.Request, []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.got) == 0 {
		b.t.Fatal("nothing came")
	}
	return b.got[len(b.got)-1], b.bodies[len(b.bodies)-1]
}

// decrypt reads a message as a browser does: RFC 8188 (section 2) with the keys of
// RFC 8291 (section 3.4).
func (b *pushBrowser) decrypt(body []byte) []byte {
	b.t.Helper()
	if len(body) > 4096 {
		b.t.Errorf("the message has %d bytes; push services take 4096", len(body))
	}
	salt, size, idLength := body[:16], binary.BigEndian.Uint32(body[16:20]), int(body[20])
	sender, record := body[21:21+idLength], body[21+idLength:]
	if int(size) < len(record) {
		b.t.Fatalf("a record of %d bytes, announced are %d", len(record), size)
	}
	point, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		b.t.Fatal(err)
	}
	shared, err := b.private.ECDH(point)
	if err != nil {
		b.t.Fatal(err)
	}
	expand := func(secret, salt []byte, label string, length int) []byte {
		key, err := hkdf.Key(sha256.New, secret, salt, label, length)
		if err != nil {
			b.t.Fatal(err)
		}
		return key
	}
	ikm := expand(shared, b.auth, "WebPush: info\x00"+string(b.private.PublicKey().Bytes())+string(sender), 32)
	block, err := aes.NewCipher(expand(ikm, salt, "Content-Encoding: aes128gcm\x00", 16))
	if err != nil {
		b.t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		b.t.Fatal(err)
	}
	plain, err := gcm.Open(nil, expand(ikm, salt, "Content-Encoding: nonce\x00", 12), record, nil)
	if err != nil {
		b.t.Fatalf("the message cannot be decrypted: %v", err)
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		b.t.Fatal("the last record does not end with its delimiter")
	}
	return plain[:len(plain)-1]
}

// checkVAPID verifies who sent a request (RFC 8292, sections 2 and 3).
func checkVAPID(t *testing.T, r *http.Request, public, audience, subject string) {
	t.Helper()
	token, key, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid t="), ", k=")
	if !ok || key != public {
		t.Fatalf("Authorization: %s; the key that browsers subscribed with is %s", r.Header.Get("Authorization"), public)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("the token %q has not three parts", token)
	}
	var decoded [3][]byte
	for i, p := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			t.Fatal(err)
		}
	}
	point, err := base64.RawURLEncoding.DecodeString(public)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatalf("the key %q: %v", public, err)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(decoded[2]) != 64 || !ecdsa.Verify(signer, hash[:], new(big.Int).SetBytes(decoded[2][:32]), new(big.Int).SetBytes(decoded[2][32:])) {
		t.Error("the signature is not the key's")
	}
	var head struct{ Alg, Typ string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := errors.Join(json.Unmarshal(decoded[0], &head), json.Unmarshal(decoded[1], &claims)); err != nil {
		t.Fatal(err)
	}
	if head.Alg != "ES256" || head.Typ != "JWT" || claims.Aud != audience || claims.Sub != subject {
		t.Errorf("%+v %+v; want ES256 for %s from %s", head, claims, audience, subject)
	}
	if left := time.Until(time.Unix(claims.Exp, 0)); left <= 0 || left > 24*time.Hour {
		t.Errorf("the token holds for another %v; it must be at most a day", left)
	}
}

// aMessage is an alert with characters of all lengths.
func aMessage() Message {
	n := alert.Notification{
		ID: 12, Type: alert.Warning, Message: "AAPL is above 190.00: 190.01 \U0001F680 <b>é", Time: time.Date(2026, 11, 20, 15, 42, 7, 0, time.UTC),
		Symbol: quotes.MustSymbol("AAPL"), Price: quotes.Some(quotes.MustDecimal("190.01")), Rule: "above 190.00", Kind: alert.KindAlert,
	}
	return Message{
		Key: "tickboard-41", Body: n.AppendJSON(nil), Notification: n, Title: "AAPL", Text: n.Message, Link: "https://quotes.example/q/AAPL",
	}
}

func TestPushReachesTheBrowserEncrypted(t *testing.T) {
	b, ring := newPushBrowser(t), &keyRing{}
	p := NewPushSender(ring, NewGuard(true), "quotes@example.com")
	c := b.channel()
	if err := p.Prepare(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	m := aMessage()
	if err := p.Send(t.Context(), c, m); err != nil {
		t.Fatal(err)
	}
	r, body := b.last()
	var got struct{ Tag, Title, Text, Type, Time, Link string }
	if err := json.Unmarshal(b.decrypt(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tag != m.Key || got.Title != "AAPL" || got.Text != m.Text || got.Type != "warning" || got.Time != "2026-11-20T15:42:07Z" || got.Link != m.Link {
		t.Errorf("the browser reads %+v", got)
	}
	public, err := p.PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	checkVAPID(t, r, public, b.service.URL, "mailto:quotes@example.com")
	for name, want := range map[string]string{"Content-Encoding": "aes128gcm", "TTL": "86400", "Urgency": "high", "Topic": "tickboard-41"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if bytes.Contains(body, []byte("AAPL")) {
		t.Error("the push service can read it")
	}
	if ring.made != 1 {
		t.Errorf("%d keys were made", ring.made)
	}
}

func TestPushOfAMessageThatIsTooLongIsCut(t *testing.T) {
	b := newPushBrowser(t)
	p := NewPushSender(&keyRing{}, NewGuard(true), "https://quotes.example")
	for _, letter := range []string{"a", "é", "\U0001F680", `"`, "\x01"} {
		m := aMessage()
		m.Text = strings.Repeat(letter, alert.MaxMessage)
		if err := p.Send(t.Context(), b.channel(), m); err != nil {
			t.Fatal(err)
		}
		r, body := b.last()
		var got struct{ Text string }
		if err := json.Unmarshal(b.decrypt(body), &got); err != nil {
			t.Fatal(err)
		}
		if kept := strings.TrimSuffix(got.Text, "…"); len(kept) == 0 || !strings.HasPrefix(m.Text, kept) {
			t.Errorf("%q: %d bytes arrive: %.20q…", letter, len(got.Text), got.Text)
		}
		public, _ := p.PublicKey(t.Context())
		checkVAPID(t, r, public, b.service.URL, "https://quotes.example")
	}
}

func TestPushIsAsUrgentAndLastsAsLongAsItsNotification(t *testing.T) {
	b := newPushBrowser(t)
	p := NewPushSender(&keyRing{}, NewGuard(true), "a@example.com")
	for _, c := range []struct {
		change       func(*Message)
		ttl, urgency string
	}{
		{func(m *Message) { m.Notification.Kind = alert.KindMessage }, "86400", "normal"},
		{func(m *Message) { m.Notification.Kind, m.Test = alert.KindMessage, true }, "86400", "high"},
		{func(m *Message) { m.Notification.Expires = time.Now().Add(48 * time.Hour) }, "86400", "high"},
		{func(m *Message) { m.Notification.Expires = time.Now().Add(-time.Hour) }, "0", "high"},
	} {
		m := aMessage()
		c.change(&m)
		if err := p.Send(t.Context(), b.channel(), m); err != nil {
			t.Fatal(err)
		}
		if r, _ := b.last(); r.Header.Get("TTL") != c.ttl || r.Header.Get("Urgency") != c.urgency {
			t.Errorf("TTL %s, urgency %s; want %s, %s", r.Header.Get("TTL"), r.Header.Get("Urgency"), c.ttl, c.urgency)
		}
	}
	m := aMessage()
	m.Notification.Expires = time.Now().Add(100 * time.Second)
	if err := p.Send(t.Context(), b.channel(), m); err != nil {
		t.Fatal(err)
	}
	if r, _ := b.last(); r.Header.Get("TTL") != "99" && r.Header.Get("TTL") != "98" {
		t.Errorf("TTL %s of one that expires in 100 s", r.Header.Get("TTL"))
	}
}

func TestPushServicesAnswersDecideWhatFollows(t *testing.T) {
	b := newPushBrowser(t)
	p := NewPushSender(&keyRing{}, NewGuard(true), "quotes@example.com")
	for _, c := range []struct {
		status int
		wait   string
		ok     bool
		want   Verdict
	}{
		{status: http.StatusOK, ok: true},
		{status: http.StatusCreated, ok: true},
		{status: http.StatusAccepted, ok: true},
		{status: http.StatusNotFound, want: Verdict{Gone: true}},
		{status: http.StatusGone, want: Verdict{Gone: true}},
		{status: http.StatusRequestEntityTooLarge, want: Verdict{Permanent: true}},
		{status: http.StatusBadRequest, want: Verdict{Permanent: true}},
		{status: http.StatusForbidden, want: Verdict{Permanent: true}},
		{status: http.StatusTooManyRequests, wait: "120", want: Verdict{After: 2 * time.Minute}},
		{status: http.StatusTooManyRequests},
		{status: http.StatusServiceUnavailable, wait: "7", want: Verdict{After: 7 * time.Second}},
		{status: http.StatusInternalServerError},
		{status: http.StatusBadGateway},
	} {
		b.answers(c.status, "Retry-After", c.wait)
		err := p.Send(t.Context(), b.channel(), aMessage())
		if got := VerdictOf(err); (err == nil) != c.ok || got != c.want {
			t.Errorf("%d: %v %+v, want %+v", c.status, err, got, c.want)
		}
		if err != nil && strings.Contains(err.Error(), b.address) {
			t.Errorf("the error tells the endpoint: %v", err)
		}
	}
}

func TestPushThatStallsEndsWithItsContext(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-stop }))
	defer server.Close()
	defer close(stop)
	b := newPushBrowser(t)
	b.address = server.URL
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := NewPushSender(&keyRing{}, NewGuard(true), "a@example.com").Send(ctx, b.channel(), aMessage())
	if err == nil || VerdictOf(err) != (Verdict{}) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("%v", err)
	}
}

func TestSubscriptionsAreCheckedBeforeTheyAreStored(t *testing.T) {
	b := newPushBrowser(t)
	open, home := NewPushSender(&keyRing{}, NewGuard(false), "a@example.com"), NewPushSender(&keyRing{}, NewGuard(true), "a@example.com")
	good := b.channel()
	for what, spoil := range map[string]func(*Channel){
		"no keys":            func(c *Channel) { c.Secret = "" },
		"keys that are none": func(c *Channel) { c.Secret = `{"p256dh":"AAAA","auth":"AAAA"}` },
		"a short auth":       func(c *Channel) { c.Secret = strings.Replace(c.Secret, `"auth":"`, `"auth":"","x":"`, 1) },
		"no address":         func(c *Channel) { c.Address = "x" },
	} {
		c := good
		spoil(&c)
		if err := home.Prepare(t.Context(), &c); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	c := good
	if err := open.Prepare(t.Context(), &c); !errors.Is(err, ErrInvalid) {
		t.Errorf("an endpoint on this machine: %v", err)
	}
	c.Secret = `{"keys":1,` + strings.TrimPrefix(good.Secret, "{")
	if err := home.Prepare(t.Context(), &c); err != nil || c.Secret == "" || strings.Contains(c.Secret, "keys") {
		t.Errorf("%v: %s is stored", err, c.Secret)
	}
}

func TestPushKeyIsOneForAll(t *testing.T) {
	ring := &keyRing{}
	var senders sync.WaitGroup
	seen := make(chan string, 8)
	for range cap(seen) {
		senders.Go(func() {
			key, err := NewPushSender(ring, NewGuard(true), "a@example.com").PublicKey(t.Context())
			if err != nil {
				t.Error(err)
			}
			seen <- key
		})
	}
	senders.Wait()
	first := <-seen
	for range cap(seen) - 1 {
		if key := <-seen; key != first || first == "" {
			t.Errorf("two keys: %q and %q", first, key)
		}
	}
	ring.err = errors.New("away")
	if _, err := NewPushSender(ring, NewGuard(true), "a@example.com").PublicKey(t.Context()); err == nil {
		t.Error("a key without a database")
	}
}
