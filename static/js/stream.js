// @ts-check
// The page's one stream: quotes of the symbols wanted, and the notifications.
// All tabs and frames of a browser share one connection, since a browser has
// only six to a host over HTTP/1.1 and the seventh request hangs. A page is a
// member of a room (share/room.js), which it looks for down a ladder; a rung
// counts when the room there has answered, because what a browser has tells
// little of what works. It touches no document.

/**
 * @typedef {{symbol: string, version: number, price?: number, change?: number, change_percent?: number,
 *   previous_close?: number, open?: number, high?: number, low?: number, volume?: number, bid?: number,
 *   bid_size?: number, ask?: number, ask_size?: number, currency?: string, time?: string, session?: string,
 *   timeliness?: string, delay?: number, halted?: boolean, limited?: boolean, stale?: boolean, source?: string, basis?: string,
 *   extended_price?: number, extended_change?: number, extended_change_percent?: number,
 *   price_time?: string, extended_time?: string, previous_close_date?: string, previous_close_adjusted?: boolean}} Quote
 * @typedef {{id: number, type: string, message: string, time: string, kind?: string, symbol?: string, price?: number, rule?: unknown,
 *   link?: string, expires?: string, deliver?: string}} Notification
 * @typedef {{name: 'connecting' | 'open' | 'silent' | 'waiting' | 'closed', since?: Date, retry?: Date, reason?: string}} State
 *   since is when the last event came, retry when the next attempt is made
 * @typedef {{lists: number, alerts: number, marks: number, settings: number}} Versions of the viewer's own things, which only grow
 * @typedef {object} Handlers
 * @property {(quote: Quote, snapshot: boolean) => void} [quote] snapshot: the first of its symbol after a start or a resume
 * @property {(notification: Notification) => void} [notification]
 * @property {(state: State) => void} [state]
 * @property {(hello: any) => void} [hello]
 * @property {(versions: Versions) => void} [profile] after every start of the stream and every change
 * @property {(detail: string) => void} [refused] the server did not take a change of symbols
 * @typedef {{postMessage(want: any): void, close(): void}} Way to a room
 * @typedef {(receive: (message: any) => void, fail: () => void) => Way | Promise<Way>} Rung
 * @typedef {{lastEventId?: number, versions?: Map<string, number>, most?: number, host?: any, rungs?: Rung[]}} Options
 */

const answerTime = 2000
const pulse = 3000

/** @type {Rung[]} */
const ladder = [
	(receive, fail) => {
		const worker = new SharedWorker(new URL('share/worker.js', import.meta.url), { type: 'module' })
		worker.onerror = fail
		worker.port.onmessage = (e) => receive(e.data)
		return worker.port
	},
	async (receive) => (await import('./share/leader.js')).lead(receive),
	async (receive) => (await import('./share/alone.js')).alone(receive),
]

/**
 * Follows symbols until close is called.
 * @param {Iterable<string>} symbols
 * @param {Handlers} handlers
 * @param {Options} [options] lastEventId: up to where the page has the notifications;
 *   versions: what the page shows; most: how many symbols a stream may have;
 *   host: timers and clock, and rungs: ways to a room, for tests
 */
export function follow(symbols, handlers, options = {}) {
	return new Member(symbols, handlers, options)
}

class Member {
	/** @param {Iterable<string>} symbols @param {Handlers} handlers @param {Options} options */
	constructor(symbols, handlers, options) {
		this.on = handlers
		this.host = options.host ?? globalThis
		this.rungs = options.rungs ?? ladder
		this.lastId = options.lastEventId
		this.most = options.most
		this.versions = options.versions ?? new Map()
		this.wanted = new Set(symbols)
		this.paused = false
		this.unseen = false
		/** @type {number | undefined} the viewer's choice; the server's own pace without one */
		this.rate = undefined
		/** @type {Set<string>} symbols of which a quote came since the stream began or took them up */
		this.fresh = new Set()
		this.unanswered = 0
		/** @type {Map<string, Quote>} what waits for the viewer's pace */
		this.held = new Map()
		this.next = 0
		this.on.state?.({ name: 'connecting' })
		this.climb(0)
	}

	/** Symbols to follow from now on, in place of those before. @param {Iterable<string>} symbols */
	set(symbols) {
		this.wanted = new Set(symbols)
		this.say()
	}

	/** Stops the quotes and keeps the notifications. */
	pause() { this.paused = true; this.say() }

	resume() { this.paused = false; this.say() }

