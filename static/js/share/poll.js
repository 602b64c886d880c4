// @ts-check
// In place of a connection where one more could make the browser hang: asks
// every two seconds, every fifteen when nobody looks. The same as connection.js
// to those who use it.

/** @typedef {import('./connection.js').Ears} Ears */

const pace = 2000
const restPace = 15_000
const patience = 10_000

export class Poll {
	/** @param {Ears} ears @param {any} host @param {number} [lastId] */
	constructor(ears, host, lastId) {
		this.ears = ears
		this.host = host
		this.lastId = lastId
		this.serverRate = 1000 / pace
		/** @type {Set<string>} */
		this.wanted = new Set()
		this.told = this.versions = ''
		this.seen = false // somebody looks, though it be at a page without quotes
	}

	/** @param {Set<string>} symbols @param {number} [rate] */
	set(symbols, rate) {
		this.wanted = symbols
		this.rate = rate
		this.ask()
	}

	/** @param {number} id */
	resume(id) {
		this.lastId = id
		this.told = ''
	}

	retry() { if (this.told === 'waiting') this.ask() }

	close() {
		this.host.clearTimeout(this.timer)
		this.turn = undefined
	}

	/** Asks now, and again in time. */
	async ask() {
		this.close()
		const turn = this.turn = {}
		let next
		try {
			if (this.told !== 'open') await this.begin()
			else await this.news()
			if (turn !== this.turn) return
			if (this.wanted.size) {
				const list = [...this.wanted].map(encodeURIComponent).join(',')
				const { quotes } = await this.json('quotes?symbols=' + list)
				if (turn !== this.turn) return
				for (const quote of quotes) this.ears.quote(quote)
			}
		} catch {
			if (turn !== this.turn) return
			next = restPace
			this.say({ name: 'waiting', retry: new Date(this.host.Date.now() + next) })
		}
		next ??= Math.max(this.wanted.size || this.seen ? pace : restPace, 1000 / (this.rate ?? 1))
		this.timer = this.host.setTimeout(() => this.ask(), next)
	}

	/** Says where in the log it begins. */
	async begin() {
		const { last_id: newest } = await this.json('notifications?limit=1')
		const resumed = this.lastId != null && this.lastId <= newest
		if (!resumed) this.lastId = newest
		this.ears.hello({ resumed }, /** @type {number} */ (this.lastId))
		this.versions = ''
		this.say({ name: 'open' })
		await this.news()
	}

	/** Hands over the notifications since the last one, oldest first. */
	async news() {
		const last = this.lastId ?? 0
		/** @type {import('./connection.js').Notification[]} */
		const found = []
		const watching = [...this.wanted].map(encodeURIComponent).join(',')
		for (let before = ''; ;) {
			const { notifications, versions } = await this.json('notifications?limit=50&watching=' + watching + before)
			this.own(versions)
			found.push(...notifications.filter((/** @type {any} */ n) => n.id > last))
			if (notifications.length < 50 || found.at(-1)?.id !== notifications.at(-1).id) break
			before = '&before=' + notifications.at(-1).id
		}
		for (const n of found.reverse()) {
			this.lastId = n.id
			this.ears.notification(n)
		}
	}

	/** Hears which versions the viewer's own things have. @param {import('../stream.js').Versions} [versions] */
	own(versions) {
		const now = JSON.stringify(versions ?? '')
		if (versions && now !== this.versions) this.ears.profile(versions)
		this.versions = now
	}

	/** @param {import('./connection.js').State} state */
	say(state) {
		this.told = state.name
		this.ears.state({ since: new Date(this.host.Date.now()), ...state })
	}

	/** @param {string} call */
	async json(call) {
		const response = await this.host.fetch('/api/v1/' + call, { cache: 'no-cache', signal: AbortSignal.timeout(patience) })
		if (!response.ok) throw new Error('status ' + response.status)
		return response.json()
	}
}
