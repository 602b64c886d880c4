// @ts-check
// The page of the viewer's alerts.
import { clock, number } from './format.js'
import { goes } from './go.js'
import { shortcuts } from './keys.js'
import { start } from './page.js'
import { QuoteView } from './quote.js'
import './elements/alertlist.js'

/** The quote above a symbol's alerts, and how far it is from each. */
class GroupView extends QuoteView {
	paint() {
		super.paint()
		const price = Number(this.root.dataset.price)
		if (!(price > 0)) return
		for (const item of /** @type {NodeListOf<HTMLElement>} */ (this.root.parentElement?.querySelectorAll('[data-line]') ?? [])) {
			const el = item.querySelector('[data-away]')
			const text = number(Math.abs(Number(item.dataset.level) - price) / price * 100, 2) + '% away'
			if (el && el.textContent !== text) el.textContent = text
		}
	}
}

const alerts = /** @type {any} */ (document.querySelector('tick-alerts'))
/** @type {Map<string, GroupView>} */
const views = new Map()

/** Finds the quotes that the list shows. */
function find() {
	const found = new Set()
	for (const el of alerts.querySelectorAll('[data-symbol]')) {
		found.add(el.dataset.symbol)
		if (views.get(el.dataset.symbol)?.root !== el) views.set(el.dataset.symbol, new GroupView(el))
	}
	for (const symbol of views.keys()) if (!found.has(symbol)) views.delete(symbol)
	return [...views.keys()]
}

const parts = start(find(), {
	quote: (quote, snapshot) => views.get(quote.symbol)?.take(quote, snapshot),
	profile: (versions) => alerts.sync(versions.alerts),
}, {
	alerts,
	lastId: document.querySelector('main')?.dataset.lastId,
	versions: new Map([...views].map(([symbol, view]) => [symbol, view.version])),
	lose: (since) => { for (const v of views.values()) v.lose(since ? 'Stale since ' + clock(since, v.tz) : '') },
	views: () => [...views.values()].map((v) => v.root),
})
alerts.parts = parts
alerts.addEventListener('tick-alerts', () => {
	parts.stream.set(find())
	for (const view of views.values()) view.paint()
})
goes(parts.search.element)

// A link may ask for the form.
const asked = new URLSearchParams(location.search).get('new')
if (asked != null) {
	history.replaceState(null, '', '/alerts')
	import('./alertform.js').then((m) => m.make(asked, parts), () => {})
}

shortcuts({
	...parts.keys,
	a: () => {
		const button = /** @type {HTMLElement | null} */ (document.querySelector('.desk-head [data-load]'))
		button?.focus() // it comes back there when the form is closed
		button?.click()
	},
	Escape: () => location.assign('/'),
})
