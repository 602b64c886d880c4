//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// channelHub is the usual way: a goroutine and a buffered channel for each
// client, a loop that sends every event, encoded once, into each channel of its
// symbol, and drops it where the channel is full.
type channelHub struct {
	market   *market.Market
	mu       sync.RWMutex
	watchers []map[chan []byte]bool // by symbol
	last     [][]byte               // by symbol: the newest event
}

// clientQueue is how many events a client's channel holds.
const clientQueue = 64

// serveHub serves until the process ends.
func serveHub(m *market.Market) error {
	h := &channelHub{market: m, watchers: make([]map[chan []byte]bool, m.Symbols()), last: make([][]byte, m.Symbols())}
	for i := range h.watchers {
		h.watchers[i] = make(map[chan []byte]bool)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	announce(listener.Addr().String())
	go m.Run(context.Background(), h.publish)
	return http.Serve(listener, h)
}

func (h *channelHub) publish(symbol int, _ int64, quote []byte) {
	event := bytes.Join([][]byte{[]byte("event: stock_quote\ndata: "), quote, []byte("\n\n")}, nil)
	h.mu.Lock()
	h.last[symbol] = event
	h.mu.Unlock()
	h.mu.RLock()
	defer h.mu.RUnlock()
	for c := range h.watchers[symbol] {
		select {
		case c <- event:
		default:
		}
	}
}

func (h *channelHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	symbols, _, err := h.market.Parse(r.URL.RequestURI())
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	events := make(chan []byte, clientQueue)
	h.subscribe(symbols, events)
	defer h.unsubscribe(symbols, events)
	rc := http.NewResponseController(w)
	if rc.Flush() != nil {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case event := <-events:
			if _, err := w.Write(event); err != nil || rc.Flush() != nil {
				return
			}
		}
	}
}

func (h *channelHub) subscribe(symbols []int, events chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, symbol := range symbols {
		h.watchers[symbol][events] = true
		if h.last[symbol] != nil {
			select {
			case events <- h.last[symbol]:
			default:
			}
		}
	}
}

func (h *channelHub) unsubscribe(symbols []int, events chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, symbol := range symbols {
		delete(h.watchers[symbol], events)
	}
}
