package alpaca

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"github.com/tickboard/tickboard/feed/rest"
)

// callsPerMinute is what the free plan allows (docs.alpaca.markets/docs/about-market-data-api),
// less a part that is left to whatever else uses the key.
const callsPerMinute = 180

// mostBody bounds an answer. The list of all assets has about 6 MB.
const mostBody = 64 << 20

// caller makes the calls of the REST interface, no more in a minute than allowed.
// Any number may use it at once.
type caller struct {
	header http.Header
	limit  *rate.Limiter
}

func newCaller(key, secret string) *caller {
	return &caller{
		header: http.Header{"Apca-Api-Key-Id": {key}, "Apca-Api-Secret-Key": {secret}},
		limit:  rate.NewLimiter(rate.Every(time.Minute/callsPerMinute), 10),
	}
}

// get calls an address and returns the body of its answer.
func (c *caller) get(ctx context.Context, address string, params url.Values) ([]byte, error) {
	if err := c.limit.Wait(ctx); err != nil {
		return nil, err
	}
	return rest.Get(ctx, rest.Request{
		URL: address + "?" + params.Encode(), Header: c.header, Limit: mostBody, Credentials: adviceKey,
	})
}
