package socket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// How a connection ends.
var (
	// ErrSilent is a connection over which nothing came for too long.
	ErrSilent = errors.New("the connection is dead: nothing came, not even the answer to a ping")
	// ErrTooLarge is a message beyond Options.ReadLimit.
	ErrTooLarge = errors.New("a message is larger than allowed")
	// ErrCut is a connection that ended without a farewell.
	ErrCut = errors.New("the connection was cut")
)

// StatusError is the answer of a server that does not take the upgrade.
type StatusError struct {
	Status int
	// Body is the begin of what the server wrote, on one line.
	Body string
	// RetryAfter is for how long the server asks to be left alone, 0 where it
	// does not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	if e.Body != "" {
		text += ": " + e.Body
	}
	return text
}

// CloseError is the farewell of a server (RFC 6455, section 7.4).
type CloseError struct {
	Code   int
	Reason string
}

func (e *CloseError) Error() string {
	text := "the server closed the connection with " + strconv.Itoa(e.Code)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// readError says what a failed read means.
func (c *Conn) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if farewell, ok := errors.AsType[websocket.CloseError](err); ok {
		return &CloseError{Code: int(farewell.Code), Reason: farewell.Reason}
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w for %v", ErrSilent, c.wire.silence)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return ErrTooLarge
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCut
	}
	return fmt.Errorf("%w: %w", ErrCut, err)
}

// dialError makes a StatusError of an answer, and takes the address, with what
// is secret in it, out of any other error.
func dialError(answer *http.Response, err error) error {
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		return statusError(answer)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}

func statusError(answer *http.Response) *StatusError {
	const most = 200
	body, _ := io.ReadAll(io.LimitReader(answer.Body, most)) // what there is of it
	return &StatusError{
		Status:     answer.StatusCode,
		Body:       strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "")), " "),
		RetryAfter: retryAfter(answer.Header.Get("Retry-After")),
	}
}

// retryAfter reads the header of RFC 9110, section 10.2.3, in either form.
func retryAfter(text string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}
