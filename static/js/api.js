// @ts-check
// The server's answers to what the page asks once.

/**
 * @typedef {{symbol: string, name: string, exchange?: string, type?: string, currency?: string}} Instrument
 */

/** @param {string} url @param {AbortSignal} [signal] */
async function json(url, signal) {
	const response = await fetch(url, { signal, cache: 'no-cache' })
	if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `The server answered ${response.status}.`)
	return response.json()
}

/** Instruments whose symbol or name fits. @param {string} q @param {AbortSignal} [signal] @returns {Promise<Instrument[]>} */
export async function search(q, signal, limit = 20) {
	return (await json(`/api/v1/symbols?q=${encodeURIComponent(q)}&limit=${limit}`, signal)).symbols ?? []
}

/** What an unknown symbol may have been meant to be. @param {string} symbol @returns {Promise<Instrument[]>} */
export async function similar(symbol) {
	for (let n = symbol.length; n > 0; n--) {
		const found = await search(symbol.slice(0, n), undefined, 3)
		if (found.length) return found
	}
	return []
}

/** Notifications older than a number, newest first. @param {number} before */
export async function olderNotifications(before) {
	return (await json(`/api/v1/notifications?before=${before}&limit=50`)).notifications ?? []
}

/**
 * Rows for the table, made by the server, as nodes of this document.
 * @param {string[]} symbols
 * @returns {Promise<{rows: HTMLElement[], unknown: string[]}>}
 */
export async function fetchRows(symbols) {
	const response = await fetch('/rows?symbols=' + symbols.map(encodeURIComponent).join(','), { cache: 'no-cache' })
	if (!response.ok && response.status !== 404) throw new Error(`The server answered ${response.status}.`)
	const page = new DOMParser().parseFromString(await response.text(), 'text/html')
	const rows = [...page.querySelectorAll('tr[data-symbol]')].map((r) => /** @type {HTMLElement} */ (document.importNode(r, true)))
	const known = new Set(rows.map((r) => r.dataset.symbol))
	return { rows, unknown: symbols.filter((s) => !known.has(s)) }
}
