package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// gotifyServer is a service as an operator may run one, with what it was given.
type gotifyServer struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
}

func newGotify(t *testing.T, status int, wait <-chan struct{}) *gotifyServer {
	t.Helper()
	g := new(gotifyServer)
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if wait != nil {
			<-wait
		}
		g.mu.Lock()
		g.bodies = append(g.bodies, string(body))
		g.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"id":1}`)
	}))
	t.Cleanup(g.Close)
	return g
}

// token is as Gotify wants one, and is not to be seen anywhere.
const token = "Aaaa.bbbb.ccc.d"

func (g *gotifyServer) url() string {
	return "gotify://" + strings.TrimPrefix(g.URL, "http://") + "/" + token + "?disabletls=yes"
}

func serviceSender(t *testing.T, text string, log io.Writer) *ServiceSender {
	t.Helper()
	services, err := ParseServices(text, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return NewServiceSender(services)
}

func TestServicesTakeMessagesByName(t *testing.T) {
	g := newGotify(t, http.StatusOK, nil)
	s := serviceSender(t, "# ours\n\nteam = "+g.url()+"\r\nops=telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@ops", io.Discard)
	if diff := cmp.Diff([]string{"ops", "team"}, s.Names()); diff != "" {
		t.Error(diff)
	}
	c := Channel{Kind: Service, Address: "team"}
	if err := s.Prepare(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	if err := s.Prepare(t.Context(), &Channel{Kind: Service, Address: "other"}); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "ops, team") {
		t.Errorf("a service that is not there: %v", err)
	}
	m := aMessage()
	if err := s.Send(t.Context(), c, m); err != nil {
		t.Fatal(err)
	}
	if len(g.bodies) != 1 || !strings.Contains(g.bodies[0], "AAPL is above 190.00") || !strings.Contains(g.bodies[0], m.Link) {
		t.Errorf("it was given %q", g.bodies)
	}
	if err := s.Send(t.Context(), Channel{Kind: Service, Address: "gone"}, m); VerdictOf(err) != (Verdict{Permanent: true}) {
		t.Errorf("a service that the operator has taken away: %v", err)
	}
}

func TestServicesTellNobodyTheirAddress(t *testing.T) {
	var log bytes.Buffer
	refusing := newGotify(t, http.StatusUnauthorized, nil)
	gone := newGotify(t, http.StatusOK, nil)
	gone.Close()
	s := serviceSender(t, "refusing="+refusing.url()+"\ngone="+gone.url(), &log)
	for name, says := range map[string]string{"refusing": "the operator finds", "gone": "cannot be reached"} {
		err := s.Send(t.Context(), Channel{Kind: Service, Address: name}, aMessage())
		if err == nil || VerdictOf(err) != (Verdict{}) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("the owner reads an address: %v", err)
		}
	}
	text := log.String()
	if !strings.Contains(text, "service=refusing") || !strings.Contains(text, "Gotify") || !strings.Contains(text, "service=gone") {
		t.Errorf("the operator reads %s", text)
	}
	for _, secret := range []string{token, strings.TrimPrefix(refusing.URL, "http://"), strings.TrimPrefix(gone.URL, "http://")} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log: %s", secret, text)
		}
	}
}

func TestServicesThatStallEndWithTheirContext(t *testing.T) {
	wait := make(chan struct{})
	g := newGotify(t, http.StatusOK, wait)
	defer close(wait)
	s := serviceSender(t, "slow="+g.url(), io.Discard)
	for range serviceCalls + 1 { // the last one finds no place
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := s.Send(ctx, Channel{Kind: Service, Address: "slow"}, aMessage())
		cancel()
		if err == nil || VerdictOf(err) != (Verdict{}) {
			t.Errorf("%v", err)
		}
	}
}

func TestServicesAreConfiguredInLines(t *testing.T) {
	for text, says := range map[string]string{
		"":              "",
		"# nothing\n\n": "",
		"a=telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@ops": "",
		"a=matrix://user:geheim@matrix.invalid/":                                        "", // it is not dialled
		"telegram://x":                                                                  "line 1",
		"=telegram://x":                                                                 "line 1",
		"\na=nosuch://geheim":                                                           "line 2",
		"a=generic://example.invalid":                                                   "no service of the kind",
		"a=telegram+https://geheim":                                                     "not one of telegram",
		"a=logger://":                                                                   "no service of the kind",
		"a=telegram://geheim":                                                           "not one of telegram",
		"a=geheim":                                                                      "cannot be read",
		"a=teams://geheim\n":                                                            "not one of teams",
		strings.Repeat("a", 41) + "=telegram://geheim":                                  "line 1",
		"a=bark://:geheim1@host.invalid/\na=bark://:geheim2@host.invalid/": "two services",
	} {
		_, err := ParseServices(text, slog.Default())
		switch {
		case says == "" && err != nil, says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%q: %v; it should say %q", text, err, says)
		case err != nil && strings.Contains(err.Error(), "geheim"):
			t.Errorf("%q: the refusal tells the secret: %v", text, err)
		}
	}
}
