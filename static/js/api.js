// @ts-check
// The server's answers to what the page asks once; loaded when it does.
import { inTurn } from './first.js'

/** @param {string} url @param {AbortSignal} [signal] */
export async function json(url, signal) {
	const response = await fetch(url, { signal, cache: 'no-cache' })
	if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `The server answered ${response.status}.`)
	return response.json()
}

/**
 * Changes something, and returns what the server says of it then.
 * @param {string} method @param {string} url @param {object} body
 * @param {boolean} [keepalive] also when the page is left meanwhile; for what is small
 */
export async function change(method, url, body, keepalive) {
	const response = await inTurn(() => fetch(url, { method, keepalive, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }))
	if (!response.ok) throw new Error((await response.json().catch(() => ({}))).detail ?? `The server answered ${response.status}.`)
	return response.json()
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
