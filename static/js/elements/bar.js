// @ts-check
// <tick-bar>: connection, market, number of symbols, and how often the page
// updates. Says 'tick-rate' {rate, paused} and 'tick-retry'.
import { clock } from '../format.js'

class Bar extends HTMLElement {
	paused = false
	/** @type {import('../stream.js').State} */
	state = { name: 'connecting' }
	before = 'live'

	connectedCallback() {
		this.addEventListener('change', (e) => {
			const input = /** @type {HTMLInputElement} */ (e.target)
			if (input.name === 'rate') this.choose(input.value)
		})
		this.querySelector('[data-retry]')?.addEventListener('click', () => this.dispatchEvent(new Event('tick-retry')))
		this.querySelector('input')?.form?.reset()
		for (const input of this.rates) input.checked = input.value === 'live'
	}

	/** @returns {NodeListOf<HTMLInputElement>} */
	get rates() { return this.querySelectorAll('input[name="rate"]') }

	/** Pauses, or goes on as before. */
	toggle() {
		const value = this.paused ? this.before : 'paused'
		for (const input of this.rates) input.checked = input.value === value
		this.choose(value)
	}

	/** @param {string} value */
	choose(value) {
		this.paused = value === 'paused'
		if (!this.paused) this.before = value
		this.dispatchEvent(new CustomEvent('tick-rate', { detail: { paused: this.paused, rate: Number(value) || undefined } }))
		this.show(this.state)
	}

	/** @param {import('../stream.js').State} state */
	show(state) {
		this.state = state
		const item = /** @type {HTMLElement} */ (this.querySelector('[data-connection]'))
		const text = item.querySelector('[data-connection-text]')
		const name = state.name === 'open' && this.paused ? 'paused' : state.name
		item.dataset.connection = name
		if (text) text.textContent = this.words(name)
		const retry = /** @type {HTMLElement} */ (this.querySelector('[data-retry]'))
		retry.hidden = name !== 'waiting'
		clearTimeout(this.timer)
		if (name === 'waiting') this.timer = setTimeout(() => this.show(this.state), 1000)
	}

	/** @param {string} name */
	words(name) {
		const { since, retry, reason } = this.state
		const last = since ? clock(since, '') : ''
		switch (name) {
		case 'open': return 'Connected'
		case 'paused': return 'Paused: prices stand still'
		case 'silent': return `No signal since ${last}, reconnecting…`
		case 'waiting': {
			const seconds = Math.max(0, Math.ceil((Number(retry) - Date.now()) / 1000))
			return `${reason ? 'The server is busy' : 'Connection lost'}, last signal ${last}. Next try in ${seconds} s`
		}
		case 'closed': return 'Not connected'
		}
		return 'Connecting…'
	}

	/** @param {number} n */
	set count(n) {
		const el = this.querySelector('[data-count]')
		if (el) el.textContent = n === 1 ? '1 symbol' : `${n} symbols`
	}
}
customElements.define('tick-bar', Bar)
