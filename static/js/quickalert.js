// @ts-check
// "Alert me at …": sets an alert at a price, above or below by the side on which
// it lies. On the dashboard it is loaded when a row asks for it.
import { announce } from './announce.js'
import { adviceOf, call, plain, reason } from './alertapi.js'
import { number } from './format.js'
import { toast } from './elements/toast.js'

/** @typedef {{stream: any, alerts?: any}} Parts of a page */

/** The form of a page. */
class Quick {
	/** @param {HTMLFormElement} form @param {Parts} parts */
	constructor(form, parts) {
		this.form = form
		this.parts = parts
		/** @param {string} selector @returns {any} */
		const part = (selector) => form.querySelector(selector)
		this.input = /** @type {HTMLInputElement} */ (part('input'))
		this.words = /** @type {HTMLElement} */ (part('[data-words]'))
		this.error = /** @type {HTMLElement} */ (part('[data-form-error]'))
		this.advice = /** @type {HTMLButtonElement} */ (part('[data-advice]'))
		this.submit = /** @type {HTMLButtonElement} */ (part('[data-submit]'))
		form.addEventListener('submit', (e) => { e.preventDefault(); this.set() })
		form.addEventListener('click', (e) => {
			const by = /** @type {Element} */ (e.target).closest('button')?.dataset.step
			if (by) this.step(Number(by))
		})
		this.input.addEventListener('input', () => this.say())
		this.input.addEventListener('keydown', (e) => {
			if (e.key !== 'ArrowUp' && e.key !== 'ArrowDown') return
			e.preventDefault()
			this.step((e.key === 'ArrowUp' ? 1 : -1) * (e.shiftKey ? 10 : 1))
		})
		this.watch = new MutationObserver(() => this.say(true))
	}

	/**
	 * Follows the price of another symbol.
	 * @param {HTMLElement} source the element with its figures
	 */
	follow(source) {
		this.source = source
		this.watch.disconnect()
		this.watch.observe(source, { attributes: true, attributeFilter: ['data-price', 'data-state'] })
		this.say()
	}

	get symbol() { return this.source?.dataset.symbol ?? '' }

	get decimals() { return Number(this.source?.dataset.decimals) }

	/** The price of now, NaN where there is none. */
	get price() { return this.source?.dataset.price ? Number(this.source.dataset.price) : NaN }

	/** The level as decimal text, '' for what is no price. */
	get level() {
		const text = plain(this.input.value)
		return /^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) > 0 ? text : ''
	}

	/** The level as people read it. */
	get shown() {
		const places = this.level.split('.')[1]?.length ?? 0
		return number(/** @type {any} */ (this.level), Math.max(places, this.decimals))
	}

	/** Puts the price of now into the field. */
	prefill() {
		this.input.value = Number.isNaN(this.price) ? '' : this.price.toFixed(this.decimals)
		this.say()
	}

	/** @param {number} by ticks */
	step(by) {
		const tick = Number(this.source?.dataset.tick) || 10 ** -this.decimals
		const from = Number(this.level) || this.price || 0
		const places = Math.max(this.decimals, (String(tick).split('.')[1] ?? '').length)
		this.input.value = Math.max(tick, (Math.round(from / tick) + by) * tick).toFixed(Math.min(places, 12))
		this.say()
	}

	/** above, below, or crosses where the price is not known; '' for the price of now. */
	get condition() {
		if (Number.isNaN(this.price)) return 'crosses'
		const level = Number(this.level)
		return level > this.price ? 'above' : level < this.price ? 'below' : ''
	}

	/** Says what would be set. @param {boolean} [quietly] only the words: the price has moved */
	say(quietly) {
		this.words.textContent = !this.level ? 'Type a price, with a point: 190.50.'
			: !this.condition ? `Choose a price above or below ${this.shown}, where it is now.`
				: this.condition === 'crosses' ? `You hear when the price crosses ${this.shown}.`
					: `You hear when the price is ${this.condition} ${this.shown}.`
		if (!quietly) this.fail('')
	}

	/** @param {string} text @param {{does: string, instead: object}} [advice] */
	fail(text, advice) {
		this.error.textContent = text
		this.error.hidden = !text
		this.advice.hidden = !advice?.does
		this.submit.hidden = !this.advice.hidden
		if (!advice?.does) return
		this.advice.textContent = advice.does
		this.advice.onclick = () => this.set(advice.instead)
		this.advice.focus()
	}

	/** @param {object} [instead] what the server advised */
	async set(instead) {
		const { symbol, shown, level, condition } = this
		if (!level || !condition) {
			this.input.focus()
			this.input.select()
			return this.fail(this.words.textContent ?? '')
		}
		this.submit.disabled = this.advice.disabled = true
		try {
			const alert = await call('POST', '/alerts', { symbol, condition, level, ...instead })
			this.fail('')
			this.done(alert)
		} catch (error) {
			const advice = adviceOf(error, shown)
			this.fail(advice?.says ?? reason(error), advice)
		} finally {
			this.submit.disabled = this.advice.disabled = false
		}
	}

	/** @param {import('./alertapi.js').Alert} alert */
	done({ id, symbol, text }) {
		const { stream, alerts } = this.parts
		const news = `Alert set: ${symbol} ${text}.`
		stream.renew()
		alerts?.sync()
		announce(news)
		toast(news, 'Undo', () => call('DELETE', '/alerts/' + id).then(() => alerts?.sync(), (error) => toast(reason(error))))
		this.form.dispatchEvent(new Event('tick-set', { bubbles: true }))
	}
}

