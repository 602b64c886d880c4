package static

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// sent is how many bytes a file has on its way.
func sent(t *testing.T, data []byte) int {
	t.Helper()
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Len()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var imports = regexp.MustCompile(`(?:from|import) ?'(\.[^']+)'`)

// modules are a script and all that is loaded with it; what it may import later
// is not.
func modules(t *testing.T, entry string, seen map[string]bool) map[string]bool {
	t.Helper()
	if !seen[entry] {
		seen[entry] = true
		for _, m := range imports.FindAllSubmatch(read(t, entry), -1) {
			modules(t, path.Join(path.Dir(entry), string(m[1])), seen)
		}
	}
	return seen
}

func TestScriptsOfAPageAreWithinTheirBudget(t *testing.T) {
	const budget = 20_000
	for _, page := range []string{"js/dashboard.js", "js/symbol.js", "js/alerts.js", "js/embed.js", "js/feeds.js", "js/plain.js", "js/settings.js"} {
		for _, ways := range [][]string{{"js/share/worker.js"}, {"js/share/leader.js"}, {"js/share/leader.js", "js/share/alone.js"}} {
			loaded := modules(t, page, map[string]bool{})
			way := ways[len(ways)-1]
			if loaded["js/stream.js"] {
				for _, tried := range ways {
					modules(t, tried, loaded)
				}
			}
			total := sent(t, read(t, "js/early.js"))
			for name := range loaded {
				total += sent(t, read(t, name))
			}
			t.Logf("%s with %s: %d bytes", page, way, total)
			if total > budget {
				t.Errorf("%s loads %d bytes of script with %s, at most %d are allowed", page, total, way, budget)
			}
		}
	}
}

func TestStylesAreWithinTheirBudget(t *testing.T) {
	const budget = 12_000
	total := 0
	for _, name := range served(t) {
		if path.Ext(name) == ".css" { // each page has them all
			total += sent(t, read(t, name))
		}
	}
	t.Logf("%d bytes", total)
	if total == 0 || total > budget {
		t.Errorf("the styles are %d bytes, at most %d are allowed", total, budget)
	}
}

func TestWidgetIsWithinItsBudget(t *testing.T) {
	const budget, markup = 8_000, 1_500 // what its document adds
	total := sent(t, []byte(WidgetCSS+WidgetJS)) + markup
	for name := range modules(t, "js/share/worker.js", map[string]bool{}) {
		total += sent(t, read(t, name))
	}
	t.Logf("%d bytes", total)
	if total > budget {
		t.Errorf("the widget is about %d bytes, at most %d are allowed", total, budget)
	}
}

func TestNothingIsLoadedFromAnotherHost(t *testing.T) {
	remote := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9-]+\.[a-z]|@import|url\(\s*['"]?(http|//)`)
	check := func(name string, data []byte) {
		for _, m := range remote.FindAll(data, -1) {
			t.Errorf("%s has %q", name, m)
		}
	}
	for _, name := range served(t) {
		if path.Ext(name) != ".svg" {
			check(name, read(t, name))
		}
	}
	check("widget.css", []byte(WidgetCSS))
	check("widget.js", []byte(WidgetJS))
}

func TestScriptsWriteTextNeverMarkup(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|setHTML`)
	for _, name := range served(t) {
		if path.Ext(name) == ".js" {
			if m := forbidden.Find(read(t, name)); m != nil {
				t.Errorf("%s uses %s", name, m)
			}
		}
	}
	if m := forbidden.FindString(WidgetJS); m != "" {
		t.Errorf("the widget uses %s", m)
	}
}

func TestWidgetCannotEndItsElement(t *testing.T) {
	if strings.Contains(WidgetCSS+WidgetJS, "</") || strings.Contains(WidgetJS, "<!--") {
		t.Error("the widget's style or script holds what would end its element")
	}
}

func TestOnlyWhatIsServedIsEmbedded(t *testing.T) {
	for _, name := range served(t) {
		switch top, _, _ := strings.Cut(name, "/"); top {
		case "css", "js", "images":
		default:
			t.Errorf("%s is served", name)
		}
	}
}

func TestBareScriptsAreScripts(t *testing.T) {
	node := needNode(t)
	for _, name := range served(t) {
		if path.Ext(name) != ".js" {
			continue
		}
		script := read(t, name)
		if bytes.Contains(script, []byte("/**")) || bytes.Contains(script, []byte("\n//")) {
			t.Errorf("%s has comments left", name)
		}
		check := exec.Command(node, "--check", "--input-type=module")
		check.Stdin = bytes.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestBareKeepsWhatLooksLikeAComment(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"a // b\n\n\tc", "a\nc"},
		{"/** x */\nlet a = /** @type {B} */ (c)", "let a=(c)"},
		{"'// no' + \"/* no */\" // yes", "'// no'+\"/* no */\""},
		{"`// ${a /* gone */ + `/* ${b} */`} //  kept` // gone", "`// ${a +`/* ${b} */`} //  kept`"},
		{"s.replace(/[/*]\\/\\/ x/g, '')//y", "s.replace(/[/*]\\/\\/ x/g,'')"},
		{"a = b / c / d // e", "a=b / c / d"},
		{"f(a + +b, c - -d, 1 .e, x < !--y)", "f(a+ +b,c- -d,1 .e,x< !--y)"},
		{"return /a , b/.test(s)", "return /a , b/.test(s)"},
		{"find((s) => /a = b/.test(s))", "find((s)=>/a = b/.test(s))"},
		{"if (a) {\n\tb = 1\n\tc()\n}", "if(a){b=1\nc()}"},
		{"a = b ?\n\tc\n\t: [\n\t\td,\n\t]\n\t.e\n(f)", "a=b?c:[d,].e\n(f)"},
		{"x = 1\n.e + y-- - z++ + w", "x=1\n.e+y-- -z++ +w"},
		{"return -1 / +a < /b/ - c", "return-1 / +a< /b/ -c"},
		{"a = 1\n+b\n++c\n!d", "a=1\n+b\n++c\n!d"},
		{"`two\n\tlines`", "`two\n\tlines`"},
		{"'it\\'s // x'", "'it\\'s // x'"},
		{"/* never ends", ""},
	} {
		if got := string(Bare([]byte(c.script))); got != c.want {
			t.Errorf("Bare(%q) = %q, want %q", c.script, got, c.want)
		}
	}
}

func TestServedScriptsHaveTheSizeTheySay(t *testing.T) {
	file, err := FS.Open("js/stream.js")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len(read(t, "js/stream.js"))); info.Size() != want {
		t.Errorf("size %d, want %d", info.Size(), want)
	}
}

func FuzzBare(f *testing.F) {
	f.Add([]byte("`${a}` /b/ // c"))
	f.Add([]byte("/[/]/ /* ` */ '\\"))
	f.Fuzz(func(t *testing.T, script []byte) {
		if out := Bare(script); len(out) > len(script) {
			t.Errorf("%q grew to %q", script, out)
		}
	})
}

// served are the names of all that is served.
func served(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// needNode is the path of node; without one the test is skipped.
func needNode(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: node is not installed, so the scripts are not tested")
	}
	return node
}
