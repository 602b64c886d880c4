package kraken

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/quotes"
)

// talk is a session that has asked for symbols, its requests, and what it emits
// from then on.
func talk(t *testing.T, syms ...quotes.Symbol) (s *session, requests []string, said *[]string) {
	t.Helper()
	said = new([]string)
	emit := func(u feed.Update) {
		kind := map[feed.Kind]string{feed.Subscribed: "subscribed", feed.Refused: "refused", feed.Reported: "reported"}[u.Kind]
		*said = append(*said, strings.TrimSpace(kind+" "+u.Symbol.String()+" "+u.Note))
	}
	s = newSession(&dialogue.Talk{Subscriptions: feed.NewSubscriptions(0, nil, emit), Emit: emit})
	add, remove := s.talk.Subscriptions.Follow(syms)
	for _, r := range s.Requests(add, remove) {
		requests = append(requests, string(r))
	}
	*said = nil
	return s, requests, said
}

func TestTheRequests(t *testing.T) {
	s, got, _ := talk(t, symbols[0])
	want := []string{
		`{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"],"snapshot":true},"req_id":1}`,
		`{"method":"subscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo","snapshot":true},"req_id":2}`,
		`{"method":"subscribe","params":{"channel":"instrument"},"req_id":3}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = nil
	for _, r := range s.Requests(nil, symbols[:1]) {
		got = append(got, string(r))
	}
	want = []string{
		`{"method":"unsubscribe","params":{"channel":"trade","symbol":["BTC/USD"]},"req_id":4}`,
		`{"method":"unsubscribe","params":{"channel":"ticker","symbol":["BTC/USD"],"event_trigger":"bbo"},"req_id":5}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestManyPairsAreAskedForInParts(t *testing.T) {
	var syms []quotes.Symbol
	for i := range 120 {
		syms = append(syms, quotes.MustSymbol(fmt.Sprintf("C%03d/USD", i)))
	}
	_, requests, _ := talk(t, syms...)
	var sizes []int
	for _, r := range requests {
		sizes = append(sizes, strings.Count(r, "/USD"))
	}
	if diff := cmp.Diff([]int{50, 50, 50, 50, 20, 20, 0}, sizes); diff != "" {
		t.Error(diff)
	}
}

func TestASymbolIsSubscribedWhenBothChannelsAre(t *testing.T) {
	s, _, said := talk(t, symbols...)
	yes := func(channel string, sym quotes.Symbol) string {
		return fmt.Sprintf(`{"method":"subscribe","result":{"channel":%q,"symbol":%q},"success":true}`, channel, sym)
	}
	for _, step := range []struct {
		msg  string
		want []string
	}{
		{yes("trade", symbols[0]), nil},
		{yes("trade", symbols[0]), nil},
		{yes("book", symbols[0]), nil},
		{yes("ticker", symbols[0]), []string{"subscribed BTC/USD"}},
		{`{"error":"Already subscribed","method":"subscribe","success":false,"symbol":"ETH/BTC"}`, []string{"subscribed ETH/BTC"}},
		{`{"error":"Exceeded msg rate","method":"subscribe","success":false,"symbol":"DOGE/EUR"}`, []string{"reported  Exceeded msg rate"}},
		{`{"error":"Subscription Not Found","method":"unsubscribe","success":false,"symbol":"DOGE/EUR"}`, nil},
		{`{"error":"Currency pair not supported DOGE/EUR","method":"subscribe","success":false,"symbol":"DOGE/EUR"}`, []string{"refused DOGE/EUR Currency pair not supported DOGE/EUR"}},
	} {
		*said = nil
		if err := s.Take([]byte(step.msg), noon); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, *said); diff != "" {
			t.Errorf("%s: %s", step.msg, diff)
		}
	}
}
