package profile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// secretBytes is how much chance a device's secret has: 256 bits.
const secretBytes = 32

// maxUser is the longest name that a reverse proxy may vouch for, in bytes.
const maxUser = 200

// Key is what opens a profile, as it is stored: of a secret only the hash. The
// zero Key opens none.
type Key struct{ text string }

// NewSecret makes a device's secret.
func NewSecret() string {
	b := make([]byte, secretBytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// SecretKey is the key of a device's secret; none for a text that NewSecret
// cannot have made.
func SecretKey(secret string) (Key, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(secret)
	if err != nil || len(b) != secretBytes || strings.ContainsAny(secret, "\r\n") {
		return Key{}, false
	}
	return Key{"cookie:" + hash(secret)}, true
}

// UserKey is the key of somebody whom a reverse proxy knows by a name.
func UserKey(name string) (Key, error) {
	switch {
	case name == "":
		return Key{}, errors.New("it is empty")
	case len(name) > maxUser:
		return Key{}, fmt.Errorf("it has %d bytes, at most %d are allowed", len(name), maxUser)
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return Key{}, errors.New("it is not plain text in UTF-8")
	}
	return Key{"user:" + name}, nil
}

// StoredKey is a key that was stored as String says it.
func StoredKey(text string) Key { return Key{text} }

// String is the key as it is stored.
func (k Key) String() string { return k.text }

// IsZero says that k opens nothing.
func (k Key) IsZero() bool { return k.text == "" }

// Device is the name of the key's device, which tells nothing of the key.
func (k Key) Device() string { return hash(k.text)[:16] }

// NewCode makes a code that takes a device in, and HashCode says how one is stored.
func NewCode() string { return rand.Text() }

// HashCode is a code as it is stored.
func HashCode(code string) string { return hash(strings.ToUpper(code)) }

// NewToken makes the secret of a public link.
func NewToken() string { return rand.Text() }

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
