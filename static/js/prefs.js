// @ts-check
// What the viewer chose, kept in the browser; without storage, for this page.

/** @type {Map<string, string>} */
const memory = new Map()

/**
 * @template T
 * @param {string} key
 * @param {T} fallback
 * @returns {T}
 */
export function pref(key, fallback) {
	let text = memory.get(key)
	try { text = localStorage.getItem('tickboard.' + key) ?? text } catch { /* storage is denied */ }
	try { return text == null ? fallback : JSON.parse(text) } catch { return fallback }
}

/** @param {string} key @param {unknown} value */
export function setPref(key, value) {
	const text = JSON.stringify(value)
	memory.set(key, text)
	try { localStorage.setItem('tickboard.' + key, text) } catch { /* kept in memory */ }
}

/**
 * Calls back when another tab changed a key.
 * @param {(key: string) => void} changed
 */
export function onPref(changed) {
	addEventListener('storage', (e) => { if (e.key?.startsWith('tickboard.')) changed(e.key.slice(10)) })
}

const themes = ['auto', 'light', 'dark']

/** Puts the theme, palette, row height and columns on the document. */
export function applyLook() {
	const data = document.documentElement.dataset
	data.theme = pref('theme', 'auto')
	data.palette = pref('palette', 'green-red')
	data.density = pref('density', 'normal')
	data.hide = pref('hide', '')
	for (const name of document.querySelectorAll('[data-theme-name]')) name.textContent = data.theme
}

/** Takes the next theme: auto, light, dark. */
export function nextTheme() {
	setPref('theme', themes[(themes.indexOf(pref('theme', 'auto')) + 1) % themes.length])
	applyLook()
	document.dispatchEvent(new Event('tick-look'))
}

/** Connects the theme button of a page. */
export function themeButton() {
	applyLook()
	document.querySelector('[data-theme-button]')?.addEventListener('click', nextTheme)
	onPref(applyLook)
}
