// @ts-check
// The operator's page of the sources: takes over what the server says every few
// seconds, text by text, so that what is open or marked stays.
import { morph } from './morph.js'
import { themeButton } from './prefs.js'

const pace = 3000
const list = /** @type {HTMLElement} */ (document.querySelector('[data-feeds]'))
const pause = /** @type {HTMLInputElement} */ (document.querySelector('[data-pause]'))
const words = /** @type {HTMLElement} */ (document.querySelector('[data-refresh]'))

themeButton()
pause.checked = false
setInterval(() => { if (!pause.checked && !document.hidden) look() }, pace)

async function look() {
	try {
		const response = await fetch(location.href, { headers: { Accept: 'text/html' }, cache: 'no-store', signal: AbortSignal.timeout(pace * 3) })
		if (response.status === 401) return location.reload()
		if (!response.ok) throw new Error('status ' + response.status)
		const page = new DOMParser().parseFromString(await response.text(), 'text/html')
		const now = page.querySelector('[data-feeds]')
		if (now) morph(list, now)
		words.textContent = 'Anew every 3 seconds'
	} catch {
		words.textContent = 'The server does not answer: these are the last figures known.'
	}
}
