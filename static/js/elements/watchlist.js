// @ts-check
// <tick-watchlist>: the rows. Says 'tick-change' {symbols} when the viewer
// changed the list, and 'tick-removed' {symbol, undo}. A row that moves stays in
// its place in the document and the others go around it, so that the focus
// survives. How rows are added and dragged is loaded when it is asked for
// (rows.js, drag.js).
import { clock } from '../format.js'
import { QuoteView } from '../quote.js'

export class Watchlist extends HTMLElement {
	/** @type {Map<string, QuoteView>} */
	views = new Map()
	/** @type {string[]} the viewer's own order, while another is shown */
	own = []

	connectedCallback() {
		this.body = /** @type {HTMLElement} */ (this.querySelector('tbody, ul'))
		this.strip = this.hasAttribute('data-strip')
		for (const row of this.rows) this.views.set(row.dataset.symbol ?? '', new QuoteView(row))
		this.addEventListener('click', (e) => this.click(/** @type {Element} */ (e.target)))
		const drag = () => import('./drag.js')
		this.addEventListener('pointerover', () => void drag().catch(() => {}), { once: true }) // to be there in time
		this.addEventListener('pointerdown', (e) => {
			const grip = /** @type {Element} */ (e.target).closest('[data-act="grip"]')
			if (!grip || e.button) return
			e.preventDefault()
			drag().then((m) => m.drag(this, e, grip), () => {})
		})
	}

	/** @returns {HTMLElement[]} */
	get rows() { return /** @type {HTMLElement[]} */ ([...(this.body?.children ?? [])]) }

	/** The list in the viewer's order. */
	get symbols() { return this.own.length ? this.own : this.rows.map((r) => r.dataset.symbol ?? '') }

	/** Versions of what is shown. */
	get versions() { return new Map([...this.views].map(([s, v]) => [s, v.version])) }

	/** @param {import('../stream.js').Quote} quote @param {boolean} snapshot */
	take(quote, snapshot) { this.views.get(quote.symbol)?.take(quote, snapshot) }

	/** Marks all prices as of that time, or no more. @param {Date} [since] */
	lose(since) {
		for (const v of this.views.values()) v.lose(since ? 'Stale since ' + clock(since, v.tz) : '')
	}

	/** @param {string} symbol */
	remove(symbol) {
		const row = this.view(symbol)
		if (!row) return
		const view = /** @type {QuoteView} */ (this.views.get(symbol))
		const order = this.symbols
		this.drop(row)
		if (this.own.length) this.own = this.own.filter((s) => s !== symbol)
		this.changed()
		const undo = () => {
			if (this.views.has(symbol)) return
			this.unsort()
			this.views.set(symbol, view)
			this.body.append(row)
			this.arrange([...order.filter((s) => this.views.has(s)), ...this.symbols.filter((s) => !order.includes(s))])
			this.changed()
			row.querySelector('a')?.focus()
		}
		this.dispatchEvent(new CustomEvent('tick-removed', { detail: { symbol, undo } }))
	}

	/** Takes a row out; the focus goes to the next. @param {HTMLElement} row */
	drop(row) {
		const next = row.contains(document.activeElement) && (row.nextElementSibling ?? row.previousElementSibling)
		row.remove()
		this.views.delete(row.dataset.symbol ?? '')
		if (next) next.querySelector('a')?.focus()
	}

	/** @param {string} symbol */
	view(symbol) { return this.views.get(symbol)?.root }

	/** The row in which the focus is. @returns {HTMLElement | undefined} */
	get current() { return this.rows.find((r) => r.contains(document.activeElement)) }

	/** Moves the focus by rows. @param {number} by */
	step(by) {
		const { rows, current } = this
		const at = current ? rows.indexOf(current) + by : by > 0 ? 0 : rows.length - 1
		rows[Math.min(rows.length - 1, Math.max(0, at))]?.querySelector('a')?.focus()
	}

	/** Moves a row by one place. @param {HTMLElement} row @param {number} by -1 or 1 */
	move(row, by) {
		const other = by < 0 ? row.previousElementSibling : row.nextElementSibling
		if (!other) return
		if (by < 0) row.after(other)
		else row.before(other)
		this.adopt()
		this.changed()
		row.scrollIntoView({ block: 'nearest' })
	}

	/** What is shown becomes the viewer's own order. */
	adopt() {
		this.own = []
		for (const th of this.querySelectorAll('th[aria-sort]')) th.removeAttribute('aria-sort')
	}

	/** Brings rows into an order, with the focus where it was. @param {string[]} symbols */
	arrange(symbols) {
		const focus = /** @type {HTMLElement | null} */ (document.activeElement)
		let at = this.body.firstElementChild
		for (const s of symbols) {
			const row = this.view(s)
			if (row && row !== at) this.body.insertBefore(row, at)
			else if (row) at = row.nextElementSibling
		}
		if (focus && focus !== document.activeElement && this.contains(focus)) focus.focus()
	}

	unsort() {
		const own = this.own
		this.adopt()
		if (own.length) this.arrange(own)
	}

	/** @param {Element} target */
	click(target) {
		const button = /** @type {HTMLElement | null} */ (target.closest('button'))
		const row = /** @type {HTMLElement | null} */ (target.closest('[data-symbol]'))
		if (!row || !button) return
		switch (button.dataset.act) {
		case 'up': return this.move(row, -1)
		case 'down': return this.move(row, 1)
		case 'remove': return this.remove(row.dataset.symbol ?? '')
		}
	}

	changed() { this.dispatchEvent(new CustomEvent('tick-change', { detail: { symbols: this.symbols } })) }
}

customElements.define('tick-watchlist', Watchlist)
