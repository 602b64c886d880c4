// @ts-check
// <tick-toast>: short messages with one thing to do, such as Undo.

class Toast extends HTMLElement {
	/** @param {string} text @param {string} [label] @param {() => void} [act] */
	show(text, label, act) {
		const el = document.createElement('div')
		el.className = 'toast'
		const words = document.createElement('span')
		words.textContent = text
		const button = document.createElement('button')
		button.type = 'button'
		button.textContent = label ?? 'Close'
		button.onclick = () => { el.remove(); act?.() }
		el.append(words, button)
		this.append(el)
		while (this.children.length > 3) this.firstElementChild?.remove()
		const close = () => { if (el.matches(':hover, :focus-within')) setTimeout(close, 2000); else el.remove() }
		setTimeout(close, 10_000)
	}
}
customElements.define('tick-toast', Toast)

/** @param {string} text @param {string} [label] @param {() => void} [act] */
export function toast(text, label, act) {
	/** @type {Toast | null} */ (document.querySelector('tick-toast'))?.show(text, label, act)
}
