package e2e

import (
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// loads opens an address and returns what the page asked for until it was still.
func loads(t *testing.T, address, still string) []request {
	t.Helper()
	p := open(t, address)
	p.until("the page is there", still)
	eventually(t, "all is loaded, and the stream has begun", func() bool {
		if len(p.heard("hello")) == 0 {
			return false
		}
		for _, r := range p.asked() {
			if !r.Done && r.Kind != network.ResourceTypeEventSource {
				return false
			}
		}
		return true
	})
	return p.asked()
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
		if r.Kind != network.ResourceTypeEventSource {
			sums[r.Kind] += r.Sent
			t.Logf("%-12s %6.0f bytes  %s", r.Kind, r.Sent, u.Path)
		}
	}
	return sums
}

func TestThePagesKeepTheirBudgets(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/", "/?symbols=AAPL&view=ticker", "/q/AAPL"} {
		sums := sent(t, s, loads(t, s.URL+path, `document.querySelector('[data-connection=open]')`))
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
	requests := loads(t, s.URL+"/embed/quote/AAPL?theme=dark&palette=blue-orange", `document.querySelector('select:not([hidden])')`)
	total := 0.0
	for _, n := range sent(t, s, requests) {
		total += n
	}
	if total == 0 || total > 8<<10 {
		t.Errorf("the widget is %.0f bytes; the budget is 8 KB", total)
	}
	streams, documents := 0, 0
	for _, r := range requests {
		switch r.Kind {
		case network.ResourceTypeEventSource:
			streams++
		case network.ResourceTypeDocument:
			documents++
		default:
			// A browser asks for the icon of what is no frame.
			if r.URL != s.URL+"/favicon.ico" {
				t.Errorf("the widget loads %s", r.URL)
			}
		}
	}
	if streams != 1 || documents != 1 {
		t.Errorf("%d documents and %d streams; want one of each", documents, streams)
	}
}
