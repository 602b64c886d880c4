// @ts-check
// The page's one stream: quotes of the symbols wanted, and the notifications.
// It touches no document, so that it can run in a worker. It reconnects by
// itself rather than leave that to the browser: so it can say when, send the
// symbols of now, and go on after answers at which a browser gives up.

/**
 * @typedef {{symbol: string, version: number, price?: number, change?: number, change_percent?: number,
 *   previous_close?: number, open?: number, high?: number, low?: number, volume?: number, bid?: number,
 *   bid_size?: number, ask?: number, ask_size?: number, currency?: string, time?: string, session?: string,
 *   timeliness?: string, delay?: number, halted?: boolean, stale?: boolean, source?: string,
 *   extended_price?: number, extended_change?: number, extended_change_percent?: number}} Quote
 * @typedef {{id: number, type: string, message: string, time: string, rule?: unknown}} Notification
 * @typedef {{name: 'connecting' | 'open' | 'silent' | 'waiting' | 'closed', since?: Date, retry?: Date, reason?: string}} State
 *   since is when the last event came, retry when the next attempt is made
 * @typedef {object} Handlers
 * @property {(quote: Quote, snapshot: boolean) => void} [quote] snapshot: the first of its symbol after a start or a resume
 * @property {(notification: Notification) => void} [notification]
 * @property {(state: State) => void} [state]
 * @property {(hello: any) => void} [hello]
 * @property {(detail: string) => void} [refused] the server did not take a change of symbols
 * @typedef {{url?: string, lastEventId?: number, versions?: Map<string, number>, host?: any}} Options
 */

const usualHeartbeat = 15
const hiddenGrace = 60_000

/**
 * Follows symbols until close is called.
 * @param {Iterable<string>} symbols
 * @param {Handlers} handlers
 * @param {Options} [options] lastEventId: up to where the page has the notifications;
 *   versions: what the page shows; host: EventSource, fetch, timers, clock and chance, for tests
 */
export function follow(symbols, handlers, options = {}) {
	return new Stream(symbols, handlers, options)
}

class Stream {
	/** @param {Iterable<string>} symbols @param {Handlers} handlers @param {Options} options */
	constructor(symbols, handlers, options) {
		this.on = handlers
		this.host = options.host ?? globalThis
		this.url = options.url ?? '/events'
		this.lastId = options.lastEventId
		this.versions = options.versions ?? new Map()
		this.wanted = new Set(symbols)
		this.paused = false
		this.asleep = false
		/** @type {number | undefined} the viewer's choice; the server's own pace without one */
		this.rate = undefined
		this.attempt = 0
		this.began = 0 // when hello came; a stream that lasted ends the growing of the waits
		this.heartbeat = usualHeartbeat
		/** @type {Date} */
		this.heard = this.now()
		this.reset()
		this.open()
	}

	/** Symbols to follow from now on, in place of those before. @param {Iterable<string>} symbols */
	set(symbols) {
		this.wanted = new Set(symbols)
		this.sync()
	}

	/** Stops the quotes and keeps the notifications. */
	pause() { this.paused = true; this.sync() }

	resume() { this.paused = false; this.sync() }

	/** @param {number | undefined} rate writes a second, undefined for the server's own pace */
	setRate(rate) { this.rate = rate; this.sync() }

	/**
	 * Says that nobody sees the page, or that somebody does again. After a minute
	 * the quotes stop; the notifications go on.
	 * @param {boolean} hidden
	 */
	hidden(hidden) {
		this.host.clearTimeout(this.sleepTimer)
		if (hidden) {
			this.sleepTimer = this.host.setTimeout(() => { this.asleep = true; this.sync() }, hiddenGrace)
			return
		}
		const slept = this.asleep
		this.asleep = false
		if (this.retryTimer) this.retry()
		else if (slept) this.sync()
	}

	/** Tries to connect now instead of later. */
	retry() {
		if (this.ended || !this.retryTimer) return
		this.open()
	}

	close() {
		this.ended = true
		this.drop()
		this.host.clearTimeout(this.sleepTimer)
		this.say({ name: 'closed' })
	}

	/** The symbols that the stream should carry at this moment. @returns {Set<string>} */
	get active() { return this.paused || this.asleep ? new Set() : this.wanted }

	/** @returns {Date} */
	now() { return new Date(this.host.Date?.now() ?? Date.now()) }

	/** @param {State} state */
	say(state) { this.on.state?.({ since: this.heard, ...state }) }

	reset() {
		this.id = ''
		/** @type {Set<string>} what the server's stream has */
		this.have = new Set()
		/** @type {Set<string>} symbols of which a quote came since the stream began or took them up */
		this.fresh = new Set()
		this.syncing = false
	}

	/** Closes what is open and stops all timers of the connection. */
	drop() {
		this.host.clearTimeout(this.watchdog)
		this.host.clearTimeout(this.retryTimer)
		this.host.clearTimeout(this.syncTimer)
		this.retryTimer = undefined
		this.source?.close()
		this.source = undefined
		this.reset()
	}

