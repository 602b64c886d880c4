package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/tickboard/tickboard/e2e/load/market"
)

// serveCentrifuge has a channel for each symbol, to which the server subscribes
// its clients. They get centrifuge's own messages, each as an event without a
// name: {"channel":"SIM0000","pub":{"data":QUOTE}}.
func serveCentrifuge(m *market.Market) (http.Handler, func(int, int64, []byte), error) {
	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return nil, nil, err
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		reply := centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: make(map[string]centrifuge.SubscribeOptions, len(e.Channels)),
		}
		for _, channel := range e.Channels {
			reply.Subscriptions[channel] = centrifuge.SubscribeOptions{}
		}
		return reply, nil
	})
	if err := node.Run(); err != nil {
		return nil, nil, err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		symbols, _, err := m.Parse(r.URL.RequestURI())
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		subs := make(map[string]centrifuge.SubscribeRequest, len(symbols))
		for _, symbol := range symbols {
			subs[market.Name(symbol)] = centrifuge.SubscribeRequest{}
		}
		streamCentrifuge(w, r, node, centrifuge.ConnectRequest{Subs: subs})
	})
	return handler, func(symbol int, _ int64, quote []byte) {
		if _, err := node.Publish(market.Name(symbol), quote); err != nil {
			fmt.Fprintln(os.Stderr, "field:", err)
		}
	}, nil
}

// streamCentrifuge serves a client until it goes or is sent away.
func streamCentrifuge(w http.ResponseWriter, r *http.Request, node *centrifuge.Node, connect centrifuge.ConnectRequest) {
	t := &transport{
		messages: make(chan [][]byte), written: make(chan struct{}),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
	client, closeClient, err := centrifuge.NewClient(r.Context(), node, t)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = closeClient() }()
	defer close(t.ended) // before the client is closed, which waits for what is being written
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	rc := http.NewResponseController(w)
	if rc.Flush() != nil {
		return
	}
	client.Connect(connect)
	for {
		select {
		case <-r.Context().Done():
			return
		case <-t.closed:
			return
		case messages := <-t.messages:
			for _, message := range messages {
				if _, err := w.Write([]byte("data: " + string(message) + "\n\n")); err != nil {
					return
				}
			}
			if rc.Flush() != nil {
				return
			}
			t.written <- struct{}{}
		}
	}
}

// transport hands centrifuge's messages to the goroutine of the request, and
// waits until it has written them, as that of centrifuge's own SSE handler does.
type transport struct {
	messages chan [][]byte
	written  chan struct{}
	closed   chan struct{} // by centrifuge
	once     sync.Once
	ended    chan struct{} // the request is served
}

func (t *transport) Write(message []byte) error { return t.WriteMany(message) }

func (t *transport) WriteMany(messages ...[]byte) error {
	select {
	case t.messages <- messages:
	case <-t.closed:
		return nil
	case <-t.ended:
		return nil
	}
	select {
	case <-t.written:
	case <-t.ended:
	}
	return nil
}

func (t *transport) Close(centrifuge.Disconnect) error {
	t.once.Do(func() { close(t.closed) })
	return nil
}

func (t *transport) Name() string                                { return "sse" }
func (t *transport) AcceptProtocol() string                      { return "h1" }
func (t *transport) Protocol() centrifuge.ProtocolType           { return centrifuge.ProtocolTypeJSON }
func (t *transport) ProtocolVersion() centrifuge.ProtocolVersion { return centrifuge.ProtocolVersion2 }
func (t *transport) Unidirectional() bool                        { return true }
func (t *transport) Emulation() bool                             { return false }
func (t *transport) DisabledPushFlags() uint64                   { return 0 }
func (t *transport) PingPongConfig() centrifuge.PingPongConfig {
	return centrifuge.PingPongConfig{PingInterval: 25 * time.Second}
}
