package deliver

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"
)

// smtpServer speaks what of RFC 5321 a client needs.
type smtpServer struct {
	t        *testing.T
	listener net.Listener
	config   *tls.Config // nil: no STARTTLS
	fromByte bool        // TLS from the first byte
	// replies take the place of the usual ones, by the command's first word;
	// "" is the greeting, "." the end of a letter.
	replies map[string]string
	stalls  string // the command that is never answered
	auth    string // the user and password that are wanted, as "user password"

	mu      sync.Mutex
	letters []string
	tos     []string
	secured int // letters that came over TLS
	open    int // connections
	most    int
	conns   map[net.Conn]bool
	work    sync.WaitGroup
}

// startSMTP starts the server; change sets it up.
func startSMTP(t *testing.T, change func(*smtpServer)) *smtpServer {
	t.Helper()
	s := &smtpServer{t: t, replies: make(map[string]string), conns: make(map[net.Conn]bool)}
	if change != nil {
		change(s)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if s.fromByte {
		s.listener = tls.NewListener(s.listener, s.config)
	}
	s.work.Go(s.accept)
	t.Cleanup(func() {
		_ = s.listener.Close()
		s.mu.Lock()
		for c := range s.conns {
			_ = c.Close()
		}
		s.mu.Unlock()
		s.work.Wait()
	})
	return s
}

func (s *smtpServer) address() string { return s.listener.Addr().String() }

func (s *smtpServer) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.open++
		s.most = max(s.most, s.open)
		s.mu.Unlock()
		s.work.Go(func() {
			s.talk(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.open--
			s.mu.Unlock()
		})
	}
}

// talk is one connection.
func (s *smtpServer) talk(c net.Conn) {
	in, secure := bufio.NewReader(c), s.fromByte
	var to []string
	reply := func(command, usual string) bool {
		if s.stalls == command && command != "" {
			_, _ = io.Copy(io.Discard, in) // until the client goes
			return false
		}
		if other, ok := s.replies[command]; ok {
			usual = other
		}
		_, err := fmt.Fprintf(c, "%s\r\n", usual)
		return err == nil
	}
	if !reply("", "220 mail.test ESMTP") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		var ok bool
		switch command = strings.ToUpper(command); command {
		case "EHLO":
			offers := "250-mail.test\r\n250-8BITMIME\r\n"
			if s.config != nil && !secure {
				offers += "250-STARTTLS\r\n"
			}
			if s.auth != "" && (secure || s.config == nil) {
				offers += "250-AUTH PLAIN\r\n"
			}
			ok = reply(command, offers+"250 SIZE 1000000")
		case "STARTTLS":
			if ok = reply(command, "220 go on"); ok {
				upgraded := tls.Server(c, s.config)
				c, in, secure = upgraded, bufio.NewReader(upgraded), true
			}
		case "AUTH":
			_, given, _ := strings.Cut(rest, " ")
			said, err := base64.StdEncoding.DecodeString(given)
			if parts := bytes.Split(said, []byte{0}); err != nil || len(parts) != 3 || string(parts[1])+" "+string(parts[2]) != s.auth {
				ok = reply(command, "535 5.7.8 not so")
			} else {
				ok = reply(command, "235 2.7.0 welcome")
			}
		case "RCPT":
			to = append(to, rest)
			ok = reply(command, "250 2.1.5 yes")
		case "DATA":
			if ok = reply(command, "354 go on"); !ok || strings.HasPrefix(s.replies[command], "4") || strings.HasPrefix(s.replies[command], "5") {
				break
			}
			letter, end := s.read(in)
			if end != nil {
				return
			}
			if s.replies["."] == "" {
				s.mu.Lock()
				s.letters, s.tos = append(s.letters, letter), append(s.tos, to...)
				if secure {
					s.secured++
				}
				s.mu.Unlock()
			}
			ok = reply(".", "250 2.0.0 taken")
		case "RSET":
			to = nil
			ok = reply(command, "250 yes")
		case "QUIT":
			reply(command, "221 bye")
			return
		default:
			ok = reply(command, "250 yes")
		}
		if !ok {
			return
		}
	}
}

// read takes a letter up to the line that is a dot.
func (s *smtpServer) read(in *bufio.Reader) (string, error) {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return text.String(), err
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
}

// taken is how many letters came, and how many of them over TLS.
func (s *smtpServer) taken() (letters, secured int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.letters), s.secured
}

// only is the one letter that came, read as mail programs do.
func (s *smtpServer) only() (netmail.Header, string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.letters) != 1 {
		s.t.Fatalf("%d letters came", len(s.letters))
	}
	msg, err := netmail.ReadMessage(strings.NewReader(s.letters[0]))
	if err != nil {
		s.t.Fatal(err)
	}
	body := msg.Body
	if strings.EqualFold(msg.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		s.t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		s.t.Fatal(err)
	}
	msg.Header["Subject"] = []string{subject}
	return msg.Header, strings.ReplaceAll(string(text), "\r\n", "\n")
}

