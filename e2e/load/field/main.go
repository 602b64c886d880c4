// Command field serves the benchmark's market with one of the Go libraries for
// Server-Sent Events, used as its documentation shows. It prints its address and
// serves until it is ended.
//
//	main.go        which library, and the two small ones: go-sse and r3labs
//	centrifuge.go  centrifuge, of which Centrifugo is made
//	mercure.go     Mercure's hub
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"

	r3labs "github.com/r3labs/sse/v2"
	gosse "github.com/tmaxmax/go-sse"

	"github.com/tickboard/tickboard/e2e/load/market"
)

func main() {
	library := flag.String("library", "go-sse", "go-sse, r3labs, centrifuge or mercure")
	symbols := flag.Int("symbols", 1, "number of symbols")
	rate := flag.Float64("rate", 1, "updates a second and symbol")
	flag.Parse()
	if err := run(*library, market.New(*symbols, *rate)); err != nil {
		fmt.Fprintln(os.Stderr, "field:", err)
		os.Exit(1)
	}
}

func run(library string, m *market.Market) error {
	var handler http.Handler
	var publish func(symbol int, version int64, quote []byte)
	var err error
	switch library {
	case "go-sse":
		handler, publish = serveGoSSE(m)
	case "r3labs":
		handler, publish = serveR3labs(m)
	case "centrifuge":
		handler, publish, err = serveCentrifuge(m)
	case "mercure":
		handler, publish, err = serveMercure(m)
	default:
		err = fmt.Errorf("no library %q", library)
	}
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("field: http://%s\n", listener.Addr())
	go m.Run(context.Background(), publish)
	return http.Serve(listener, handler)
}

// serveGoSSE has a topic for each symbol.
func serveGoSSE(m *market.Market) (http.Handler, func(int, int64, []byte)) {
	server := &gosse.Server{OnSession: func(w http.ResponseWriter, r *http.Request) ([]string, bool) {
		symbols, _, err := m.Parse(r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return nil, false
		}
		topics := make([]string, len(symbols))
		for i, symbol := range symbols {
			topics[i] = market.Name(symbol)
		}
		return topics, true
	}}
	return server, func(symbol int, version int64, quote []byte) {
		message := &gosse.Message{Type: gosse.Type("stock_quote"), ID: gosse.ID(strconv.FormatInt(version, 10))}
		message.AppendData(string(quote))
		if err := server.Publish(message, market.Name(symbol)); err != nil {
			fmt.Fprintln(os.Stderr, "field:", err)
		}
	}
}

// serveR3labs has a stream for each symbol; a client can have one.
func serveR3labs(m *market.Market) (http.Handler, func(int, int64, []byte)) {
	server := r3labs.New()
	server.AutoReplay = false
	for symbol := range m.Symbols() {
		server.CreateStream(market.Name(symbol))
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		symbols, _, err := m.Parse(r.URL.RequestURI())
		if err != nil || len(symbols) != 1 {
			http.Error(w, "one symbol a stream", http.StatusNotFound)
			return
		}
		r.URL.RawQuery = "stream=" + market.Name(symbols[0])
		server.ServeHTTP(w, r)
	})
	return handler, func(symbol int, version int64, quote []byte) {
		server.Publish(market.Name(symbol), &r3labs.Event{
			ID: []byte(strconv.FormatInt(version, 10)), Event: []byte("stock_quote"), Data: quote,
		})
	}
}
