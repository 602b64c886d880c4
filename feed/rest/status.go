package rest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StatusError is the answer of a server that does not do what it was asked for.
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

// ReadStatus makes an error of an answer. It reads the begin of its body and
// does not close it.
func ReadStatus(answer *http.Response) *StatusError {
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
