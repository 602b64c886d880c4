package e2e

import (
	"fmt"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// click moves the mouse to the middle of an element and presses.
func (p *tab) click(selector string) {
	p.t.Helper()
	x, y := p.point(selector)
	p.mouse(chromedp.MouseMoved, x, y)
	hit := fmt.Sprintf(`(() => {
		const el = document.querySelector(%s), hit = document.elementFromPoint(%f, %f)
		return el.contains(hit) || hit?.closest('label')?.contains(el) || hit?.contains(el) && hit.matches('label, td, th')
	})()`, literal(selector), x, y)
	p.until(selector+" can be clicked", hit)
	p.do(chromedp.MouseClickXY(x, y))
}

// point is the middle of an element, scrolled to where it is seen.
func (p *tab) point(selector string) (x, y float64) {
	p.t.Helper()
	box := fmt.Sprintf(`(() => {
		const el = document.querySelector(%s)
		if (!el) return null
		let r = el.getBoundingClientRect()
		if (r.top < 0 || r.bottom > innerHeight) { el.scrollIntoView({ block: 'center', behavior: 'instant' }); r = el.getBoundingClientRect() }
		return r.width ? [r.left + r.width / 2, r.top + r.height / 2] : null
	})()`, literal(selector))
	p.until(selector+" is shown", box)
	at := eval[[]float64](p, box)
	return at[0], at[1]
}

func (p *tab) mouse(kind input.DispatchMouseEventType, x, y float64) {
	p.t.Helper()
	options := []chromedp.MouseOption{chromedp.ButtonLeft, chromedp.ClickCount(1)}
	if kind == chromedp.MouseMoved {
		options = nil
	}
	p.do(chromedp.MouseEvent(kind, x, y, options...))
}

// press presses keys, one after the other. A character goes with its key, so
// that a page that handles the key does not get the character as well.
func (p *tab) press(keys string, modifiers ...chromedp.Modifier) {
	p.t.Helper()
	for _, key := range keys {
		events := kb.Encode(key)
		down, up := events[0], events[len(events)-1]
		down.Type = input.DispatchKeyEventTypeKeyDown
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		for _, m := range modifiers {
			down.Modifiers |= int64(m)
			up.Modifiers |= int64(m)
		}
		call(p, input.DispatchKeyEvent, *down)
		call(p, input.DispatchKeyEvent, *up)
	}
}

// write puts a text into the field that has the focus, as pasting does.
func (p *tab) write(text string) {
	p.t.Helper()
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// keys that have no character.
const (
	keyEnter, keyDown, keyUp = kb.Enter, kb.ArrowDown, kb.ArrowUp
	keyDelete, keyEscape     = kb.Delete, kb.Escape
)
