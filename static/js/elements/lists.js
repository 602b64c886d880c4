// @ts-check
// <tick-lists>: the viewer's named lists. Says 'tick-list' {symbols} when
// another one is to be shown.
import { Lists } from '../lists.js'
import { onPref, pref, setPref } from '../prefs.js'

export class ListChoice extends HTMLElement {
	lists = new Lists({ get: () => pref('lists', null), set: (saved) => setPref('lists', saved) })
	name = ''
	/** @type {string[]} */
	shown = []

	connectedCallback() {
		this.select = /** @type {HTMLSelectElement} */ (this.querySelector('select'))
		this.dialog = /** @type {HTMLDialogElement} */ (this.querySelector('dialog'))
		this.select.addEventListener('change', () => this.go(this.select.value))
		onPref((key) => { if (key === 'lists') this.show() })
	}

	/**
	 * What of the list was not shown yet, perhaps because no source has it: it
	 * stays in the list.
	 * @type {string[]}
	 */
	absent = []

	/** Says what the page shows at its start. @param {string[]} symbols @param {string[]} [absent] */
	start(symbols, absent = []) {
		this.shown = symbols
		this.absent = absent
		this.name = this.lists.identify(symbols, absent)
		if (this.name) this.lists.choose(this.name)
		this.show()
	}

	/** Keeps a change of the list; a shared one is kept in the address alone. @param {string[]} symbols */
	keep(symbols) {
		this.shown = symbols
		this.absent = this.absent.filter((s) => !symbols.includes(s))
		if (this.name) this.lists.save(this.name, [...symbols, ...this.absent])
		this.show()
	}

	show() {
		const names = this.lists.names
		if (this.name && !names.includes(this.name)) names.unshift(this.name)
		const options = names.map((n) => new Option(n, n, false, n === this.name))
		if (!this.name) options.unshift(new Option('Shared list, not saved', '', true, true))
		this.select.replaceChildren(...options)
	}

	/** @param {string} name */
	go(name) {
		if (!this.lists.names.includes(name)) return this.show()
		this.name = name
		this.lists.choose(name)
		const symbols = this.absent = this.lists.symbols(name)
		this.dispatchEvent(new CustomEvent('tick-list', { detail: { symbols } }))
	}
}
customElements.define('tick-lists', ListChoice)
