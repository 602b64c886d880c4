package web

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/deliver"
	"github.com/tickboard/tickboard/quotes/profile"
)

// settingsServer is a server that sends by push and mail, to addresses on this
// machine too.
func settingsServer(t *testing.T, mailServer string) (*testServer, *deliver.MailSender) {
	t.Helper()
	s := newServer(t)
	logger := slog.New(slog.DiscardHandler)
	server, err := deliver.ParseMailServer("smtp://"+mailServer, "", "quotes@example.com", logger)
	if err != nil {
		t.Fatal(err)
	}
	guard := deliver.NewGuard(true)
	senders := deliver.NewSenders(guard)
	mail := deliver.NewMailSender(server, s.store, "https://quotes.example")
	senders[deliver.Email], senders[deliver.Push] = mail, deliver.NewPushSender(s.store, guard, "quotes@example.com")
	s.Outbox = deliver.NewRunner(s.store, deliver.Options{Senders: senders, Logger: logger})
	return s, mail
}

func (s *testServer) addChannel(t *testing.T, c deliver.Channel) deliver.Channel {
	t.Helper()
	c.Created, c.Enabled, c.Alerts = time.Now(), true, true
	stored, err := s.store.AddChannel(t.Context(), c, profile.MaxChannels)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestSettingsAreTheCallersAlone(t *testing.T) {
	s, _ := settingsServer(t, "127.0.0.1:25")
	id, cookie := s.become(t, "User-Agent", "Firefox on Linux")
	s.addChannel(t, deliver.Channel{Profile: int64(id), Kind: deliver.Slack, Name: "Our team", Address: "https://hooks.example/services/T0/B0/geheim1234", Secret: "verborgen", Confirmed: time.Now()})
	own := cookie.Name + "=" + cookie.Value
	res, page := ask(t, s.Handler(), http.MethodGet, "/settings", "", "Cookie", own, "Accept", "text/html")
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "Our team") || !strings.Contains(page, "this browser") {
		t.Errorf("the owner sees %d %s", res.StatusCode, page)
	}
	if strings.Contains(page, "verborgen") || strings.Contains(page, "geheim") {
		t.Error("the page tells a secret")
	}
	if control := res.Header.Get("Cache-Control"); !strings.Contains(control, "private") || res.Header.Get("Vary") == "" {
		t.Errorf("anybody may keep the page: %q", control)
	}
	for _, other := range []string{"", cookie.Name + "=" + profile.NewSecret()} {
		res, page := ask(t, s.Handler(), http.MethodGet, "/settings", "", "Cookie", other, "Accept", "text/html")
		if res.StatusCode != http.StatusOK || strings.Contains(page, "Our team") || !strings.Contains(page, "Nothing is kept for you yet") {
			t.Errorf("another sees %d %s", res.StatusCode, page)
		}
		if len(res.Cookies()) != 0 {
			t.Error("a look makes a profile")
		}
	}
	s.Profiles = away{s.Profiles}
	if res, page := ask(t, s.Handler(), http.MethodGet, "/settings", "", "Cookie", own, "Accept", "text/html"); res.StatusCode != http.StatusOK || !strings.Contains(page, "cannot be read now") {
		t.Errorf("while the database is away: %d %s", res.StatusCode, page)
	}
}

func TestTheKeyForPushIsAPointThatBrowsersTake(t *testing.T) {
	s, _ := settingsServer(t, "127.0.0.1:25")
	first := ""
	for range 2 {
		res, body := ask(t, s.Handler(), http.MethodGet, "/api/v1/push/key", "")
		var answer struct{ Key string }
		if err := json.Unmarshal([]byte(body), &answer); err != nil || res.StatusCode != http.StatusOK || len(answer.Key) != 87 || answer.Key[0] != 'B' {
			t.Errorf("%d %s", res.StatusCode, body)
		}
		if first != "" && answer.Key != first {
			t.Error("the key changes")
		}
		first = answer.Key
	}
	if res, _ := ask(t, s.Handler(), http.MethodGet, "/api/v1/push/key?x=1", ""); res.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d", res.StatusCode)
	}
	if res, _ := ask(t, newServer(t).Handler(), http.MethodGet, "/api/v1/push/key", ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("without push: %d", res.StatusCode)
	}
}

