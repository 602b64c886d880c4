// @ts-check
// The form that sets an alert and changes one; loaded when it is asked for.
import { announce } from './announce.js'
import { adviceOf, call, plain, reason } from './alertapi.js'
import { json } from './api.js'
import { number, state } from './format.js'
import { toast } from './elements/toast.js'

/**
 * @typedef {import('./alertapi.js').Alert} Alert
 * @typedef {{stream: any, alerts?: any}} Parts of a page
 * @typedef {{symbol: string, name: string, decimals: number, time_zone: string, currency?: string}} Instrument
 */

const quotePace = 2000

class AlertForm {
	/** @param {HTMLDialogElement} dialog @param {Parts} parts */
	constructor(dialog, parts) {
		this.dialog = dialog
		this.parts = parts
		this.form = /** @type {HTMLFormElement} */ (dialog.querySelector('form'))
		/** @type {Alert | undefined} what is changed, nothing for a new one */
		this.old = undefined
		this.symbol = ''
		this.form.addEventListener('submit', (e) => { e.preventDefault(); this.save() })
		this.form.addEventListener('input', (e) => this.changed(/** @type {HTMLInputElement} */ (e.target)))
		this.part('[data-cancel]').addEventListener('click', () => dialog.close())
		this.part('[data-anyway]').addEventListener('click', () => this.save({ even_if_met: true }))
		dialog.addEventListener('close', () => clearInterval(this.timer))
		this.part('.more').addEventListener('toggle', () => { if (this.part('.more').open) this.channels() })
	}

	/** @param {string} selector @returns {any} */
	part(selector) { return this.form.querySelector(selector) }

	/** @param {string} name @returns {any} */
	field(name) { return this.form.elements.namedItem(name) }

	/** The chosen condition. @returns {HTMLOptionElement} */
	get condition() { return this.field('condition').selectedOptions[0] }

	/** @param {string} symbol @param {Alert} [old] */
	async open(symbol, old) {
		this.form.reset()
		this.old = old
		this.edited = Boolean(old)
		this.fail('')
		this.part('h2').textContent = old ? 'Edit alert' : 'New alert'
		this.part('[data-submit]').textContent = old ? 'Save' : 'Set alert'
		this.field('symbol').value = symbol
		this.field('symbol').readOnly = Boolean(old)
		this.part('.more').open = Boolean(old?.hysteresis != null || old?.deliver || old && old.sessions !== 'regular')
		if (old) this.fill(old)
		this.deliver(old?.deliver ?? '')
		this.show()
		this.dialog.showModal()
		this.field(symbol ? 'condition' : 'symbol').focus()
		this.timer = setInterval(() => this.quote(), quotePace)
		await this.look(symbol)
	}

	/** @param {Alert} old */
	fill(old) {
		const { condition, level } = old
		const signed = condition.startsWith('percent')
		const values = {
			condition: condition + (signed ? (Number(level) < 0 ? '-' : '+') : ''),
			level: level == null ? '' : String(signed ? Math.abs(level) : level),
			window: old.window, repeat: old.repeat, cooldown: old.cooldown, sessions: old.sessions,
			hysteresis: old.hysteresis ?? '', note: old.note ?? '', expires: old.expires ? local(old.expires) : '',
		}
		for (const [name, value] of Object.entries(values)) if (value != null) put(this.field(name), String(value))
	}

	/** Shows the fields that the choices need. */
	show() {
		const { level, window, back, timed } = this.condition.dataset
		const repeats = this.field('repeat').value !== 'once'
		const shown = {
			level: Boolean(level), window: window != null, timed: timed != null, back: back != null && repeats,
			cooldown: this.field('repeat').value === 'always', ways: this.field('deliver').value === 'chosen',
		}
		for (const [name, on] of Object.entries(shown)) this.part(`[data-part="${name}"]`).hidden = !on
		const unit = this.instrument?.currency ? ` (${this.instrument.currency})` : ''
		this.part('[data-level-label]').textContent = { price: 'Price' + unit, percent: 'Percent', volume: 'Volume', spread: 'Spread' + unit }[level ?? 'price'] ?? ''
	}

