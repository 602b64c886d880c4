package e2e

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// loads opens an address and returns what the page asked for until it was still.
func loads(t *testing.T, s *server, address, still string) []request {
	t.Helper()
	p := open(t, address)
	p.until("the page is there", still)
	eventually(t, "all is loaded, and the stream has begun", func() bool {
		if s.streams() == 0 {
			return false
		}
		for _, r := range p.asked() {
			if !r.Done && !isWorker(r) {
				return false
			}
		}
		return true
	})
	base := strings.TrimSuffix(regexp.MustCompile(`/static/\w+/js/`).FindString(s.get(address[len(s.URL):]).body), "/")
	requests := slices.DeleteFunc(p.asked(), isWorker)
	return append(requests, withImports(t, s, path.Join(base, "share/worker.js"))...)
}

// isWorker says that the request is for the shared worker, whose end the tab does
// not see.
func isWorker(r request) bool { return strings.HasSuffix(r.URL, "/share/worker.js") }

// withImports is what the browser asks for to have a script, when a worker does
// it, which the tab does not see.
func withImports(t *testing.T, s *server, script string) []request {
	t.Helper()
	plain := s.get(script)
	plain.want(t, http.StatusOK)
	size, err := strconv.ParseFloat(s.get(script, "Accept-Encoding", "gzip").header.Get("Content-Length"), 64)
	if err != nil {
		t.Fatal(err)
	}
	all := []request{{URL: s.URL + script, Kind: network.ResourceTypeScript, Sent: size}}
	for _, m := range regexp.MustCompile(`from ?'(\.[^']+)'`).FindAllStringSubmatch(plain.body, -1) {
		all = append(all, withImports(t, s, path.Join(path.Dir(script), m[1]))...)
	}
	return all
}

// sent sums the bytes of bodies, as they were sent, by kind, and fails for a
// request to another host.
func sent(t *testing.T, s *server, requests []request) map[network.ResourceType]float64 {
	t.Helper()
	sums := make(map[network.ResourceType]float64)
	for _, r := range requests {
		u, err := url.Parse(r.URL)
		if err != nil || u.Scheme != "data" && u.Host != s.host() {
			t.Errorf("the page asks elsewhere: %s (%v)", r.URL, err)
		}
		sums[r.Kind] += r.Sent
		t.Logf("%-12s %6.0f bytes  %s", r.Kind, r.Sent, u.Path)
	}
	return sums
}

func TestThePagesKeepTheirBudgets(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/", "/?symbols=AAPL&view=ticker", "/q/AAPL", "/alerts"} {
		sums := sent(t, s, loads(t, s, s.URL+path, `document.querySelector('[data-connection=open]')`))
		scripts, styles := sums[network.ResourceTypeScript], sums[network.ResourceTypeStylesheet]
		t.Logf("%s: scripts %.0f bytes, styles %.0f bytes, document %.0f bytes", path, scripts, styles, sums[network.ResourceTypeDocument])
		if scripts == 0 || scripts > 20<<10 {
			t.Errorf("%s: scripts are %.0f bytes; the budget is 20 KB", path, scripts)
		}
		if styles == 0 || styles > 12<<10 {
			t.Errorf("%s: styles are %.0f bytes; the budget is 12 KB", path, styles)
		}
	}
}

func TestTheWidgetKeepsItsBudget(t *testing.T) {
	t.Parallel()
	s := start(t)
	requests := loads(t, s, s.URL+"/embed/quote/AAPL?theme=dark&palette=blue-orange", `document.querySelector('select:not([hidden])')`)
	total := 0.0
	for _, n := range sent(t, s, requests) {
		total += n
	}
	if total == 0 || total > 8<<10 {
		t.Errorf("the widget is %.0f bytes; the budget is 8 KB", total)
	}
	documents := 0
	for _, r := range requests {
		switch r.Kind {
		case network.ResourceTypeScript: // the worker's
		case network.ResourceTypeDocument:
			documents++
		default:
			// A browser asks for the icon of what is no frame.
			if r.URL != s.URL+"/favicon.ico" {
				t.Errorf("the widget loads %s", r.URL)
			}
		}
	}
	if streams := s.streams(); streams != 1 || documents != 1 {
		t.Errorf("%d documents and %d streams; want one of each", documents, streams)
	}
}
