// @ts-check
// The page that makes the snippet: every change shows at once.
import { themeButton } from './prefs.js'

themeButton()

const main = /** @type {HTMLElement} */ (document.querySelector('main[data-public-url]'))
const form = /** @type {HTMLFormElement} */ (main.querySelector('.embed-form'))
const frame = /** @type {HTMLIFrameElement} */ (main.querySelector('iframe'))
const preview = /** @type {HTMLElement} */ (main.querySelector('[data-preview]'))
const snippet = /** @type {HTMLTextAreaElement} */ (main.querySelector('[data-snippet]'))
const copied = /** @type {HTMLElement} */ (main.querySelector('[data-copied]'))

const usual = new Map([['theme', 'auto'], ['palette', 'green-red']])

function path() {
	const data = new FormData(form)
	const symbol = String(data.get('symbol')).trim().toUpperCase()
	data.delete('symbol')
	const query = new URLSearchParams()
	for (const [key, value] of data) if (value && value !== usual.get(key)) query.set(key, String(value))
	query.sort()
	const at = '/embed/quote/' + symbol.split('/').map(encodeURIComponent).join('/')
	return { symbol, theme: String(data.get('theme')), path: query.size ? `${at}?${query}` : at }
}

function update() {
	if (!form.checkValidity()) return
	const { symbol, theme, path: at } = path()
	if (!symbol) return
	if (frame.getAttribute('src') !== at) frame.src = at
	frame.title = symbol + ' quote'
	preview.className = 'preview scheme-' + theme
	const scheme = theme === 'auto' ? 'light dark' : theme
	const src = (main.dataset.publicUrl + at).replaceAll('&', '&amp;').replaceAll('"', '&quot;')
	snippet.value = `<iframe src="${src}" title="${symbol.replaceAll('"', '')} quote" width="320" height="160" loading="lazy" ` +
		`sandbox="allow-scripts allow-popups allow-popups-to-escape-sandbox" style="border:0;color-scheme:${scheme}"></iframe>`
	copied.textContent = ''
}

form.addEventListener('change', update)
form.addEventListener('submit', (e) => { e.preventDefault(); update() })
main.querySelector('[data-copy]')?.addEventListener('click', async () => {
	snippet.select()
	try {
		await navigator.clipboard.writeText(snippet.value)
		copied.textContent = 'Copied.'
	} catch {
		copied.textContent = 'It is selected: copy it with Ctrl+C.'
	}
})
