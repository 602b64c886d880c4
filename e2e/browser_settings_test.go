package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// receiver is a server of a person's own, as ntfy or a hook, with what came.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []string
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, req.URL.Path+" "+string(body))
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// choose takes an option of a select, as a person does.
func (p *tab) choose(selector, value string) {
	p.t.Helper()
	eval[any](p, `(() => { const e = document.querySelector(`+literal(selector)+`); e.value = `+literal(value)+`; e.dispatchEvent(new Event('change', { bubbles: true })) })()`)
}

// fill writes into a field.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.click(selector)
	p.write(text)
}

// comes waits until what is promised is true.
func (p *tab) comes(what, promise string) {
	p.t.Helper()
	eventually(p.t, what, func() bool { return eval[bool](p, promise) })
}

// addChannel adds a way by the page's form.
func (p *tab) addChannel(kind, address, name string) {
	p.t.Helper()
	p.choose("[data-add] [name=kind]", kind)
	p.fill("[data-add] [name=address]", address)
	p.fill("[data-add] [name=name]", name)
	p.click("[data-add] .controls .button")
	p.says("[data-channel] h3", name)
}

func TestNothingIsKeptUntilTheFirstChange(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.URL+"/settings")
	p.says("[data-part=you]", "Nothing is kept for you yet")
	p.says("[data-part=devices]", "None yet")
	for _, r := range p.asked() {
		if r.Cookies {
			t.Errorf("%s sets a cookie", r.URL)
		}
	}
	p.click("#sound")
	p.says("[data-part=you]", "are kept on this server since")
	p.says("[data-device] .badge", "this browser")
	p.reload()
	p.until("the choice was kept", `document.querySelector('#sound').checked`)
}

func TestAWayIsAddedTriedChangedAndDeleted(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := start(t, "--allow-private-webhooks")
	p := open(t, s.URL+"/settings")
	p.says("[data-part=channels]", "Nothing is set yet")
	p.addChannel("ntfy", r.URL+"/topic", "Phone")
	p.says("[data-channel] .thing-state", "Nothing delivered yet")
	p.click("[data-test]")
	p.says("[data-channel] [data-outcome]", "The test was taken.")
	p.says("[data-channel] .thing-state", "Works: last delivered")
	if got := r.taken(); len(got) != 1 || !strings.HasPrefix(got[0], "/topic ") {
		t.Errorf("the receiver has %q", got)
	}

	r.answers(http.StatusNotFound)
	p.click("[data-test]")
	p.says("[data-channel] [data-outcome]", "The test was not taken: it answered 404 Not Found")
	p.says("[data-channel] .thing-state", "Takes nothing since")

	p.click("[data-channel] [name=messages]")
	p.until("it is stored", `document.querySelector('[data-channel]').dataset.version === '2'`)
	p.click("[data-channel] [name=enabled]")
	p.until("it is off", `document.querySelector('[data-test]').disabled`)
	p.reload()
	p.until("the choices were kept", `(([on, alerts, messages]) => !on && alerts && messages)([...document.querySelectorAll('[data-channel] input[type=checkbox]')].map((e) => e.checked))`)

	p.click("[data-delete]")
	p.says("tick-toast", "Deleted Phone.")
	p.until("it is gone", `!document.querySelector('[data-channel]').checkVisibility()`)
	p.click("tick-toast button")
	p.says("[data-channel] h3", "Phone")
	p.reload()
	p.says("[data-channel] h3", "Phone")
	p.click("[data-delete]")
	p.says("tick-toast", "Deleted Phone.")
	p.visit(s.URL + "/settings") // going away is as good as waiting
	p.comes("it is deleted", `fetch('/api/v1/channels').then((r) => r.json()).then((a) => a.channels.length === 0)`)
	p.reload()
	p.says("[data-part=channels]", "Nothing is set yet")
}

func TestAWebhooksKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := start(t, "--allow-private-webhooks")
	p := open(t, s.URL+"/settings")
	p.addChannel("webhook", r.URL+"/hook", "Robot")
	p.says("[data-secret] label", "shown this once")
	secret := eval[string](p, `document.querySelector('#secret').value`)
	if len(secret) < 26 {
		t.Errorf("the key is %q", secret)
	}
	p.reload()
	if eval[bool](p, `document.documentElement.innerHTML.includes(`+literal(secret)+`)`) {
		t.Error("the page tells the key again")
	}
	p.click("[data-renew]")
	p.says("[data-channel] [data-outcome]", "The old one is good no longer")
	said := p.text("[data-channel] [data-outcome]")
	p.click("[data-renew]")
	p.until("each is another", `(t => t.includes('shown this once: ') && t !== `+literal(said)+`)(document.querySelector('[data-channel] [data-outcome]').textContent)`)
	p.addChannel("ntfy", r.URL+"/topic", "Phone")
	p.until("another way has none", `document.querySelector('[data-secret]').hidden`)
}

func TestRefusalsAreSaidWhereOneLooks(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.expect("status of 400")
	p.visit(s.URL + "/settings")
	p.choose("[data-add] [name=kind]", "webhook")
	p.fill("[data-add] [name=address]", "https://127.0.0.1/hook")
	p.click("[data-add] .controls .button")
	p.says("[data-add] [data-outcome]", "public internet")
	if eval[string](p, `document.querySelector('[data-add] [name=address]').value`) != "https://127.0.0.1/hook" {
		t.Error("what was written is gone")
	}
	for way, why := range map[string]string{"email": "sends no mail", "service": "no chat services"} {
		p.choose("[data-add] [name=kind]", way)
		p.says("[data-way="+way+"]", why)
		p.until("there is nothing to press", `document.querySelector('[data-add] .controls .button').disabled`)
	}
}