	/** @param {HTMLInputElement} input */
	changed(input) {
		if (input.name === 'symbol') return this.suggest(input.value.trim().toUpperCase())
		if (input.name === 'level') this.edited = true
		if (input.name === 'condition' && !this.edited) this.prefill()
		this.fail('')
		this.show()
	}

	/** Offers symbols, and takes up one that is written out. @param {string} text */
	async suggest(text) {
		clearTimeout(this.typed)
		this.typed = setTimeout(async () => {
			/** @type {Instrument[]} */
			const found = text ? (await json('/api/v1/symbols?limit=8&q=' + encodeURIComponent(text)).catch(() => ({ symbols: [] }))).symbols : []
			this.part('datalist').replaceChildren(...found.map((f) => new Option(f.name, f.symbol)))
			if (found.some((f) => f.symbol === text)) this.take(found.find((f) => f.symbol === text))
		}, 150)
	}

	/** Takes up a symbol by its name. @param {string} symbol */
	async look(symbol) {
		if (!symbol) return this.take(undefined)
		const { symbols } = await json('/api/v1/symbols?limit=20&q=' + encodeURIComponent(symbol)).catch(() => ({ symbols: [] }))
		await this.take(symbols.find((/** @type {Instrument} */ i) => i.symbol === symbol))
	}

	/** @param {Instrument | undefined} instrument */
	async take(instrument) {
		if (instrument?.symbol === this.instrument?.symbol && instrument) return
		this.instrument = instrument
		this.price = NaN
		this.part('[data-form-quote]').hidden = true
		this.show()
		await this.quote()
		if (!this.edited) this.prefill()
	}

	/** Shows the price with its state. */
	async quote() {
		const { instrument } = this
		if (!instrument || document.hidden) return
		const quote = await json('/api/v1/quotes/' + instrument.symbol.split('/').map(encodeURIComponent).join('/')).catch(() => undefined)
		if (!quote || instrument !== this.instrument) return
		this.price = quote.price ?? NaN
		this.part('[data-form-quote]').hidden = false
		this.part('[data-quote-name]').textContent = instrument.name
		this.part('[data-quote-price]').textContent = number(quote.price, instrument.decimals)
		this.part('[data-quote-state]').textContent = quote.price == null ? 'No quote yet' : state(quote, instrument.time_zone)
	}

	/** Puts what is near into the level. */
	prefill() {
		const { price = NaN, instrument } = this
		const { level } = this.condition.dataset
		this.field('level').value = level === 'percent' ? '2' : level !== 'price' || Number.isNaN(price) ? '' : price.toFixed(instrument?.decimals ?? 2)
	}

	/** Offers the viewer's channels, where there are some. */
	async channels() {
		const { channels = [] } = await call('GET', '/channels').catch(() => ({}))
		for (const { id, name, kind } of channels) this.way(String(id), name || kind)
	}

	/** Offers a way of delivery, once. @param {string} value @param {string} name */
	way(value, name) {
		const box = this.form.querySelector(`[name="way"][value="${CSS.escape(value)}"]`)
		if (box) return box.parentElement?.lastChild?.replaceWith(' ' + name)
		const label = document.createElement('label')
		label.dataset.channel = ''
		label.append(Object.assign(document.createElement('input'), { type: 'checkbox', name: 'way', value }), ' ' + name)
		this.part('[data-ways]').append(label)
	}

	/** @param {string} deliver as the alert has it */
	deliver(deliver) {
		for (const el of this.form.querySelectorAll('[data-channel]')) el.remove()
		const known = deliver === '' || deliver === 'none'
		this.field('deliver').value = known ? deliver : 'chosen'
		const ways = known ? [] : deliver.split(',')
		for (const way of ways) if (way !== 'sound' && way !== 'browser') this.way(way, 'Channel ' + way)
		for (const way of this.form.querySelectorAll('[name="way"]')) {
			const input = /** @type {HTMLInputElement} */ (way)
			input.checked = ways.includes(input.value)
		}
	}

