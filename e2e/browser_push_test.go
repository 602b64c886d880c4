package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/backgroundservice"
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
	watch := backgroundservice.ServiceNameNotifications
	call(p, backgroundservice.SetRecording, backgroundservice.SetRecordingParams{ShouldRecord: true, Service: watch})
	call(p, backgroundservice.StartObserving, backgroundservice.StartObservingParams{Service: watch})
	for i, data := range []string{
		`{"tag":"41","title":"AAPL","text":"AAPL is above 190.00","type":"warning","time":"2026-11-20T15:42:07Z","link":"` + s.URL + `/q/AAPL"}`,
		`{"tag":"41","title":"AAPL","text":"AAPL is above 190.00","time":"2026-11-20T15:42:07Z","link":"` + s.URL + `/q/AAPL"}`, // once more, after a try of which nobody knew
		`{"tag":"42","title":"tickboard","text":"A test"}`,
		`no JSON`, // a push that shows nothing would take the permission away
	} {
		call(p, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: s.URL, RegistrationID: worker, Data: data})
		eventually(t, data+" is shown", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.shown == i+1
		})
	}
	// Chromium forgets a notification that it is about to show when it is asked
	// which there are: so it is asked when all are shown.
	want := "41|AAPL|AAPL is above 190.00|" + s.URL + "/q/AAPL\n42|tickboard|A test|/\n|tickboard|Something happened: open tickboard to see it.|/"
	if got := eval[string](p, pushed); got != want {
		t.Errorf("shown are\n%s\nwant\n%s", got, want)
	}
}
