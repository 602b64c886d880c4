package views

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// parse reads a page as a browser does.
func parse(t *testing.T, page []byte) *html.Node {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func attr(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

func value(n *html.Node, key string) string {
	v, _ := attr(n, key)
	return v
}

// find returns the elements of a page that fit.
func find(root *html.Node, fits func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && fits(n) {
			out = append(out, n)
		}
	}
	return out
}

func tag(name string) func(*html.Node) bool {
	return func(n *html.Node) bool { return n.Data == name }
}

func text(n *html.Node) string {
	var out strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func samplePage(t *testing.T, name string) *html.Node {
	t.Helper()
	for _, s := range Samples(testSite) {
		if s.Name == name {
			return parse(t, render(t, s.Component))
		}
	}
	t.Fatalf("no sample %q", name)
	return nil
}

func TestPagesHoldNothingThatThePolicyForbids(t *testing.T) {
	for _, s := range Samples(testSite) {
		widget := strings.HasPrefix(s.Name, "widget")
		for n := range parse(t, render(t, s.Component)).Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s: <%s> has %s=%q", s.Name, n.Data, a.Key, a.Val)
				}
			}
			if src, ok := attr(n, "src"); n.Data == "script" && !ok && !widget {
				t.Errorf("%s: an inline script", s.Name)
			} else if ok && !strings.HasPrefix(src, "/") {
				t.Errorf("%s: %s is loaded from elsewhere", s.Name, src)
			}
			if n.Data == "style" && !widget {
				t.Errorf("%s: an inline style", s.Name)
			}
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	for _, name := range []string{"dashboard", "dashboard-ticker", "error"} {
		page := samplePage(t, name)
		for _, n := range find(page, tag("img")) {
			t.Errorf("%s: text became <img src=%q>", name, value(n, "src"))
		}
		if !strings.Contains(text(page), `<script>alert("1")</script>`) {
			if name != "dashboard-ticker" { // the strip has names in tooltips only
				t.Errorf("%s: the hostile text is not there as text", name)
			}
		}
	}
}

func TestWidgetPassesItsStyleAndScriptOnUnchanged(t *testing.T) {
	const style, script = "a>b{content:\"&<\"}", "if (a < b && c > '&amp;') { x() }\n"
	w := Widget{Site: testSite, Row: sampleRows(testSite.Now)[0], Style: style, Script: script}
	page := string(render(t, WidgetDocument(w)))
	for _, want := range []string{"<style>" + style + "</style>", `<script type="module">` + script + "</script>"} {
		if strings.Count(page, want) != 1 {
			t.Errorf("%q is not in the document", want)
		}
	}
}

func TestWidgetLinksToItsSymbolInANewTab(t *testing.T) {
	links := find(samplePage(t, "widget"), tag("a"))
	if len(links) != 1 {
		t.Fatalf("%d links", len(links))
	}
	want := map[string]string{"href": "https://quotes.example/q/AAPL", "target": "_blank", "rel": "noopener"}
	for key, v := range want {
		if got := value(links[0], key); got != v {
			t.Errorf("%s=%q, want %q", key, got, v)
		}
	}
}

func TestEveryPriceHasItsStateNextToIt(t *testing.T) {
	want := map[string]string{
		"AAPL": "Simulated", "MSFT": "Live", "PETR4": "Delayed 15 min", "GOOGL": "Stale since 15:42:07",
		"BTC/USD": "Replayed", "VALE3": "Halted", "ITUB4": "Closed", "WAIT": "No quote yet",
	}
	for _, name := range []string{"dashboard", "dashboard-ticker"} {
		rows := find(samplePage(t, name), func(n *html.Node) bool { _, ok := attr(n, "data-symbol"); return ok })
		for _, row := range rows {
			states := find(row, func(n *html.Node) bool { return value(n, "data-field") == "state" })
			symbol := value(row, "data-symbol")
			if len(states) != 1 {
				t.Errorf("%s: %s has %d states", name, symbol, len(states))
			} else if w, ok := want[symbol]; ok && text(states[0]) != w {
				t.Errorf("%s: %s is %q, want %q", name, symbol, text(states[0]), w)
			}
		}
		if len(rows) < len(want) {
			t.Errorf("%s: %d rows", name, len(rows))
		}
	}
}

func TestTableKeepsItsMeaningAsCards(t *testing.T) {
	roles := map[string]string{"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "td": "cell"}
	for n := range samplePage(t, "dashboard").Descendants() {
		if want, ok := roles[n.Data]; ok && value(n, "role") != want {
			t.Errorf("<%s> has role %q, want %q", n.Data, value(n, "role"), want)
		}
		if n.Data == "th" && (value(n, "scope") == "" || value(n, "role") == "") {
			t.Errorf("a <th> without scope or role: %s", text(n))
		}
	}
}

func TestEveryTextThatChangesHasATextNode(t *testing.T) {
	empty := map[string]bool{"range": true, "spark": true, "extended": true, "day": true, "time": true,
		"basis": true, "extended_label": true, "extended_price": true, "extended_change": true, "extended_time": true, "extended_day": true}
	for _, s := range Samples(testSite) {
		for _, n := range find(parse(t, render(t, s.Component)), func(n *html.Node) bool { return value(n, "data-field") != "" }) {
			field := value(n, "data-field")
			if !empty[field] && (n.FirstChild == nil || n.FirstChild.Type != html.TextNode || n.FirstChild.NextSibling != nil) {
				t.Errorf("%s: %s has no single text node", s.Name, field)
			}
		}
	}
}

func TestIdentifiersAreUniqueAndLabelsFindThem(t *testing.T) {
	for _, s := range Samples(testSite) {
		page := parse(t, render(t, s.Component))
		ids := make(map[string]bool)
		for _, n := range find(page, func(n *html.Node) bool { return value(n, "id") != "" }) {
			if ids[value(n, "id")] {
				t.Errorf("%s: id %q twice", s.Name, value(n, "id"))
			}
			ids[value(n, "id")] = true
		}
		for n := range page.Descendants() {
			for _, key := range []string{"for", "aria-labelledby", "aria-controls", "popovertarget"} {
				if id := value(n, key); id != "" && !ids[id] && n.Type == html.ElementNode && id != "symbols" {
					t.Errorf("%s: %s=%q names nothing", s.Name, key, id)
				}
			}
		}
	}
}

func TestMomentsForTheViewersZoneAreThere(t *testing.T) {
	for _, s := range Samples(testSite) {
		local := func(n *html.Node) bool { _, ok := attr(n, "data-local"); return ok }
		for _, n := range find(parse(t, render(t, s.Component)), local) {
			if at, err := time.Parse(time.RFC3339, value(n, "datetime")); err != nil || at.Year() < 2000 {
				t.Errorf("%s: %q has the moment %q, which no script can read", s.Name, text(n), value(n, "datetime"))
			}
		}
	}
}

func TestButtonsAndImagesHaveNames(t *testing.T) {
	for _, s := range Samples(testSite) {
		page := parse(t, render(t, s.Component))
		for _, n := range find(page, tag("button")) {
			if text(n) == "" && value(n, "aria-label") == "" {
				t.Errorf("%s: a button without a name: %v", s.Name, n.Attr)
			}
		}
		for _, n := range find(page, func(n *html.Node) bool { return value(n, "role") == "img" }) {
			if value(n, "aria-label") == "" {
				t.Errorf("%s: an image without a sentence", s.Name)
			}
		}
		if !strings.HasPrefix(s.Name, "rows") {
			root := find(page, tag("html"))[0]
			if value(root, "lang") == "" || value(root, "dir") == "" {
				t.Errorf("%s: no language or direction", s.Name)
			}
		}
	}
}

func TestAddressesOfSymbolsAreEscaped(t *testing.T) {
	var hrefs []string
	for _, n := range find(samplePage(t, "dashboard"), tag("a")) {
		hrefs = append(hrefs, value(n, "href"))
	}
	if !slices.Contains(hrefs, "/q/BTC/USD") {
		t.Errorf("no link to /q/BTC/USD in %v", hrefs)
	}
}

var imported = regexp.MustCompile(`(?m)(?:from|import) '(\.[^']+)'`)

// imports are all modules that a script needs.
func imports(t *testing.T, scripts fs.FS, name string, seen map[string]bool) {
	t.Helper()
	data, err := fs.ReadFile(scripts, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range imported.FindAllSubmatch(data, -1) {
		if next := path.Join(path.Dir(name), string(m[1])); !seen[next] {
			seen[next] = true
			imports(t, scripts, next, seen)
		}
	}
}

func TestPagesPreloadAllModulesOfTheirScript(t *testing.T) {
	scripts := os.DirFS("../static/js")
	for script, listed := range map[string][]string{
		"dashboard.js": dashboardModules, "symbol.js": symbolModules, "embed.js": plainModules, "plain.js": plainModules, "feeds.js": feedsModules, "settings.js": settingsModules,
		"alerts.js": alertsModules,
	} {
		needed := make(map[string]bool)
		imports(t, scripts, script, needed)
		for _, m := range listed {
			if !needed[m] {
				t.Errorf("%s does not need %s, which is preloaded", script, m)
			}
			delete(needed, m)
		}
		for m := range needed {
			t.Errorf("%s needs %s, which is not preloaded", script, m)
		}
	}
}

func TestRowsFragmentIsWhatTheScriptReads(t *testing.T) {
	page := samplePage(t, "rows")
	rows := find(page, func(n *html.Node) bool { return n.Data == "tr" && value(n, "data-symbol") != "" })
	if len(rows) != 2 {
		t.Errorf("%d rows, want 2", len(rows))
	}
	unknown := find(page, tag("li"))
	if len(unknown) != 1 || text(unknown[0]) != "APPL" {
		t.Errorf("unknown: %d", len(unknown))
	}
}

func TestPageWithoutScriptReloadsAndTakesSymbols(t *testing.T) {
	page := string(render(t, Samples(testSite)[0].Component))
	for _, want := range []string{
		`<noscript><meta http-equiv="refresh" content="10"></noscript>`,
		`<form class="plain-form" action="/" method="get">`, `name="symbols" value="AAPL,MSFT,`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}
