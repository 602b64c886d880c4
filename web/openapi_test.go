package web

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

func readDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestTheDocumentIsValid(t *testing.T) {
	doc := readDocument(t)
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Error(err)
	}
	ids := make(map[string]string)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			if before, taken := ids[op.OperationID]; taken || op.OperationID == "" {
				t.Errorf("%s has the operationId %q, as %s", at, op.OperationID, before)
			}
			ids[op.OperationID] = at
			if op.Summary == "" || len(op.Tags) != 1 || doc.Tags.Get(op.Tags[0]) == nil || op.Security == nil {
				t.Errorf("%s: its summary, its one tag or its security is missing", at)
			}
			if strings.HasPrefix(path, "/api/v1/") && op.RequestBody == nil && method != http.MethodGet && op.Responses.Status(http.StatusBadRequest) == nil {
				t.Errorf("%s refuses unknown parameters, and does not say so", at)
			}
		}
	}
}

// undescribed are the routes that are for people: pages, what they are made of,
// and the forms that they send.
var undescribed = []string{
	"GET /", "GET /rows", "GET /market", "GET /q/*", "GET /embed", "GET /embed/quote/*", "GET /move/:code", "GET /feeds", "POST /feeds",
	"GET /static/*", "GET /favicon.ico", "GET /push-worker.js", "GET /settings", "GET " + mailOffPath + ":link", "POST " + mailOffPath + ":link", "GET /api",
	"GET /l/:token", "GET /alerts", "GET /alerts/list", "GET /alerts/history",
}

// TestTheDocumentHasEveryRouteAndNoOther holds the document against the table.
func TestTheDocumentHasEveryRouteAndNoOther(t *testing.T) {
	s := newServer(t)
	routed := make(map[string]bool)
	named := regexp.MustCompile(`:(\w+)`)
	for _, r := range s.routes().(*echo.Echo).Routes() {
		if r.Method == http.MethodHead { // as GET
			continue
		}
		at := r.Method + " " + r.Path
		if slices.Contains(undescribed, at) {
			continue
		}
		path := named.ReplaceAllString(r.Path, "{$1}")
		routed[r.Method+" "+strings.Replace(path, "*", "{symbol}", 1)] = true
	}
	described := make(map[string]bool)
	for path, item := range readDocument(t).Paths.Map() {
		for method := range item.Operations() {
			described[method+" "+path] = true
		}
	}
	for at := range routed {
		if !described[at] {
			t.Errorf("%s is not in openapi.json", at)
		}
	}
	for at := range described {
		if !routed[at] {
			t.Errorf("openapi.json has %s, which is not routed", at)
		}
	}
	if len(routed) < 30 {
		t.Errorf("only %d routes were looked at", len(routed))
	}
}

func TestTheDocumentIsServed(t *testing.T) {
	s := newServer(t)
	got := s.ask(t, http.MethodGet, openAPIPath, "")
	if got.status != http.StatusOK || got.body != strings.TrimSpace(string(openAPI)) || got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("ETag") == "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if head := s.ask(t, http.MethodHead, openAPIPath, ""); head.status != http.StatusOK || head.header.Get("ETag") != got.header.Get("ETag") {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	if got := s.ask(t, http.MethodGet, openAPIPath+"?x=1", ""); got.status != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d", got.status)
	}
}

// TestTheAPIPageShowsEveryCallAndField reads the page as people do.
func TestTheAPIPageShowsEveryCallAndField(t *testing.T) {
	s := newServer(t)
	page := s.ask(t, http.MethodGet, "/api", "")
	for path, item := range readDocument(t).Paths.Map() {
		for method, op := range item.Operations() {
			if want := `<details id="` + op.OperationID + `"><summary><code><b>` + method + `</b> ` + path + `</code>`; !strings.Contains(page.body, want) {
				t.Errorf("no %s", want)
			}
		}
	}
	for name, s := range readDocument(t).Components.Schemas {
		_, rest, ok := strings.Cut(page.body, `<h3 id="schema-`+name+`">`)
		if !ok {
			t.Errorf("no schema %s", name)
		}
		section, _, _ := strings.Cut(rest, "<h3")
		for field := range s.Value.Properties {
			if !strings.Contains(section, `<th scope="row"><code>`+field+`</code></th>`) {
				t.Errorf("the schema %s lacks its field %s", name, field)
			}
		}
	}
	if page.status != http.StatusOK {
		t.Error(page.status)
	}
}
