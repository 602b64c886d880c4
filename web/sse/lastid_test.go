package sse

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
)

func TestLastEventID(t *testing.T) {
	for _, tc := range []struct {
		name   string
		query  string
		header []string
		id     int64
		ok     bool
	}{
		{name: "nothing"},
		{name: "header", header: []string{"42"}, id: 42, ok: true},
		{name: "parameter", query: "last_event_id=42", id: 42, ok: true},
		{name: "header wins", header: []string{"7"}, query: "last_event_id=42", id: 7, ok: true},
		{name: "malformed header wins too", header: []string{"x"}, query: "last_event_id=42"},
		{name: "empty header wins too", header: []string{""}, query: "last_event_id=42"},
		{name: "zero", header: []string{"0"}, ok: true},
		{name: "leading zeros", header: []string{"007"}, id: 7, ok: true},
		{name: "largest", header: []string{"9007199254740991"}, id: 1<<53 - 1, ok: true},
		{name: "2^53", header: []string{"9007199254740992"}},
		{name: "above 64 bits", header: []string{"18446744073709551617"}},
		{name: "negative", header: []string{"-1"}},
		{name: "plus", header: []string{"+1"}},
		{name: "space", header: []string{"1 "}},
		{name: "fraction", header: []string{"1.0"}},
		{name: "hexadecimal", header: []string{"0x1"}},
		{name: "other digits", header: []string{"١"}},
		{name: "two headers", header: []string{"1", "2"}},
		{name: "two parameters", query: "last_event_id=1&last_event_id=2"},
		{name: "broken query", query: "last_event_id=%zz"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/events?"+tc.query, nil)
		for _, h := range tc.header {
			r.Header.Add("Last-Event-ID", h)
		}
		if id, ok := LastEventID(r); id != tc.id || ok != tc.ok {
			t.Errorf("%s: %d, %v, want %d, %v", tc.name, id, ok, tc.id, tc.ok)
		}
	}
}

func FuzzLastEventID(f *testing.F) {
	f.Add(true, "1", "2")
	f.Add(false, "", "9007199254740991")
	f.Add(true, "9007199254740992", "last_event_id=1")
	f.Fuzz(func(t *testing.T, hasHeader bool, header, param string) {
		r := &http.Request{Header: http.Header{}, URL: &url.URL{RawQuery: url.Values{"last_event_id": {param}}.Encode()}}
		given := param
		if hasHeader {
			r.Header.Set("Last-Event-ID", header)
			given = header
		}
		id, ok := LastEventID(r)
		n, err := strconv.ParseUint(given, 10, 53)
		if want := err == nil && len(given) <= 16; ok != want {
			t.Fatalf("%q: %v, want %v", given, ok, want)
		}
		if ok && uint64(id) != n || !ok && id != 0 {
			t.Fatalf("%q: %d", given, id)
		}
	})
}
