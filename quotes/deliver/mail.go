package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxMailAddress is the length of the longest mail address (RFC 5321, section
	// 4.5.3.1.3, less the brackets).
	maxMailAddress = 254
	// maxSubject is where a subject is cut, in characters.
	maxSubject = 90
	// offName is the name of the key that signs the links which end letters.
	offName = "mail-off"
)

// MailSender brings notifications to mail addresses, in plain text.
type MailSender struct {
	server *MailServer
	keys   Keys
	site   string
}

// NewMailSender makes a MailSender with the key that the processes share. site is
// the public address of the pages, without a slash at its end.
func NewMailSender(server *MailServer, keys Keys, site string) *MailSender {
	return &MailSender{server: server, keys: keys, site: site}
}

// Prepare implements Preparer: the address is one that mail can be sent to, and
// is stored bare.
func (s *MailSender) Prepare(_ context.Context, c *Channel) error {
	a, err := netmail.ParseAddress(strings.TrimSpace(c.Address))
	if err != nil || len(a.Address) > maxMailAddress {
		return fmt.Errorf("%w: this is no mail address; write one, as name@example.com", ErrInvalid)
	}
	c.Address = a.Address
	return nil
}

// SendCode implements Confirmer.
func (s *MailSender) SendCode(ctx context.Context, c Channel, code string) error {
	return s.server.post(ctx, letter{
		to: c.Address, subject: "Your code: " + code, id: rand.Text(),
		text: fmt.Sprintf(`%s

is the code that confirms this address, within an hour, at
%s/settings

Somebody asked there to be told of stock quotes by mail to this address. If that
was not you, do nothing: without the code no more letters come.
`, code, s.site),
	})
}

// Send implements Sender.
func (s *MailSender) Send(ctx context.Context, c Channel, m Message) error {
	off, err := s.offLink(ctx, c)
	if err != nil {
		return errors.New("the server's key for the links in letters cannot be read now")
	}
	return s.server.post(ctx, letter{
		to: c.Address, subject: subject(m), off: off, id: m.Key,
		text: s.text(m, off),
	})
}

// subject says what the letter says, as far as there is room.
func subject(m Message) string {
	line, _, _ := strings.Cut(m.Text, "\n")
	if m.Title != "" && !strings.HasPrefix(line, m.Title) {
		line = m.Title + ": " + line
	}
	return cut(line, maxSubject)
}

func (s *MailSender) text(m Message, off string) string {
	var b strings.Builder
	b.WriteString(m.Text + "\n\n")
	if at := m.Notification.Time; !at.IsZero() {
		b.WriteString(at.UTC().Format("Mon 2 Jan 2006 15:04:05 MST") + "\n")
	}
	if m.Link != "" {
		b.WriteString(m.Link + "\n")
	}
	fmt.Fprintf(&b, "\n-- \nYou asked at %s for letters to this address.\nNo more of them: %s\n", s.site, off)
	return b.String()
}

// cut shortens a text to that many characters.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// offLink is an address at which whoever reads the letter turns the channel off,
// in any browser.
func (s *MailSender) offLink(ctx context.Context, c Channel) (string, error) {
	mac, err := s.offMAC(ctx, c)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s/mail/off/%d-%d-%s", s.site, c.Profile, c.ID, mac), nil
}

// offMAC proves that the link was in a letter to the channel's address. It ends
// with the address.
func (s *MailSender) offMAC(ctx context.Context, c Channel) (string, error) {
	key, err := s.keys.ServerKey(ctx, offName, func() (string, error) { return rand.Text(), nil })
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "off\n%d\n%d\n%s", c.Profile, c.ID, c.Address)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]), nil
}

// Off turns off the channel that a link in a letter names, with what follows
// "/mail/off/" in it. The error wraps ErrNoChannel where the link is not one of
// ours, or its channel is gone or has another address by now. With look alone it
// changes nothing.
func (s *MailSender) Off(ctx context.Context, store Channels, link string, look bool) (Channel, error) {
	parts := strings.SplitN(link, "-", 3)
	if len(parts) != 3 {
		return Channel{}, ErrNoChannel
	}
	profile, err1 := strconv.ParseInt(parts[0], 10, 64)
	id, err2 := strconv.ParseInt(parts[1], 10, 64)
	if err1 != nil || err2 != nil {
		return Channel{}, ErrNoChannel
	}
	for tries := 0; ; tries++ {
		c, err := store.Channel(ctx, profile, ChannelID(id))
		if err != nil {
			return Channel{}, err
		}
		mac, err := s.offMAC(ctx, c)
		if err != nil {
			return Channel{}, err
		}
		if c.Kind != Email || !hmac.Equal([]byte(mac), []byte(parts[2])) {
			return Channel{}, ErrNoChannel
		}
		if look || !c.Enabled {
			return c, nil
		}
		c.Enabled = false
		c, err = store.UpdateChannel(ctx, c)
		if !errors.Is(err, ErrChannelChanged) || tries == 3 {
			return c, err
		}
	}
}
