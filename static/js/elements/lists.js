// @ts-check
// <tick-lists>: the viewer's named lists. Says 'tick-list' {symbols} when
// another one is to be shown.
import { firstName, Lists } from '../lists.js'
import { onPref, pref, setPref } from '../prefs.js'
import { toast } from './toast.js'

class ListChoice extends HTMLElement {
	lists = new Lists({ get: () => pref('lists', null), set: (saved) => setPref('lists', saved) })
	name = ''
	/** @type {string[]} */
	shown = []

	connectedCallback() {
		this.select = /** @type {HTMLSelectElement} */ (this.querySelector('select'))
		this.menu = /** @type {HTMLElement} */ (this.querySelector('[popover]'))
		this.dialog = /** @type {HTMLDialogElement} */ (this.querySelector('dialog'))
		this.select.addEventListener('change', () => this.go(this.select.value))
		this.menu.addEventListener('click', (e) => {
			const act = /** @type {HTMLElement} */ (e.target).dataset.list
			if (!act) return
			this.menu.hidePopover()
			this.act(act)
		})
		onPref((key) => { if (key === 'lists') this.show() })
	}

	/** Says what the page shows at its start. @param {string[]} symbols */
	start(symbols) {
		this.shown = symbols
		this.name = this.lists.identify(symbols)
		if (this.name) this.lists.choose(this.name)
		this.show()
	}

	/** Keeps a change of the list; a shared one is kept in the address alone. @param {string[]} symbols */
	keep(symbols) {
		this.shown = symbols
		if (this.name) this.lists.save(this.name, symbols)
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
		this.dispatchEvent(new CustomEvent('tick-list', { detail: { symbols: this.lists.symbols(name) } }))
	}

	/** @param {string} act */
	async act(act) {
		const { lists, name } = this
		if (act === 'copy') {
			await navigator.clipboard?.writeText(location.href).then(() => toast('The link is copied.'), () => {})
			return
		}
		if (act === 'delete') {
			const symbols = this.shown
			lists.remove(name)
			if (!lists.names.length) lists.save(firstName, [])
			this.go(lists.names[0])
			toast(`${name || 'The list'} is deleted.`, 'Undo', () => { lists.save(name || firstName, symbols); this.go(name || firstName) })
			return
		}
		if (name && !lists.names.includes(name)) lists.save(name, this.shown)
		const titles = { save: 'Save as new list', new: 'New list', rename: 'Rename list' }
		const to = await this.ask(/** @type {any} */ (titles)[act], act === 'rename' ? name : '')
		if (!to) return
		if (act === 'rename' && name) lists.rename(name, to)
		if (!lists.names.includes(to)) lists.save(to, act === 'new' ? [] : this.shown)
		this.go(to)
	}

	/** Asks for a name; '' when the viewer thought better of it. @param {string} title @param {string} value @returns {Promise<string>} */
	ask(title, value) {
		const { dialog } = this
		const input = /** @type {HTMLInputElement} */ (dialog.querySelector('input'))
		const head = dialog.querySelector('h2')
		if (head) head.textContent = title
		input.value = value
		dialog.returnValue = ''
		dialog.showModal()
		return new Promise((answer) => {
			dialog.addEventListener('close', () => answer(dialog.returnValue === 'ok' ? input.value.trim() : ''), { once: true })
		})
	}
}
customElements.define('tick-lists', ListChoice)
