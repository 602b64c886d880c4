package socket

import (
	"fmt"
	"net/url"
	"strings"
)

// Base resolves a vendor's address: standard, as "wss://host/path", or the same
// path and query at the host that the setting name ("BINANCE_URL") gives, as
// "http://127.0.0.1:1234". Either may be of a socket or of plain HTTP: the
// result is of the kind of standard, encrypted as the setting says. A path of the
// setting goes before that of standard. env may be nil.
func Base(standard string, env func(name string) (string, error), name string) (string, error) {
	if env == nil {
		return standard, nil
	}
	setting, err := env(name)
	if err != nil || setting == "" {
		return standard, err
	}
	own, err := url.Parse(standard)
	if err != nil {
		return "", err
	}
	other, err := url.Parse(setting)
	if err != nil || other.Host == "" || other.User != nil || other.RawQuery != "" || other.Fragment != "" {
		return "", addressError(name)
	}
	scheme, ok := map[string]string{
		"ws http": "ws", "ws https": "wss", "ws ws": "ws", "ws wss": "wss",
		"http http": "http", "http https": "https", "http ws": "http", "http wss": "https",
	}[strings.TrimSuffix(own.Scheme, "s")+" "+other.Scheme]
	if !ok {
		return "", addressError(name)
	}
	own.Scheme, own.Host = scheme, other.Host
	own.Path = strings.TrimSuffix(other.Path, "/") + own.Path
	own.RawPath = ""
	return own.String(), nil
}

// addressError does not repeat what was written: it may hold what is secret.
func addressError(name string) error {
	return fmt.Errorf("TICKBOARD_%s is no address; write one like http://127.0.0.1:8090 or https://example.com", name)
}