	/** @param {State['name']} [name] what to call the time until hello */
	open(name = 'connecting') {
		this.drop()
		const query = ['symbols=' + [...this.active].map(encodeURIComponent).join(',')]
		if (this.lastId != null) query.push('last_event_id=' + this.lastId)
		this.sentRate = this.rate
		if (this.rate) query.push('max_rate=' + this.rate)
		const source = new this.host.EventSource(this.url + '?' + query.join('&'))
		this.source = source
		/** @param {string} type @param {(data: any, e: any) => void} take */
		const listen = (type, take) => source.addEventListener(type, (/** @type {any} */ e) => {
			if (source !== this.source) return
			this.hear()
			take(JSON.parse(e.data), e)
		})
		listen('hello', (data, e) => this.hello(data, e))
		listen('stock_quote', (data) => this.quote(data))
		listen('notification', (data, e) => this.notification(data, e))
		listen('heartbeat', () => {})
		listen('bye', () => this.wait(2000 + 3000 * this.host.Math.random()))
		listen('busy', (data) => this.wait(10_000 + 20_000 * this.host.Math.random(), data.reason))
		source.addEventListener('error', () => { if (source === this.source) this.wait() })
		this.watch()
		if (name === 'connecting') this.say({ name })
	}

	/** Notes that the server is there. */
	hear() {
		this.heard = this.now()
		this.watch()
	}

	/** Without an event for two heartbeats the connection counts as lost. */
	watch() {
		this.host.clearTimeout(this.watchdog)
		this.watchdog = this.host.setTimeout(() => {
			this.say({ name: 'silent' })
			this.open('silent')
		}, 2000 * this.heartbeat)
	}

	/**
	 * Closes and tries again after ms; without ms after growing, jittered waits.
	 * @param {number} [ms] @param {string} [reason]
	 */
	wait(ms, reason) {
		if (this.began && +this.now() - this.began > 10_000) this.attempt = 0
		this.began = 0
		ms ??= Math.min(15_000, 2000 * 1.5 ** this.attempt++) * (1 + 1.5 * this.host.Math.random())
		this.drop()
		this.retryTimer = this.host.setTimeout(() => this.open(), ms)
		this.say({ name: 'waiting', retry: new Date(+this.now() + ms), reason })
	}

	/** @param {any} data @param {any} e */
	hello(data, e) {
		this.began = +this.now()
		this.id = data.stream
		this.heartbeat = data.heartbeat ?? usualHeartbeat
		this.watch()
		if (!this.sentRate) this.serverRate = data.max_rate
		this.have = new Set([...data.symbols ?? [], ...data.unknown ?? []])
		this.fresh.clear()
		this.took(e.lastEventId)
		this.on.hello?.(data)
		this.say({ name: 'open' })
		this.sync()
	}

	/** @param {Quote} quote */
	quote(quote) {
		const { symbol, version } = quote
		if (version < (this.versions.get(symbol) ?? 0)) return
		this.versions.set(symbol, version)
		if (!this.active.has(symbol)) return
		const snapshot = !this.fresh.has(symbol)
		this.fresh.add(symbol)
		this.on.quote?.(quote, snapshot)
	}

	/** @param {Notification} data @param {any} e */
	notification(data, e) {
		if (data.id <= (this.lastId ?? -1)) return
		this.took(e.lastEventId)
		this.on.notification?.(data)
	}

	/** @param {string} id */
	took(id) {
		if (/^\d+$/.test(id ?? '')) this.lastId = Number(id)
	}

	/** Brings the server's stream to what is wanted, one call at a time. */
	async sync() {
		if (!this.id || this.syncing) return
		const want = this.active
		const add = [...want].filter((s) => !this.have.has(s))
		const remove = [...this.have].filter((s) => !want.has(s))
		const rate = this.sentRate === this.rate ? undefined : this.rate ?? this.serverRate
		if (!add.length && !remove.length && rate == null) return
		const { id, rate: asked } = this
		for (const s of [...add, ...remove]) this.fresh.delete(s)
		this.syncing = true
		let status = 0, detail
		try {
			const response = await this.host.fetch(`${this.url}/${encodeURIComponent(id)}/symbols`, {
				method: 'POST',
				headers: { 'Content-Type': 'application/json' },
				body: JSON.stringify({ add, remove, max_rate: rate }),
			})
			status = response.status
			if (!response.ok) detail = (await response.json()).detail
		} catch { /* the network; the stream will say so too */ }
		if (id !== this.id) return
		this.syncing = false
		if (status === 200) {
			for (const s of add) this.have.add(s)
			for (const s of remove) this.have.delete(s)
			this.sentRate = asked
			this.sync()
		} else if (status === 404) {
			this.open()
		} else if (status >= 400 && status < 500) {
			for (const s of add) this.wanted.delete(s)
			this.on.refused?.(detail ?? 'The server did not take the change.')
		} else {
			this.syncTimer = this.host.setTimeout(() => this.sync(), 1000)
		}
	}
}
