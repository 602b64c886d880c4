// @ts-check
// Dialogs that scripts make; loaded with what asks something.

/**
 * An element with properties and children.
 * @param {string} tag @param {Record<string, any>} [properties] @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
	const el = Object.assign(document.createElement(tag), properties)
	el.append(...children)
	return el
}

/** @param {string} text @param {() => void} act @param {string} [className] */
export function button(text, act, className = 'button quiet') {
	return make('button', { type: 'button', className, textContent: text, onclick: act })
}

/**
 * Shows a dialog until it is closed.
 * @param {string} title @param {...(Node | string)} content
 * @returns {HTMLDialogElement} gone when it is closed
 */
export function dialog(title, ...content) {
	const head = make('h2', { id: 'dialog-title', textContent: title })
	const el = make('dialog', { className: 'dialog' }, head, ...content)
	el.setAttribute('aria-labelledby', head.id)
	el.addEventListener('close', () => el.remove())
	const place = document.querySelector('tick-lists') ?? document.body
	place.append(el)
	el.showModal()
	return el
}

/**
 * Asks for a name; '' when the viewer thought better of it.
 * @param {string} title @param {string} [value]
 * @returns {Promise<string>}
 */
export function ask(title, value = '') {
	const input = make('input', { name: 'name', required: true, maxLength: 60, autocomplete: 'off', value })
	const form = make('form', { method: 'dialog' },
		make('label', {}, 'Name ', input),
		make('p', { className: 'buttons' },
			make('button', { className: 'button', value: 'ok', textContent: 'Save' }),
			make('button', { className: 'button quiet', value: 'cancel', formNoValidate: true, textContent: 'Cancel' })))
	const el = dialog(title, form)
	input.focus()
	input.select()
	return new Promise((answer) => {
		el.addEventListener('close', () => answer(el.returnValue === 'ok' ? input.value.trim() : ''))
	})
}
