// The server's lists as its REST calls show them, and a tab that keeps them.
import { edited, arranged } from '../js/lists/changes.js'
import { Keeper } from '../js/lists/keeper.js'
import { FakeHost } from './fake.mjs'

const answer = (status, body, headers = {}) => new Response(body === undefined ? null : JSON.stringify(body), { status, headers })

export class ListServer {
	lists = []
	deleted = []
	version = 0
	newest = 0
	log = []
	/** What goes wrong: called before and after the work; returns an answer in place of it, or throws. */
	before = () => {}
	after = () => {}

	changed(list) {
		this.version++
		if (list) list.version++
		return structuredClone(list)
	}

	async fetch(url, { method, headers = {}, body }) {
		const [id, what] = url.replace('/api/v1/lists', '').slice(1).split('/')
		this.log.push([method, id, what].filter(Boolean).join(' '))
		const early = await this.before(method, id, what)
		if (early) return early
		const done = this.work(method, id, what, headers, body ? JSON.parse(body) : {})
		await this.after(method, id, what)
		return done
	}

	work(method, id, what, headers, body) {
		const list = this.lists.find((l) => l.id === Number(id))
		const gone = () => answer(404, { detail: 'There is no such list.' })
		if (!id && method === 'GET') return answer(200, { lists: structuredClone(this.lists), version: this.version })
		if (!id) {
			const made = { id: ++this.newest, name: body.name, symbols: body.symbols, version: 0 }
			this.lists.push(made)
			return answer(201, this.changed(made))
		}
		if (id === 'order') {
			this.lists = arranged(this.lists.map((l) => l.id), body.ids).map((n) => this.lists.find((l) => l.id === n))
			this.changed()
			return answer(204)
		}
		if (what === 'restore') {
			const back = this.deleted.find((l) => l.id === Number(id))
			if (!back) return gone()
			this.deleted = this.deleted.filter((l) => l !== back)
			this.lists.push(back)
			return answer(200, this.changed(back))
		}
		if (!list) return gone()
		if (what === 'symbols') {
			list.symbols = edited(list.symbols, body)
			return answer(200, this.changed(list))
		}
		if (method === 'DELETE') {
			this.lists = this.lists.filter((l) => l !== list)
			this.deleted.push(list)
			this.changed()
			return answer(204)
		}
		if (headers['If-Match'] !== `"v${list.version}"`) return answer(412, { detail: 'Load it again.' })
		Object.assign(list, body)
		return answer(200, this.changed(list))
	}

	get names() { return this.lists.map((l) => l.name + ': ' + l.symbols.join(' ')) }
}

/** A tab, with what a reload leaves of it. */
export function tab(server, kept = new Map()) {
	const host = new FakeHost()
	host.fetch = (url, options) => server.fetch(url, options)
	host.sessionStorage = {
		getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v), removeItem: (k) => kept.delete(k),
	}
	const said = []
	const keeper = new Keeper({
		changed: () => {}, failing: (detail) => said.push('failing: ' + detail), saved: () => said.push('saved'),
		refused: (detail) => said.push('refused: ' + detail), created: (from, list) => said.push(`created ${from} ${list.id}`),
	}, host)
	return { keeper, host, said, kept, get names() { return keeper.lists.map((l) => l.name + ': ' + l.symbols.join(' ')) } }
}
