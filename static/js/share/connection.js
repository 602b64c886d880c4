// @ts-check
// One event stream of the server. It reconnects by itself rather than leave that
// to the browser: so it can say when, send the symbols of now, and go on after
// answers at which a browser gives up.

/**
 * @typedef {import('../stream.js').Quote} Quote
 * @typedef {import('../stream.js').Notification} Notification
 * @typedef {import('../stream.js').State} State
 * @typedef {object} Ears
 * @property {(quote: Quote) => void} quote
 * @property {(notification: Notification) => void} notification
 * @property {(state: State) => void} state
 * @property {(hello: any, id: number) => void} hello id: where in the log the stream starts
 * @property {(versions: import('../stream.js').Versions) => void} profile
 * @property {(symbols: string[], detail: string) => void} refused the server did not take these symbols
 */

const usualHeartbeat = 15

export class Connection {
	/**
	 * @param {Ears} ears
	 * @param {any} host EventSource, fetch, timers, clock and chance
	 * @param {number} [lastId] the newest notification that need not come any more
	 */
	constructor(ears, host, lastId) {
		this.ears = ears
		this.host = host
		this.lastId = lastId
		/** @type {Set<string>} */
		this.wanted = new Set()
		/** @type {number | undefined} writes a second; the server's own pace without one */
		this.rate = undefined
		this.serverRate = 10
		this.attempt = 0
		this.began = 0 // when hello came; a stream that lasted ends the growing of the waits
		this.heartbeat = usualHeartbeat
		/** @type {Date} */
		this.heard = this.now()
		this.reset()
	}

	/**
	 * Follows these symbols from now on, in place of those before.
	 * @param {Set<string>} symbols
	 * @param {number} [rate] undefined for the server's own pace
	 */
	set(symbols, rate) {
		this.wanted = symbols
		this.rate = rate
		if (this.source || this.retryTimer) this.sync()
		else this.open()
	}

	/** Begins again after a number further back. @param {number} id */
	resume(id) {
		this.lastId = id
		if (this.source) this.open('')
	}

	/** Tries to connect now instead of later. */
	retry() { if (this.retryTimer) this.open() }

	/** Closes what is open and stops all timers. */
	close() {
		for (const timer of [this.watchdog, this.retryTimer, this.syncTimer]) this.host.clearTimeout(timer)
		this.retryTimer = undefined
		this.source?.close()
		this.source = undefined
		this.reset()
	}

	/** @returns {Date} */
	now() { return new Date(this.host.Date.now()) }

	/** @param {State} state */
	say(state) { this.ears.state({ since: this.heard, ...state }) }

	reset() {
		this.id = ''
		/** @type {Set<string>} what the server's stream has */
		this.have = new Set()
		this.syncing = false
	}

	/** @param {State['name'] | ''} [name] what to call the time until hello, '' for nothing new */
	open(name = 'connecting') {
		this.close()
		const query = ['symbols=' + [...this.wanted].map(encodeURIComponent).join(',')]
		if (this.lastId != null) query.push('last_event_id=' + this.lastId)
		this.sentRate = this.rate
		if (this.rate) query.push('max_rate=' + this.rate)
		const source = new this.host.EventSource('/events?' + query.join('&'))
		this.source = source
		/** @param {string} type @param {(data: any, e: any) => void} take */
		const listen = (type, take) => source.addEventListener(type, (/** @type {any} */ e) => {
			if (source !== this.source) return
			this.heard = this.now()
			this.watch()
			take(JSON.parse(e.data), e)
		})
		listen('hello', (data, e) => this.hello(data, e))
		listen('stock_quote', (data) => this.ears.quote(data))
		listen('notification', (data) => {
			this.lastId = data.id
			this.ears.notification(data)
		})
		listen('profile', (data) => this.ears.profile(data))
		listen('heartbeat', () => {})
		listen('bye', () => this.wait(2000 + 3000 * this.host.Math.random()))
		listen('busy', (data) => this.wait(10_000 + 20_000 * this.host.Math.random(), data.reason))
		source.addEventListener('error', () => { if (source === this.source) this.wait() })
		this.watch()
		if (name === 'connecting') this.say({ name })
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
		this.close()
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
		this.lastId = Number(e.lastEventId)
		this.ears.hello(data, this.lastId)
		this.say({ name: 'open' })
		this.sync()
	}

	/** Brings the server's stream to what is wanted, one call at a time. */
	async sync() {
		if (!this.id || this.syncing) return
		const want = this.wanted
		const add = [...want].filter((s) => !this.have.has(s))
		const remove = [...this.have].filter((s) => !want.has(s))
		const rate = this.sentRate === this.rate ? undefined : this.rate ?? this.serverRate
		if (!add.length && !remove.length && rate == null) return
		const { id, rate: asked } = this
		this.syncing = true
		let status = 0, detail
		try {
			const response = await this.host.fetch(`/events/${encodeURIComponent(id)}/symbols`, {
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
			this.ears.refused(add, detail ?? 'The server did not take the change.')
		} else {
			this.syncTimer = this.host.setTimeout(() => this.sync(), 1000)
		}
	}
}
