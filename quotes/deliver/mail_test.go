package deliver

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// shelf is a Channels with one channel.
type shelf struct {
	others
	channel Channel
	racing  int // so many changes are refused
}

// others are the methods that nobody calls here.
type others interface{ Channels }

func (s *shelf) Channel(_ context.Context, profile int64, id ChannelID) (Channel, error) {
	if profile != s.channel.Profile || id != s.channel.ID {
		return Channel{}, ErrNoChannel
	}
	return s.channel, nil
}

func (s *shelf) UpdateChannel(_ context.Context, c Channel) (Channel, error) {
	if s.racing--; s.racing >= 0 {
		return Channel{}, ErrChannelChanged
	}
	s.channel = c
	return c, nil
}

func TestMailAddressesAreCheckedAndStoredBare(t *testing.T) {
	sender := mailSender(t, "smtp://127.0.0.1:25", "", new(bytes.Buffer))
	for address, want := range map[string]string{
		"ann@example.com":                  "ann@example.com",
		" ann@example.com ":                "ann@example.com",
		"Ann <ann@example.com>":            "ann@example.com",
		"":                                 "",
		"ann":                              "",
		"ann@":                             "",
		"ann@example.com, bob@example.com": "",
		"ann@example.com\r\nBcc: bob@example.com": "",
		strings.Repeat("a", 250) + "@example.com": "",
	} {
		c := Channel{Kind: Email, Address: address}
		err := sender.Prepare(t.Context(), &c)
		if want == "" && !errors.Is(err, ErrInvalid) || want != "" && (err != nil || c.Address != want) {
			t.Errorf("%q: %q %v, want %q", address, c.Address, err, want)
		}
	}
}

func TestALetterEndsLettersInAnyBrowser(t *testing.T) {
	sender := mailSender(t, "smtp://127.0.0.1:25", "", new(bytes.Buffer))
	c := mailChannel()
	link, err := sender.offLink(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	token, ok := strings.CutPrefix(link, "https://quotes.example/mail/off/")
	if !ok {
		t.Fatal(link)
	}
	store := &shelf{channel: c, racing: 2}
	if got, err := sender.Off(t.Context(), store, token, true); err != nil || !got.Enabled || !store.channel.Enabled {
		t.Errorf("a look changed something: %+v %v", got, err)
	}
	if got, err := sender.Off(t.Context(), store, token, false); err != nil || got.Enabled || store.channel.Enabled {
		t.Errorf("the channel is still on: %+v %v", got, err)
	}
	if _, err := sender.Off(t.Context(), store, token, false); err != nil {
		t.Errorf("the second click: %v", err)
	}
	other := *store
	for what, forged := range map[string]string{
		"nothing": "", "another channel": strings.Replace(token, "7-5-", "7-6-", 1), "another profile": strings.Replace(token, "7-5-", "8-5-", 1),
		"a cut proof": token[:len(token)-1], "words": "a-b-c", "one letter changed": token[:len(token)-1] + map[bool]string{true: "B", false: "A"}[token[len(token)-1] == 'A'],
	} {
		if _, err := sender.Off(t.Context(), &other, forged, false); !errors.Is(err, ErrNoChannel) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, change := range map[string]func(*Channel){
		"another address": func(c *Channel) { c.Address = "bob@example.org" },
		"another kind":    func(c *Channel) { c.Kind = Ntfy },
	} {
		changed := &shelf{channel: c}
		change(&changed.channel)
		if _, err := sender.Off(t.Context(), changed, token, false); !errors.Is(err, ErrNoChannel) || !changed.channel.Enabled {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestSubjectsSayWhatTheLetterSays(t *testing.T) {
	for _, c := range []struct{ title, text, want string }{
		{"AAPL", "AAPL is above 190.00", "AAPL is above 190.00"},
		{"AAPL", "Above 190.00\nand more", "AAPL: Above 190.00"},
		{"", "The market is closed", "The market is closed"},
	} {
		if got := subject(Message{Title: c.title, Text: c.text}); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if got := subject(Message{Text: strings.Repeat("é", 500)}); utf8.RuneCountInString(got) != maxSubject || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters: %s", utf8.RuneCountInString(got), got)
	}
}
