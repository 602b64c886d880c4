package views

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// rows are what the tables of a call or a schema say, a line for each row of their
// bodies.
func rows(n *html.Node) []string {
	var out []string
	for _, tr := range find(n, tag("tr")) {
		if tr.Parent.Data != "tbody" {
			continue
		}
		var cells []string
		for _, cell := range find(tr, func(n *html.Node) bool { return n.Data == "th" || n.Data == "td" }) {
			cells = append(cells, text(cell))
		}
		out = append(out, strings.Join(cells, " | "))
	}
	return out
}

// schemaOf are the rows of a schema's table.
func schemaOf(t *testing.T, page *html.Node, name string) []string {
	t.Helper()
	for _, h := range find(page, tag("h3")) {
		if value(h, "id") != "schema-"+name {
			continue
		}
		for next := h.NextSibling; next != nil && next.Data != "h3"; next = next.NextSibling {
			if next.Data == "table" {
				return rows(next)
			}
		}
	}
	t.Fatalf("no table of %s", name)
	return nil
}

func TestFieldsAreShownWithTypeUnitAndWhetherTheyAreRequired(t *testing.T) {
	page := samplePage(t, "api")
	if diff := cmp.Diff([]string{
		"name | string; 1 to 40 characters; required | ",
		"symbols | list of Symbol; at most 200 | ",
		"owner | object or null; required | ",
		"owner.id | integer; at least 1; required | ",
		"notes | list of object, or null | ",
		"notes[].text | string or null | ",
		"notes[].time | string, a time (RFC 3339) | ",
		"views | object of integers by name | ",
		"order | one of name, own; own if left out | ",
		"more | anything | ",
	}, schemaOf(t, page, "List")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"heartbeat | number; seconds; required | After how long a silence one comes.",
		"resumed | always true | ",
	}, schemaOf(t, page, "Hello")); diff != "" {
		t.Error(diff)
	}
}

func TestACallShowsWhatItTakesAndGives(t *testing.T) {
	page := samplePage(t, "api")
	calls := map[string][]string{
		"follow": {
			"symbol | anything; in the path; required | The symbol.",
			"rate | number; writes a second; 0.1 to 50; 10 if left out; in the query | The pace.",
			"200 | text/event-stream | Events.",
			"hello | Hello", "bye | object",
		},
		"send": {"202 | | Stored."},
	}
	for id, want := range calls {
		call := find(page, func(n *html.Node) bool { return value(n, "id") == id })
		if len(call) != 1 {
			t.Fatalf("%d calls %s", len(call), id)
		}
		if diff := cmp.Diff(want, rows(call[0]), cmp.Transformer("tight", func(s string) string { return strings.Join(strings.Fields(s), " ") })); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
	}
	replace := text(find(page, func(n *html.Node) bool { return value(n, "id") == "replace" })[0])
	for _, words := range []string{"BodyList", "Ortext/csv", "owner.idinteger", "200: List", "othersA problem."} {
		if !strings.Contains(replace, words) {
			t.Errorf("%q is not in %q", words, replace)
		}
	}
}

func TestEverySchemaThatIsNamedIsThere(t *testing.T) {
	page := samplePage(t, "api")
	there := make(map[string]bool)
	for _, h := range find(page, tag("h3")) {
		there["#"+value(h, "id")] = true
	}
	links := find(page, func(n *html.Node) bool { return strings.HasPrefix(value(n, "href"), "#schema-") })
	for _, a := range links {
		if !there[value(a, "href")] {
			t.Errorf("%s leads nowhere", value(a, "href"))
		}
	}
	if len(links) < 7 {
		t.Errorf("only %d links", len(links))
	}
}

func TestADocumentThatIsNoneIsAnError(t *testing.T) {
	for _, document := range []string{`{`, `{"components": {"schemas": {"A": {"type": 1}}}}`, `{"components": {"schemas": {"A": {"properties": {"b": {"items": 1}}}}}}`} {
		if _, err := ReadAPI([]byte(document)); err == nil {
			t.Errorf("%s was read", document)
		}
	}
}
