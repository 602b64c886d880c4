package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// atOnceProxy stands before a server and holds back changes without a cookie until
// there are two, for some time at most: so two first changes are at once.
func atOnceProxy(t *testing.T, s *server) (address string, held func() int) {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	number, two := 0, make(chan struct{})
	through := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie("tickboard"); err != nil && r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/api/") {
			mu.Lock()
			if number++; number == 2 {
				close(two)
			}
			mu.Unlock()
			timer := time.NewTimer(2 * time.Second)
			defer timer.Stop()
			select {
			case <-two:
			case <-timer.C:
			}
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		proxy.CloseClientConnections()
		proxy.Close()
	})
	return proxy.URL, func() int {
		mu.Lock()
		defer mu.Unlock()
		return number
	}
}

// TestTwoFirstChangesAtOnceAreOnePersons in two tabs of a browser that has no
// profile yet.
func TestTwoFirstChangesAtOnceAreOnePersons(t *testing.T) {
	t.Parallel()
	s := start(t, "--feed", brisk, "--symbols", "AAPL,MSFT")
	address, held := atOnceProxy(t, s)
	a := newTab(t)
	b := a.another()
	a.visit(address + "/")
	a.live()
	b.visit(address + "/settings")
	b.until("the settings are there", `document.querySelector('[data-setting=sound]')`)
	eval[any](a, `document.querySelector('[aria-label="Remove AAPL"]').click()`)
	eventually(t, "the first change is under way", func() bool { return held() == 1 })
	eval[any](b, `document.querySelector('[data-setting=sound]').click()`)
	const both = `Promise.all(['lists', 'profile'].map(p => fetch('/api/v1/' + p).then(r => r.json()))).then(([{ lists }, { profile }]) => lists.length === 1 && profile?.settings.sound === true)`
	eventually(t, "both are the viewer's", func() bool {
		is, err := tryEval[bool](b, both)
		return err == nil && is
	})
	if n := held(); n != 1 {
		t.Errorf("%d changes came without a cookie, want 1", n)
	}
}