func TestAnotherDeviceIsTakenInAndRemoved(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := open(t, s.URL+"/settings")
	first.click("#sound")
	first.says("[data-device] .badge", "this browser")
	first.click("[data-move-make]")
	first.says("[data-move-link]", "It works once")
	link := eval[string](first, `document.querySelector('#move-link').value`)
	if !strings.HasPrefix(link, s.URL+"/move/") {
		t.Fatalf("the link is %q", link)
	}
	first.says("[data-move-left]", "10 minutes")

	second := open(t, link)
	second.click("main form button")
	second.says("h1", "This browser has your lists and alerts now")
	second.visit(s.URL + "/settings")
	second.until("it has the same", `document.querySelector('#sound').checked && document.querySelectorAll('[data-device]').length === 2`)
	first.until("the first sees it without a reload", `document.querySelectorAll('[data-device]').length === 2`)

	first.click("[data-remove]:not([data-this])")
	first.says("tick-toast", "Removed")
	first.visit(s.URL + "/settings")
	first.comes("it is removed", `fetch('/api/v1/profile').then((r) => r.json()).then((a) => a.profile.devices.length === 1)`)
	second.reload()
	second.says("[data-part=you]", "Nothing is kept for you yet")
}

func TestAllOfItIsTakenAlongAndDeleted(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := start(t, "--allow-private-webhooks")
	p := open(t, s.URL+"/settings")
	p.addChannel("webhook", r.URL+"/hook", "Robot")
	secret := eval[string](p, `document.querySelector('#secret').value`)
	text := eval[string](p, `fetch(document.querySelector('a[download]').href).then((r) => r.headers.get('Content-Disposition').startsWith('attachment') ? r.text() : '')`)
	var exported map[string]any
	if err := json.Unmarshal([]byte(text), &exported); err != nil || !strings.Contains(text, "Robot") || strings.Contains(text, secret) {
		t.Errorf("%v: %s", err, clip(text))
	}

	p.click("summary")
	p.fill("[name=sure]", "no")
	p.click("[data-erase] .button")
	if !eval[bool](p, `document.querySelector('[data-erase]').matches(':invalid')`) {
		t.Error("any word will do")
	}
	eval[any](p, `document.querySelector('[name=sure]').value = ''`)
	p.fill("[name=sure]", "delete")
	p.click("[data-erase] .button")
	p.says("[data-part=you]", "Nothing is kept for you yet")
	p.says("[data-part=channels]", "Nothing is set yet")
}

func TestPushSaysHonestlyWhyNot(t *testing.T) {
	t.Parallel()
	s := start(t, "--allowed-hosts", insecureHost)
	p := newTab(t)
	p.expect("Cross-Origin-Opener-Policy") // which is of no use there
	p.visit(strings.Replace(s.URL, "127.0.0.1", insecureHost, 1) + "/settings")
	p.choose("[data-add] [name=kind]", "push")
	p.says("[data-push-trouble]", "over https alone")
	p.until("there is nothing to press", `document.querySelector('[data-add] .controls .button').disabled`)

	// The tests' browser has no push service that it could reach.
	q := newTab(t)
	q.expect("Push API in incognito mode")
	q.allowNotifications(s.URL)
	q.visit(s.URL + "/settings")
	q.choose("[data-add] [name=kind]", "push")
	q.until("it is offered", `!document.querySelector('[data-add] .controls .button').disabled`)
	q.click("[data-add] .controls .button")
	q.says("[data-add] [data-outcome]", "push service of this browser does not answer")
	if eval[bool](q, `Boolean(document.querySelector('[data-channel]'))`) {
		t.Error("a way was added that does not work")
	}
}

func TestAMailAddressIsConfirmedTriedAndEndedByItsOwnLetters(t *testing.T) {
	t.Parallel()
	o := newPostOffice(t)
	s := start(t, "--smtp", "smtp://"+o.listener.Addr().String(), "--mail-from", "Quotes <quotes@example.com>")
	p := newTab(t)
	p.expect("status of 422")
	p.visit(s.URL + "/settings")
	p.addChannel("email", "ann@example.org", "Post")
	p.says("[data-add] [data-outcome]", "A code is on its way to ann@example.org")
	p.says("[data-channel] .thing-state", "Waits for the code")
	match := regexp.MustCompile(`Your code: ([A-Z2-7]{8})\n`).FindStringSubmatch(o.letter(t, 1))
	if match == nil {
		t.Fatalf("the letter has no code:\n%s", o.letter(t, 1))
	}
	p.fill("[name=code]", "AAAA2222")
	p.click("[data-confirm] .button")
	p.says("[data-channel] [data-outcome]", "This is not the code")
	eval[any](p, `document.querySelector('[name=code]').value = ''`)
	p.fill("[name=code]", match[1])
	p.click("[data-confirm] .button")
	p.says("[data-channel] .thing-state", "Nothing delivered yet")
	p.click("[data-test]")
	p.says("[data-channel] [data-outcome]", "The test was taken.")

	// Whoever reads the letter elsewhere ends them there.
	link := regexp.MustCompile(`No more of them: (\S+)`).FindStringSubmatch(o.letter(t, 2))
	if link == nil {
		t.Fatalf("the letter has no end:\n%s", o.letter(t, 2))
	}
	q := open(t, link[1])
	q.says("main", "Alerts and messages go to ann@example.org now")
	q.click("main .button")
	q.says("h1", "No more letters")
	p.until("the page of its owner shows it", `!document.querySelector('[data-channel] [name=enabled]').checked`)
}
