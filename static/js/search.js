// @ts-check
// The search field before its script is there, which comes when somebody goes to
// the field.
import { toast } from './elements/toast.js'

/** Prepares the page's search. */
export function searchField() {
	const element = /** @type {any} */ (document.querySelector('tick-search'))
	const input = /** @type {HTMLInputElement} */ (element.querySelector('input'))
	const load = () => import('./elements/search.js')
	element.addEventListener('focusin', () => load().catch(() => {}), { once: true })
	element.querySelector('form').addEventListener('submit', async (/** @type {Event} */ e) => {
		e.preventDefault()
		try {
			await load()
			element.enter()
		} catch {
			toast(`The server does not answer, nothing was ${element.hasAttribute('go') ? 'searched' : 'added'}.`, 'Try again', () => element.querySelector('form').requestSubmit())
		}
	})
	return {
		element,
		focus() { input.focus(); input.select() },
		/** Says that nobody knows them. @param {string[]} symbols */
		async unknown(symbols) { await load(); element.unknown(symbols) },
	}
}
