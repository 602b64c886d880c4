// @ts-check
// What the tabs and frames of a browser share: one connection for all that they
// want, the newest quote of each symbol, and the last notifications. It runs in
// the shared worker, in the tab that leads, or for one tab alone.
import { Connection } from './connection.js'

/**
 * @typedef {{postMessage(message: any): void, all?: Port}} Port how a member is told;
 *   all: what tells all members of its kind in one message, which then choose
 * @typedef {object} Want what a member sends, at the beginning, at every change and every few seconds
 * @property {string[]} symbols
 * @property {number} [rate]
 * @property {boolean} [hidden] nobody sees it
 * @property {number} [lastId] the newest notification that it has
 * @property {number} [most] how many symbols a stream may have
 * @property {boolean} [retry] connect now instead of later
 * @property {boolean} [renew] begin the stream again if it has no profile yet
 * @property {boolean} [bye] it goes
 */

const ringSize = 500
const hiddenGrace = 60_000
// A hidden tab's timers run once a minute.
const memberSilence = 150_000

export class Room {
	/** @param {any} [host] @param {typeof Connection} [Source] */
	constructor(host = globalThis, Source = Connection) {
		this.host = host
		this.Source = Source
		/** @type {Map<Port, Want & {set: Set<string>, heard: number}>} */
		this.members = new Map()
		/** @type {Map<string, import('./connection.js').Quote>} */
		this.newest = new Map()
		/** @type {import('./connection.js').Notification[]} all since the number floor */
		this.ring = []
		/** @type {number | undefined} */
		this.floor = undefined
		this.asleep = false
		/** @type {import('./connection.js').State} */
		this.state = { name: 'connecting' }
		/** @type {import('../stream.js').Versions | undefined} */
		this.profile = undefined
	}

	/** Hears a member. @param {Port} port @param {Want} want */
	take(port, want) {
		const { members, host } = this
		if (want.bye) return this.leave(port)
		const before = members.get(port)
		const now = host.Date.now()
		const member = { ...want, set: new Set(want.symbols), heard: now }
		members.set(port, member)
		if (this.union.size > (want.most ?? 200) && members.size > 1) {
			port.postMessage({ refused: 'All tabs together have too many symbols.' })
			return this.leave(port)
		}
		for (const [other, { heard }] of members) if (now - heard > memberSilence) this.leave(other)
		if (!this.connection) this.begin(want.lastId)
		if (!before || ['symbols', 'rate', 'hidden'].some((k) => String(/** @type {any} */ (want)[k]) !== String(/** @type {any} */ (before)[k]))) this.update()
		if (before) port.postMessage({})
		else this.welcome(port, want.lastId)
		if (want.retry) this.connection?.retry()
		if (want.renew && !this.profile) this.connection?.resume(this.connection.lastId)
		for (const s of member.set) {
			const quote = this.newest.get(s)
			if (quote && !before?.set.has(s)) port.postMessage({ quote })
		}
	}

	/** @param {number} [lastId] */
	begin(lastId) {
		this.connection = new this.Source({
			state: (state) => { this.tell({ state: this.state = state }) },
			quote: (quote) => {
				if (quote.version < (this.newest.get(quote.symbol)?.version ?? 0)) return
				if (this.connection?.wanted.has(quote.symbol)) this.newest.set(quote.symbol, quote)
				this.tell({ quote }, (m) => m.set.has(quote.symbol))
			},
			notification: (notification) => {
				this.ring.push(notification)
				this.lastId = notification.id
				if (this.ring.length > ringSize) this.floor = this.ring.shift()?.id
				this.tell({ notification })
			},
			profile: (profile) => this.tell({ profile: this.profile = profile }),
			hello: (hello, id) => {
				this.profile = undefined
				if (id !== this.lastId || this.floor == null) {
					this.ring = []
					this.floor = this.lastId = id
				}
				this.tell({ hello, id })
			},
			refused: (symbols, refused) => this.tell({ refused }, (m) => symbols.some((s) => m.set.has(s))),
		}, this.host, lastId)
	}

	/** Tells a new member what it has missed. @param {Port} port @param {number} [lastId] */
	welcome(port, lastId) {
		port.postMessage({ state: this.state, id: this.lastId, profile: this.profile })
		if (lastId == null) return
		if (lastId < (this.floor ?? this.connection?.lastId ?? Infinity)) {
			// The stream begins again further back; until then nothing newer may pass.
			this.floor = undefined
			this.connection?.resume(lastId)
		}
		if (this.floor != null) for (const notification of this.ring) if (notification.id > lastId) port.postMessage({ notification })
	}

	/** @param {Port} port */
	leave(port) {
		this.members.delete(port)
		if (this.members.size) this.update()
		else this.close()
	}

	close() {
		this.host.clearTimeout(this.sleepTimer)
		this.sleepTimer = undefined
		this.connection?.close()
		this.connection = this.floor = this.lastId = this.profile = undefined
		this.ring = []
		this.newest.clear()
	}

	/** @param {any} message @param {(member: Want & {set: Set<string>}) => boolean} [whom] */
	tell(message, whom = () => true) {
		const ports = new Set()
		for (const [port, member] of this.members) if (whom(member)) ports.add(port.all ?? port)
		for (const port of ports) port.postMessage(message)
	}

	/** The symbols of all members. @returns {Set<string>} */
	get union() { return new Set([...this.members.values()].flatMap((m) => m.symbols)) }

	/** The symbols that the stream should carry at this moment. */
	get wanted() { return this.asleep ? new Set() : this.union }

	/** The highest rate that is asked for, undefined for the server's own. */
	get rate() {
		const own = this.connection?.serverRate ?? 10
		const rate = Math.max(0, ...[...this.members.values()].filter((m) => m.set.size).map((m) => m.rate ?? own))
		return rate === own ? undefined : rate || this.connection?.rate
	}

	/** Brings the connection to what the members want, and what is kept as well. */
	update() {
		this.sleep()
		const { wanted, rate } = this
		for (const s of this.newest.keys()) if (!wanted.has(s)) this.newest.delete(s)
		this.connection?.set(wanted, rate)
	}

	/** When nobody sees any member for a minute, the quotes stop; the notifications go on. */
	sleep() {
		if ([...this.members.values()].every((m) => m.hidden)) {
			this.sleepTimer ??= this.host.setTimeout(() => {
				this.asleep = true
				this.update()
			}, hiddenGrace)
			return
		}
		this.host.clearTimeout(this.sleepTimer)
		this.sleepTimer = undefined
		if (!this.asleep) return
		this.asleep = false
		this.tell({ anew: true })
		this.connection?.retry()
	}
}
