// @ts-check
// Symbols that a source had not listed yet when the page was made: asks now and
// then, and loads the page anew once it can show any of them or say that they do
// not exist.
import { fetchRows } from './api.js'

const pace = 10_000

/** @param {string[]} symbols */
export function reloadWith(symbols) {
	setInterval(async () => {
		if (document.hidden) return
		try {
			const { rows, unknown } = await fetchRows(symbols)
			if (rows.length || unknown.length) location.reload()
		} catch { /* the connection's words say it */ }
	}, pace)
}
