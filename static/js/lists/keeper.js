// @ts-check
// Keeps the viewer's lists on the server: a change shows at once and is sent after
// those before it, again and again until the server has taken or refused it. What
// is not sent yet outlives a reload of the tab. It touches no document.
import { inTurn } from '../first.js'
import { applied } from './changes.js'

/**
 * @typedef {import('./changes.js').List} List
 * @typedef {import('./changes.js').Change} Change
 * @typedef {object} Ears
 * @property {() => void} changed the lists may be others
 * @property {(detail: string) => void} failing changes wait, because the server does not take any now
 * @property {() => void} saved what waited is taken
 * @property {(detail: string, change: Change) => void} refused a change was not taken, and is undone
 * @property {(from: number, list: List) => void} created a list has got its number
 */

const key = 'tickboard.unsent'
const api = '/api/v1/lists'
const patience = 15_000
const longestWait = 20_000

export class Keeper {
	/** @param {Ears} ears @param {any} [host] fetch, timers, chance and storage */
	constructor(ears, host = globalThis) {
		this.ears = ears
		this.host = host
		/** @type {List[]} as the server said last */
		this.base = []
		this.version = 0 // of all of them; 0 until they were loaded
		this.attempt = this.conflicts = 0
		/** @type {(Change & {tried?: boolean})[]} not taken yet, oldest first */
		this.waiting = this.unsent()
		if (this.waiting.length) host.setTimeout(() => this.run(), 0)
	}

	/** The lists with all changes. @returns {List[]} */
	get lists() { return this.waiting.reduce(applied, this.base) }

	/** @param {number} id */
	list(id) { return this.lists.find((l) => l.id === id) }

	/** A number for a list that the server does not have yet. */
	get next() { return Math.min(0, ...this.lists.map((l) => l.id), ...this.waiting.map((c) => c.list)) - 1 }

	/** Takes changes over. @param {...Change} changes */
	do(...changes) {
		for (const change of changes) {
			const last = this.waiting.at(-1)
			// Of several moves of one symbol only the last counts.
			if (change.kind === 'edit' && last?.kind === 'edit' && !last.tried && change.list === last.list && moves(change.edit, last.edit)) this.waiting.pop()
			this.waiting.push(change)
		}
		this.store()
		this.ears.changed()
		if (!this.timer) this.run()
	}

	/** Takes a change back if nothing of it has left. @param {Change} change */
	undo(change) {
		const at = this.waiting.indexOf(change)
		if (at < 0 || this.waiting[at].tried) return false
		this.waiting.splice(at, 1)
		this.store()
		this.ears.changed()
		return true
	}

	/** Hears which version the lists have. @param {number} version */
	heard(version) {
		if (version > this.version) this.stale = true
		this.run()
	}

	/** All lists as they are, loaded once. */
	async load() {
		if (this.version) return
		this.stale = true
		await this.run()
		if (!this.version) throw new Error('The lists could not be loaded.')
	}

	/** Sends what waits, now. */
	run() {
		this.host.clearTimeout(this.timer)
		this.timer = undefined
		return this.running ??= this.turns().then(() => {
			this.running = undefined
			if (!this.timer && (this.stale || this.waiting.length)) return this.run()
		})
	}

	async turns() {
		try {
			while (this.stale || this.waiting.length) {
				const [change] = this.waiting
				if (this.stale || change?.kind === 'create' && change.tried) await this.loadAll()
				if (change && change === this.waiting[0] && !this.stale) await this.send(change)
			}
			this.attempt = this.conflicts = 0
			if (this.troubled) this.ears.saved()
			this.troubled = false
		} catch (e) {
			const wait = Math.max(Number(/** @type {any} */ (e).wait) || 0, Math.min(longestWait, 1000 * 2 ** this.attempt++) * (1 + this.host.Math.random() / 2))
			this.timer = this.host.setTimeout(() => this.run(), wait)
			if (!this.troubled && this.waiting.length) {
				this.troubled = true
				this.ears.failing(/** @type {any} */ (e).wait == null ? 'The server does not answer.' : /** @type {Error} */ (e).message)
			}
		}
	}

	async loadAll() {
		this.stale = false
		try {
			const { lists, version } = await (await this.call('GET', '')).json()
			if (version < this.version) return
			const known = this.base
			this.base = lists
			this.version = version || 1 // there is nothing yet
			this.adopt(known)
			this.ears.changed()
		} catch (e) {
			this.stale = true
			throw e
		}
	}

