// @ts-check
// A quote on the page: a row, an item of the strip, or the page of a symbol.
// Texts are changed in place; the elements stay what they are.
import * as format from './format.js'
import { flash, invalidate } from './paint.js'

/** @typedef {import('./stream.js').Quote} Quote */

const sparkMost = 120
const sparkEvery = 5000

/** Shows the quotes of one symbol in an element with data-symbol. */
export class QuoteView {
	/** @param {HTMLElement} root */
	constructor(root) {
		this.root = root
		this.symbol = root.dataset.symbol ?? ''
		this.version = Number(root.dataset.version)
		this.decimals = Number(root.dataset.decimals)
		this.tz = root.dataset.tz ?? 'UTC'
		this.price = optional(root.dataset.price)
		/** @type {Map<string, HTMLElement>} */
		this.fields = new Map()
		for (const el of root.querySelectorAll('[data-field]')) this.fields.set(el.getAttribute('data-field') ?? '', /** @type {HTMLElement} */ (el))
		/** @type {Quote | undefined} */
		this.quote = undefined
		this.mayFlash = false
		this.lost = ''
	}

	/**
	 * Takes a quote, to be painted in the next frame; an older one is dropped.
	 * @param {Quote} quote
	 * @param {boolean} snapshot not a tick: nothing flashes
	 */
	take(quote, snapshot) {
		if (quote.version < this.version) return
		this.version = quote.version
		this.quote = quote
		this.mayFlash = !snapshot && (this.mayFlash || !this.pending)
		this.pending = true
		this.lost = ''
		invalidate(this)
	}

	/** Says in place of the state that nothing comes any more. @param {string} words '' when it does again */
	lose(words) {
		if (words === this.lost) return
		this.lost = words
		invalidate(this)
	}

	paint() {
		const q = this.quote
		if (q && this.pending) this.figures(q)
		this.pending = false
		const words = this.lost || (q ? format.state(q, this.tz) : this.root.dataset.state)
		if (words) this.text('state', words)
	}

	/** @param {Quote} q */
	figures(q) {
		const { root, decimals } = this
		for (const key of ['price', 'bid', 'ask', 'low', 'high', 'open', 'previous_close']) {
			this.text(key, format.number(/** @type {any} */ (q)[key], decimals))
		}
		this.text('change', format.signed(q.change, decimals))
		this.text('change_percent', format.percent(q.change_percent))
		for (const key of ['bid_size', 'ask_size', 'volume']) this.text(key, format.big(/** @type {any} */ (q)[key]))
		this.title('volume', format.full(q.volume))
		this.title('state', `${format.timeliness(q)} data from ${q.source ?? ''}`)
		this.text('session', format.sessions[q.session ?? ''] ?? format.missing)
		this.text('source', q.source ?? format.missing)
		this.time('', q.price_time ?? q.time)
		this.text('basis', q.basis ?? '')
		const base = format.datedBase(q, new Date())
		this.text('base', base)
		this.title('change_percent', 'Against the ' + base)
		const extended = format.extended(q, decimals)
		const line = this.fields.get('extended')
		if (line) {
			line.hidden = !extended
			line.dataset.way = extended?.way
		}
		this.time('extended_', extended && q.extended_time)
		for (const key of ['label', 'price', 'change']) this.text('extended_' + key, /** @type {any} */ (extended)?.[key] ?? '')
		this.range(q)
		this.spark(q)

		/** @type {Record<string, unknown>} */
		const data = {
			version: q.version, dir: format.direction(q.change, decimals), session: q.session, state: format.state(q, this.tz),
			price: q.price, change: q.change, percent: q.change_percent, volume: q.volume,
		}
		for (const key in data) {
			const value = String(data[key] ?? '')
			if (root.dataset[key] !== value) root.dataset[key] = value
		}
		const cell = this.fields.get('price')
		if (cell && this.mayFlash && q.price != null && this.price != null && q.price !== this.price) {
			flash(cell, q.price > this.price ? 'up' : 'down')
		}
		this.price = q.price
		this.mayFlash = false
	}

