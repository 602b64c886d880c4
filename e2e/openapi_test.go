package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/tickboard/tickboard/web/sse"
)

// described is a server that is held against its own description.
type described struct {
	*device
	doc     *openapi3.T
	routes  map[string]*routers.Route // by operationId
	worked  map[string]bool           // as are these
	refused map[string]bool
}

// describe reads the description from the server itself.
func describe(t *testing.T, s *server) *described {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData([]byte(s.get("/api/v1/openapi.json").want(t, http.StatusOK).body))
	if err != nil {
		t.Fatal(err)
	}
	d := &described{s.device(), doc, make(map[string]*routers.Route), make(map[string]bool), make(map[string]bool)}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			d.routes[op.OperationID] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: op}
		}
	}
	return d
}

// by is d as another device.
func (d *described) by(other *device) *described {
	return &described{other, d.doc, d.routes, d.worked, d.refused}
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

// call calls an operation, and holds the answer against the description: its
// status must be named there, and header and body must be as is said. A request
// that works must be as is said too.
func (d *described) call(id, path, body string, status int, headers ...string) answer {
	d.t.Helper()
	route := d.routes[id]
	if route == nil {
		d.t.Fatalf("there is no operation %s", id)
	}
	a := d.ask(route.Method, path, body, headers...).want(d.t, status)
	if err := d.hold(route, path, body, headers, a); err != nil {
		d.t.Errorf("%s: %s: status %d: %v\n%s", id, a.request, status, err, clip(a.body))
	}
	if status < http.StatusBadRequest {
		d.worked[id] = true
	} else {
		d.refused[id] = true
	}
	return a
}

func (d *described) hold(route *routers.Route, path, body string, headers []string, a answer) error {
	if route.Operation.Responses.Status(a.status) == nil {
		return fmt.Errorf("the description does not have this status")
	}
	if body != "" {
		headers = append([]string{"Content-Type", "application/json"}, headers...)
	}
	req, err := newRequest(d.t.Context(), route.Method, d.URL+path, body, nil)
	if err != nil {
		return err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, Route: route, PathParams: make(map[string]string),
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			ExcludeResponseBody: strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream"), // event holds it
			ExcludeRequestBody:  !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json"),
		},
	}
	pattern := "^" + braces.ReplaceAllString(route.Path, `(.+)`) + "$"
	values := regexp.MustCompile(pattern).FindStringSubmatch(req.URL.Path)
	if values == nil {
		return fmt.Errorf("the path is not as %s", route.Path)
	}
	for i, name := range braces.FindAllStringSubmatch(route.Path, -1) {
		in.PathParams[name[1]] = values[i+1]
	}
	if a.status < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(d.t.Context(), in); err != nil {
			return err
		}
	}
	return openapi3filter.ValidateResponse(d.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header, Body: io.NopCloser(strings.NewReader(a.body)), Options: in.Options,
	})
}

// follow opens a stream as an operation describes it.
func (d *described) follow(id, path string) *stream {
	d.t.Helper()
	headers := d.header
	if d.cookie != "" {
		headers = append(headers, "Cookie", d.cookie)
	}
	st := d.open(path, headers...)
	if err := d.hold(d.routes[id], path, "", nil, answer{status: http.StatusOK, header: st.header}); err != nil {
		d.t.Errorf("%s: %v", id, err)
	}
	d.worked[id] = true
	return st
}

// event reads events up to one of that name, and holds each against its schema.
func (d *described) event(id string, st *stream, name string) sse.Event {
	d.t.Helper()
	named, _ := d.routes[id].Operation.Responses.Status(http.StatusOK).Value.Content["text/event-stream"].Extensions["x-events"].(map[string]any)
	for {
		ev := st.next()
		ref, _ := named[ev.Name].(map[string]any)["$ref"].(string)
		schema := d.doc.Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")]
		if schema == nil {
			d.t.Fatalf("%s: the event %s is not described", id, ev.Name)
		}
		var data any
		if err := json.Unmarshal(ev.Data, &data); err != nil {
			d.t.Fatal(err)
		}
		if err := schema.Value.VisitJSON(data, openapi3.EnableJSONSchema2020()); err != nil {
			d.t.Errorf("%s: the event %s: %v\n%s", id, ev.Name, err, ev.Data)
		}
		if ev.Name == name {
			return ev
		}
	}
}

