// @ts-check
// The server's answers to what the page asks once; loaded when it does.

/** @param {string} url @param {AbortSignal} [signal] */
export async function json(url, signal) {
	const response = await fetch(url, { signal, cache: 'no-cache' })
	if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `The server answered ${response.status}.`)
	return response.json()
}

/** Notifications older than a number, newest first. @param {number} before */
export async function olderNotifications(before) {
	return (await json(`/api/v1/notifications?before=${before}&limit=50`)).notifications ?? []
}

/**
 * Rows for the table, made by the server, as nodes of this document. A symbol that
 * is neither in them nor unknown waits for a source that has not listed yet.
 * @param {string[]} symbols
 * @returns {Promise<{rows: HTMLElement[], unknown: string[]}>}
 */
export async function fetchRows(symbols) {
	const response = await fetch('/rows?symbols=' + symbols.map(encodeURIComponent).join(','), { cache: 'no-cache' })
	if (!response.ok && response.status !== 404) throw new Error(`The server answered ${response.status}.`)
	const page = new DOMParser().parseFromString(await response.text(), 'text/html')
	const rows = [...page.querySelectorAll('tr[data-symbol]')].map((r) => /** @type {HTMLElement} */ (document.importNode(r, true)))
	return { rows, unknown: [...page.querySelectorAll('[data-unknown] li')].map((li) => li.textContent ?? '') }
}
