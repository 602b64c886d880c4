package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tickboard/tickboard/feed"
	"github.com/tickboard/tickboard/quotes"
)

func watched(d *feed.Demand) string {
	syms, _ := d.Watched()
	return join(syms)
}

func TestSymbolsThatAreLookedAtAreAskedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var demand feed.Demand
		i := newInterest(&demand)
		ctx, cancel := context.WithCancel(t.Context())
		go i.run(ctx)
		a, b, c := quotes.MustSymbol("A"), quotes.MustSymbol("B"), quotes.MustSymbol("C")
		i.look(time.Now(), a, b)
		time.Sleep(40 * time.Second)
		i.look(time.Now(), b, c)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "A, B, C"}, {19 * time.Second, "A, B, C"}, {6 * time.Second, "B, C"}, {36 * time.Second, ""}} {
			time.Sleep(step.after)
			synctest.Wait()
			if got := watched(&demand); got != step.want {
				t.Errorf("%v later %q is watched, want %q", step.after, got, step.want)
			}
		}
		i.look(time.Now(), a)
		cancel()
		synctest.Wait()
		if got := watched(&demand); got != "" {
			t.Errorf("%q is watched after the end", got)
		}
	})
}

func TestLooksAreBoundedAndLeaveRoomForThoseWhoFollow(t *testing.T) {
	var demand feed.Demand
	i := newInterest(&demand)
	now := time.Now()
	streamed := quotes.MustSymbol("STREAMED")
	demand.Add(streamed)
	i.look(now, streamed)
	for n := range 2 * mostLooks {
		i.look(now, quotes.MustSymbol(fmt.Sprintf("S%d", n)))
	}
	if syms, _ := demand.Watched(); len(syms) != mostLooks+1 {
		t.Errorf("%d symbols are watched, want %d and the one with a stream", len(syms), mostLooks)
	}
	demand.Remove(streamed)
	if demand.Watches(streamed) {
		t.Error("a look took up a symbol that had a stream")
	}
	late := quotes.MustSymbol("LATE")
	i.look(now.Add(lookTime), late)
	if got := watched(&demand); got != "LATE" {
		t.Errorf("%q is watched when the others have had their time", got)
	}
}

func TestEveryLookAsksTheSources(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/quotes?symbols=A,NOSUCH": "A",
		"/api/v1/quotes/B":                "B",
		"/?symbols=C,D":                   "C, D",
		"/rows?symbols=E":                 "E",
		"/q/A":                            "A",
		"/embed/quote/B":                  "B",
		"/embed/quote/NOSUCH":             "",
		"/api/v1/symbols?q=A":             "",
	} {
		s := newServer(t)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+path, nil))
		if diff := cmp.Diff(want, watched(s.Market.Demand())); diff != "" {
			t.Errorf("%s (%d): %s", path, w.Code, diff)
		}
	}
}
