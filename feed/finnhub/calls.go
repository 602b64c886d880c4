package finnhub

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"github.com/tickboard/tickboard/feed/rest"
)

// The free plan allows 60 calls a minute. So many at once and then one in so long
// are never more in any minute.
const (
	callsAtOnce = 20
	callEvery   = 1500 * time.Millisecond
)

// mostBody bounds an answer. The list of American stocks has about 8 MB.
const mostBody = 32 << 20

// caller makes the calls of the REST interface, no more in a minute than allowed.
// Any number may use it at once.
type caller struct {
	base   string
	header http.Header
	limit  *rate.Limiter
}

func newCaller(base, token string) *caller {
	return &caller{
		base:   base,
		header: http.Header{"X-Finnhub-Token": {token}}, // an address would be shown in errors
		limit:  rate.NewLimiter(rate.Every(callEvery), callsAtOnce),
	}
}

// get returns the answer's body.
func (c *caller) get(ctx context.Context, path string, params url.Values) ([]byte, error) {
	if err := c.limit.Wait(ctx); err != nil {
		return nil, err
	}
	return rest.Get(ctx, rest.Request{URL: c.base + path + "?" + params.Encode(), Header: c.header, Limit: mostBody, Credentials: adviceToken})
}
