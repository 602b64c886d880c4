// @ts-check
// The page of one symbol.
import { clock } from './format.js'
import { goes } from './go.js'
import { shortcuts } from './keys.js'
import { start } from './page.js'
import { QuoteView } from './quote.js'
import { toast } from './elements/toast.js'

const root = /** @type {HTMLElement} */ (document.querySelector('main[data-symbol]'))

/** The quote, with the alerts' lines in its chart where there are some. */
class SymbolView extends QuoteView {
	/** @param {import('./stream.js').Quote} q */
	spark(q) {
		super.spark(q)
		own?.draw()
	}
}

const view = new SymbolView(root)

const parts = start([view.symbol], {
	quote: (quote, snapshot) => view.take(quote, snapshot),
	profile: async ({ alerts }) => {
		if (own || alerts > Number(section.querySelector('[data-version]')?.getAttribute('data-version'))) (await load())?.alerts.sync(alerts)
	},
}, {
	lastId: root.dataset.lastId,
	versions: new Map([[view.symbol, view.version]]),
	lose: (since) => view.lose(since ? 'Stale since ' + clock(since, view.tz) : ''),
	views: () => [root],
})
const { keys, search } = parts
goes(search.element)

// The alerts on the symbol

const section = /** @type {HTMLElement} */ (root.querySelector('#alerts'))
/** @type {ReturnType<typeof import('./symbolalerts.js').begin> | undefined} */
let own

async function load() {
	try {
		const { begin } = await import('./symbolalerts.js')
		return own ??= begin(view, parts)
	} catch {
		toast('The server does not answer. Try again in a moment.')
	}
}
if (section.querySelector('[data-alert]')) load()
section.addEventListener('focusin', load)
section.addEventListener('submit', async (e) => {
	e.preventDefault()
	if (!own) (await load())?.quick.set()
})
section.addEventListener('click', async (e) => {
	const button = /** @type {Element} */ (e.target).closest('button')
	if (button?.type === 'button' && !own && await load()) button.click()
})

shortcuts({
	...keys,
	a: () => { /** @type {HTMLInputElement} */ (section.querySelector('input')).select() },
	Escape: () => location.assign('/'),
})
