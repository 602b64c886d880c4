// @ts-check
// Sorting the watchlist by a column; loaded when a header is clicked.

/** What the headers sort by. @type {Record<string, (r: HTMLElement) => string | number>} */
const keys = {
	symbol: (r) => r.dataset.symbol ?? '',
	last: (r) => figure(r.dataset.price),
	change: (r) => figure(r.dataset.change),
	percent: (r) => figure(r.dataset.percent),
	volume: (r) => figure(r.dataset.volume),
}

/** @param {string | undefined} text */
function figure(text) { return text ? Number(text) : -Infinity }

/**
 * Ascending for names and descending for figures first, then the other way, then none.
 * @param {HTMLElement} button in the header
 * @param {{watchlist: import('./watchlist.js').Watchlist}} page
 */
export function open(button, { watchlist: list }) {
	const th = /** @type {HTMLElement} */ (button.closest('th'))
	const name = button.dataset.sort ?? ''
	const first = name === 'symbol' ? 'ascending' : 'descending'
	const second = name === 'symbol' ? 'descending' : 'ascending'
	const now = th.getAttribute('aria-sort')
	const own = list.symbols
	if (now === second) return list.unsort()
	list.adopt()
	th.setAttribute('aria-sort', now ? second : first)
	const sign = th.getAttribute('aria-sort') === 'ascending' ? 1 : -1
	const sorted = list.rows.map((r) => ({ key: keys[name](r), symbol: r.dataset.symbol ?? '' }))
		.sort((a, b) => a.key === b.key ? 0 : (a.key < b.key ? -sign : sign))
	list.arrange(sorted.map((s) => s.symbol))
	list.own = own
}
