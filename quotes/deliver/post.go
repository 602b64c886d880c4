package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// userAgent is how requests name their sender.
const userAgent = "tickboard"

// post makes one try to bring a body to an address that somebody gave. Header may
// be nil.
func (g *Guard) post(ctx context.Context, address, contentType string, body []byte, key string, header http.Header) error {
	u, err := g.CheckURL(address)
	if err != nil { // the rules have changed since it was set
		return Permanent(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return Permanent(errors.New("no request can be made of the address"))
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Idempotency-Key", key)
	answer, _, err := g.Do(r) //nolint:bodyclose // Do closes it
	if err != nil {
		return err
	}
	return statusError(answer, time.Now())
}

// statusError says what follows from an answer; nil from one that has taken the
// message.
func statusError(answer *http.Response, now time.Time) error {
	status := answer.StatusCode
	err := fmt.Errorf("it answered %d %s", status, http.StatusText(status))
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		return Permanent(fmt.Errorf("%w, which is another address; enter that one", err))
	}
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return Permanent(fmt.Errorf("%w; look whether the address is still the right one", err))
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w; look whether the address is still the right one", err)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if wait := retryAfter(answer.Header.Get("Retry-After"), now); wait > 0 {
			return RetryAfter(wait, err)
		}
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusRequestHeaderFieldsTooLarge, http.StatusUnavailableForLegalReasons:
		return Permanent(err)
	}
	return err
}

// retryAfter reads the header of that name, 0 where it says nothing (RFC 9110,
// section 10.2.3).
func retryAfter(text string, now time.Time) time.Duration {
	whole, part, _ := strings.Cut(text, ".") // some send parts of seconds
	if seconds, err := strconv.ParseUint(whole, 10, 31); err == nil {
		return time.Duration(seconds+min(uint64(len(part)), 1)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// prepare checks the address of a channel by its form and by where it leads now.
func (g *Guard) prepare(ctx context.Context, c *Channel) error {
	u, err := g.CheckURL(c.Address)
	if err != nil {
		return err
	}
	c.Address = u.String()
	return g.Resolve(ctx, u)
}
