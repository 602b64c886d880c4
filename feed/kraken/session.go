package kraken

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/quotes"
)

// perRequest is how many pairs one request names.
const perRequest = 50

// channels are what is asked for of each pair, in this order: the last trade is
// older than the best quote.
var channels = []string{"trade", "ticker"}

// session is the protocol of one connection.
type session struct {
	talk     *dialogue.Talk
	decoder  *Decoder
	requests uint64 // the number of the last one
	stated   bool   // the state of the pairs has been asked for
	// confirmed are the channels of each symbol that the vendor has confirmed:
	// a symbol is subscribed when both are.
	confirmed map[quotes.Symbol][]string
}

func newSession(t *dialogue.Talk) *session {
	return &session{talk: t, decoder: NewDecoder(), confirmed: make(map[quotes.Symbol][]string)}
}

// params are those of a request.
type params struct {
	Channel      string          `json:"channel"`
	Symbol       []quotes.Symbol `json:"symbol,omitempty"`
	EventTrigger string          `json:"event_trigger,omitempty"`
	Snapshot     *bool           `json:"snapshot,omitempty"`
}

// Requests implements dialogue.Protocol.
func (s *session) Requests(add, remove []quotes.Symbol) [][]byte {
	var requests [][]byte
	for part := range slices.Chunk(remove, perRequest) {
		for _, channel := range channels {
			p := params{Channel: channel, Symbol: part}
			if channel == "ticker" {
				p.EventTrigger = "bbo"
			}
			requests = append(requests, s.request("unsubscribe", p))
		}
	}
	for part := range slices.Chunk(add, perRequest) {
		for _, sym := range part {
			s.decoder.again(sym)
			delete(s.confirmed, sym)
		}
		for _, channel := range channels {
			snapshot := true
			p := params{Channel: channel, Symbol: part, Snapshot: &snapshot}
			if channel == "ticker" {
				p.EventTrigger = "bbo" // or the best quotes would come with trades only
			}
			requests = append(requests, s.request("subscribe", p))
		}
	}
	if !s.stated { // the state of all pairs, once, and after the prices: the list is long
		s.stated = true
		requests = append(requests, s.request("subscribe", params{Channel: "instrument"}))
	}
	return requests
}

func (s *session) request(method string, p params) []byte {
	s.requests++
	text, err := json.Marshal(struct {
		Method string `json:"method"`
		Params params `json:"params"`
		ReqID  uint64 `json:"req_id"`
	}{method, p, s.requests})
	if err != nil {
		panic(err) // texts and truths alone
	}
	return text
}

// Take implements dialogue.Protocol.
func (s *session) Take(msg []byte, received time.Time) error {
	a, err := s.decoder.decode(msg, received, s.talk.Emit)
	if err != nil {
		return err
	}
	if a.err != "" {
		s.refused(a, received)
	} else if a.method == "subscribe" {
		s.confirm(a)
	}
	return nil
}

// confirm takes the answer for one channel of a symbol.
func (s *session) confirm(a answer) {
	sym, err := quotes.ParseSymbol(a.symbol)
	if err != nil || !slices.Contains(channels, a.channel) || slices.Contains(s.confirmed[sym], a.channel) {
		return
	}
	if s.confirmed[sym] = append(s.confirmed[sym], a.channel); len(s.confirmed[sym]) == len(channels) {
		delete(s.confirmed, sym)
		s.talk.Subscriptions.Confirm(sym)
	}
}

// refused takes an error. One that names a symbol says that the exchange has no
// such pair, but for those that speak of the pace: what was asked for then has no
// answer, and the dialogue asks for it again. A symbol that the vendor says is
// subscribed already is.
func (s *session) refused(a answer, now time.Time) {
	sym, err := quotes.ParseSymbol(a.symbol)
	text := strings.ToLower(a.err)
	switch {
	case a.method == "unsubscribe":
	case err == nil && strings.Contains(text, "already subscribed"):
		s.talk.Subscriptions.Confirm(sym)
	case err == nil && !strings.Contains(text, "rate"):
		s.talk.Subscriptions.Refuse(sym, a.err)
		s.talk.Wake()
	default:
		s.talk.Emit(feed.Update{Kind: feed.Reported, Time: now.UTC(), Note: a.err})
	}
}
