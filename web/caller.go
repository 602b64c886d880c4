package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/tickboard/tickboard/quotes/profile"
)

const (
	// secretName is the cookie of a device. A client that speaks TLS has it under
	// a name that no other host of the domain can set (RFC 6265bis, section
	// 4.1.3.2).
	secretName = "tickboard"
	hostPrefix = "__Host-"
	// secretTime is how long a browser keeps it from the last day on which it was
	// here; browsers keep none for longer.
	secretTime = 400 * 24 * time.Hour

	// callerTime bounds the look into the database who asks.
	callerTime = 2 * time.Second

	// A profile may ask for changesPerSecond changes, and changesAtOnce at a
	// stroke, and look at its own things so often: many tabs follow each change. An
	// address may make profilesAtOnce profiles, and then one in
	// profilePause.
	changesPerSecond = 10
	changesAtOnce    = 50
	looksPerSecond   = 100
	looksAtOnce      = 1000
	profilesAtOnce   = 20
	profilePause     = 30 * time.Second
)

// callers tell who asks, and how much.
type callers struct {
	changes budgets[profile.ID]
	looks   budgets[profile.ID]
	makers  budgets[netip.Prefix]
	warn    rate.Sometimes // that it cannot be told
}

func newCallers() *callers {
	return &callers{
		changes: budgets[profile.ID]{pace: changesPerSecond, burst: changesAtOnce},
		looks:   budgets[profile.ID]{pace: looksPerSecond, burst: looksAtOnce},
		makers:  budgets[netip.Prefix]{pace: rate.Every(profilePause), burst: profilesAtOnce},
		warn:    rate.Sometimes{Interval: 10 * time.Second},
	}
}

// caller is whose request it is: the profile that the device's cookie or the
// proxy's word opens, 0 for nobody's. It never makes one. While the database is
// away everybody is nobody, with a warning in the log. It is not for streams of
// quotes, widgets and assets, which know no caller.
func (s *Server) caller(c echo.Context) (profile.ID, error) {
	found, err := s.identify(c)
	if _, meant := errors.AsType[*problem](err); err != nil && !meant {
		s.warnAway(c, err)
		return 0, nil
	}
	return found.ID, err
}

// warnAway says now and then in the log that it cannot be told who asks.
func (s *Server) warnAway(c echo.Context, err error) {
	ctx := c.Request().Context()
	if left(ctx, err) { // which must not use up the word of a fault
		return
	}
	s.callers.warn.Do(func() { s.without(ctx, "nobody's own things can be shown now", err) })
}

// ownerOnly is caller for what only an owner can have: it refuses nobody with
// 404, and is an error while the database is away.
func (s *Server) ownerOnly(c echo.Context) (profile.ID, error) {
	found, err := s.identify(c)
	if err == nil && found.ID == 0 {
		err = refuse(http.StatusNotFound, "There is nothing of yours here. The first change, as a list or an alert, makes a place for your things.")
	}
	return found.ID, err
}

// mustCaller is whose change it is. Who is nobody becomes somebody: a profile is
// made, and the answer sets the device's cookie. Call it when everything else
// about the request is known to be right.
func (s *Server) mustCaller(c echo.Context) (profile.ID, error) {
	found, err := s.identify(c)
	if err != nil {
		return 0, err
	}
	id := found.ID
	if id == 0 {
		if id, err = s.makeProfile(c); err != nil {
			return 0, err
		}
	}
	return id, s.mayChange(c, id)
}

// mayChange counts a change against the profile's limit.
func (s *Server) mayChange(c echo.Context, id profile.ID) error {
	if s.callers.changes.take(id) {
		return nil
	}
	c.Response().Header().Set("Retry-After", "1")
	return refuse(http.StatusTooManyRequests, "These are too many changes: at most %d a second, and %d at a stroke. Go on in a second.", changesPerSecond, changesAtOnce)
}

// mayLook counts a request that changes nothing against the profile's limit. Streams
// have limits of their own, and an answer other than 200 would end them for good.
func (s *Server) mayLook(c echo.Context, id profile.ID) error {
	r := c.Request()
	if id == 0 || r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == "/events" || s.callers.looks.take(id) {
		return nil
	}
	c.Response().Header().Set("Retry-After", "1")
	return refuse(http.StatusTooManyRequests, "These are too many requests: at most %d a second, and %d at a stroke. Go on in a second.", looksPerSecond, looksAtOnce)
}

// identify is what caller and the others share. It looks once for each request.
func (s *Server) identify(c echo.Context) (profile.Found, error) {
	if found, ok := c.Get(foundKey).(profile.Found); ok {
		return found, nil
	}
	k, err := s.keyOf(c.Request())
	if err != nil || k.IsZero() {
		return profile.Found{}, err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), callerTime)
	defer cancel()
	now := time.Now()
	found, err := s.Profiles.Open(ctx, k, now)
	if err != nil {
		return profile.Found{}, err
	}
	if err := s.mayLook(c, found.ID); err != nil {
		return profile.Found{}, err
	}
	c.Set(foundKey, found)
	if found.ID != 0 && found.NewDay && c.Request().URL.Path != "/events" { // whose head is not ours to add to
		s.renew(ctx, c, k, now)
	}
	return found, nil
}

// foundKey is where a request keeps who asks.
const foundKey = "tickboard.found"