// etag is the version that an answer has, as a header to send back.
func etag(a answer) []string { return []string{"If-Match", a.header.Get("ETag")} }

// TestTheDescriptionIsTrue calls every operation, well and badly, and holds what
// the program answers against what it says of itself.
func TestTheDescriptionIsTrue(t *testing.T) {
	t.Parallel()
	office, hook := newPostOffice(t), newHook(t, nil)
	s := startIngest(t, "--allow-private-webhooks", "--heartbeat", "200ms", "--max-streams", "3",
		"--smtp", "smtp://"+office.listener.Addr().String(), "--mail-from", "tickboard@example.com")
	d := describe(t, s)
	d.ingestAndQuotes()
	d.listsAndProfile()
	page := d.alertsAndStreams()
	d.notificationsAndChannels(office, hook.URL)
	d.lies()
	d.process.signal(syscall.SIGTERM)
	d.event("events", page, "bye")
	for id := range d.routes {
		if !d.worked[id] {
			t.Errorf("%s was not called", id)
		}
		// Neither of the two takes anything that could be wrong.
		if !d.refused[id] && id != "healthz" && id != "readyz" {
			t.Errorf("%s was not called badly", id)
		}
	}
}

func (d *described) ingestAndQuotes() {
	token := []string{"Content-Type", "application/x-ndjson", "Authorization", "Bearer " + ingestToken}
	d.call("ingest", "/api/v1/ingest", `{"type":"instrument","symbol":"AAA","name":"A company","currency":"USD","class":"crypto","decimals":2}
{"type":"day","symbol":"AAA","previous_close":100.50}
{"type":"quote","symbol":"AAA","bid":100,"bid_size":1,"ask":101,"ask_size":2}
`+trade("AAA", "100")+"\nnonsense\n"+trade("BBB", "5"), http.StatusOK, token...)
	d.call("ingest", "/api/v1/ingest", "{}", http.StatusUnauthorized, "Content-Type", "application/x-ndjson")
	eventually(d.t, "the quote is there", func() bool { return strings.Contains(d.get("/api/v1/quotes/AAA").body, `"price":`) })
	d.call("quotes", "/api/v1/quotes?symbols=AAA,NOPE", "", http.StatusOK)
	d.call("quotes", "/api/v1/quotes?symbols=AAA", "", http.StatusNotModified, "If-None-Match", "*")
	d.call("quotes", "/api/v1/quotes", "", http.StatusBadRequest)
	d.call("quote", "/api/v1/quotes/AAA", "", http.StatusOK)
	d.call("quote", "/api/v1/quotes/NOPE", "", http.StatusNotFound)
	d.call("symbols", "/api/v1/symbols?q=a&limit=5", "", http.StatusOK)
	d.call("symbols", "/api/v1/symbols?limit=x", "", http.StatusBadRequest)
	d.call("healthz", "/healthz", "", http.StatusOK)
	d.call("readyz", "/readyz", "", http.StatusOK)
	d.call("openapi", "/api/v1/openapi.json", "", http.StatusOK)
	d.call("openapi", "/api/v1/openapi.json?x=1", "", http.StatusBadRequest)
	d.call("pushKey", "/api/v1/push/key", "", http.StatusOK)
	d.call("pushKey", "/api/v1/push/key?x=1", "", http.StatusBadRequest)
}