	/** What the form says, as the API has it. */
	get terms() {
		const { value, dataset: { level, window, back, timed } } = this.condition
		const data = new FormData(this.form)
		/** @param {string} name */
		const text = (name) => String(data.get(name) ?? '').trim()
		const repeat = text('repeat'), deliver = text('deliver'), expires = text('expires')
		const number = plain(text('level'))
		return {
			symbol: text('symbol').toUpperCase(),
			condition: value.replace(/[+-]$/, ''),
			level: level ? (value.endsWith('-') ? '-' : '') + number : undefined,
			window: window == null ? undefined : text('window'),
			repeat,
			cooldown: repeat === 'always' ? text('cooldown') : undefined,
			hysteresis: back != null && repeat !== 'once' && text('hysteresis') || undefined,
			sessions: timed == null ? undefined : text('sessions'),
			note: text('note') || undefined,
			expires: expires ? new Date(expires).toISOString() : undefined,
			deliver: deliver === 'chosen' ? data.getAll('way').join(',') || 'none' : deliver || undefined,
		}
	}

	/** What is missing, '' when nothing is. @param {{symbol: string, level?: string}} terms */
	lacking({ symbol, level }) {
		if (!symbol) return ['symbol', 'Type a symbol.']
		if (level != null && !/^-?(\d+\.?\d*|\.\d+)$/.test(level)) return ['level', 'Type a number, with a point: 190.50.']
		return ['', '']
	}

	/** @param {object} [more] */
	async save(more) {
		const terms = { ...this.terms, ...more }
		const [name, lack] = this.lacking(terms)
		if (name) {
			this.field(name).focus()
			return this.fail(lack)
		}
		const { old } = this
		const submit = this.part('[data-submit]')
		submit.disabled = true
		try {
			const alert = old ? await call('PUT', '/alerts/' + old.id, { ...terms, paused: old.paused }, old.version) : await call('POST', '/alerts', terms)
			this.dialog.close()
			this.parts.stream.renew()
			await this.parts.alerts?.sync()
			const news = `Alert ${old ? 'saved' : 'set'}: ${alert.symbol} ${alert.text}.`
			announce(news)
			toast(news)
		} catch (error) {
			const advice = adviceOf(error, this.field('level').value)
			this.fail(advice?.says ?? reason(error), advice)
		} finally {
			submit.disabled = false
		}
	}

	/** @param {string} text @param {{does: string, instead: Partial<Alert>}} [advice] */
	fail(text, advice) {
		const error = this.part('[data-form-error]'), button = this.part('[data-advice]')
		error.textContent = text
		error.hidden = !text
		button.hidden = !advice?.does
		this.part('[data-anyway]').hidden = !advice
		this.part('[data-submit]').hidden = Boolean(advice)
		if (!advice?.does) return
		button.textContent = advice.does
		button.onclick = () => {
			this.field('condition').value = advice.instead.condition
			this.save()
		}
		button.focus()
	}
}

/** Puts a value into a field; a choice that lacks it gets it. @param {any} field @param {string} value */
function put(field, value) {
	if (field instanceof HTMLSelectElement && ![...field.options].some((o) => o.value === value)) field.add(new Option(value, value))
	field.value = value
}

/** A moment as a field of the viewer's own time has it. @param {string} moment */
function local(moment) {
	const at = new Date(moment)
	return new Date(+at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** @type {AlertForm | undefined} */
let form

/** @param {Parts} parts */
function the(parts) { return form ??= new AlertForm(/** @type {HTMLDialogElement} */ (document.getElementById('alert-dialog')), parts) }

/** Opens the form of a new alert. @param {string} symbol '' for one to be chosen @param {Parts} parts */
export function make(symbol, parts) { return the(parts).open(symbol) }

/** Opens it for a button. @param {HTMLElement} button @param {Parts} parts */
export function open(button, parts) { return make(button.dataset.for ?? '', parts) }

/** Opens the form of an alert that is there. @param {string} id @param {Parts} parts */
export async function edit(id, parts) {
	const alert = await call('GET', '/alerts/' + id)
	return the(parts).open(alert.symbol, alert)
}
