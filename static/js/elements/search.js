// @ts-check
// <tick-search>: finds instruments by symbol and name. Says 'tick-add' with
// {symbols}: the one chosen, or all that were typed or pasted. It is loaded when
// somebody goes to the field (search.js).
import { json } from '../api.js'
import { parseSymbols } from '../symbols.js'

/**
 * @typedef {{symbol: string, name: string, exchange?: string, type?: string, currency?: string}} Instrument
 */

/** Instruments whose symbol or name fits. @param {string} q @param {AbortSignal} [signal] @returns {Promise<Instrument[]>} */
async function search(q, signal, limit = 20) {
	return (await json(`/api/v1/symbols?q=${encodeURIComponent(q)}&limit=${limit}`, signal)).symbols ?? []
}

/** What an unknown symbol may have been meant to be. @param {string} symbol @returns {Promise<Instrument[]>} */
async function similar(symbol) {
	for (let n = symbol.length; n > 0; n--) {
		const found = await search(symbol.slice(0, n), undefined, 3)
		if (found.length) return found
	}
	return []
}

class Search extends HTMLElement {
	/** @type {Instrument[]} */
	found = []
	selected = -1

	connectedCallback() {
		this.input = /** @type {HTMLInputElement} */ (this.querySelector('input'))
		this.pop = /** @type {HTMLElement} */ (this.querySelector('.pop'))
		this.list = /** @type {HTMLElement} */ (this.querySelector('[role="listbox"]'))
		this.noteLine = /** @type {HTMLElement} */ (this.querySelector('.note'))
		this.input.addEventListener('input', () => this.look())
		this.input.addEventListener('keydown', (e) => this.key(e))
		this.list.addEventListener('pointerdown', (e) => e.preventDefault()) // the focus stays in the field
		this.list.addEventListener('click', (e) => {
			const item = /** @type {Element} */ (e.target).closest('[role="option"]')
			if (item) this.add([this.found[[...this.list.children].indexOf(item)].symbol])
		})
		this.addEventListener('focusout', () => this.close())
		this.look()
	}

	async look() {
		const text = this.input.value.trim()
		this.asked?.abort()
		this.choose(-1)
		if (!text || parseSymbols(text).length > 1 && /[,;]/.test(text)) return this.close()
		const asked = this.asked = new AbortController()
		try {
			const found = await search(text, asked.signal)
			if (asked.signal.aborted || this.input.value.trim() !== text) return
			this.offer(found, found.length ? '' : 'Nothing has that symbol or name.')
			this.choose(Math.max(this.found.findIndex((f) => f.symbol === text.toUpperCase()), this.found.length ? 0 : -1))
		} catch (e) {
			if (!asked.signal.aborted) this.offer([], 'The search does not answer. Try again in a moment.')
		}
	}

	/**
	 * @param {Instrument[]} found
	 * @param {string} note
	 */
	offer(found, note) {
		this.found = found.slice(0, 8)
		this.list.replaceChildren(...this.found.map((f, i) => {
			const item = document.createElement('li')
			item.setAttribute('role', 'option')
			item.setAttribute('aria-selected', 'false')
			item.id = 'suggestion-' + i
			for (const [tag, text] of [['b', f.symbol], ['span', f.name], ['small', [f.exchange, f.type].filter(Boolean).join(' · ')]]) {
				item.append(Object.assign(document.createElement(tag), { textContent: text }))
			}
			return item
		}))
		this.list.hidden = !this.found.length
		this.noteLine.textContent = note
		this.noteLine.hidden = !note
		this.pop.hidden = !this.found.length && !note
		this.input.setAttribute('aria-expanded', String(!this.list.hidden))
		this.choose(-1)
	}

	/** Marks what Enter takes. @param {number} i -1 for nothing */
	choose(i) {
		this.selected = i
		this.text = this.input.value.trim()
		for (const [n, item] of [...this.list.children].entries()) item.setAttribute('aria-selected', String(n === i))
		if (i < 0) this.input.removeAttribute('aria-activedescendant')
		else this.input.setAttribute('aria-activedescendant', 'suggestion-' + i)
	}

	close() { this.offer([], '') }

	/** @param {KeyboardEvent} e */
	key(e) {
		if (e.key === 'Escape') {
			if (this.pop.hidden) this.input.blur()
			this.close()
		} else if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && this.found.length) {
			const n = this.found.length + 1
			this.choose((this.selected + 1 + (e.key === 'ArrowDown' ? 1 : n - 1)) % n - 1)
		} else return
		e.preventDefault()
	}

	/** Takes what is chosen; else the symbols that were typed; else the best find for a name. */
	async enter() {
		const text = this.input.value.trim()
		if (!text) return
		if (this.selected >= 0 && text === this.text) return this.add([this.found[this.selected].symbol])
		const typed = parseSymbols(text)
		if (typed.length === 1 || /[,;]/.test(text)) return this.add(typed)
		const found = await search(text).catch(() => [])
		this.add(found.length ? [found[0].symbol] : typed)
	}

	/** @param {string[]} symbols */
	add(symbols) {
		this.asked?.abort()
		this.close()
		if (!symbols.length) return this.offer([], 'That is no symbol.')
		this.input.value = ''
		this.dispatchEvent(new CustomEvent('tick-add', { detail: { symbols } }))
	}

	/** Says that nobody knows them, and what they may have been. @param {string[]} symbols */
	async unknown(symbols) {
		const near = (await Promise.all(symbols.slice(0, 3).map((s) => similar(s).catch(() => [])))).flat()
		const once = near.filter((n, i) => near.findIndex((m) => m.symbol === n.symbol) === i)
		this.input.focus()
		this.offer(once, `No source has ${symbols.join(', ')}.` + (once.length ? ' Did you mean one of these?' : ' Check the spelling.'))
	}
}
customElements.define('tick-search', Search)