func (d *described) listsAndProfile() {
	const lists = "/api/v1/lists"
	nobody := d.by(d.server.device())
	for _, id := range []string{"profile", "lists", "alerts", "alertHistory", "notifications", "channels"} {
		nobody.call(id, d.routes[id].Path, "", http.StatusOK)
		nobody.call(id, d.routes[id].Path+"?x=1", "", http.StatusBadRequest)
	}
	nobody.call("exportProfile", "/api/v1/profile/export", "", http.StatusNotFound)
	nobody.call("makeMove", "/api/v1/profile/move", "", http.StatusNotFound)
	nobody.call("deleteProfile", "/api/v1/profile", "", http.StatusNotFound)

	one := d.call("addList", lists, `{"name":"One","symbols":["aaa"]}`, http.StatusCreated)
	d.call("addList", lists+"?name=Two", "symbol\nAAA\n", http.StatusCreated, "Content-Type", "text/csv")
	d.call("addList", lists, `{"name":""}`, http.StatusBadRequest)
	d.call("addList", lists, `<a/>`, http.StatusUnsupportedMediaType, "Content-Type", "text/html")
	d.call("lists", lists, "", http.StatusOK)
	d.call("orderLists", lists+"/order", `{"ids":[2,1]}`, http.StatusOK)
	d.call("orderLists", lists+"/order", `{"ids":"x"}`, http.StatusBadRequest)
	d.call("list", lists+"/1", "", http.StatusOK)
	d.call("list", lists+"/1?format=csv", "", http.StatusOK)
	d.call("list", lists+"/1?format=txt", "", http.StatusOK)
	d.call("list", lists+"/9", "", http.StatusNotFound)
	d.call("replaceList", lists+"/1", `{"name":"First","symbols":["AAA","BBB"]}`, http.StatusOK, etag(one)...)
	d.call("replaceList", lists+"/1", `{"name":"First","symbols":[]}`, http.StatusPreconditionFailed, etag(one)...)
	d.call("replaceList", lists+"/1", `{"name":"First","symbols":[]}`, http.StatusPreconditionRequired)
	d.call("editList", lists+"/1/symbols", `{"add":["CCC"],"remove":["BBB"],"before":"AAA"}`, http.StatusOK)
	d.call("editList", lists+"/1/symbols", `{"add":["a b"]}`, http.StatusBadRequest)
	d.call("shareList", lists+"/1/share", "", http.StatusOK)
	d.call("shareList", lists+"/9/share", "", http.StatusNotFound)
	d.call("unshareList", lists+"/1/share", "", http.StatusOK)
	d.call("unshareList", lists+"/9/share", "", http.StatusNotFound)
	d.call("deleteList", lists+"/2", "", http.StatusOK)
	d.call("deleteList", lists+"/2", "", http.StatusNotFound)
	d.call("restoreList", lists+"/2/restore", "", http.StatusOK)
	d.call("restoreList", lists+"/9/restore", "", http.StatusNotFound)

	d.call("changeSettings", "/api/v1/profile", `{"settings":{"sound":true}}`, http.StatusOK)
	d.call("changeSettings", "/api/v1/profile", `{}`, http.StatusBadRequest)
	d.call("profile", "/api/v1/profile", "", http.StatusOK)
	other := d.by(d.server.device())
	var link struct{ URL string }
	d.call("makeMove", "/api/v1/profile/move", "", http.StatusCreated).decode(d.t, &link)
	path := strings.TrimPrefix(link.URL, d.URL)
	other.call("move", path, "", http.StatusOK)
	other.call("move", path, "", http.StatusNotFound)
	for _, device := range d.own().Profile.Devices {
		if !device.This {
			d.call("removeDevice", "/api/v1/profile/devices/"+device.ID, "", http.StatusNoContent)
			d.call("removeDevice", "/api/v1/profile/devices/"+device.ID, "", http.StatusNotFound)
		}
	}
	d.call("exportProfile", "/api/v1/profile/export", "", http.StatusOK)
	gone := d.by(d.server.device())
	gone.call("changeSettings", "/api/v1/profile", `{"settings":{"sound":null}}`, http.StatusOK)
	gone.call("deleteProfile", "/api/v1/profile", "", http.StatusNoContent)
}