// certificate is one for a host, signed by itself.
func certificate(t *testing.T, host string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// mailSender sends by an address of a mail server; log gets what the operator
// reads.
func mailSender(t *testing.T, address, password string, log *bytes.Buffer) *MailSender {
	t.Helper()
	server, err := ParseMailServer(address, password, "Quotes <quotes@example.com>", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return NewMailSender(server, &keyRing{}, "https://quotes.example")
}

func mailChannel() Channel {
	return Channel{ID: 5, Profile: 7, Kind: Email, Name: "mail", Address: "ann@example.org", Enabled: true}
}

func TestLettersArriveAsPlainText(t *testing.T) {
	s := startSMTP(t, nil)
	sender := mailSender(t, "smtp://"+s.address(), "", new(bytes.Buffer))
	if err := sender.Send(t.Context(), mailChannel(), aMessage()); err != nil {
		t.Fatal(err)
	}
	header, text := s.only()
	for name, want := range map[string]string{
		"From": `"Quotes" <quotes@example.com>`, "To": "<ann@example.org>", "Subject": "AAPL is above 190.00: 190.01 \U0001F680 <b>é",
		"Content-Type": "text/plain; charset=UTF-8", "Message-Id": "<tickboard-41@example.com>", "Auto-Submitted": "auto-generated",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	off := strings.Trim(header.Get("List-Unsubscribe"), "<>")
	if !strings.HasPrefix(off, "https://quotes.example/mail/off/7-5-") {
		t.Errorf("List-Unsubscribe: %q", off)
	}
	want := "AAPL is above 190.00: 190.01 \U0001F680 <b>é\n\nFri 20 Nov 2026 15:42:07 UTC\nhttps://quotes.example/q/AAPL\n\n" +
		"-- \nYou asked at https://quotes.example for letters to this address.\nNo more of them: " + off + "\n"
	if strings.TrimRight(text, "\n") != strings.TrimRight(want, "\n") {
		t.Errorf("the letter:\n%s\nwant:\n%s", text, want)
	}
}

func TestMailGoesOverTLS(t *testing.T) {
	config, pool := certificate(t, "localhost")
	for what, c := range map[string]struct {
		scheme string
		change func(*smtpServer)
	}{
		"STARTTLS":            {"smtp", func(s *smtpServer) { s.config, s.auth = config, "ann secret" }},
		"from the first byte": {"smtps", func(s *smtpServer) { s.config, s.auth, s.fromByte = config, "ann secret", true }},
	} {
		t.Run(what, func(t *testing.T) {
			s := startSMTP(t, c.change)
			_, port, _ := net.SplitHostPort(s.address())
			sender := mailSender(t, c.scheme+"://ann@localhost:"+port, "secret", new(bytes.Buffer))
			sender.server.roots, sender.server.loopback = pool, false // as a server elsewhere
			if err := sender.SendCode(t.Context(), mailChannel(), "123456"); err != nil {
				t.Fatal(err)
			}
			_, secured := s.taken()
			if header, text := s.only(); secured != 1 || header.Get("Subject") != "Your code: 123456" || !strings.HasPrefix(text, "123456\n") || !strings.Contains(text, "https://quotes.example/settings\n") {
				t.Errorf("%d secure; %s\n%s", secured, header.Get("Subject"), text)
			}
		})
	}
}

func TestMailGoesElsewhereByTLSAlone(t *testing.T) {
	config, _ := certificate(t, "localhost")
	for what, change := range map[string]func(*smtpServer){
		"without STARTTLS":               nil,
		"with a certificate of nobody's": func(s *smtpServer) { s.config = config },
	} {
		s := startSMTP(t, change)
		_, port, _ := net.SplitHostPort(s.address())
		var log bytes.Buffer
		sender := mailSender(t, "smtp://localhost:"+port, "", &log)
		sender.server.loopback = false
		err := sender.Send(t.Context(), mailChannel(), aMessage())
		if letters, _ := s.taken(); err == nil || VerdictOf(err) != (Verdict{}) || letters > 0 {
			t.Errorf("%s: %v, %d letters came", what, err, letters)
		}
		if !strings.Contains(log.String(), "takes nothing") || strings.Contains(err.Error(), port) {
			t.Errorf("%s: the owner reads %q, the operator %q", what, err, &log)
		}
	}
	// On this machine TLS is taken where it is there, whoever signed it.
	s := startSMTP(t, func(s *smtpServer) { s.config = config })
	err := mailSender(t, "smtp://"+s.address(), "", new(bytes.Buffer)).Send(t.Context(), mailChannel(), aMessage())
	if _, secured := s.taken(); err != nil || secured != 1 {
		t.Errorf("%v; %d letters were secure", err, secured)
	}
}

func TestMailServersAnswersDecideWhatFollows(t *testing.T) {
	for what, c := range map[string]struct {
		command, reply string
		taken          bool
		want           Verdict
		says           string
	}{
		"no such address":           {command: "RCPT", reply: "550 5.1.1 no such user", want: Verdict{Permanent: true}, says: "no such user"},
		"a full box":                {command: "RCPT", reply: "452 4.2.2 the box is full", says: "the box is full"},
		"a letter that is spam":     {command: ".", reply: "554 5.7.1 looks like spam", want: Verdict{Permanent: true}, says: "looks like spam"},
		"a letter for later":        {command: ".", reply: "451 4.3.0 try later", says: "try later"},
		"a sender who may not":      {command: "MAIL", reply: "553 5.7.1 not yours", want: Verdict{Permanent: true}, says: "not yours"},
		"a server that is closed":   {command: "", reply: "421 4.3.2 closed", says: "the operator"},
		"a goodbye that goes wrong": {command: "QUIT", reply: "500 5.5.1 what", taken: true},
		"a reset that goes wrong":   {command: "RSET", reply: "500 5.5.1 what", taken: true},
	} {
		s := startSMTP(t, func(s *smtpServer) { s.replies[c.command] = c.reply })
		err := mailSender(t, "smtp://"+s.address(), "", new(bytes.Buffer)).Send(t.Context(), mailChannel(), aMessage())
		if c.taken {
			if letters, _ := s.taken(); err != nil || letters != 1 {
				t.Errorf("%s: %v, though the letter was taken", what, err)
			}
			continue
		}
		if err == nil || VerdictOf(err) != c.want || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v %+v, want %+v", what, err, VerdictOf(err), c.want)
		}
	}
}

func TestMailWithAWrongPasswordIsTheOperatorsToMend(t *testing.T) {
	s := startSMTP(t, func(s *smtpServer) { s.auth = "ann secret" })
	var log bytes.Buffer
	err := mailSender(t, "smtp://ann@"+s.address(), "wrong", &log).Send(t.Context(), mailChannel(), aMessage())
	if err == nil || VerdictOf(err) != (Verdict{}) || strings.Contains(err.Error(), "535") || !strings.Contains(log.String(), "535") {
		t.Errorf("the owner reads %v, the operator %s", err, &log)
	}
	if strings.Contains(log.String(), "wrong") {
		t.Errorf("the password is in the log: %s", &log)
	}
}

func TestMailThatStallsEndsWithItsContext(t *testing.T) {
	for _, command := range []string{"EHLO", "RCPT", "."} {
		s := startSMTP(t, func(s *smtpServer) { s.stalls = command })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		err := mailSender(t, "smtp://"+s.address(), "", new(bytes.Buffer)).Send(ctx, mailChannel(), aMessage())
		cancel()
		if err == nil || VerdictOf(err) != (Verdict{}) || time.Since(began) > mailTime/2 {
			t.Errorf("at %s: %v after %v", command, err, time.Since(began))
		}
	}
}

func TestMailKeepsToItsConnections(t *testing.T) {
	s := startSMTP(t, nil)
	sender := mailSender(t, "smtp://"+s.address(), "", new(bytes.Buffer))
	var senders sync.WaitGroup
	for range 5 * mailConnections {
		senders.Go(func() {
			if err := sender.Send(t.Context(), mailChannel(), aMessage()); err != nil {
				t.Error(err)
			}
		})
	}
	senders.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	// A connection that the client has closed may last a moment longer here.
	if len(s.letters) != 5*mailConnections || s.most > 2*mailConnections {
		t.Errorf("%d letters over %d connections at once", len(s.letters), s.most)
	}
}

func TestMailServersAreConfiguredInWords(t *testing.T) {
	for _, c := range []struct{ address, password, from, want, says string }{
		{"smtp://mail.example.com", "", "q@example.com", "mail.example.com:587", ""},
		{"smtps://mail.example.com", "", "q@example.com", "mail.example.com:465", ""},
		{"smtp://ann@mail.example.com:2525", "secret", "Q <q@example.com>", "mail.example.com:2525", ""},
		{"smtp://[::1]:25", "", "q@example.com", "[::1]:25", ""},
		{"smtp://ann@mail.example.com", "", "q@example.com", "", "TICKBOARD_SMTP_PASSWORD"},
		{"smtp://ann:secret@mail.example.com", "", "q@example.com", "", "TICKBOARD_SMTP_PASSWORD"},
		{"smtp://mail.example.com", "", "", "", "--mail-from"},
		{"smtp://mail.example.com:99999", "", "q@example.com", "", "port"},
		{"mail.example.com:25", "", "q@example.com", "", "smtp://user@"},
		{"http://mail.example.com", "", "q@example.com", "", "smtp://user@"},
		{"smtp://mail.example.com/path", "", "q@example.com", "", "smtp://user@"},
	} {
		m, err := ParseMailServer(c.address, c.password, c.from, slog.Default())
		switch {
		case c.says == "" && (err != nil || m.String() != c.want || m.Address() != "q@example.com"):
			t.Errorf("%s: %v %v, want %s", c.address, m, err, c.want)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret")):
			t.Errorf("%s: %v; it should speak of %s", c.address, err, c.says)
		}
	}
}
