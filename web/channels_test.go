package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tickboard/tickboard/quotes/deliver"
)

// letters is a mail server that keeps the last code.
type letters struct {
	mu   sync.Mutex
	code string
	fail error
}

func (l *letters) Send(context.Context, deliver.Channel, deliver.Message) error { return nil }

func (l *letters) SendCode(_ context.Context, _ deliver.Channel, code string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.code = code
	return l.fail
}

// channelDesk is a server with a mail server, and somebody who asks it.
type channelDesk struct {
	*testServer
	letters *letters
	cookie  string
}

func newChannelDesk(t *testing.T) *channelDesk {
	t.Helper()
	d := &channelDesk{testServer: newServer(t), letters: &letters{}}
	senders := deliver.NewSenders(deliver.NewGuard(true))
	senders[deliver.Email] = d.letters
	d.Outbox = deliver.NewRunner(d.store, deliver.Options{Senders: senders, Poll: 10 * time.Millisecond, Logger: d.Logger})
	d.store.OnOutbox(d.Outbox.Hint)
	return d
}

// run works on the outbox until the test ends.
func (d *channelDesk) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Outbox.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// ask makes a request below /api/v1/channels and reads the answer into an object.
func (d *channelDesk) ask(t *testing.T, method, path, body string, header ...string) (int, map[string]any, http.Header) {
	t.Helper()
	if body != "" {
		header = append(header, "Content-Type", "application/json")
	}
	if d.cookie != "" {
		header = append(header, "Cookie", d.cookie)
	}
	answer, text := ask(t, d.Handler(), method, "/api/v1/channels"+path, body, header...)
	for _, cookie := range answer.Cookies() {
		d.cookie = cookie.Name + "=" + cookie.Value
	}
	var object map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return answer.StatusCode, object, answer.Header
}

// mustAsk is ask where only one status will do.
func (d *channelDesk) mustAsk(t *testing.T, want int, method, path, body string, header ...string) map[string]any {
	t.Helper()
	status, object, _ := d.ask(t, method, path, body, header...)
	if status != want {
		t.Fatalf("%s %s %s: %d %v; want %d", method, path, body, status, object, want)
	}
	return object
}