	/** @param {string} name @param {string} value */
	text(name, value) {
		const el = this.fields.get(name)
		if (!el) return
		const node = el.firstChild
		if (!node) el.textContent = value
		else if (node.nodeValue !== value) node.nodeValue = value
	}

	/** @param {string} name @param {string} value */
	title(name, value) {
		const el = this.fields.get(name)
		if (el && el.title !== value) el.title = value
	}

	/**
	 * The time of the price, or of the one of pre and post market, which is hidden with it.
	 * @param {'' | 'extended_'} prefix
	 * @param {string | undefined} time
	 */
	time(prefix, time) {
		const el = this.fields.get(prefix + 'time')
		if (!el) return
		if (prefix) el.hidden = !time
		if (!time) return
		const at = new Date(time)
		el.setAttribute('datetime', time)
		this.text(prefix + 'clock', format.clock(at, this.tz))
		this.text(prefix + 'day', format.day(at, this.tz, this.root.dataset.zone ?? '', new Date()))
	}

	/** Moves the last price on the day's range. @param {Quote} q */
	range(q) {
		const mark = this.fields.get('range')?.querySelector('.range-mark')
		if (!mark || q.price == null || q.low == null || q.high == null) return
		const at = q.high > q.low ? Math.round((q.price - q.low) / (q.high - q.low) * 100) : 50
		for (const end of ['x1', 'x2']) mark.setAttribute(end, String(Math.min(100, Math.max(0, at))))
	}

	/** Moves the end of the day's line, and lengthens it every few seconds. @param {Quote} q */
	spark(q) {
		const svg = this.fields.get('spark')
		if (!svg || q.price == null) return
		const s = this.sparkState ??= readSpark(svg)
		const now = Date.now()
		if (s.prices.length < 2 || now - s.at > s.every && q.session === 'regular') {
			if (s.prices.length >= sparkMost) {
				s.prices = s.prices.filter((_, i) => i % 2 === 0)
				s.every *= 2
			}
			if (!s.prices.length) s.prices.push(q.open ?? q.price)
			s.prices.push(q.price)
			s.at = now
		}
		s.prices[s.prices.length - 1] = q.price
		drawSpark(svg, s.prices, q.previous_close)
		const label = `${this.symbol} today: low ${format.number(q.low, this.decimals)}, high ${format.number(q.high, this.decimals)}, ` +
			`${format.base(q)} ${format.number(q.previous_close, this.decimals)}`
		if (svg.getAttribute('aria-label') !== label) svg.setAttribute('aria-label', label)
	}
}

/** Reads the prices back from the line that the server drew. @param {HTMLElement} svg */
function readSpark(svg) {
	const low = Number(svg.dataset.low), span = Number(svg.dataset.high) - low
	const points = svg.querySelector('.spark-line')?.getAttribute('points') ?? ''
	const prices = points.split(' ').filter(Boolean).map((p) => low + (300 - Number(p.split(',')[1])) / 300 * span)
	return { prices, at: Date.now(), every: sparkEvery }
}

/** @param {HTMLElement} svg @param {number[]} prices @param {number | undefined} close */
function drawSpark(svg, prices, close) {
	const all = close == null ? prices : [...prices, close]
	const low = Math.min(...all), span = Math.max(...all) - low
	/** @param {number} p */
	const y = (p) => span > 0 ? Math.round(300 - (p - low) / span * 300) : 150
	const line = svg.querySelector('.spark-close')
	for (const end of ['y1', 'y2']) line?.setAttribute(end, String(close == null ? -99 : y(close)))
	const last = prices.length - 1
	svg.querySelector('.spark-line')?.setAttribute('points', prices.map((p, i) => `${Math.round(i / last * 1000)},${y(p)}`).join(' '))
}

/** @param {string | undefined} text */
function optional(text) { return text ? Number(text) : undefined }

/** Puts the viewer's own time into the tooltip of a time when it is pointed at. */
export function viewerTimes() {
	document.addEventListener('pointerover', (e) => {
		const time = /** @type {Element} */ (e.target).closest?.('time')
		if (time?.dateTime) time.title = format.viewerTime(new Date(time.dateTime))
	})
}
