//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tickboard/tickboard/e2e/load/market"
)

const someQuote = `{"symbol":"SIM0042","price":12.98,"change":-0.05,"halted":true,"currency":"USD","time":"2026-11-22T14:06:05.527729335Z","version":1795356365529856}`

func TestScanReadsWhatTheMarketWrites(t *testing.T) {
	at := time.Date(2026, 11, 20, 23, 59, 59, 123456000, time.UTC)
	m := market.New(50, 1)
	data := m.AppendQuote(nil, 42, at, 1795339327123457)
	if !json.Valid(data) {
		t.Fatalf("not JSON: %s", data)
	}
	var s scanner
	q, err := s.scan(data)
	if want := (quote{symbol: 42, version: 1795339327123457, time: at.UnixMicro()}); err != nil || q != want {
		t.Errorf("%+v, %v, want %+v", q, err, want)
	}
}

func TestScanReadsTimesWithAnyFraction(t *testing.T) {
	for _, text := range []string{"2026-11-20T15:42:07Z", "2026-11-20T15:42:07.1Z", "2026-11-21T00:00:00.123456789Z"} {
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		var s scanner
		if us, ok := s.micros([]byte(text)); !ok || us != want.UnixMicro() {
			t.Errorf("%s: %d, %v, want %d", text, us, ok, want.UnixMicro())
		}
	}
}

func TestScanRefusesWhatIsNoQuote(t *testing.T) {
	for _, bad := range []string{
		"", "{", "{}", "[]", someQuote[1:], someQuote[:len(someQuote)-1], someQuote + "x",
		strings.Replace(someQuote, `"price":12.98`, `"price":12.`, 1),
		strings.Replace(someQuote, `"price":12.98`, `"price":`, 1),
		strings.Replace(someQuote, `"price":12.98`, `"price":NaN`, 1),
		strings.Replace(someQuote, `"price":12.98`, `"price":12.98,`, 1),
		strings.Replace(someQuote, `"price"`, `price`, 1),
		strings.Replace(someQuote, `SIM0042`, `AAPL`, 1),
		strings.Replace(someQuote, `,"version":1795356365529856`, ``, 1),
		strings.Replace(someQuote, `1795356365529856`, `-1`, 1),
		strings.Replace(someQuote, `2026-11-22T`, `yesterday `, 1),
	} {
		var s scanner
		if q, err := s.scan([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, q)
		}
	}
}

func TestFrameKnowsItsFields(t *testing.T) {
	var f frame
	if err := f.parse([]byte("retry: 2000\nid: 7\nevent: stock_quote\ndata: {}")); err != nil || string(f.id) != "7" || string(f.name) != "stock_quote" || string(f.data) != "{}" {
		t.Errorf("%q %q %q, %v", f.id, f.name, f.data, err)
	}
	for _, bad := range []string{"data: {}\ndata: {}", "event: stock_quote", "dta: {}", "\ndata: {}"} {
		if err := f.parse([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestUnwrapFindsTheQuoteOfAPush(t *testing.T) {
	const connected = `{"connect":{"client":"x","subs":{"SIM0042":{}}}}`
	for text, want := range map[string]frame{
		`data: {"channel":"SIM0042","pub":{"data":` + someQuote + `}}`: {name: []byte("stock_quote"), data: []byte(someQuote)},
		"data: " + connected:                         {data: []byte(connected)},
		"data: {}":                                   {data: []byte("{}")},
		"event: stock_quote\ndata: " + someQuote:     {name: []byte("stock_quote"), data: []byte(someQuote)},
		"event: heartbeat\ndata: {\"channel\":\"\"}": {name: []byte("heartbeat"), data: []byte(`{"channel":""}`)},
	} {
		var f frame
		if err := errors.Join(f.parse([]byte(text)), f.unwrap()); err != nil || string(f.name) != string(want.name) || string(f.data) != string(want.data) {
			t.Errorf("%s: %q %q, %v", text, f.name, f.data, err)
		}
	}
	for _, bad := range []string{
		`{"channel":"SIM0042","unsubscribe":{"code":2500}}`,
		`{"channel":"SIM0042\","pub":{"data":` + someQuote + `}}`,
		`{"channel":"SIM0042","pub":{"data":` + someQuote + `}`,
		`{"channel":"SIM0042","pub":{"data":` + someQuote + `,"offset":1}}`,
		`{"channel":"SIM0042","pub":{"data":` + someQuote + `}}}`,
	} {
		f := frame{data: []byte(bad)}
		err := f.unwrap()
		if err == nil {
			_, err = new(scanner).scan(f.data)
		}
		if err == nil {
			t.Errorf("%s was taken for a quote", bad)
		}
	}
}

// FuzzScan: what the scanner takes for a quote is JSON.
func FuzzScan(f *testing.F) {
	f.Add([]byte(someQuote))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scanner
		if _, err := s.scan(data); err == nil && !json.Valid(data) {
			t.Errorf("not JSON: %q", data)
		}
	})
}
