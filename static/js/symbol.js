// @ts-check
// The page of one symbol.
import { clock } from './format.js'
import { shortcuts } from './keys.js'
import { listQuery } from './lists.js'
import { start } from './page.js'
import { pref } from './prefs.js'
import { QuoteView } from './quote.js'

const root = /** @type {HTMLElement} */ (document.querySelector('main[data-symbol]'))
const view = new QuoteView(root)

const { keys, search } = start([view.symbol], {
	quote: (quote, snapshot) => view.take(quote, snapshot),
}, {
	lastId: root.dataset.lastId,
	versions: new Map([[view.symbol, view.version]]),
	lose: (since) => view.lose(since ? 'Stale since ' + clock(since, view.tz) : ''),
	views: () => [root],
})

search.element.addEventListener('tick-add', (/** @type {CustomEvent} */ e) => {
	const symbols = e.detail.symbols
	location.assign(symbols.length > 1 ? '/' + listQuery(symbols) : '/q/' + symbols[0].split('/').map(encodeURIComponent).join('/'))
})

// The list that a click adds to is the viewer's current one.
const add = /** @type {HTMLAnchorElement | null} */ (root.querySelector('[data-add]'))
const lists = pref('lists', /** @type {any} */ (null))
const own = lists?.lists?.[lists.current]
if (add && Array.isArray(own)) {
	add.href = '/' + listQuery([...new Set([...own, view.symbol])])
	add.addEventListener('click', () => addToList(own))
	if (own.includes(view.symbol)) add.textContent = 'Show watchlist'
}

/** @param {string[]} symbols */
async function addToList(symbols) {
	const { Lists } = await import('./lists.js')
	const { setPref } = await import('./prefs.js')
	new Lists({ get: () => pref('lists', null), set: (s) => setPref('lists', s) }).save(lists.current, [...new Set([...symbols, view.symbol])])
}

shortcuts({ ...keys, Escape: () => location.assign('/') })
