package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unsafe"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
	"github.com/tickboard/tickboard/web/sse"
)

// TestAStreamKeepsNothingOfItsRequests: the symbols of an open stream are those of
// the directory. Parsed ones are parts of the request's text, which would stay in
// memory with them, for each stream its own.
func TestAStreamKeepsNothingOfItsRequests(t *testing.T) {
	s := newServerOf(t, feed.Spec{Source: still{}, Timeliness: quotes.Live, Instruments: func(context.Context) ([]quotes.Instrument, error) {
		return []quotes.Instrument{{Symbol: quotes.MustSymbol("AAA")}, {Symbol: quotes.MustSymbol("BBB")}}, nil
	}})
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/stream?symbols=AAA", nil)
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
		t.Fatal(err)
	}
	var hello helloMessage
	if err := json.Unmarshal(event.Data, &hello); err != nil {
		t.Fatal(err)
	}
	stream := s.registry.find(hello.Stream)
	if stream == nil {
		t.Fatalf("no stream %q", hello.Stream)
	}
	ownSymbols(t, s, stream, "AAA")
	answer, err := http.Post(server.URL+"/stream/"+hello.Stream+"/symbols", "application/json", strings.NewReader(`{"add":["BBB"]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatal(answer.Status)
	}
	ownSymbols(t, s, stream, "AAA", "BBB")
}

// ownSymbols wants a stream to have these symbols, as the directory spells them.
func ownSymbols(t *testing.T, s *testServer, stream *content, names ...string) {
	t.Helper()
	stream.mu.Lock()
	defer stream.mu.Unlock()
	if len(stream.symbols) != len(names) {
		t.Fatalf("%v, want %v", stream.symbols, names)
	}
	for i, sym := range stream.symbols {
		in, _ := s.Market.Directory().Lookup(quotes.MustSymbol(names[i]))
		if sym != in.Symbol || unsafe.StringData(sym.String()) != unsafe.StringData(in.Symbol.String()) {
			t.Errorf("%s is not the directory's", sym)
		}
	}
}

// TestAWrongTypeIsSaidInTheWordsOfJSON: whoever writes a call does not know the
// program's own types.
func TestAWrongTypeIsSaidInTheWordsOfJSON(t *testing.T) {
	type expected struct {
		Symbols []quotes.Symbol `json:"symbols"`
		Rate    *float64        `json:"max_rate"`
		Times   int             `json:"times"`
		Note    string          `json:"note"`
		On      bool            `json:"on"`
		In      struct {
			Hours bool `json:"hours"`
		} `json:"in"`
	}
	for body, want := range map[string]string{
		`{"symbols":"AAA"}`:      "symbols has to be a list, and is a JSON string",
		`{"symbols":[1]}`:        "symbols has to be a string, and is a JSON number",
		`{"max_rate":"4"}`:       "max_rate has to be a number, and is a JSON string",
		`{"times":1.5}`:          "times has to be a whole number, and is a JSON number 1.5",
		`{"note":{}}`:            "note has to be a string, and is a JSON object",
		`{"on":"yes"}`:           "on has to be true or false, and is a JSON string",
		`{"in":[]}`:              "in has to be an object, and is a JSON array",
		`{"in":{"hours":"all"}}`: "in.hours has to be true or false, and is a JSON string",
	} {
		if err := decodeObject([]byte(body), new(expected)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}
