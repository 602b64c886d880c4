// @ts-check
// Keyboard shortcuts of a page, off while somebody writes.
import { pref } from './prefs.js'

/**
 * @param {Record<string, (e: KeyboardEvent) => void | false>} actions by key;
 *   one that returns false leaves the key to the browser
 */
export function shortcuts(actions) {
	addEventListener('keydown', (e) => {
		const target = /** @type {HTMLElement} */ (e.target)
		if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.isComposing) return
		if (target.closest?.('input:not([type="radio"], [type="checkbox"]), select, textarea, [contenteditable], dialog')) return
		if (target.matches?.('input') && e.key.startsWith('Arrow')) return
		const name = (e.altKey ? 'Alt+' : '') + e.key
		if (e.key.length === 1 && !pref('letters', true)) return
		const act = actions[name]
		if (act && act(e) !== false) e.preventDefault()
	})
}

/** The help dialog and its button; returns what opens it. */
export function help() {
	const dialog = /** @type {HTMLDialogElement} */ (document.getElementById('help'))
	const open = () => { if (!dialog.open) dialog.showModal() }
	document.querySelector('[data-help-button]')?.addEventListener('click', open)
	return open
}
