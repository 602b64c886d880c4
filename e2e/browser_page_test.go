package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// visit goes to an address and waits until the page has loaded.
func (p *tab) visit(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(address))
}

func (p *tab) reload() {
	p.t.Helper()
	p.do(chromedp.Reload())
}

// eval is the value of an expression in the page; a promise is awaited.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	value, err := tryEval[T](p, js)
	if err != nil {
		p.t.Fatalf("%s: %v", js, err)
	}
	return value
}

func tryEval[T any](p *tab, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// until waits for a condition in the page. It is asked from outside, so that it
// survives a navigation and needs nothing that the page's policy forbids.
func (p *tab) until(what, js string) {
	p.t.Helper()
	p.within(patience, what, js)
}

func (p *tab) within(limit time.Duration, what, js string) {
	p.t.Helper()
	var last error
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); ; <-tick.C {
		var holds bool
		if holds, last = tryEval[bool](p, "Boolean("+js+")"); holds {
			return
		}
		if time.Now().After(deadline) {
			p.tell()
			p.t.Fatalf("never: %s\n%s\n%v", what, js, last)
		}
	}
}

// size makes the window that large.
func (p *tab) size(width, height int64) {
	p.t.Helper()
	p.do(chromedp.EmulateViewport(width, height))
}

// media sets media features, as "prefers-color-scheme", "dark".
func (p *tab) media(features ...string) {
	p.t.Helper()
	var list []*emulation.MediaFeature
	for pair := range slices.Chunk(features, 2) {
		list = append(list, &emulation.MediaFeature{Name: pair[0], Value: pair[1]})
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: list})
}

// noScript switches the page's scripts off; the tests' own still run.
func (p *tab) noScript() {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// early runs a script in every document before its own.
func (p *tab) early(js string) {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: js})
}

// frame attaches to a frame of the page that is of another site.
func (p *tab) frame(address string) *tab {
	p.t.Helper()
	var option chromedp.ContextOption
	eventually(p.t, "a frame of "+address, func() bool {
		targets, err := chromedp.Targets(p.ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, info := range targets {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, address) {
				option = chromedp.WithTargetID(info.TargetID)
				return true
			}
		}
		return false
	})
	return attach(p.t, p.ctx, option)
}

// text is what an element says.
func (p *tab) text(selector string) string {
	p.t.Helper()
	p.until(selector+" is there", "document.querySelector("+literal(selector)+")")
	return eval[string](p, "document.querySelector("+literal(selector)+").textContent.trim()")
}

// says waits until an element that can be seen says something.
func (p *tab) says(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s says %q", selector, text), fmt.Sprintf(
		"[...document.querySelectorAll(%s)].some(e => e.checkVisibility() && e.innerText.includes(%s))", literal(selector), literal(text)))
}

// focused is the symbol of the row that has the focus, or else the element's name.
func (p *tab) focused() string {
	p.t.Helper()
	return eval[string](p, `document.activeElement?.closest('[data-symbol]')?.dataset.symbol ?? document.activeElement?.tagName ?? ''`)
}

// query is a parameter of the page's address.
func (p *tab) query(name string) string {
	p.t.Helper()
	u, err := url.Parse(eval[string](p, "location.href"))
	if err != nil {
		p.t.Fatal(err)
	}
	return u.Query().Get(name)
}

// literal is a Go string as a JavaScript one.
func literal(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can be written
	}
	return string(text)
}