	/** A list that was made by a request whose answer got lost. @param {List[]} known */
	adopt(known) {
		const [change] = this.waiting
		if (change?.kind !== 'create' || !change.tried) return
		const made = this.base.find((l) => l.name === change.name && String(l.symbols) === String(change.symbols) && !known.some((k) => k.id === l.id))
		if (made) this.taken(change, made)
		else change.tried = false
	}

	/** @param {Change & {tried?: boolean}} change the first that waits */
	async send(change) {
		change.tried = true
		this.store()
		const response = await this.request(change)
		if (response.ok) {
			const text = await response.text()
			return this.taken(change, text ? JSON.parse(text) : undefined)
		}
		if (response.status === 412) {
			this.stale = true
			if (this.conflicts++ < 5) return
			throw new Error('too many others change it') // not for ever: it is tried again
		}
		const { detail = `The server answered ${response.status}.` } = await response.json().catch(() => ({}))
		this.stale = true
		if (response.status === 404 && change.kind === 'delete') return this.taken(change)
		// What comes after it on a list that is gone is gone with it.
		this.waiting = this.waiting.filter((c) => c !== change && (response.status !== 404 || c.list !== change.list))
		this.store()
		this.ears.refused(detail, change)
		this.ears.changed()
	}

	/** @param {Change} change @returns {Promise<Response>} */
	request(change) {
		const { kind, list } = change
		const old = this.base.find((l) => l.id === list)
		const [now] = applied(old ? [old] : [], change)
		switch (kind) {
		case 'edit': return this.call('POST', `/${list}/symbols`, change.edit)
		case 'create': return this.call('POST', '', { name: change.name, symbols: change.symbols })
		case 'delete': return this.call('DELETE', `/${list}`)
		case 'restore': return this.call('POST', `/${list}/restore`)
		case 'order': return this.call('PUT', '/order', { ids: change.ids })
		default:
			if (!old?.version) return this.loadAll().then(() => this.base.some((l) => l.id === list) ? this.request(change) : new Response('{"detail":"The list is deleted."}', { status: 404 }))
			return this.call('PUT', `/${list}`, { name: now.name, symbols: now.symbols }, old.version)
		}
	}

	/**
	 * Asks the server; throws where it is to be asked again later.
	 * @param {string} method @param {string} path @param {object} [body] @param {number} [version]
	 */
	async call(method, path, body, version) {
		/** @type {Record<string, string>} */
		const headers = {}
		if (body) headers['Content-Type'] = 'application/json'
		if (version != null) headers['If-Match'] = `"v${version}"`
		const ask = () => this.host.fetch(api + path, {
			method, headers, body: body && JSON.stringify(body), cache: 'no-cache', keepalive: method !== 'GET', signal: AbortSignal.timeout(patience),
		})
		const response = await (method === 'GET' ? ask() : inTurn(ask, this.base.some((l) => l.id > 0)))
		if (response.status === 429 || response.status >= 500 || method === 'GET' && !response.ok) {
			const { detail } = await response.json().catch(() => ({}))
			throw Object.assign(new Error(detail ?? `The server answered ${response.status}.`), { wait: 1000 * Number(response.headers.get('Retry-After')) })
		}
		return response
	}

	/** A change is on the server. @param {Change} change @param {List} [list] as it is there now */
	taken(change, list) {
		const made = change.kind === 'create' ? change.list : 0
		this.base = applied(this.base, change).filter((l) => l.id !== made)
		if (list?.id && list.version >= (this.base.find((l) => l.id === list.id)?.version ?? 0)) {
			const at = this.base.findIndex((l) => l.id === list.id)
			this.base = at < 0 ? [...this.base, list] : this.base.with(at, list)
		}
		this.waiting = this.waiting.filter((c) => c !== change)
		if (made && list) {
			for (const c of this.waiting) {
				if (c.list === made) c.list = list.id
				if (c.kind === 'order') c.ids = c.ids.map((id) => id === made ? list.id : id)
			}
			this.ears.created(made, list)
		}
		this.store()
		this.ears.changed()
	}

	/** @returns {Change[]} */
	unsent() {
		try { return JSON.parse(this.host.sessionStorage.getItem(key)) ?? [] } catch { return [] }
	}

	store() {
		try {
			this.host.sessionStorage.setItem(key, JSON.stringify(this.waiting))
		} catch { /* without storage they are kept in the page */ }
	}
}

/** Both move the same symbol. @param {import('./changes.js').Edit} a @param {import('./changes.js').Edit} b */
function moves(a, b) {
	/** @param {import('./changes.js').Edit} e */
	const moved = ({ add = [], remove = [], before }) => add.length === 1 && (before || String(remove) === add[0]) && remove.every((s) => s === add[0]) ? add[0] : ''
	return moved(a) !== '' && moved(a) === moved(b)
}
