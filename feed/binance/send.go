package binance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/quotes"
)

const (
	// sendEvery: Binance cuts connections that send more than five messages a
	// second, of which pongs are some.
	sendEvery = 300 * time.Millisecond
	// perRequest is how many symbols one request names, so that it stays below
	// the length that Binance takes.
	perRequest = 40
	// answerTime is how long an answer may take.
	answerTime = 10 * time.Second
)

// request is what a client may send.
type request struct {
	Method string   `json:"method"`
	Params []string `json:"params"`
	ID     uint64   `json:"id"`
}

// ask sends requests for the symbols, with answers to be waited for where they
// are subscriptions.
func (s *session) ask(ctx context.Context, method string, syms []quotes.Symbol) error {
	for part := range slices.Chunk(syms, perRequest) {
		s.mu.Lock()
		s.lastID++
		r := request{Method: method, Params: streams(part), ID: s.lastID}
		if method == "SUBSCRIBE" {
			s.requests[r.ID] = slices.Clone(part)
		}
		s.mu.Unlock()
		msg, err := json.Marshal(r)
		if err != nil {
			return err
		}
		if err := s.rest(ctx); err != nil {
			return err
		}
		if err := s.conn.Write(ctx, msg); err != nil {
			return err
		}
	}
	return nil
}

// rest waits until another message may be sent.
func (s *session) rest(ctx context.Context) error {
	timer := time.NewTimer(time.Until(s.nextSend))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		s.nextSend = time.Now().Add(sendEvery)
		return nil
	}
}

// streams names those of the symbols, in the lower case that Binance wants.
func streams(syms []quotes.Symbol) []string {
	list := make([]string, 0, len(syms)*len(channels))
	for _, sym := range syms {
		for _, channel := range channels {
			list = append(list, strings.ToLower(sym.String())+"@"+channel)
		}
	}
	return list
}
