package e2e

import "testing"

func TestAnOpenPageHearsOfASourceThatEnds(t *testing.T) {
	t.Parallel()
	s := start(t, "--symbols", "AAA", "--feed", recording(t, "1",
		"2024-08-09T10:00:00Z,AAA,trade,141.50,100,,,,",
		"2024-08-09T10:00:06Z,AAA,trade,141.60,100,,,,",
	))
	p := open(t, s.URL+"/")
	p.live()
	p.says("[data-market]", "open")
	if !eval[bool](p, `document.querySelector('[data-trouble]').hidden`) {
		t.Error("there is trouble before there is any")
	}
	eval[any](p, `globalThis.notReloaded = true`)
	p.says("[data-trouble]", "replay has ended at ")
	p.says("#polite", "replay has ended at ")
	if !eval[bool](p, `notReloaded && !document.querySelector('[data-trouble]').hidden`) {
		t.Error("the page was loaded again to say it, or does not show it")
	}
}