func TestThePushWorkerIsAtTheRootAndFresh(t *testing.T) {
	s := newServer(t)
	res, body := ask(t, s.Handler(), http.MethodGet, "/push-worker.js", "")
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/javascript") || res.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(body, "pushsubscriptionchange") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}

// letterOff is the link of the one letter that a mail server gets.
func letterOff(t *testing.T, c deliver.Channel, send func(mailServer string) (*testServer, *deliver.MailSender)) (*testServer, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	letters := make(chan string, 1)
	go func() {
		defer close(letters)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		// The client sends each command when it has the answer to the one before.
		_, _ = io.WriteString(conn, "220 mail.test\r\n")
		var text strings.Builder
		buffer := make([]byte, 64<<10)
		for inside := false; ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			part := string(buffer[:n])
			if inside {
				text.WriteString(part)
				if inside = !strings.HasSuffix(text.String(), "\r\n.\r\n"); inside {
					continue
				}
				letters <- text.String()
			}
			answer := "250 yes\r\n"
			if strings.HasPrefix(part, "DATA") {
				inside, answer = true, "354 go on\r\n"
			}
			_, _ = io.WriteString(conn, answer)
		}
	}()
	s, mail := send(listener.Addr().String())
	stored := s.addChannel(t, c)
	if err := mail.Send(t.Context(), stored, deliver.Message{Key: "k", Text: "AAPL is above 190.00"}); err != nil {
		t.Fatal(err)
	}
	letter := <-letters
	_ = listener.Close()
	for range letters { // until the connection has ended
	}
	head, _, ok := strings.Cut(letter[strings.Index(letter, "List-Unsubscribe: <")+len("List-Unsubscribe: <"):], ">")
	if !ok {
		t.Fatal(letter)
	}
	return s, strings.TrimPrefix(strings.Join(strings.Fields(head), ""), "https://quotes.example")
}

func TestALettersLinkEndsThemInAnyBrowserAndByOneClick(t *testing.T) {
	mailAddress := deliver.Channel{Profile: 7, Kind: deliver.Email, Name: "mail", Address: "ann@example.org", Confirmed: time.Now()}
	s, link := letterOff(t, mailAddress, func(server string) (*testServer, *deliver.MailSender) { return settingsServer(t, server) })
	enabled := func() bool {
		list, err := s.store.Channels(t.Context(), 7)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0].Enabled
	}
	if logged := withoutSecret(link); logged != "/mail/off/…" {
		t.Errorf("the log has %s, with which any reader of it ends the letters", logged)
	}
	res, page := ask(t, s.Handler(), http.MethodGet, link, "", "Accept", "text/html")
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "ann@example.org") || !enabled() {
		t.Errorf("a look at %s: %d, enabled %v\n%s", link, res.StatusCode, enabled(), page)
	}
	// RFC 8058, section 3.1: no cookie, no origin.
	res, page = ask(t, s.Handler(), http.MethodPost, link, "List-Unsubscribe=One-Click", "Content-Type", "application/x-www-form-urlencoded")
	if res.StatusCode != http.StatusOK || !strings.Contains(page, "No more letters") || enabled() {
		t.Errorf("one click: %d, enabled %v", res.StatusCode, enabled())
	}
	for _, wrong := range []string{link + "x", "/mail/off/7-1-AAAA", "/mail/off/x"} {
		if res, _ := ask(t, s.Handler(), http.MethodPost, wrong, ""); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, res.StatusCode)
		}
	}
	if res, _ := ask(t, newServer(t).Handler(), http.MethodGet, link, ""); res.StatusCode != http.StatusNotFound {
		t.Errorf("a server without mail: %d", res.StatusCode)
	}
}
