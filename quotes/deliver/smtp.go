package deliver

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

const (
	// mailTime bounds what one letter may take, from the dial to the answer.
	mailTime = 20 * time.Second
	// mailConnections is how many connections to the mail server are open at once.
	mailConnections = 4
)

// MailServer hands letters to the operator's mail server. Any number may call
// its methods at once.
type MailServer struct {
	host     string
	port     int
	tls      bool // from the first byte
	loopback bool
	user     string
	password string
	from     string
	places   chan struct{}  // one token for each open connection
	roots    *x509.CertPool // who vouches for its certificate; nil is the system
	log      *slog.Logger
}

// ParseMailServer takes smtp://user@host:587 (STARTTLS, which only a server on
// this machine may lack) or smtps://user@host:465 (TLS from the first byte). The
// password comes apart, for addresses are logged. from is whom the letters are
// from, as quotes@example.com or "Quotes <quotes@example.com>".
//
// What goes wrong with the server itself is the operator's to know, and goes to
// the log.
func ParseMailServer(address, password, from string, log *slog.Logger) (*MailServer, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("write the mail server as smtp://user@mail.example.com:587, or smtps:// where TLS begins at once")
	}
	if _, has := u.User.Password(); has {
		return nil, errors.New("the mail server's password does not belong into its address; give it by TICKBOARD_SMTP_PASSWORD or the file that TICKBOARD_SMTP_PASSWORD_FILE names")
	}
	m := &MailServer{
		host: u.Hostname(), tls: u.Scheme == "smtps", user: u.User.Username(), password: password,
		places: make(chan struct{}, mailConnections), log: log,
	}
	m.port, err = strconv.Atoi(cmp.Or(u.Port(), map[bool]string{true: "465", false: "587"}[m.tls]))
	if err != nil || m.port < 1 || m.port > 65535 {
		return nil, fmt.Errorf("the mail server's port %q is not from 1 to 65535", u.Port())
	}
	ip := net.ParseIP(m.host)
	m.loopback = m.host == "localhost" || ip.IsLoopback()
	if m.user != "" && password == "" {
		return nil, fmt.Errorf("the mail server wants to know %s, so give the password by TICKBOARD_SMTP_PASSWORD or TICKBOARD_SMTP_PASSWORD_FILE", m.user)
	}
	if _, err := netmail.ParseAddress(from); err != nil {
		return nil, errors.New("say whom letters are from, as --mail-from quotes@example.com")
	}
	m.from = from
	return m, nil
}

// String is the server for a log, without user and password.
func (m *MailServer) String() string { return net.JoinHostPort(m.host, strconv.Itoa(m.port)) }

// Address is whom letters are from, without a name.
func (m *MailServer) Address() string {
	a, err := netmail.ParseAddress(m.from)
	if err != nil {
		panic(err) // ParseMailServer took it
	}
	return a.Address
}

// letter is one plain text to one address.
type letter struct {
	to, subject, text string
	off               string // the address at which one click ends such letters, "" without
	id                string // makes the Message-ID, so that a letter sent twice is seen to be one
}

// post hands a letter over. An error that no later try mends is Permanent.
func (m *MailServer) post(ctx context.Context, l letter) error {
	select {
	case m.places <- struct{}{}:
		defer func() { <-m.places }()
	case <-ctx.Done():
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	msg, err := m.message(l)
	if err != nil {
		return Permanent(err)
	}
	client, err := m.client(ctx)
	if err != nil {
		return m.trouble(err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if msg.IsDelivered() { // what went wrong then is the goodbye
		return nil
	}
	return m.read(ctx, err)
}

// read says what an error of the dialogue means.
func (m *MailServer) read(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	refused, ok := errors.AsType[*mail.SendError](err)
	if !ok || refused.ErrorCode() == 0 || ctx.Err() != nil {
		return m.trouble(err)
	}
	text, _, _ := strings.Cut(refused.Error(), ", affected ")
	err = fmt.Errorf("the mail server refused the letter: %s", text)
	if refused.ErrorCode() >= 500 {
		return Permanent(err)
	}
	return err
}

// trouble tells the operator what is wrong with the server, and whoever waits for
// letters only that it is.
func (m *MailServer) trouble(err error) error {
	m.log.Warn("the mail server takes nothing; look at --smtp, and at the server", "server", m.String(), "error", err)
	return errors.New("the mail server takes nothing now; the operator finds the cause in the log")
}

func (m *MailServer) message(l letter) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.from), msg.To(l.to)); err != nil {
		return nil, err
	}
	msg.Subject(l.subject)
	msg.SetDate()
	_, domain, _ := strings.Cut(m.Address(), "@")
	msg.SetMessageIDWithValue(l.id + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if strings.HasPrefix(l.off, "https:") {
		if err := msg.SetListUnsubscribeOneClick(l.off); err != nil {
			return nil, err
		}
	} else if l.off != "" {
		msg.SetListUnsubscribe("<" + l.off + ">")
	}
	msg.SetBodyString(mail.TypeTextPlain, l.text)
	return msg, nil
}

// client is a connection to be: it ends with ctx.
func (m *MailServer) client(ctx context.Context) (*mail.Client, error) {
	config := &tls.Config{ServerName: m.host, MinVersion: tls.VersionTLS12, RootCAs: m.roots}
	options := []mail.Option{
		mail.WithPort(m.port), mail.WithTimeout(mailTime), mail.WithTLSConfig(config), mail.WithTLSPolicy(mail.TLSMandatory),
		mail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			return m.dial(dialing, ctx, network, address, config)
		}),
	}
	switch {
	case m.tls:
		options = append(options, mail.WithSSL())
	case m.loopback: // nobody is in between, and its certificate is seldom for that name
		config.InsecureSkipVerify = true
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if m.user != "" {
		options = append(options, mail.WithUsername(m.user), mail.WithPassword(m.password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return mail.NewClient(m.host, options...)
}

// dial connects, and cuts the connection when life ends.
func (m *MailServer) dial(ctx, life context.Context, network, address string, config *tls.Config) (net.Conn, error) {
	var dialer interface {
		DialContext(context.Context, string, string) (net.Conn, error)
	} = new(net.Dialer)
	if m.tls {
		dialer = &tls.Dialer{Config: config}
	}
	conn, err := dialer.DialContext(ctx, network, address)
	if err == nil {
		context.AfterFunc(life, func() { _ = conn.Close() })
	}
	return conn, err
}
