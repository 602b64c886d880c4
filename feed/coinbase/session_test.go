package coinbase

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/feed/dialogue"
	"github.com/tickboard/tickboard/quotes"
)

// talk is a session that is asked by hand, and what it emits.
func talk(t *testing.T) (*session, *[]string) {
	t.Helper()
	said := new([]string)
	emit := func(u feed.Update) {
		kind := map[feed.Kind]string{feed.Subscribed: "subscribed", feed.Refused: "refused", feed.Reported: "reported", feed.Asked: "asked"}[u.Kind]
		*said = append(*said, strings.TrimSpace(kind+" "+u.Symbol.String()+" "+u.Note))
	}
	return newSession(&dialogue.Talk{Subscriptions: feed.NewSubscriptions(0, nil, emit), Emit: emit}), said
}

// ask has the session ask for what is watched.
func (s *session) ask(syms ...quotes.Symbol) []string {
	var requests []string
	add, remove := s.talk.Subscriptions.Follow(syms)
	for _, request := range s.Requests(add, remove) {
		requests = append(requests, string(request))
	}
	return requests
}

func symbols(n int) []quotes.Symbol {
	syms := make([]quotes.Symbol, n)
	for i := range syms {
		syms[i] = quotes.MustSymbol(fmt.Sprintf("C%03d/USD", i))
	}
	return syms
}

func TestManyProductsAreAskedForInParts(t *testing.T) {
	s, _ := talk(t)
	requests := s.ask(symbols(250)...)
	var sizes []int
	for _, r := range requests {
		sizes = append(sizes, strings.Count(r, "-USD"))
	}
	if diff := cmp.Diff([]int{100, 100, 50}, sizes); diff != "" {
		t.Error(diff)
	}
	if requests := s.ask(symbols(2)...); len(requests) != 3 || !strings.HasPrefix(requests[0], `{"type":"unsubscribe","product_ids":["C002-USD",`) {
		t.Errorf("%d requests, the first %.60s", len(requests), requests[0])
	}
}

func TestARefusedRequestCostsOnlyTheProductThatItNames(t *testing.T) {
	s, said := talk(t)
	syms := symbols(3)
	s.ask(syms...)
	*said = nil
	take := func(msg string) {
		t.Helper()
		if err := s.Take([]byte(msg), noon); err != nil {
			t.Fatal(err)
		}
	}
	take(`{"type":"error","message":"Failed to subscribe","reason":"C001-USD is not a valid product"}`)
	for _, sym := range []quotes.Symbol{syms[0], syms[2]} { // as the dialogue does then
		s.Requests([]quotes.Symbol{sym}, nil)
	}
	take(`{"type":"subscriptions","channels":[{"name":"ticker","product_ids":["C000-USD"]},{"name":"matches","product_ids":["C000-USD"]}]}`)
	take(`{"type":"error","message":"Failed to subscribe","reason":"not today"}`)
	take(`{"type":"subscriptions","channels":[{"name":"ticker","product_ids":["C000-USD","C002-USD"]}]}`)
	want := []string{
		"refused C001/USD Failed to subscribe: C001-USD is not a valid product",
		"subscribed C000/USD",
		"refused C002/USD Failed to subscribe: not today",
	}
	if diff := cmp.Diff(want, *said); diff != "" {
		t.Error(diff)
	}
}

func TestARefusalThatNamesNobodyIsTold(t *testing.T) {
	s, said := talk(t)
	s.ask(symbols(2)...)
	*said = nil
	if err := s.Take([]byte(`{"type":"error","message":"Failed to subscribe","reason":"not today"}`), noon); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reported  Failed to subscribe: not today"}, *said); diff != "" {
		t.Error(diff)
	}
}
