// @ts-check
// The viewer's lists on a page: what the watchlist and the menu of the lists have
// to do with the server, and what becomes of a change made elsewhere.
import { fetchRows } from '../api.js'
import { place } from '../elements/rows.js'
import { toast } from '../elements/toast.js'
import { pref, setPref } from '../prefs.js'
import { changes, same } from './changes.js'
import { Keeper } from './keeper.js'

/** What the first list is called. */
export const firstName = 'Watchlist'

const again = 3000

/** The page's desk, made at the first call. @param {any} parts the page's @returns {Desk} */
export function desk(parts) { return parts.desk ??= new Desk(parts) }

export class Desk {
	/** @param {any} parts the page's; some have no watchlist of the viewer's own */
	constructor(parts) {
		this.parts = parts
		/** @type {import('../elements/lists.js').ListChoice | undefined} */
		this.choice = parts.lists
		/** @type {Set<string>} symbols of the list for which there is no row */
		this.absent = new Set()
		/** @type {Set<() => void>} who hears that the lists have changed */
		this.hearers = new Set()
		/** @type {Set<(from: number, id: number) => void>} who hears that a list has got its number */
		this.makers = new Set()
		this.keeper = new Keeper({
			changed: () => this.changed(),
			failing: (detail) => { this.unsaved(true); toast(`Not saved yet: ${detail} What you changed is kept here, and sent again and again.`) },
			saved: () => { this.unsaved(false); toast('All changes are saved.') },
			refused: (detail) => toast(detail),
			created: (from, list) => this.created(from, list.id),
		})
		const { list, name = firstName } = this.choice?.dataset ?? {}
		/** The number of the list that the viewer has deleted last. */
		this.deleted = 0
		/** The number of the viewer's list that the page shows, 0 for none. */
		this.id = Number(list ?? 0)
		if (this.id) this.keeper.base = [{ id: this.id, name, symbols: this.shown, version: 0 }]
		addEventListener('online', () => this.keeper.run())
	}

	get lists() { return this.keeper.lists }

	/** What of the list the page shows. @returns {string[]} */
	get shown() { return this.choice?.shown ?? [] }

	/** The page shows a list of somebody else. */
	get foreign() { return this.choice?.dataset.foreign != null }

	/** Goes on with what was not sent, and takes in what earlier visits left. */
	begin() {
		this.draft()
		this.settle()
		this.options()
		if (!this.choice?.seen) { // the page was made before the first change had arrived
			this.keeper.heard(1)
			this.parts.stream.renew()
		}
		if (pref('lists', null)) import('./movein.js').then((m) => m.moveIn(this))
	}

	/** Takes over what was changed on a page that was left before there was a desk. */
	draft() {
		let left
		try { left = JSON.parse(sessionStorage.getItem('tickboard.draft') ?? 'null') } catch { /* there is none */ }
		this.drafted()
		if (!left) return
		const { keeper } = this, list = Number(left.list)
		if (list) keeper.do(...changes(list, left.from, left.to))
		else keeper.do(/** @type {any} */ ({ kind: 'create', list: keeper.next, name: firstName, symbols: left.to, tried: true }))
	}

	/** What was changed is in the keeper's hands. */
	drafted() { try { sessionStorage.removeItem('tickboard.draft') } catch { /* there is none */ } }

	/** Hears which version the lists have. @param {number} version */
	heard(version) {
		this.keep()
		this.keeper.heard(version)
	}

	/** Keeps what the viewer changed of the watchlist. */
	keep() {
		const { choice, keeper, parts: { watchlist } } = this
		if (!choice || this.switching) return
		const from = this.shown, to = choice.shown = watchlist.symbols
		if (this.foreign || same(from, to)) return
		const awaited = document.querySelector('[data-awaited]')?.getAttribute('data-awaited')?.split(',') ?? []
		if (!this.id) this.add(firstName, [...new Set([...to, ...awaited])])
		else keeper.do(...changes(this.id, from, to))
		this.drafted()
	}

	/** Makes a list and shows it. @param {string} name @param {string[]} symbols */
	add(name, symbols) {
		const id = this.keeper.next
		this.show(id)
		this.keeper.do({ kind: 'create', list: id, name, symbols })
	}

	/** Shows another list of the viewer's. @param {number} id */
	async choose(id) {
		try {
			await this.keeper.load()
			if (!this.keeper.list(id)) return this.options()
			await this.go(id)
			const missing = this.keeper.list(id)?.symbols.filter((s) => this.absent.has(s)) ?? []
			if (missing.length) toast(`No source has ${missing.join(', ')}. It stays in the list.`)
		} catch {
			toast('The list cannot be loaded. Try again in a moment.')
			this.options()
		}
	}

