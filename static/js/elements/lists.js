// @ts-check
// <tick-lists>: the choice among the viewer's own lists. What it does is loaded
// when a list changes, here or elsewhere (lists/desk.js).
import { pref } from '../prefs.js'
import { toast } from './toast.js'

const pace = 5000

export class ListChoice extends HTMLElement {
	/** @type {string[]} what of the list the page showed last */
	shown = []

	/** @param {any} parts the page's */
	start(parts) {
		this.parts = parts
		this.shown = parts.watchlist.symbols
		this.seen = Number(this.dataset.version)
		const select = /** @type {HTMLSelectElement} */ (this.querySelector('select'))
		select.addEventListener('change', () => {
			const id = Number(select.value)
			this.desk((desk) => desk.choose(id))
		})
		let unsent, draft
		try { [unsent, draft] = ['unsent', 'draft'].map((k) => sessionStorage.getItem('tickboard.' + k)) } catch { /* storage is denied */ }
		// A tab that has changed something is somebody's, whatever the page says.
		if (unsent && (unsent !== '[]' || !this.seen) || draft || pref('lists', null)) this.desk((desk) => desk.begin())
	}

	/** Keeps what the viewer changed. */
	keep() {
		const { list, foreign } = this.dataset, { shown: from, parts } = this, to = parts.watchlist.symbols
		if (foreign != null) return
		// The page may be left before the desk is there.
		if (!parts.desk) try { sessionStorage.setItem('tickboard.draft', JSON.stringify({ list, from, to })) } catch { /* storage is denied */ }
		this.desk((desk) => desk.keep())
	}

	/** Hears which version the viewer's lists have. @param {number} version */
	heard(version) {
		if (version > Number(this.seen)) this.desk((desk) => desk.heard(this.seen = version))
	}

	/** @param {(desk: import('../lists/desk.js').Desk) => void} act */
	async desk(act) {
		let module
		try { module = await import('../lists/desk.js') } catch {
			if (!this.troubled) toast('Not saved yet: the server does not answer. The change is kept here and sent when it does.')
			this.troubled = true
			setTimeout(() => this.desk(act), pace)
			return
		}
		this.troubled = false
		act(module.desk(this.parts))
	}
}
customElements.define('tick-lists', ListChoice)
