package rest

import (
	"net/http"

	"github.com/tickboard/tickboard/feed"
)

// Refused is the error of a source whose vendor has answered err with status, to
// a request or to the upgrade of a socket. Credentials that are not taken fail
// for good, with the advice that Request.Credentials is; a vendor that asks for
// none means the network that we come from. Too many requests, and a vendor that
// is overloaded, want patience. Anything else is err as it is.
func Refused(status int, err error, credentials string) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		if credentials != "" {
			return &feed.Failure{Err: err, Advice: credentials, Permanent: true}
		}
		return &feed.Failure{Err: err, Advice: "the vendor does not serve this network, or has blocked it for a while; see whether it serves your country", Slow: true}
	case http.StatusUnavailableForLegalReasons:
		return &feed.Failure{Err: err, Advice: "the vendor does not serve this country; use another source", Slow: true}
	case http.StatusTooManyRequests, http.StatusTeapot: // Binance answers 418 to who goes on after 429
		return &feed.Failure{Err: err, Advice: "too many requests came from this network; it is tried again slowly", Slow: true}
	case http.StatusServiceUnavailable:
		return &feed.Failure{Err: err, Slow: true}
	}
	return err
}
