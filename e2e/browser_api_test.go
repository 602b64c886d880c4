package e2e

import (
	"strings"
	"testing"
)

// TestTheAPIPageReadsWellWithEveryCallOpen in both themes, on the narrowest screen.
func TestTheAPIPageReadsWellWithEveryCallOpen(t *testing.T) {
	t.Parallel()
	script := axe(t)
	s := start(t)
	p := newTab(t)
	p.size(320, 640)
	for _, theme := range []string{"light", "dark"} {
		p.media("prefers-color-scheme", theme, "prefers-reduced-motion", "reduce")
		p.visit(s.URL + "/api")
		if n := eval[int](p, `{ const all = document.querySelectorAll('main details'); all.forEach(d => { d.open = true }); all.length }`); n < 50 {
			t.Errorf("only %d calls", n)
		}
		if width := eval[int](p, `document.documentElement.scrollWidth`); width > 320 {
			t.Errorf("%s: the page is %d px wide", theme, width)
		}
		if cut := eval[string](p, beyond); cut != "" {
			t.Errorf("%s: cut at the side: %s", theme, cut)
		}
		for _, v := range p.check(script, `{}`) {
			t.Errorf("%s: %s (%s)\n  %s", theme, v.ID, v.Help, strings.Join(v.Nodes, "\n  "))
		}
	}
}
