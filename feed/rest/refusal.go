package rest

import (
	"errors"
	"net/http"

	"github.com/tickboard/tickboard/feed"
)

// Refused is the error of a source whose vendor has answered a request, or the
// upgrade of a socket, with a StatusError, which err is or wraps. Credentials that
// are not taken fail for good, with the advice that Request.Credentials is; a
// vendor that asks for none means the network that we come from. Too many
// requests, and a vendor that is overloaded, want patience, for as long as the
// vendor says. Anything else is err as it is.
func Refused(err error, credentials string) error {
	answer, ok := errors.AsType[*StatusError](err)
	if !ok {
		return err
	}
	f := &feed.Failure{Err: err, Slow: true, After: answer.RetryAfter}
	switch answer.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if credentials != "" {
			return &feed.Failure{Err: err, Advice: credentials, Permanent: true}
		}
		f.Advice = "the vendor does not serve this network, or has blocked it for a while; see whether it serves your country"
	case http.StatusUnavailableForLegalReasons:
		f.Advice = "the vendor does not serve this country; use another source"
	case http.StatusTooManyRequests, http.StatusTeapot: // Binance answers 418 to who goes on after 429
		f.Advice = "too many requests came from this network; it is tried again slowly"
	case http.StatusServiceUnavailable:
	default:
		return err
	}
	return f
}
