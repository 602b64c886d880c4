// @ts-check
// Where the search leads on pages without a list.
import { listQuery } from './lists.js'

/** @param {EventTarget} search */
export function goes(search) {
	search.addEventListener('tick-add', (e) => {
		const { symbols } = /** @type {CustomEvent} */ (e).detail
		location.assign(symbols.length > 1 ? '/' + listQuery(symbols) : '/q/' + symbols[0].split('/').map(encodeURIComponent).join('/'))
	})
}
