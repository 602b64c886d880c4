// @ts-check
// Adding to the watchlist, with rows that the server makes; loaded when somebody
// adds or chooses another list.
import { announce } from '../announce.js'
import { fetchRows } from '../api.js'
import { QuoteView } from '../quote.js'
import { toast } from './toast.js'

/** @typedef {import('./watchlist.js').Watchlist} Watchlist */

/**
 * Adds symbols at the end.
 * @param {Watchlist} list
 * @param {string[]} symbols
 * @returns {Promise<{added: string[], unknown: string[]}>}
 */
async function append(list, symbols) {
	const missing = symbols.filter((s) => !list.views.has(s))
	if (!missing.length) return { added: [], unknown: [] }
	const { rows, unknown } = await fetchRows(missing)
	const added = []
	for (const row of rows) {
		const symbol = row.dataset.symbol ?? ''
		if (list.views.has(symbol)) continue
		if (!list.strip) list.body.append(row)
		list.views.set(symbol, new QuoteView(row))
		if (list.own.length) list.own.push(symbol)
		added.push(symbol)
	}
	if (added.length) list.changed()
	return { added, unknown }
}

/**
 * Brings the rows to a list that has changed, with the others left where they are
 * and as they are sorted.
 * @param {Watchlist} list @param {HTMLElement[]} rows that are new @param {string[]} symbols
 */
export function place(list, rows, symbols) {
	for (const row of list.rows) if (!symbols.includes(row.dataset.symbol ?? '')) list.drop(row)
	for (const row of rows) {
		const symbol = row.dataset.symbol ?? ''
		if (list.views.has(symbol) || !symbols.includes(symbol)) continue
		list.body.append(row)
		list.views.set(symbol, new QuoteView(row))
	}
	if (list.own.length) list.own = symbols.filter((s) => list.views.has(s))
	else list.arrange(symbols)
}

/**
 * Adds what somebody asked for, and says what became of it.
 * @param {{watchlist: Watchlist, search: any, most: number}} page
 * @param {string[]} symbols
 */
export async function add({ watchlist, search, most }, symbols) {
	const room = most - watchlist.symbols.length
	const fresh = symbols.filter((s) => !watchlist.views.has(s))
	if (fresh.length > room) return toast(`A list has at most ${most} symbols; there is room for ${room} more.`)
	const { added, unknown } = await append(watchlist, fresh)
	if (watchlist.strip && added.length) return location.reload()
	if (added.length) announce(`Added ${added.join(', ')}.`)
	const shown = added.at(-1) ?? symbols.find((s) => watchlist.views.has(s))
	if (shown) watchlist.view(shown)?.scrollIntoView({ block: 'nearest' })
	if (unknown.length) search.unknown(unknown)
	else if (added.length < fresh.length) toast('Not every source has said yet what it has.', 'Try again', () => search.element.dispatchEvent(new CustomEvent('tick-add', { detail: { symbols } })))
}
