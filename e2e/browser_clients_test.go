package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// elsewhere serves a page on another site than the program's: "localhost" and
// "127.0.0.1" are two to a browser. It returns the page's address.
func elsewhere(t testing.TB, html string, headers ...string) string {
	t.Helper()
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/" {
			fmt.Fprint(w, "<!doctype html><html lang=en><title>another site</title>"+html)
		}
	}))
	t.Cleanup(ts.Close)
	return strings.Replace(ts.URL, "127.0.0.1", "localhost", 1) + "/"
}

func TestAPageOfTwoLinesReceivesNotifications(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.URL+"/healthz")
	eval[bool](p, `new Promise(ready => {
		window.got = []
		const source = new EventSource('/events')
		source.addEventListener('notification', e => got.push(JSON.parse(e.data).message))
		source.onopen = () => ready(true)
	})`)
	notify(t, s, "info", "Hello, everybody")
	p.until("the notification comes", `got.join() === 'Hello, everybody'`)
	eventually(t, "the icon that browsers ask for is there", func() bool {
		return slices.ContainsFunc(p.asked(), func(r request) bool { return strings.HasSuffix(r.URL, "/favicon.ico") && r.Status == http.StatusOK })
	})
}

func TestAPageOfAnotherSiteReadsPriceAndChangeAsNumbers(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, elsewhere(t, `<script>
		var seen = []
		var source = new EventSource('`+s.URL+`/stream/AAPL')
		source.addEventListener('stock_quote', function (e) { seen.push(JSON.parse(e.data)) })
	</script>`))
	p.until("three quotes come", `seen.length >= 3`)
	if !eval[bool](p, `seen.every(q => q.symbol === 'AAPL' && q.price > 0 && Number.isFinite(q.price + q.change))`) {
		t.Error(eval[string](p, `JSON.stringify(seen)`))
	}
}
