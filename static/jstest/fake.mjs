// A host for stream.js: an EventSource that tests play, and a clock that they turn.

export class FakeHost {
	constructor() {
		this.time = 1_000_000
		this.timers = new Map()
		this.next = 1
		this.sources = []
		this.posts = []
		this.answer = async () => ({ status: 200 })
		this.Math = { random: () => 0 }
		this.Date = { now: () => this.time }
		const host = this
		this.EventSource = class {
			constructor(url) {
				this.url = url
				this.closed = false
				this.listeners = {}
				host.sources.push(this)
			}
			addEventListener(type, f) { (this.listeners[type] ??= []).push(f) }
			close() { this.closed = true }
			emit(type, data = {}, lastEventId = '') {
				for (const f of this.listeners[type] ?? []) f({ data: JSON.stringify(data), lastEventId })
			}
			hello(symbols, more = {}, id = '0') {
				this.emit('hello', { stream: 'S' + host.sources.length, symbols, max_rate: 10, heartbeat: 15, ...more }, id)
			}
		}
		this.fetch = async (url, options) => {
			const body = JSON.parse(options.body)
			this.posts.push({ url, body })
			const { status, detail } = await this.answer(body)
			return { status, ok: status === 200, json: async () => ({ detail }) }
		}
		this.setTimeout = (f, ms) => {
			this.timers.set(this.next, { at: this.time + ms, f })
			return this.next++
		}
		this.clearTimeout = (id) => { this.timers.delete(id) }
	}

	get source() { return this.sources.at(-1) }

	/** Turns the clock, with what falls due on the way. */
	async advance(ms) {
		const end = this.time + ms
		for (;;) {
			const due = [...this.timers].filter(([, t]) => t.at <= end).sort((a, b) => a[1].at - b[1].at)[0]
			if (!due) break
			this.timers.delete(due[0])
			this.time = due[1].at
			due[1].f()
			await settle()
		}
		this.time = end
	}
}

/** Lets promises run. */
export async function settle() {
	for (let i = 0; i < 20; i++) await Promise.resolve()
}

/** A way to a room in the same place. */
export function local(room) {
	return (receive) => {
		const port = { postMessage: (m) => receive(structuredClone(m)) }
		return { postMessage: (want) => room.take(port, structuredClone(want)), close: () => {} }
	}
}

/** Members of a page's kind that note what they are told. */
export function member(follow, host, rungs, symbols, options = {}) {
	const log = { quotes: [], notes: [], states: [], refused: [], profiles: [], hellos: 0 }
	const stream = follow(symbols, {
		quote: (q, snapshot) => log.quotes.push([q.symbol, q.version, snapshot]),
		notification: (n) => log.notes.push(n.id),
		state: (s) => log.states.push(s),
		profile: (v) => log.profiles.push(v.alerts),
		refused: (detail) => log.refused.push(detail),
		hello: () => log.hellos++,
	}, { host, rungs, ...options })
	return { log, stream, state: () => log.states.at(-1) }
}

/** What the tabs of a browser have in common: channels, and locks that are queued for. */
export class FakeBrowser {
	constructor() {
		this.channels = new Set()
		this.queue = []
	}

	/** Gives a host the channels and locks. */
	furnish(host) {
		const browser = this
		host.BroadcastChannel = class {
			constructor(name) { this.name = name; browser.channels.add(this) }
			postMessage(data) {
				const copy = structuredClone(data)
				for (const c of [...browser.channels]) {
					if (c !== this && c.name === this.name) queueMicrotask(() => { if (browser.channels.has(c)) c.onmessage?.({ data: copy }) })
				}
			}
			close() { browser.channels.delete(this) }
		}
		host.navigator = { locks: { request: (name, options, work) => browser.request(options, work) } }
		host.crypto = { randomUUID: () => 'tab ' + Math.random() }
		return host
	}

	async request({ signal }, work) {
		const turn = { signal, granted: undefined }
		this.queue.push(turn)
		await new Promise((granted, refused) => {
			turn.granted = granted
			signal.addEventListener('abort', () => {
				this.leave(turn)
				refused(signal.reason)
			})
			if (this.queue[0] === turn) granted()
		})
		await work()
	}

	leave(turn) {
		const first = this.queue[0] === turn
		this.queue = this.queue.filter((t) => t !== turn)
		if (first) this.queue[0]?.granted()
	}
}
