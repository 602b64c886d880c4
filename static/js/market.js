// @ts-check
// How the markets and the sources are, asked now and then.
import { announce } from './announce.js'
import { json } from './api.js'

const patience = 10_000

/** Asks, and says it in the bar. @param {HTMLElement[]} views what the page shows */
export async function look(views) {
	try {
		const awaited = document.querySelector('[data-awaited]')?.getAttribute('data-awaited')?.split(',') ?? []
		const symbols = [...views.map((view) => view.dataset.symbol ?? ''), ...awaited].map(encodeURIComponent)
		tell(await json('/market?symbols=' + symbols, AbortSignal.timeout(patience)))
	} catch { /* the connection's words say it */ }
}

/** @param {{market: string, trouble: string, data: string}} words */
function tell({ market, trouble, data }) {
	for (const [name, text] of [['market', market], ['trouble', trouble], ['data', data]]) {
		const el = /** @type {HTMLElement | null} */ (document.querySelector(`.header [data-${name}]`))
		if (!el || el.textContent === text) continue
		el.textContent = text
		el.hidden = !text
		if (name === 'trouble') announce(text || 'All sources are back.')
	}
}