func TestChannelsAreSetShownChangedAndDeleted(t *testing.T) {
	d := newChannelDesk(t)
	empty := d.mustAsk(t, 200, "GET", "", "")
	if list := empty["channels"].([]any); len(list) != 0 || len(empty["kinds"].([]any)) != 8 || d.cookie != "" {
		t.Errorf("nobody's: %v, %q", empty, d.cookie)
	}
	status, made, header := d.ask(t, "POST", "", `{"kind":"webhook","name":" home ","address":"http://127.0.0.1:1/x"}`)
	if status != 201 || made["name"] != "home" || made["enabled"] != true || made["alerts"] != true || made["messages"] != false ||
		made["confirmed"] != true || len(made["secret"].(string)) < 26 || header.Get("ETag") != `"v1"` || header.Get("Location") != "/api/v1/channels/1" {
		t.Fatalf("%d %v %v", status, made, header)
	}
	status, shown, header := d.ask(t, "GET", "/1", "")
	if _, told := shown["secret"]; status != 200 || told || header.Get("ETag") != `"v1"` || !strings.Contains(header.Get("Cache-Control"), "private") {
		t.Errorf("%d %v %v", status, shown, header)
	}
	d.mustAsk(t, 428, "PATCH", "/1", `{"messages":true}`)
	d.mustAsk(t, 412, "PATCH", "/1", `{"messages":true}`, "If-Match", `"v7"`)
	changed := d.mustAsk(t, 200, "PATCH", "/1", `{"messages":true,"enabled":false,"address":"http://127.0.0.1:2/"}`, "If-Match", `"v1"`)
	if changed["messages"] != true || changed["enabled"] != false || changed["name"] != "home" || changed["version"] != 2.0 || changed["address"] != "http://127.0.0.1:2/" {
		t.Errorf("%v", changed)
	}
	if one, err := d.store.Channel(t.Context(), 1, 1); err != nil || one.Secret != made["secret"] {
		t.Errorf("the secret stays: %+v, %v", one, err)
	}
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"kind":"slack"}`, 400}, {`{"address":"ftp://x/"}`, 400}, {`{"name":""}`, 400}, {`{"x":1}`, 400}, {`{"keys":{}}`, 400},
	} {
		d.mustAsk(t, c.status, "PATCH", "/1", c.body, "If-Match", `"v2"`)
	}
	d.mustAsk(t, 412, "DELETE", "/1", "", "If-Match", `"v1"`)
	d.mustAsk(t, 204, "DELETE", "/1", "", "If-Match", `"v2"`)
	for _, method := range []string{"GET", "DELETE"} {
		d.mustAsk(t, 404, method, "/1", "")
	}
}

func TestChannelsAreRefusedWithWhatToDo(t *testing.T) {
	d := newChannelDesk(t)
	for body, says := range map[string]string{
		`{"kind":"fax","name":"x","address":"1"}`:                                               "no way of the kind \"fax\"; choose one of push, email, ntfy",
		`{"kind":"service","name":"x","address":"team"}`:                                        "no chat services",
		`{"kind":"push","name":"x","address":"https://example.com/"}`:                           "does not deliver by push",
		`{"kind":"ntfy","name":"","address":"https://example.com/"}`:                            "name is empty",
		`{"kind":"ntfy","name":"` + strings.Repeat("x", 81) + `","address":"https://ntfy.sh/"}`: "shorten it to 80",
		`{"kind":"ntfy","name":"x"}`:                                                            "address is empty",
		`{"kind":"ntfy","name":"x","address":"ntfy.sh/topic"}`:                                  "write it as https://",
		`{"kind":"ntfy","name":"x","address":"https://x/` + strings.Repeat("y", 2048) + `"}`:    "at most 2048",
		`{"kind":"ntfy","name":"x","address":"https://x/","keys":{"a":1}}`:                      "push subscription alone",
		`{"kind":"ntfy","name":"x\ny","address":"https://x/"}`:                                  "one line",
	} {
		if problem := d.mustAsk(t, 400, "POST", "", body); !strings.Contains(problem["detail"].(string), says) {
			t.Errorf("%s: %v", body, problem)
		}
	}
	if d.cookie != "" {
		t.Error("what was refused has made a profile")
	}
	for i := range 20 {
		d.mustAsk(t, 201, "POST", "", fmt.Sprintf(`{"kind":"post","name":"%d","address":"http://127.0.0.1:1/"}`, i))
	}
	d.mustAsk(t, 422, "POST", "", `{"kind":"post","name":"x","address":"http://127.0.0.1:1/"}`)
	d.mustAsk(t, 404, "GET", "/x", "")
	d.mustAsk(t, 400, "GET", "?x=1", "")
	d.cookie = ""
	for _, c := range [][2]string{{"GET", "/1"}, {"DELETE", "/1"}, {"POST", "/1/test"}, {"GET", "/1/deliveries"}, {"POST", "/1/code"}} {
		d.mustAsk(t, 404, c[0], c[1], "")
	}
}

func TestPrivateAddressesAreRefusedAtOnce(t *testing.T) {
	d := newChannelDesk(t)
	d.Outbox = deliver.NewRunner(d.store, deliver.Options{Senders: deliver.NewSenders(deliver.NewGuard(false))})
	for _, address := range []string{"https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/", "https://[::1]/", "http://example.com/"} {
		d.mustAsk(t, 400, "POST", "", fmt.Sprintf(`{"kind":"webhook","name":"x","address":%q}`, address))
	}
}

func TestChannelsTestGoesOutAndIsTold(t *testing.T) {
	d := newChannelDesk(t)
	d.run(t)
	got := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Idempotency-Key")
	}))
	defer receiver.Close()
	d.mustAsk(t, 201, "POST", "", fmt.Sprintf(`{"kind":"webhook","name":"x","address":%q}`, receiver.URL))
	queued := d.mustAsk(t, 202, "POST", "/1/test", "")
	if key := <-got; key == "" {
		t.Error("no key")
	}
	var row map[string]any
	for end := time.Now().Add(30 * time.Second); row["state"] != "delivered"; {
		list := d.mustAsk(t, 200, "GET", "/1/deliveries?limit=1", "")["deliveries"].([]any)
		row = list[0].(map[string]any)
		if time.Now().After(end) {
			t.Fatalf("%v", row)
		}
	}
	if row["id"] != queued["delivery"] || row["test"] != true || row["tries"] != 1.0 || row["notification"].(map[string]any)["message"] != testText {
		t.Errorf("%v", row)
	}
	if c := d.mustAsk(t, 200, "GET", "/1", ""); c["delivered"] == nil || c["failing"] != nil {
		t.Errorf("%v", c)
	}
}

func TestOnlyOneTestWaits(t *testing.T) {
	d := newChannelDesk(t)
	d.mustAsk(t, 201, "POST", "", `{"kind":"post","name":"x","address":"http://127.0.0.1:1/"}`)
	d.mustAsk(t, 202, "POST", "/1/test", "")
	d.mustAsk(t, 409, "POST", "/1/test", "")
}

func TestMailAddressIsConfirmedByItsCode(t *testing.T) {
	d := newChannelDesk(t)
	made := d.mustAsk(t, 201, "POST", "", `{"kind":"email","name":"x","address":"a@example.com"}`)
	if made["confirmed"] != false || len(d.letters.code) != 8 {
		t.Fatalf("%v, %q", made, d.letters.code)
	}
	d.mustAsk(t, 409, "POST", "/1/test", "")
	d.mustAsk(t, 422, "POST", "/1/confirm", `{"code":""}`)
	d.mustAsk(t, 422, "POST", "/1/confirm", `{"code":"AAAAAAAA"}`)
	first := d.letters.code
	d.mustAsk(t, 200, "POST", "/1/code", "")
	d.mustAsk(t, 422, "POST", "/1/confirm", fmt.Sprintf(`{"code":%q}`, first))
	code := strings.ToLower(d.letters.code[:4]) + " " + d.letters.code[4:]
	if c := d.mustAsk(t, 200, "POST", "/1/confirm", fmt.Sprintf(`{"code":%q}`, code)); c["confirmed"] != true {
		t.Errorf("%v", c)
	}
	d.mustAsk(t, 409, "POST", "/1/confirm", fmt.Sprintf(`{"code":%q}`, code))
	d.mustAsk(t, 409, "POST", "/1/code", "")
	d.mustAsk(t, 202, "POST", "/1/test", "")
	moved := d.mustAsk(t, 200, "PATCH", "/1", `{"address":"b@example.com"}`, "If-Match", "*")
	if moved["confirmed"] != false {
		t.Errorf("another address is confirmed: %v", moved)
	}
}

func TestCodesEndAfterAnHour(t *testing.T) {
	d := newChannelDesk(t)
	d.mustAsk(t, 201, "POST", "", `{"kind":"email","name":"x","address":"a@example.com"}`)
	right := fmt.Sprintf(`{"code":%q}`, d.letters.code)
	list, err := d.store.Channels(t.Context(), 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	hash, end, _ := strings.Cut(list[0].CodeHash, " ")
	until, err := strconv.ParseInt(end, 10, 64)
	if left := time.Until(time.Unix(until, 0)); err != nil || left > time.Hour || left < 59*time.Minute {
		t.Errorf("the code ends in %v (%v)", left, err)
	}
	for _, old := range []string{hash, hash + " 1", hash + " " + strconv.FormatInt(time.Now().Unix(), 10)} {
		list[0].CodeHash = old
		if list[0], err = d.store.UpdateChannel(t.Context(), list[0]); err != nil {
			t.Fatal(err)
		}
		if detail := d.mustAsk(t, 422, "POST", "/1/confirm", right)["detail"].(string); !strings.Contains(detail, "too old") {
			t.Errorf("%q: %s", old, detail)
		}
	}
	d.mustAsk(t, 200, "POST", "/1/code", "")
	d.mustAsk(t, 200, "POST", "/1/confirm", fmt.Sprintf(`{"code":%q}`, d.letters.code))
}

func TestCodeThatCannotBeSentLeavesNoChannel(t *testing.T) {
	d := newChannelDesk(t)
	for _, c := range []struct {
		fail   error
		status int
	}{{fmt.Errorf("it does not answer"), 503}, {deliver.Permanent(fmt.Errorf("it has no such mailbox")), 422}} {
		d.letters.fail = c.fail
		problem := d.mustAsk(t, c.status, "POST", "", `{"kind":"email","name":"x","address":"a@example.com"}`)
		if !strings.Contains(problem["detail"].(string), c.fail.Error()) {
			t.Errorf("%v", problem)
		}
	}
	if list := d.mustAsk(t, 200, "GET", "", "")["channels"].([]any); len(list) != 0 {
		t.Errorf("%v", list)
	}
}

func TestCodesAreFew(t *testing.T) {
	d := newChannelDesk(t)
	for range 3 {
		d.mustAsk(t, 201, "POST", "", `{"kind":"email","name":"x","address":"a@example.com"}`)
	}
	status, problem, header := d.ask(t, "POST", "", `{"kind":"email","name":"x","address":"A@example.com"}`)
	if status != 429 || header.Get("Retry-After") == "" {
		t.Errorf("a fourth to one address: %d %v", status, problem)
	}
	d.mustAsk(t, 201, "POST", "", `{"kind":"email","name":"x","address":"b@example.com"}`)
	d.mustAsk(t, 429, "POST", "", `{"kind":"email","name":"x","address":"c@example.com"}`)
}