// alertsAndStreams returns the stream of the page, which is open still.
func (d *described) alertsAndStreams() *stream {
	const alerts = "/api/v1/alerts"
	d.call("conditions", alerts+"/conditions", "", http.StatusOK)
	d.call("conditions", alerts+"/conditions?x=1", "", http.StatusBadRequest)
	fires := d.call("addAlert", alerts, `{"symbol":"AAA","condition":"crosses_up","level":"150.50","note":"at last","expires":"2099-01-01T00:00:00Z"}`, http.StatusCreated)
	d.call("addAlert", alerts, `{"symbol":"AAA","condition":"above","level":50}`, http.StatusUnprocessableEntity)
	d.call("addAlert", alerts, `{"symbol":"AAA","condition":"noon"}`, http.StatusBadRequest)
	d.call("addAlert", alerts, `{"symbol":"AAA","condition":"percent_window","level":90,"window":"15m","repeat":"always","cooldown":"1h"}`, http.StatusCreated)
	d.call("alerts", alerts+"?symbol=AAA", "", http.StatusOK)
	d.call("alert", alerts+"/1", "", http.StatusOK)
	d.call("alert", alerts+"/9", "", http.StatusNotFound)
	changed := d.call("changeAlert", alerts+"/1", `{"paused":true}`, http.StatusOK, etag(fires)...)
	d.call("changeAlert", alerts+"/1", `{"paused":true}`, http.StatusPreconditionFailed, etag(fires)...)
	d.call("changeAlert", alerts+"/1", `{"paused":true}`, http.StatusPreconditionRequired)
	d.call("replaceAlert", alerts+"/1", `{"condition":"crosses_up","level":150.50}`, http.StatusOK, etag(changed)...)
	d.call("replaceAlert", alerts+"/1", `{"condition":"above","level":50}`, http.StatusPreconditionFailed, etag(changed)...)
	d.call("replaceAlert", alerts+"/1", `{"condition":7}`, http.StatusBadRequest, "If-Match", "*")
	d.call("rearmAlert", alerts+"/2/rearm", `{"level":95}`, http.StatusOK)
	d.call("rearmAlert", alerts+"/2/rearm", `{"level":"x"}`, http.StatusBadRequest)
	d.call("deleteAlert", alerts+"/2", "", http.StatusOK)
	d.call("deleteAlert", alerts+"/2", "", http.StatusNotFound)
	d.call("restoreAlert", alerts+"/2/restore", "", http.StatusOK)
	d.call("restoreAlert", alerts+"/9/restore", "", http.StatusNotFound)
	d.call("deleteAlert", alerts+"/2", "", http.StatusOK)

	page := d.follow("events", "/events?symbols=AAA")
	var hello hello
	if err := json.Unmarshal(d.event("events", page, "hello").Data, &hello); err != nil {
		d.t.Fatal(err)
	}
	for _, name := range []string{"profile", "stock_quote", "heartbeat"} {
		d.event("events", page, name)
	}
	d.server.ingest(trade("AAA", "151"))
	d.event("events", page, "notification")
	d.call("changeEvents", "/events/"+hello.Stream+"/symbols", `{"add":["BBB"]}`, http.StatusOK)
	d.call("changeEvents", "/events/"+hello.Stream+"/symbols", `{"max_rate":1000}`, http.StatusBadRequest)
	d.call("events", "/events?symbols=NOPE", "", http.StatusNotFound)
	d.call("alertHistory", alerts+"/history?rule=1", "", http.StatusOK)

	one := d.follow("followSymbol", "/stream/AAA")
	d.event("followSymbol", one, "stock_quote")
	d.call("followSymbol", "/stream/NOPE", "", http.StatusNotFound)
	some := d.follow("followSymbols", "/stream?symbols=AAA,BBB")
	if err := json.Unmarshal(d.event("followSymbols", some, "hello").Data, &hello); err != nil {
		d.t.Fatal(err)
	}
	d.event("followSymbols", some, "stock_quote")
	d.call("followSymbols", "/stream", "", http.StatusBadRequest)
	d.call("changeFollowed", "/stream/"+hello.Stream+"/symbols", `{"remove":["BBB"],"max_rate":4}`, http.StatusOK)
	d.call("changeFollowed", "/stream/none/symbols", `{}`, http.StatusNotFound)
	d.event("followSymbols", d.follow("followSymbols", "/stream?symbols=AAA"), "busy") // there may be three
	return page
}

