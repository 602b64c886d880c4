package e2e

import (
	"testing"
)

func TestSourcesRefreshInPlace(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := open(t, s.AdminURL+"/feeds")
	p.says("h2", "sim")
	p.says(".source-state", "Running")
	const updates = `[...document.querySelectorAll('dt')].find(e => e.textContent === 'Updates').nextElementSibling`
	eval[any](p, `globalThis.before = `+updates+`, globalThis.text = before.textContent, true`)
	p.until("the figures change in the elements that were there", updates+` === before && before.textContent !== text`)
	p.click("[data-pause]")
	eval[any](p, `globalThis.text = before.textContent, globalThis.asked = performance.getEntriesByType('resource').length, true`)
	p.until("two paces have passed", `performance.now() > (globalThis.began ??= performance.now()) + 6500`)
	if !eval[bool](p, `before.textContent === text && performance.getEntriesByType('resource').length === asked`) {
		t.Error("the page goes on while it is paused")
	}
}

func TestOperatorGivesTheTokenToSeeTheSources(t *testing.T) {
	t.Parallel()
	s := start(t)
	p := newTab(t)
	p.expect("status of 401")
	p.visit(s.URL + "/feeds")
	p.click("#token")
	p.write("wrong")
	p.click(".plain-form .button")
	p.says("[role=alert]", "not the admin token")
	p.click("#token")
	p.write(s.token())
	p.click(".plain-form .button")
	p.says("h2", "sim")
	if eval[string](p, `document.cookie`) != "" {
		t.Error("a script can read the pass")
	}
	p.click(".refresh .link-button")
	p.says("h1 ~ form label", "Admin token")
}