	/** Puts the rows of a list in place of those shown. @param {number} id */
	async go(id) {
		this.show(id)
		this.options()
		this.switching = true
		await this.apply()
		this.parts.watchlist.changed() // the address names it now
	}

	/** Makes a list the one that changes are kept in. @param {number} id */
	show(id) {
		const { choice } = this
		this.id = id
		if (!choice) return
		delete choice.dataset.foreign
		choice.dataset.list = id > 0 ? String(id) : ''
		this.remember()
	}

	/** Has the next visit begin with the list shown. */
	remember() {
		const [first] = this.lists
		setPref('list', this.id > 0 && this.id !== first?.id ? this.id : null)
	}

	/** @param {number} from @param {number} id */
	created(from, id) {
		if (this.id === from) {
			this.show(id)
			this.parts.watchlist?.changed()
		}
		for (const heard of this.makers) heard(from, id)
		this.parts.stream.renew()
	}

	/** The lists may be others. */
	changed() {
		this.settle()
		if (this.id && !this.keeper.list(this.id)) this.leave()
		this.options()
		this.apply().catch(() => {})
		for (const heard of this.hearers) heard()
	}

	/** Sees which of the lists the page shows, when it has begun with none. */
	settle() {
		const { choice, lists } = this
		if (!choice || this.id || !lists.length) return
		const away = choice.dataset.away != null
		delete choice.dataset.away
		const mine = lists.find((l) => same(l.symbols, this.shown))
		if (mine) this.show(mine.id)
		else if (this.foreign && !away) return
		else if (new URLSearchParams(location.search).has('symbols')) choice.dataset.foreign = ''
		else this.show(lists[0].id)
	}

	/** The list shown is no more: another is shown in its place. */
	leave() {
		const { id, choice } = this
		const [next] = this.lists
		if (id > 0 && this.deleted !== id) toast('This list has been deleted elsewhere.')
		this.show(next?.id ?? 0)
		if (next || id < 0 || !choice) return // one that could not be made stays as it is
		place(this.parts.watchlist, [], choice.shown = [])
		this.parts.watchlist.changed()
	}

	/** Brings the choice to what there is. */
	options() {
		const { choice, id, lists } = this
		const select = choice?.querySelector('select')
		if (!choice || !select) return
		const options = lists.map((l) => new Option(l.name, String(l.id), false, l.id === id))
		if (this.foreign) options.unshift(new Option('Shared list, not saved', '', true, true))
		else if (!id) options.unshift(new Option(firstName, '', true, true))
		/** @param {Iterable<HTMLOptionElement>} all */
		const words = (all) => [...all].map((o) => `${o.value} ${o.text}`).join('\n')
		if (words(options) !== words(select.options)) select.replaceChildren(...options)
		select.value = this.foreign || !id ? '' : String(id)
		for (const save of choice.querySelectorAll('[data-save]')) save.toggleAttribute('hidden', !this.foreign)
	}

	/** Brings the rows to what the list has. */
	async apply() {
		const { parts: { watchlist }, choice } = this
		/** @returns {string[] | undefined} */
		const wanted = () => this.keeper.list(this.id)?.symbols.filter((s) => !this.absent.has(s))
		this.keep() // what was changed before there was a desk
		if (!choice || !watchlist || !wanted()) return
		const later = () => { setTimeout(() => this.apply().catch(() => {}), watchlist.querySelector('[data-dragging]') ? 100 : again) }
		if (watchlist.querySelector('[data-dragging]')) return later()
		try {
			const missing = wanted()?.filter((s) => !watchlist.views.has(s)) ?? []
			const { rows } = missing.length ? await fetchRows(missing) : { rows: [] }
			if (watchlist.strip && rows.length) return location.reload()
			for (const s of missing) if (!rows.some((r) => r.dataset.symbol === s)) this.absent.add(s)
			const now = wanted() ?? []
			this.switching = false
			if (now.some((s) => !watchlist.views.has(s) && !rows.some((r) => r.dataset.symbol === s))) return this.apply() // it has changed meanwhile
			if (!same(watchlist.symbols, now)) place(watchlist, rows, now)
			if (same(this.shown, watchlist.symbols)) return
			choice.shown = watchlist.symbols
			watchlist.changed()
		} catch (e) {
			if (this.switching) throw e
			later()
		}
	}

	/** Resolves when the server has all changes. */
	async saved() {
		await this.keeper.run()
		if (this.keeper.waiting.length) throw new Error('Some changes are not saved yet. Try again in a moment.')
	}

	/** @param {boolean} some changes are not on the server */
	unsaved(some) { for (const el of document.querySelectorAll('[data-unsaved]')) el.toggleAttribute('hidden', !some) }
}