// keyOf is the key that a request bears, the zero Key for none: what a trusted
// proxy says of the user, or else the device's cookie.
func (s *Server) keyOf(r *http.Request) (profile.Key, error) {
	if names := s.vouched(r); len(names) > 0 {
		if len(names) > 1 {
			return profile.Key{}, refuse(http.StatusBadRequest, "There is more than one %s header. The proxy must replace what a client sends by its own.", s.AuthHeader)
		}
		k, err := profile.UserKey(names[0])
		if err != nil {
			return k, refuse(http.StatusBadRequest, "The %s header names no user: %v.", s.AuthHeader, err)
		}
		return k, nil
	}
	for _, cookie := range r.CookiesNamed(s.secretName(r)) {
		if k, ok := profile.SecretKey(cookie.Value); ok {
			return k, nil
		}
	}
	return profile.Key{}, nil
}

// vouched is what a trusted proxy says of who asks, nothing where none does.
func (s *Server) vouched(r *http.Request) []string {
	if s.AuthHeader == "" || !s.clients.proxied(r) {
		return nil
	}
	return r.Header.Values(s.AuthHeader)
}

func (s *Server) secretName(r *http.Request) string {
	if s.secure(r) {
		return hostPrefix + secretName
	}
	return secretName
}

// makeProfile makes the profile of who asks.
func (s *Server) makeProfile(c echo.Context) (profile.ID, error) {
	if from := s.clients.counted(c.Request()); from.IsValid() && !s.callers.makers.take(from) {
		c.Response().Header().Set("Retry-After", strconv.Itoa(int(profilePause/time.Second)))
		return 0, refuse(http.StatusTooManyRequests, "Too many browsers of this address have begun to keep things here: at most %d, and then one in %d seconds. Try again in a minute. A script keeps the cookie %s that it is given.",
			profilesAtOnce, int(profilePause/time.Second), s.secretName(c.Request()))
	}
	k, label, settle, err := s.newKey(c)
	if err != nil {
		return 0, err
	}
	id, err := s.Profiles.Make(c.Request().Context(), k, label, time.Now())
	if err != nil {
		return 0, err
	}
	settle()
	c.Set(foundKey, profile.Found{ID: id})
	return id, nil
}

// newKey is the key by which who asks is to be known from now on, and the
// device's label. Settle tells the browser, once the key opens something.
func (s *Server) newKey(c echo.Context) (k profile.Key, label string, settle func(), err error) {
	if names := s.vouched(c.Request()); len(names) == 1 {
		k, err = profile.UserKey(names[0])
		return k, fmt.Sprintf("Signed in as %s", clip(names[0])), func() {}, err
	}
	// Never a secret that somebody brought: another might know it.
	secret := profile.NewSecret()
	k, _ = profile.SecretKey(secret)
	return k, deviceLabel(c.Request().UserAgent()), func() { s.setSecret(c, secret, secretTime) }, nil
}

// renew notes that a device is here, once a day, and lets its browser keep the
// secret for as long as it can again. It is no harm where that fails.
func (s *Server) renew(ctx context.Context, c echo.Context, k profile.Key, now time.Time) {
	if err := s.Profiles.See(ctx, k, now); err != nil {
		s.Logger.Debug("a visit was not noted", "error", err)
	}
	if len(s.vouched(c.Request())) > 0 {
		return
	}
	for _, cookie := range c.Request().CookiesNamed(s.secretName(c.Request())) {
		if of, _ := profile.SecretKey(cookie.Value); of == k {
			s.setSecret(c, cookie.Value, secretTime)
		}
	}
}

// setSecret sets the device's cookie, or with a time below zero takes it away.
func (s *Server) setSecret(c echo.Context, secret string, keep time.Duration) {
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure wherever the client speaks TLS; the usual address is this machine's, without
		Name: s.secretName(c.Request()), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.secure(c.Request()), MaxAge: int(keep / time.Second),
	})
}

// personal says that an answer depends on who asks.
func (s *Server) personal(c echo.Context) {
	h := c.Response().Header()
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Cookie")
	if s.AuthHeader != "" {
		h.Add("Vary", s.AuthHeader)
	}
}

// setETag says which version of one thing an answer has.
func setETag(c echo.Context, version int64) {
	c.Response().Header().Set("ETag", etagOf(version))
}

func etagOf(version int64) string { return `"v` + strconv.FormatInt(version, 10) + `"` }

// ifMatch refuses a change of something that has another version than the client
// knows. The tag is of what is said, not of its bytes: a proxy may weaken it.
func ifMatch(c echo.Context, version int64) error {
	known := strings.Join(c.Request().Header.Values("If-Match"), ",")
	switch {
	case known == "":
		return refuse(http.StatusPreconditionRequired, "Send If-Match with the ETag of what is to be changed, as If-Match: %s, so that nobody's change is lost. If-Match: * changes whatever is there.", etagOf(version))
	case matches(known, etagOf(version)):
		return nil
	}
	return refuse(http.StatusPreconditionFailed, "It was changed meanwhile and has the version %s now. Load it again and repeat the change.", etagOf(version))
}

// deviceLabel is what a person calls a browser, by its User-Agent.
func deviceLabel(agent string) string {
	find := func(names ...string) string {
		for i := 0; i < len(names); i += 2 {
			if strings.Contains(agent, names[i]) {
				return names[i+1]
			}
		}
		return ""
	}
	// In this order: each also says the names that follow it.
	browser := find("Edg", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet", "Firefox", "Firefox", "FxiOS", "Firefox",
		"CriOS", "Chrome", "Chrome", "Chrome", "Safari", "Safari")
	system := find("Android", "Android", "iPhone", "iPhone", "iPad", "iPad", "Windows", "Windows", "CrOS", "ChromeOS", "Mac OS X", "macOS", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	}
	if program, _, _ := strings.Cut(agent, "/"); program != "" && !strings.ContainsFunc(program, func(r rune) bool { return r < ' ' || r > '~' }) {
		return clip(program)
	}
	return "A device"
}