	/** @param {number | undefined} rate writes a second, undefined for the server's own pace */
	setRate(rate) { this.rate = rate; this.flush(); this.say() }

	/**
	 * Says that nobody sees the page, or that somebody does again. When nobody
	 * sees any page of the browser the quotes stop after a minute.
	 * @param {boolean} hidden
	 */
	hidden(hidden) { this.unseen = hidden; this.say({ retry: !hidden }) }

	/** Tries to connect now instead of later. */
	retry() { this.say({ retry: true }) }

	/** Begins again where the stream has no profile: the viewer has just got one. */
	renew() { this.say({ renew: true }) }

	close() {
		this.leave()
		this.on.state?.({ name: 'closed' })
	}

	/** Tells the room what this page wants. @param {object} [more] */
	say(more) {
		const symbols = this.paused ? [] : [...this.wanted]
		for (const s of this.fresh) if (!symbols.includes(s)) this.fresh.delete(s)
		const { rate, unseen: hidden, lastId, most } = this
		this.way?.postMessage({ symbols, rate, hidden, lastId, most, ...more })
	}

	leave() {
		const { host } = this
		host.clearTimeout(this.timer)
		host.clearTimeout(this.flushTimer)
		this.flushTimer = undefined
		this.way?.postMessage({ bye: true })
		this.way?.close()
		this.way = this.token = undefined
	}

	/** Looks for a room, from a rung downwards. @param {number} at */
	async climb(at) {
		this.leave()
		const token = this.token = {}
		this.shares = at < this.rungs.length - 1
		const next = () => { if (token === this.token) this.climb(this.shares ? at + 1 : 0) }
		// After the last rung the first one's turn comes only in time.
		const fail = () => { if (this.shares) next() }
		this.timer = this.host.setTimeout(next, this.shares ? answerTime : pulse)
		try {
			const found = this.rungs[at]((message) => { if (token === this.token) this.take(message) }, fail)
			const way = found instanceof Promise ? await found : found
			if (token !== this.token) return way.close()
			this.way = way
			this.say()
		} catch { fail() }
	}

	/** Says now and then that it is there; a room that does not answer three times is none. */
	beat() {
		this.host.clearTimeout(this.timer)
		this.timer = this.host.setTimeout(() => {
			if (this.unanswered++ > 2) {
				this.on.state?.({ name: 'silent', since: this.heard })
				return this.climb(0)
			}
			this.beat()
			this.say()
		}, pulse)
	}

	/** Hears the room. @param {any} message */
	take(message) {
		if (this.answered !== this.token) this.beat()
		this.answered = this.token
		this.unanswered = 0
		this.heard = new Date(this.host.Date.now())
		const { quote, notification, state, hello, id, refused, profile } = message
		if (hello) {
			this.fresh.clear()
			if (!hello.resumed && id < (this.lastId ?? 0)) this.lastId = id
			this.on.hello?.(hello)
		}
		if (message.anew) this.fresh.clear()
		this.lastId ??= id
		if (quote) this.quote(quote)
		if (notification && notification.id > (this.lastId ?? -1)) {
			this.lastId = notification.id
			this.on.notification?.(notification)
		}
		if (state) this.on.state?.(state)
		if (profile) this.on.profile?.(profile)
		if (message.join) this.say()
		if (refused && this.shares) this.climb(this.rungs.length - 1)
		else if (refused) this.on.refused?.(refused)
	}

	/** @param {Quote} quote */
	quote(quote) {
		const { symbol, version } = quote
		if (this.paused || !this.wanted.has(symbol) || version < (this.versions.get(symbol) ?? 0)) return
		this.versions.set(symbol, version)
		this.held.set(symbol, quote)
		if (!this.rate) return this.flush()
		this.flushTimer ??= this.host.setTimeout(() => this.flush(), Math.max(20, this.next - this.host.Date.now()))
	}

	/** Hands over what waits: others may have the stream go faster than this page. */
	flush() {
		this.host.clearTimeout(this.flushTimer)
		this.flushTimer = undefined
		this.next = this.host.Date.now() + 1000 / (this.rate ?? 50) - 50
		const quotes = [...this.held.values()]
		this.held.clear()
		for (const quote of quotes) {
			const snapshot = !this.fresh.has(quote.symbol)
			this.fresh.add(quote.symbol)
			if (!this.paused && this.wanted.has(quote.symbol)) this.on.quote?.(quote, snapshot)
		}
	}
}
