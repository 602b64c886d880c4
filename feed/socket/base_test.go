package socket

import (
	"errors"
	"strings"
	"testing"
)

func TestBase(t *testing.T) {
	for _, c := range []struct{ standard, setting, want string }{
		{"wss://stream.example/ws", "", "wss://stream.example/ws"},
		{"wss://stream.example/ws?a=1", "http://127.0.0.1:1234", "ws://127.0.0.1:1234/ws?a=1"},
		{"wss://stream.example/ws", "https://other.example/", "wss://other.example/ws"},
		{"wss://stream.example/ws", "ws://other.example", "ws://other.example/ws"},
		{"wss://stream.example", "https://other.example/at/", "wss://other.example/at"},
		{"https://api.example/v3/list", "http://127.0.0.1:1234", "http://127.0.0.1:1234/v3/list"},
		{"https://api.example/v3", "wss://other.example/at", "https://other.example/at/v3"},
	} {
		got, err := Base(c.standard, func(name string) (string, error) {
			if name != "X_URL" {
				t.Errorf("asked for %q", name)
			}
			return c.setting, nil
		}, "X_URL")
		if err != nil || got != c.want {
			t.Errorf("Base(%q) with %q is %q, %v, want %q", c.standard, c.setting, got, err, c.want)
		}
	}
	if got, err := Base("wss://stream.example", nil, "X_URL"); err != nil || got != "wss://stream.example" {
		t.Errorf("without settings: %q, %v", got, err)
	}
}

func TestBaseRefusesWhatIsNoAddress(t *testing.T) {
	for _, setting := range []string{
		"127.0.0.1:1234", "example.com", "ftp://example.com", "http://", ":", "http://hunter2@example.com",
		"http://example.com?token=hunter2", "http://example.com/#hunter2", "https:hunter2",
	} {
		_, err := Base("wss://stream.example", func(string) (string, error) { return setting, nil }, "X_URL")
		if err == nil || !strings.Contains(err.Error(), "TICKBOARD_X_URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: error %v", setting, err)
		}
	}
	unreadable := errors.New("no such file")
	if _, err := Base("wss://stream.example", func(string) (string, error) { return "", unreadable }, "X_URL"); !errors.Is(err, unreadable) {
		t.Errorf("error %v", err)
	}
}
