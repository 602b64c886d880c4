package deliver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

const (
	// serviceTime is how long a service may take over a message.
	serviceTime = 15 * time.Second
	// serviceCalls is how many messages one service is given at once.
	serviceCalls = 2
	// maxServiceName is the length of the longest name, in bytes.
	maxServiceName = 40
)

// Services are those that the operator has configured, by the names that people
// choose from. Their addresses are secrets: no method and no error tells them.
type Services struct {
	byName map[string]*service
	log    *slog.Logger
}

type service struct {
	address string
	places  chan struct{} // one token for each call under way
}

// ParseServices reads lines of name=url, as shoutrrr.nickfedor.com lists the
// URLs; empty lines and those that begin with # are left out. It dials nobody. What
// a service says when it takes nothing goes to the log.
func ParseServices(text string, log *slog.Logger) (*Services, error) {
	s := &Services{byName: make(map[string]*service), log: log}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, address, ok := strings.Cut(line, "=")
		name, address = strings.TrimSpace(name), strings.TrimSpace(address)
		if !ok || name == "" || len(name) > maxServiceName {
			return nil, fmt.Errorf("line %d is not NAME=URL, as team=telegram://TOKEN@telegram?chats=@channel, with a name of 1 to %d characters", n, maxServiceName)
		}
		if s.byName[name] != nil {
			return nil, fmt.Errorf("line %d: there are two services by the name %q", n, name)
		}
		if err := checkService(address); err != nil {
			return nil, fmt.Errorf("line %d, the service %q: %w", n, name, err)
		}
		s.byName[name] = &service{address: address, places: make(chan struct{}, serviceCalls)}
	}
	return s, lines.Err()
}

// ServiceSender brings notifications to the operator's services.
type ServiceSender struct{ services *Services }

// NewServiceSender makes a ServiceSender.
func NewServiceSender(services *Services) *ServiceSender { return &ServiceSender{services} }

// Names implements Namer.
func (s *ServiceSender) Names() []string { return s.services.Names() }

// Prepare implements Preparer: the address is the name of a service.
func (s *ServiceSender) Prepare(_ context.Context, c *Channel) error {
	if s.services.byName[c.Address] == nil {
		return fmt.Errorf("%w: there is no service by that name; there are: %s", ErrInvalid, strings.Join(s.Names(), ", "))
	}
	return nil
}

// Send implements Sender.
func (s *ServiceSender) Send(ctx context.Context, c Channel, m Message) error {
	text := m.Text
	if m.Title != "" && !strings.HasPrefix(text, m.Title) {
		text = m.Title + ": " + text
	}
	if m.Link != "" {
		text += "\n" + m.Link
	}
	return s.services.post(ctx, c.Address, text)
}

// checkService says what is wrong with a service's URL, without telling it.
func checkService(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return errors.New("the URL cannot be read; write it as shoutrrr.nickfedor.com says")
	}
	kind, _, _ := strings.Cut(u.Scheme, "+")
	if chats[kind] == nil {
		return fmt.Errorf("there is no service of the kind %q; there are: %s", kind, strings.Join(slices.Sorted(maps.Keys(chats)), ", "))
	}
	if kind == "matrix" { // it would log in there
		return nil
	}
	if _, err := openChat(address); err != nil {
		return fmt.Errorf("the URL is not one of %s; compare it with the documentation at shoutrrr.nickfedor.com", kind)
	}
	return nil
}

// Names are the services' names, sorted.
func (s *Services) Names() []string {
	return slices.Sorted(maps.Keys(s.byName))
}

// post hands a text to a service. The library takes no context and dials by
// itself: a call that lasts longer goes on without us, and keeps its place among
// those that may be under way.
func (s *Services) post(ctx context.Context, name, text string) error {
	to := s.byName[name]
	if to == nil {
		return Permanent(fmt.Errorf("the operator has no service %q any more", name))
	}
	ctx, cancel := context.WithTimeout(ctx, serviceTime)
	defer cancel()
	select {
	case to.places <- struct{}{}:
	case <-ctx.Done():
		return s.silence(ctx, name)
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-to.places }()
		done <- to.call(text)
	}()
	select {
	case err := <-done:
		return s.read(name, err)
	case <-ctx.Done():
		return s.silence(ctx, name)
	}
}

// silence is what comes of a call that was given up: by the service's fault,
// unless the program stops.
func (s *Services) silence(ctx context.Context, name string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return s.read(name, ctx.Err())
}

// call makes the service anew for each message, because its parts keep state.
func (s *service) call(text string) error {
	to, err := openChat(s.address)
	if err != nil {
		return err
	}
	return to.Send(text, &types.Params{}) // many refuse a title
}

// read tells the operator what a service said, and whoever waits for messages no
// more than that it is not well.
func (s *Services) read(name string, err error) error {
	if err == nil {
		return nil
	}
	s.log.Warn("a service takes nothing; look at its line in TICKBOARD_SERVICES", "service", name, "error", s.byName[name].conceal(err.Error()))
	if _, ok := errors.AsType[net.Error](err); ok {
		return fmt.Errorf("the service %s cannot be reached now", name)
	}
	return fmt.Errorf("the service %s refuses the message; the operator finds the cause in the log", name)
}

// conceal takes every part of the address out of a text.
func (s *service) conceal(text string) string {
	for _, secret := range s.parts() {
		text = strings.ReplaceAll(text, secret, "…")
	}
	return text
}

// parts are the pieces of the address that an error may repeat, the longest
// first.
func (s *service) parts() []string {
	u, err := url.Parse(s.address)
	if err != nil {
		return []string{s.address}
	}
	pieces := append(strings.Split(u.Path, "/"), s.address, u.Host, u.Hostname(), u.User.Username(), u.Path, u.Fragment, u.RawQuery)
	password, _ := u.User.Password()
	pieces = append(pieces, password)
	for _, values := range u.Query() {
		pieces = append(pieces, values...)
	}
	var secrets []string
	for _, p := range pieces {
		if len(p) > 3 {
			secrets = append(secrets, p, url.PathEscape(p), url.QueryEscape(p))
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	return secrets
}