/**
 * Prepares the form of a symbol's page.
 * @param {HTMLFormElement} form @param {HTMLElement} source @param {Parts} parts
 */
export function quickForm(form, source, parts) {
	const quick = new Quick(form, parts)
	quick.follow(source)
	return quick
}

/** @type {Quick | undefined} the popover's */
let popped

/**
 * Opens the popover for the row of a button.
 * @param {HTMLElement} button @param {Parts} parts
 */
export function open(button, parts) {
	const row = /** @type {HTMLElement} */ (button.closest('[data-symbol]'))
	const pop = /** @type {HTMLElement} */ (document.getElementById('quick'))
	const quick = popped ??= prepare(pop, parts)
	pop.hidePopover()
	quick.follow(row)
	quick.prefill()
	for (const el of pop.querySelectorAll('[data-quick-symbol]')) el.textContent = quick.symbol
	pop.querySelector('[data-more]')?.setAttribute('href', '/alerts?new=' + encodeURIComponent(quick.symbol))
	mirror(pop, row)
	pop.showPopover()
	place(pop, button)
	quick.input.focus()
	quick.input.select()
	pop.addEventListener('toggle', () => { if (document.activeElement === document.body) button.focus() }, { once: true })
}

/** @param {HTMLElement} pop @param {Parts} parts */
function prepare(pop, parts) {
	const quick = new Quick(/** @type {HTMLFormElement} */ (pop.querySelector('form')), parts)
	pop.addEventListener('tick-set', () => pop.hidePopover())
	addEventListener('resize', () => pop.hidePopover())
	const say = quick.say.bind(quick)
	quick.say = (quietly) => { say(quietly); if (quick.source) mirror(pop, quick.source) }
	return quick
}

/** Shows the price of the row with its state. @param {HTMLElement} pop @param {HTMLElement} row */
function mirror(pop, row) {
	for (const [name, field] of [['price', 'price'], ['state', 'state']]) {
		const el = pop.querySelector(`[data-quick-${name}]`)
		const text = row.querySelector(`[data-field=${field}]`)?.textContent ?? ''
		if (el && el.textContent !== text) el.textContent = text
	}
}

/** Puts the popover beside its button where there is room, else at the bottom. @param {HTMLElement} pop @param {HTMLElement} button */
function place(pop, button) {
	const { style } = pop
	style.left = style.top = ''
	if (innerWidth < 640) return
	const at = button.getBoundingClientRect(), size = pop.getBoundingClientRect()
	style.left = Math.max(8, Math.min(at.left, innerWidth - size.width - 8)) + 'px'
	const under = at.bottom + 4
	style.top = (under + size.height < innerHeight - 8 ? under : Math.max(8, at.top - size.height - 4)) + 'px'
}
