package coinbase

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/quotes"
)

// perRequest is how many products one request names: the vendor ends connections
// for a message that is too long, and says of no length which that is.
const perRequest = 100

// channels are what is asked for of each product. Ticker and matches overlap: a
// ticker has the quotes and figures but may leave out trades of a burst.
var channels = []string{"ticker", "matches", "heartbeat"}

// session is the protocol of one connection.
type session struct {
	talk    *dialogue.Talk
	decoder *Decoder
	// asked are the products of requests that the vendor has not answered, one
	// list a request, oldest first: it answers in their order.
	asked [][]quotes.Symbol
}

func newSession(t *dialogue.Talk) *session {
	return &session{talk: t, decoder: NewDecoder()}
}

// Requests implements dialogue.Protocol.
func (s *session) Requests(add, remove []quotes.Symbol) [][]byte {
	var requests [][]byte
	for part := range slices.Chunk(remove, perRequest) {
		requests = append(requests, request("unsubscribe", part))
		s.asked = append(s.asked, nil)
	}
	for part := range slices.Chunk(add, perRequest) {
		requests = append(requests, request("subscribe", part))
		s.asked = append(s.asked, slices.Clone(part))
		for _, sym := range part {
			s.decoder.begin(sym)
		}
	}
	return requests
}

func request(kind string, syms []quotes.Symbol) []byte {
	ids := make([]string, len(syms))
	for i, sym := range syms {
		ids[i] = productOf(sym)
	}
	text, err := json.Marshal(struct {
		Type       string   `json:"type"`
		ProductIDs []string `json:"product_ids"`
		Channels   []string `json:"channels"`
	}{kind, ids, channels})
	if err != nil {
		panic(err) // strings alone
	}
	return text
}

// Take implements dialogue.Protocol.
func (s *session) Take(msg []byte, received time.Time) error {
	c, err := s.decoder.decode(msg, received, s.talk.Emit)
	if err != nil {
		return err
	}
	switch c.kind {
	case "subscriptions":
		s.confirm(c.channels)
	case "error":
		return s.refused(c.text, received)
	}
	return nil
}

// confirm takes the answer to a request: everything that is subscribed now.
func (s *session) confirm(channels map[string][]string) {
	s.answered()
	matches := make(map[string]bool, len(channels["matches"]))
	for _, id := range channels["matches"] {
		matches[id] = true
	}
	for _, id := range channels["ticker"] {
		if sym, err := symbolOf(id); err == nil && matches[id] {
			s.talk.Subscriptions.Confirm(sym)
		}
	}
}

// answered takes the oldest request from those without an answer.
func (s *session) answered() []quotes.Symbol {
	if len(s.asked) == 0 {
		return nil
	}
	oldest := s.asked[0]
	s.asked = s.asked[1:]
	return oldest
}

// refused takes an error. One that refuses a request names a product of it; the
// others that were asked for with it are then asked for again, one by one. The
// rest are the vendor's reasons for ending the connection.
func (s *session) refused(text string, now time.Time) error {
	if !strings.HasPrefix(strings.ToLower(text), "failed to subscribe") {
		for _, last := range []string{"ErrSlowConsume", "ErrSlowRead", "too big"} {
			if strings.Contains(text, last) {
				return errors.New("the vendor ends the connection: " + text)
			}
		}
		s.talk.Emit(feed.Update{Kind: feed.Reported, Time: now.UTC(), Note: text})
		return nil
	}
	request := s.answered()
	named := slices.IndexFunc(request, func(sym quotes.Symbol) bool { return names(text, productOf(sym)) })
	switch {
	case named >= 0:
		s.talk.Subscriptions.Refuse(request[named], text)
		s.talk.Again(slices.Delete(request, named, named+1)...)
	case len(request) == 1:
		s.talk.Subscriptions.Refuse(request[0], text)
		s.talk.Wake()
	default:
		s.talk.Again(request...)
		s.talk.Emit(feed.Update{Kind: feed.Reported, Time: now.UTC(), Note: text})
	}
	return nil
}

// names says that a text has a product id as a word.
func names(text, id string) bool {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	return slices.ContainsFunc(words, func(word string) bool { return strings.Trim(word, ".") == id })
}
