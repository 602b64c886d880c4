// @ts-check
// The viewer's named lists. The address of the page says what is shown; the
// lists are kept in the browser.

/** @typedef {{current: string, lists: Record<string, string[]>}} Saved */

export const firstName = 'Watchlist'

/** @param {string[]} a @param {string[]} b */
const same = (a, b) => a.length === b.length && a.every((s, i) => s === b[i])

export class Lists {
	/**
	 * @param {{get(): Saved | null, set(saved: Saved): void}} storage
	 */
	constructor(storage) { this.storage = storage }

	/** @returns {Saved} */
	read() {
		const saved = this.storage.get()
		if (!saved || typeof saved.lists !== 'object' || !saved.lists) return { current: firstName, lists: {} }
		/** @type {Record<string, string[]>} */
		const lists = Object.create(null)
		for (const [name, symbols] of Object.entries(saved.lists)) {
			if (Array.isArray(symbols)) lists[name] = symbols.filter((s) => typeof s === 'string')
		}
		return { current: String(saved.current ?? ''), lists }
	}

	/** @returns {string[]} */
	get names() { return Object.keys(this.read().lists) }

	/** @param {string} name @returns {string[]} */
	symbols(name) { return this.read().lists[name] ?? [] }

	/**
	 * The name of the list that a page shows, '' for one that somebody shared and
	 * that is none of the viewer's.
	 * @param {string[]} shown
	 * @param {string[]} [absent] that the page would show but cannot
	 * @returns {string}
	 */
	identify(shown, absent = []) {
		const { current, lists } = this.read()
		const names = Object.keys(lists)
		if (!names.length) return firstName
		/** @param {string} n */
		const is = (n) => same(lists[n].filter((s) => !absent.includes(s)), shown)
		return lists[current] && is(current) ? current : names.find(is) ?? ''
	}

	/** Keeps symbols under a name and makes it the current one. @param {string} name @param {string[]} symbols */
	save(name, symbols) {
		const saved = this.read()
		saved.lists[name] = [...symbols]
		saved.current = name
		this.storage.set(saved)
	}

	/** @param {string} name */
	choose(name) {
		const saved = this.read()
		if (saved.lists[name]) this.storage.set({ ...saved, current: name })
	}

	/** Gives a list another name; its place stays. @param {string} from @param {string} to */
	rename(from, to) {
		const saved = this.read()
		/** @type {Record<string, string[]>} */
		const lists = Object.create(null)
		for (const [name, symbols] of Object.entries(saved.lists)) if (name !== to || name === from) lists[name === from ? to : name] = symbols
		this.storage.set({ current: saved.current === from ? to : saved.current, lists })
	}

	/** @param {string} name */
	remove(name) {
		const saved = this.read()
		delete saved.lists[name]
		if (saved.current === name) saved.current = Object.keys(saved.lists)[0] ?? firstName
		this.storage.set(saved)
	}
}

/** The query of a list's address. @param {string[]} symbols @param {boolean} [ticker] */
export function listQuery(symbols, ticker) {
	const list = symbols.map((s) => encodeURIComponent(s).replaceAll('%2F', '/').replaceAll('%3A', ':')).join(',')
	return '?symbols=' + list + (ticker ? '&view=ticker' : '')
}
