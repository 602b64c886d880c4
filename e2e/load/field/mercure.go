package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/dunglas/mercure"
	"go.uber.org/zap"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// serveMercure has a topic for each symbol, and publishes in the process: what
// a request for each quote would cost is not counted.
func serveMercure(m *market.Market) (http.Handler, func(int, int64, []byte), error) {
	transport := mercure.NewLocalTransport()
	hub, err := mercure.NewHub(mercure.WithTransport(transport), mercure.WithAnonymous(), mercure.WithLogger(zap.NewNop()))
	if err != nil {
		return nil, nil, err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		symbols, _, err := m.Parse(r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		topics := make(url.Values)
		for _, symbol := range symbols {
			topics.Add("topic", market.Name(symbol))
		}
		r.URL.Path, r.URL.RawQuery = "/.well-known/mercure", topics.Encode()
		hub.ServeHTTP(w, r)
	})
	return handler, func(symbol int, version int64, quote []byte) {
		update := &mercure.Update{
			Topics: []string{market.Name(symbol)},
			Event:  mercure.Event{ID: strconv.FormatInt(version, 10), Type: "stock_quote", Data: string(quote)},
		}
		if err := transport.Dispatch(update); err != nil {
			fmt.Fprintln(os.Stderr, "field:", err)
		}
	}, nil
}
