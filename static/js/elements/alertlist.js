// @ts-check
// <tick-alerts>: the viewer's alerts, of all symbols or of one (data-of), with
// what has fired. It follows their version. Says 'tick-alerts' when it has
// changed.
import { call, reason } from '../alertapi.js'
import { shortTime } from '../format.js'
import { morph } from '../morph.js'
import { toast } from './toast.js'

/** @typedef {import('../alertapi.js').Alert} Alert */

const longest = 2 ** 31 - 1

export class AlertList extends HTMLElement {
	/** @type {any} the parts of the page */
	parts = {}

	connectedCallback() {
		this.of = this.dataset.of ?? ''
		this.list = /** @type {HTMLElement} */ (this.querySelector('[data-alerts]'))
		document.addEventListener('click', (e) => {
			const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('[data-do]'))
			if (button) this.act(button).catch((error) => this.failed(error))
		})
		this.shown()
	}

	get version() { return Number(this.list.dataset.version) }

	/** @returns {HTMLElement | null} */
	get firings() { return document.querySelector('[data-firings]') }

	/** Takes over a newer version, whatever it is without one. @param {number} [version] */
	async sync(version) {
		if (version != null && version <= Math.max(this.version, this.asked ?? 0)) return
		this.asked = version ?? this.asked
		const turn = this.turn = {}
		try {
			const page = await this.page('/alerts/list')
			const list = page.querySelector('[data-alerts]')
			if (!list || turn !== this.turn) return
			morph(this.list, list)
			this.merge(page.querySelector('[data-firings]'))
			this.shown()
			this.dispatchEvent(new Event('tick-alerts'))
		} catch {
			this.asked = undefined
			clearTimeout(this.timer)
			this.timer = setTimeout(() => this.sync(), 5000)
		}
	}

	/** @param {string} path @param {string} [query] */
	async page(path, query = '') {
		const response = await fetch(path + '?' + (this.of ? 'symbol=' + encodeURIComponent(this.of) : '') + query, { cache: 'no-cache', signal: AbortSignal.timeout(15_000) })
		if (!response.ok) throw new Error('status ' + response.status)
		return new DOMParser().parseFromString(await response.text(), 'text/html')
	}

	/** Puts firings that are new before the others. @param {Element | null} now */
	merge(now) {
		const rows = this.firings?.querySelector('tbody')
		if (!now || !this.firings) return
		if (!rows) return morph(this.firings, now)
		const have = new Set([...rows.children].map((r) => /** @type {HTMLElement} */ (r).dataset.key))
		const fresh = [...now.querySelectorAll('tbody tr')].filter((r) => !have.has(/** @type {HTMLElement} */ (r).dataset.key))
		rows.prepend(...fresh.map((r) => document.importNode(r, true)))
	}

	/** Brings times into the viewer's zone, and comes back when words change by themselves. */
	shown() {
		const now = new Date()
		let next = Infinity
		for (const root of [this, this.firings]) {
			for (const el of root?.querySelectorAll('time[data-local]') ?? []) {
				const at = new Date(/** @type {HTMLTimeElement} */ (el).dateTime)
				el.textContent = shortTime(at, now)
				if (+at > +now) next = Math.min(next, +at)
			}
		}
		for (const el of document.querySelectorAll('[data-alert-count]')) el.textContent = this.list.dataset.words ?? ''
		clearTimeout(this.timer)
		if (next < Infinity) this.timer = setTimeout(() => this.sync(), Math.min(longest, next - +now + 50))
	}

	/** @param {HTMLElement} button */
	async act(button) {
		const item = /** @type {HTMLElement | null} */ (button.closest('[data-alert]'))
		const { alert: id = '', version, name = '', phase } = item?.dataset ?? {}
		switch (button.dataset.do) {
		case 'older': return this.older(button)
		case 'edit': {
			const { edit } = await import('../alertform.js')
			return edit(id, this.parts)
		}
		case 'pause': return this.change(call('PATCH', '/alerts/' + id, { paused: true }, Number(version)), `${name} is paused.`)
		case 'resume': return this.change(call('PATCH', '/alerts/' + id, { paused: false }, Number(version)), `${name} is armed.`)
		case 'again': return this.change(call('POST', `/alerts/${id}/rearm`, {}), `${name} is armed again.`)
		case 'rearm': return this.rearm(id, phase === 'armed')
		case 'delete': return this.discard(id, name)
		}
	}

	/** @param {Promise<any>} done @param {string} says @param {() => Promise<any>} [undo] */
	async change(done, says, undo) {
		await done
		this.parts.stream?.renew()
		await this.sync()
		toast(says, undo && 'Undo', undo && (() => undo().then(() => this.sync(), (error) => this.failed(error))))
	}

	/** Moves the level to the price of now. @param {string} id @param {boolean} armed before */
	async rearm(id, armed) {
		/** @type {Alert} */
		const before = armed && await call('GET', '/alerts/' + id)
		/** @type {Alert} */
		const alert = await call('POST', `/alerts/${id}/rearm`, { level: 'current' })
		const undo = () => call('PATCH', '/alerts/' + id, { level: before.level }, alert.version)
		await this.change(Promise.resolve(), `${alert.symbol} ${alert.text} is armed.`, armed ? undo : undefined)
	}

	/** @param {string} id @param {string} name */
	async discard(id, name) {
		const next = this.neighbour(id)
		await this.change(call('DELETE', '/alerts/' + id), `${name} is deleted.`, () => call('POST', `/alerts/${id}/restore`))
		next?.focus()
	}

	/** Where the focus goes when an alert is gone. @param {string} id @returns {HTMLElement | null} */
	neighbour(id) {
		const all = [...this.querySelectorAll('[data-do="delete"]')]
		const at = all.findIndex((b) => b.closest('[data-alert]')?.getAttribute('data-alert') === id)
		return /** @type {HTMLElement | null} */ (all[at + 1] ?? all[at - 1] ?? null)
	}

	/** @param {HTMLElement} button */
	async older(button) {
		const last = [...this.firings?.querySelectorAll('tbody tr') ?? []].at(-1)
		const page = await this.page('/alerts/history', '&before=' + last?.getAttribute('data-key'))
		this.firings?.querySelector('tbody')?.append(...[...page.querySelectorAll('tbody tr')].map((r) => document.importNode(r, true)))
		if (!page.querySelector('[data-do="older"]')) button.remove()
		this.shown()
	}

	/** @param {unknown} error */
	failed(error) {
		toast(reason(error))
		this.sync()
	}
}
customElements.define('tick-alerts', AlertList)
