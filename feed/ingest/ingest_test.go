package ingest

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

const token = "0123456789abcdef"

func env(name string) (string, error) {
	if name != "INGEST_TOKEN" {
		return "", nil
	}
	return token, nil
}

func open(t testing.TB, rawURL string) feed.Spec {
	t.Helper()
	spec, err := (feed.Schemes{"ingest": Scheme()}).Open(rawURL, env)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestURLSaysWhatTheQuotesAre(t *testing.T) {
	for raw, want := range map[string]struct {
		name              string
		timeliness        quotes.Timeliness
		delay, staleAfter time.Duration
	}{
		"ingest://":               {"ingest", quotes.Live, 0, time.Minute},
		"ingest://?name=my-feed2": {"my-feed2", quotes.Live, 0, time.Minute},
		"ingest://?timeliness=delayed&delay=15m&stale_after=0s": {"ingest", quotes.Delayed, 15 * time.Minute, 0},
		"ingest://?timeliness=live&stale_after=1h30m":           {"ingest", quotes.Live, 0, 90 * time.Minute},
	} {
		spec := open(t, raw)
		if spec.Source.Name() != want.name || spec.Timeliness != want.timeliness || spec.Delay != want.delay || spec.StaleAfter != want.staleAfter || spec.Posts == nil {
			t.Errorf("%s: %q %+v", raw, spec.Source.Name(), spec)
		}
	}
}

func TestURLThatIsWrongSaysWhatToWrite(t *testing.T) {
	for raw, want := range map[string]string{
		"ingest:x":                                       "parameters only",
		"ingest://host":                                  "parameters only",
		"ingest:///path":                                 "parameters only",
		"ingest://a:b@?name=x":                           "parameters only",
		"ingest://#x":                                    "parameters only",
		"ingest://?%zz":                                  "write them like ingest://?",
		"ingest://?speed=1":                              `unknown parameter "speed"; there are name, timeliness, delay and stale_after`,
		"ingest://?name=a&name=b":                        "name is there 2 times",
		"ingest://?name=Mine":                            "write 1 to 16 of a-z 0-9 -",
		"ingest://?name=a23456789012345678":              "write 1 to 16",
		"ingest://?timeliness=simulated":                 "write live or delayed",
		"ingest://?timeliness=delayed":                   "say by how much",
		"ingest://?delay=15m":                            "belongs to timeliness=delayed",
		"ingest://?timeliness=delayed&delay=1ms":         "write a duration from 1s to 24h",
		"ingest://?stale_after=-1s":                      "write a duration from 0s",
		"ingest://?stale_after=25h":                      "write a duration",
		"ingest://?stale_after=60":                       "write a duration",
		"ingest://?timeliness=delayed&delay=15m&delay=1": "delay is there 2 times",
	} {
		_, err := (feed.Schemes{"ingest": Scheme()}).Open(raw, env)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", raw, err, want)
		}
	}
}

func TestFeedDoesNotOpenWithoutAGoodToken(t *testing.T) {
	broken := errors.New("TICKBOARD_INGEST_TOKEN_FILE: no such file")
	for value, want := range map[string]string{
		"":                "set TICKBOARD_INGEST_TOKEN, or TICKBOARD_INGEST_TOKEN_FILE",
		"0123456789abcde": "has 15 characters; give it at least 16",
		"broken":          broken.Error(),
	} {
		_, err := Scheme().Open(&url.URL{Scheme: "ingest"}, func(string) (string, error) {
			if value == "broken" {
				return "", broken
			}
			return value, nil
		})
		if err == nil || !strings.Contains(err.Error(), want) || value != "" && strings.Contains(err.Error(), value+" ") {
			t.Errorf("token %q: error %v, want one with %q", value, err, want)
		}
	}
	if got := Scheme().Settings; !slices.Equal(got, []string{"INGEST_TOKEN"}) {
		t.Errorf("settings %q", got)
	}
}

func TestSymbolIsListedOnceAndAgainWhenMoreIsKnown(t *testing.T) {
	list := newListing()
	var l line
	for _, step := range []struct {
		text     string
		listed   bool
		name     string
		decimals int
	}{
		{`{"type":"trade","symbol":"A","price":189.8}`, true, "A", 2},
		{`{"type":"trade","symbol":"A","price":189.840000}`, false, "A", 2},
		{`{"type":"quote","symbol":"A","bid":0.0125,"ask":0.01}`, true, "A", 4},
		{`{"type":"status","symbol":"A","halted":true}`, false, "A", 4},
		{`{"type":"instrument","symbol":"A","name":"Alpha","decimals":3}`, true, "Alpha", 3},
		{`{"type":"trade","symbol":"A","price":0.00001}`, false, "Alpha", 3},
	} {
		u, err := l.decode([]byte(step.text), arrival)
		if err != nil {
			t.Fatal(err)
		}
		in, err := list.note(&u)
		if err != nil || (in != nil) != step.listed {
			t.Errorf("%s: listed %v, %v", step.text, in, err)
		}
		if got := list.all()[0]; got.Name != step.name || got.Decimals != step.decimals || in != nil && !cmp.Equal(got, *in, exactly) {
			t.Errorf("%s: known as %+v, listed as %+v", step.text, got, in)
		}
	}
}

func TestSymbolsAreBounded(t *testing.T) {
	list := newListing()
	for i := range maxSymbols {
		list.known[quotes.MustSymbol("S"+strconv.Itoa(i))] = entry{}
	}
	for sym, want := range map[string]bool{"S0": true, "NEW": false} {
		_, err := list.note(&feed.Update{Kind: feed.Cancel, Symbol: quotes.MustSymbol(sym)})
		if (err == nil) != want {
			t.Errorf("%s: %v", sym, err)
		}
	}
}
