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

	"github.com/coder/websocket"

	"github.com/tickboard/tickboard/feed/rest"
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

// dialError makes a rest.StatusError of an answer, and takes the address, with what
// is secret in it, out of any other error.
func dialError(answer *http.Response, err error) error {
	if answer != nil && answer.StatusCode != http.StatusSwitchingProtocols {
		return rest.ReadStatus(answer)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
