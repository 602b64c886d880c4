package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/web/sse"
)

// drawer is a feed.Cache with the instruments of an earlier time.
type drawer []quotes.Instrument

func (d drawer) LoadInstruments(_ context.Context, source string) ([]quotes.Instrument, error) {
	if source != "still" {
		return nil, nil
	}
	return d, nil
}

func (drawer) SaveInstruments(context.Context, string, []quotes.Instrument) error { return nil }

// listless is a source whose vendor does not tell what it has.
func listless() feed.Spec {
	return feed.Spec{Source: still{}, Timeliness: quotes.Live, Instruments: func(context.Context) ([]quotes.Instrument, error) {
		return nil, errors.New("no answer")
	}}
}

// firstEvent is the status of a stream and the name of its first event.
func firstEvent(t *testing.T, s *testServer, path string) (status int, name string) {
	t.Helper()
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	event, err := sse.NewReader(res.Body).Next()
	if err != nil {
		t.Fatalf("%d %v", res.StatusCode, err)
	}
	return res.StatusCode, event.Name
}

func TestStreamsWaitForASourceWithoutItsList(t *testing.T) {
	s := newServerWith(t, feed.Options{Specs: []feed.Spec{listless()}})
	for _, path := range []string{"/events?symbols=A", "/stream?symbols=A", "/stream/A"} {
		if status, name := firstEvent(t, s, path); status != http.StatusOK || name != "busy" {
			t.Errorf("%s: %d %s", path, status, name)
		}
	}
	if status, name := firstEvent(t, s, "/events"); status != http.StatusOK || name != "hello" {
		t.Errorf("a stream of no symbol has nothing to wait for: %d %s", status, name)
	}
}

func TestACachedListCounts(t *testing.T) {
	s := newServerWith(t, feed.Options{Specs: []feed.Spec{listless()}, Cache: drawer{{Symbol: quotes.MustSymbol("A"), Name: "A"}}})
	<-s.Market.Directory().Settled()
	if status, name := firstEvent(t, s, "/events?symbols=A,UNKNOWN"); status != http.StatusOK || name != "hello" {
		t.Errorf("%d %s", status, name)
	}
}

func TestPagesDoNotDenyWhatASourceHasNotListedYet(t *testing.T) {
	s := newServerWith(t, feed.Options{Specs: []feed.Spec{listless()}})
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for s.Market.States()[0].Phase == feed.Starting { // it has not failed yet
		<-look.C
	}
	for path, want := range map[string]struct {
		status int
		words  string
	}{
		"/?symbols=A":       {http.StatusOK, "Waiting for A"},
		"/embed/quote/A":    {http.StatusServiceUnavailable, "Waiting for the sources"},
		"/rows?symbols=A":   {http.StatusOK, "data-unknown"},
		"/q/A":              {http.StatusServiceUnavailable, "have not yet said"},
		"/market?symbols=A": {http.StatusOK, "still has given nothing yet, trying again"},
	} {
		res, body := ask(t, s.Handler(), http.MethodGet, path, "", "Accept", "text/html")
		if res.StatusCode != want.status || !strings.Contains(body, want.words) {
			t.Errorf("%s: %d, without %q:\n%s", path, res.StatusCode, want.words, body)
		}
		if strings.Contains(body, "No source has") || strings.Contains(body, "<li>A</li>") {
			t.Errorf("%s denies the symbol", path)
		}
	}
}
