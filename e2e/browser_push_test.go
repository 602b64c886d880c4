package e2e

import (
	"testing"

	devtools "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

// allowNotifications gives a site the permission to show them.
func (p *tab) allowNotifications(origin string) {
	p.t.Helper()
	call(p, devtools.SetPermission, devtools.SetPermissionParams{
		Permission: &devtools.PermissionDescriptor{Name: "notifications"}, Setting: devtools.PermissionSettingGranted,
		Origin: origin, BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
}

// pushWorker registers the site's worker, and returns its number.
func (p *tab) pushWorker() serviceworker.RegistrationID {
	p.t.Helper()
	call(p, serviceworker.Enable, cdp.Empty{})
	eval[any](p, `navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready).then(() => true)`)
	eventually(p.t, "the worker is there", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.workers) > 0
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.workers[len(p.workers)-1]
}

// pushed is what the notifications of the worker say, a line each.
const pushed = `navigator.serviceWorker.getRegistration().then((r) => r.getNotifications())
	.then((list) => list.map((n) => [n.tag, n.title, n.body, n.data].join('|')).sort().join('\n'))`

func TestAPushMessageIsShownByTheWorker(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.allowNotifications(s.URL)
	p.visit(s.URL + "/q/AAPL")
	worker := p.pushWorker()
	push := func(data string) {
		call(p, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: s.URL, RegistrationID: worker, Data: data})
	}
	shows := func(want string) {
		t.Helper()
		got := ""
		eventually(t, "shown are "+want, func() bool { got = eval[string](p, pushed); return got == want })
	}
	push(`{"tag":"41","title":"AAPL","text":"AAPL is above 190.00","type":"warning","time":"2026-11-20T15:42:07Z","link":"` + s.URL + `/q/AAPL"}`)
	shows("41|AAPL|AAPL is above 190.00|" + s.URL + "/q/AAPL")
	push(`{"tag":"41","title":"AAPL","text":"AAPL is above 190.00","time":"2026-11-20T15:42:07Z","link":"` + s.URL + `/q/AAPL"}`) // once more, after a try of which nobody knew
	push(`{"tag":"42","title":"tickboard","text":"A test"}`)
	shows("41|AAPL|AAPL is above 190.00|" + s.URL + "/q/AAPL\n42|tickboard|A test|/")
	push(`no JSON`) // a push that shows nothing would take the permission away
	shows("41|AAPL|AAPL is above 190.00|" + s.URL + "/q/AAPL\n42|tickboard|A test|/\n|tickboard|Something happened: open tickboard to see it.|/")
}