func (d *described) notificationsAndChannels(office *postOffice, hook string) {
	const channels = "/api/v1/channels"
	added := d.call("addChannel", channels, fmt.Sprintf(`{"kind":"webhook","name":"Hook","address":%q,"messages":true}`, hook), http.StatusCreated)
	d.call("addChannel", channels, `{"kind":"pigeon","name":"x","address":"y"}`, http.StatusBadRequest)
	d.call("addChannel", channels, `{"kind":"email","name":"Mail","address":"me@example.com"}`, http.StatusCreated)
	d.call("channels", channels, "", http.StatusOK)
	d.call("channel", channels+"/1", "", http.StatusOK)
	d.call("channel", channels+"/9", "", http.StatusNotFound)
	d.call("changeChannel", channels+"/1", `{"name":"My hook"}`, http.StatusOK, etag(added)...)
	d.call("changeChannel", channels+"/1", `{"name":"My hook"}`, http.StatusPreconditionFailed, etag(added)...)
	d.call("changeChannel", channels+"/1", `{"name":"My hook"}`, http.StatusPreconditionRequired)
	d.call("renewSecret", channels+"/1/secret", "", http.StatusOK)
	d.call("renewSecret", channels+"/2/secret", "", http.StatusConflict)
	d.call("renewSecret", channels+"/9/secret", "", http.StatusNotFound)
	d.call("testChannel", channels+"/1/test", "", http.StatusAccepted)
	d.call("testChannel", channels+"/2/test", "", http.StatusConflict)
	d.call("resendCode", channels+"/2/code", "", http.StatusOK)
	d.call("resendCode", channels+"/1/code", "", http.StatusConflict)
	code := regexp.MustCompile(`Your code: ([A-Z2-7]{8})\n`).FindStringSubmatch(office.letter(d.t, 2))
	if code == nil {
		d.t.Fatalf("the letter has no code:\n%s", office.letter(d.t, 2))
	}
	d.call("confirmChannel", channels+"/2/confirm", `{"code":"no"}`, http.StatusUnprocessableEntity)
	d.call("confirmChannel", channels+"/2/confirm", fmt.Sprintf(`{"code":%q}`, code[1]), http.StatusOK)

	admin := []string{"Authorization", "Bearer " + d.token()}
	d.call("send", "/send", `{"message":"to all","link":"/q/AAA","expires":"2099-01-01T00:00:00Z"}`, http.StatusAccepted, admin...)
	d.call("send", "/send", `{"message":"to one","profile":1}`, http.StatusAccepted, admin...)
	d.call("send", "/send", `{"message":"to some","symbol":"AAA","watchers":true,"type":"warning"}`, http.StatusAccepted, admin...)
	d.call("send", "/send", `{"message":"to none","profile":99}`, http.StatusNotFound, admin...)
	d.call("send", "/send", `{"message":""}`, http.StatusBadRequest, admin...)
	d.call("send", "/send", `{"message":"x"}`, http.StatusUnauthorized)
	eventually(d.t, "the test has arrived", func() bool {
		return strings.Contains(d.call("deliveries", channels+"/1/deliveries?limit=5", "", http.StatusOK).body, `"delivered"`)
	})
	d.call("channel", channels+"/1", "", http.StatusOK) // now with the time
	d.call("deliveries", channels+"/9/deliveries", "", http.StatusNotFound)
	d.call("deleteChannel", channels+"/2", "", http.StatusNoContent)
	d.call("deleteChannel", channels+"/2", "", http.StatusNotFound)

	const notes = "/api/v1/notifications"
	d.call("notifications", notes+"?limit=10", "", http.StatusOK)
	d.call("notifications", notes+"?type=info&kind=message&q=all&unread=1&watching=AAA", "", http.StatusOK)
	d.call("readNotifications", notes+"/read", `{"ids":[1],"read":false}`, http.StatusOK)
	d.call("readNotifications", notes+"/read", `{}`, http.StatusBadRequest)
	var cleared struct{ Undo json.RawMessage }
	d.call("clearNotifications", notes+"/clear", `{"up_to":1}`, http.StatusOK).decode(d.t, &cleared)
	d.call("clearNotifications", notes+"/clear", `{"ids":[0]}`, http.StatusBadRequest)
	d.call("restoreNotifications", notes+"/restore", string(cleared.Undo), http.StatusOK)
	d.call("restoreNotifications", notes+"/restore", `{"up_to":-1}`, http.StatusBadRequest)
	d.call("clearNotifications", notes+"/clear", `{"ids":[1,2]}`, http.StatusOK)
}

// lies checks that what is not described would be found.
func (d *described) lies() {
	d.t.Helper()
	route, a := d.routes["quote"], d.get("/api/v1/quotes/AAA")
	told := func() bool { return d.hold(route, "/api/v1/quotes/AAA", "", nil, a) != nil }
	if told() {
		d.t.Error("a true answer is taken for a false one")
	}
	tag := a.header.Get("ETag")
	if a.header.Del("ETag"); !told() {
		d.t.Error("a missing header is not found")
	}
	a.header.Set("ETag", tag)
	quote := d.doc.Components.Schemas["Quote"].Value
	price := quote.Properties["price"]
	if delete(quote.Properties, "price"); !told() {
		d.t.Error("a field that is not described is not found")
	}
	quote.Properties["price"] = price
	if route.Operation.Responses.Delete("200"); !told() {
		d.t.Error("a status that is not described is not found")
	}
}
