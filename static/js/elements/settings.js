// @ts-check
// <tick-settings>: theme, palette, row height, columns, flash, shortcuts; loaded
// when it is opened.
import { applyLook, onPref, pref, setPref } from '../prefs.js'

const usual = { theme: 'auto', palette: 'green-red', density: 'normal' }

class Settings extends HTMLElement {
	connectedCallback() {
		this.show()
		this.addEventListener('change', (e) => this.changed(/** @type {HTMLInputElement} */ (e.target)))
		document.addEventListener('tick-look', () => this.show())
		onPref(() => this.show())
	}

	/** @param {string} name @returns {HTMLInputElement[]} */
	inputs(name) { return [...this.querySelectorAll('input')].filter((i) => i.name === name) }

	show() {
		for (const [name, fallback] of Object.entries(usual)) {
			for (const input of this.inputs(name)) input.checked = input.value === pref(name, fallback)
		}
		const hide = pref('hide', '').split(' ')
		for (const input of this.inputs('column')) input.checked = !hide.includes(input.value)
		for (const name of ['flash', 'letters']) for (const input of this.inputs(name)) input.checked = pref(name, true)
		applyLook()
	}

	/** @param {HTMLInputElement} input */
	changed(input) {
		if (input.name === 'column') setPref('hide', this.inputs('column').filter((i) => !i.checked).map((i) => i.value).join(' '))
		else setPref(input.name, input.type === 'checkbox' ? input.checked : input.value)
		this.show()
	}
}
customElements.define('tick-settings', Settings)

/** Opens what the button is for, or closes it. @param {HTMLButtonElement} button */
export function open(button) { /** @type {HTMLElement} */ (button.popoverTargetElement).togglePopover() }
