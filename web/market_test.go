package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tickboard/tickboard/quotes"
)

func TestPagesAndTheirPollSayTheSameOfTheSources(t *testing.T) {
	s := feedServer(t)
	s.Hub.Publish(quotes.MustSymbol("A"), &quotes.StockQuote{Symbol: quotes.MustSymbol("A"), Source: "broken", Version: 1}, 1)
	const words = "broken has failed at "
	for path, want := range map[string]bool{
		"/market?symbols=A": true, "/?symbols=A": true, "/q/A": true,
		"/market?symbols=B": true, // no quote yet: any source may be the one
		"/market?symbols=":  false,
	} {
		res, body := ask(t, s.Handler(), http.MethodGet, path, "")
		if res.StatusCode != http.StatusOK || strings.Contains(body, words) != want {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	s.Hub.Publish(quotes.MustSymbol("A"), &quotes.StockQuote{Symbol: quotes.MustSymbol("A"), Source: "limited", Version: 2}, 2)
	if _, body := ask(t, s.Handler(), http.MethodGet, "/market?symbols=A", ""); !strings.Contains(body, `"trouble":""`) {
		t.Errorf("another source has taken over: %s", body)
	}
	if res, _ := ask(t, s.Handler(), http.MethodGet, "/market?symbols=a%20b", "", "Accept", "text/html"); res.StatusCode != http.StatusBadRequest || !strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("a malformed symbol: %d %v", res.StatusCode, res.Header)
	}
}
