// @ts-check
// What all pages with a stream share: the bar's choices, the connection's
// words, the keys that every page has.
import { announce } from './announce.js'
import { help } from './keys.js'
import { nextTheme, pref, themeButton } from './prefs.js'
import { viewerTimes } from './quote.js'
import { searchField } from './search.js'
import { follow } from './stream.js'
import { toast } from './elements/toast.js'
import './elements/bar.js'

/** How often the page asks how the markets and the sources are, in milliseconds. */
const marketPace = 10_000
/** How long after a failure it is tried again to load what notifications need, in milliseconds. */
const notesPace = 5000

/**
 * Starts a page.
 * @param {string[]} symbols
 * @param {import('./stream.js').Handlers} handlers
 * @param {{lastId: string | undefined, versions: Map<string, number>, most?: number, lose: (since?: Date) => void, views: () => HTMLElement[], watchlist?: HTMLElement, lists?: HTMLElement, alerts?: HTMLElement}} page
 */
export function start(symbols, handlers, page) {
	const bar = /** @type {any} */ (document.querySelector('tick-bar'))
	let lost = false
	/** @param {import('./stream.js').State} state */
	const show = (state) => {
		bar.show(state)
		const broken = state.name === 'silent' || state.name === 'waiting'
		if (broken) page.lose(state.since)
		if (state.name === 'open' && lost) page.lose()
		if (broken && !lost) announce('The connection is lost. Prices are the last ones known.')
		if (state.name === 'open' && lost) announce('Connected again.')
		if (broken || state.name === 'open') lost = broken
		document.documentElement.toggleAttribute('data-stale-page', lost)
	}
	const bell = /** @type {any} */ (document.querySelector('[data-bell]'))?.dataset
	let turn = Promise.resolve()
	/** Loads what notifications need with the first. @param {string} what @param {unknown} value */
	const notes = (what, value) => turn = turn.then(async () => {
		try {
			return await /** @type {any} */ (await notesModule())[what](value)
		} catch {
			toast('The server does not answer. Try again in a moment.')
		}
	})
	const stream = follow(symbols, {
		refused: (detail) => toast(detail),
		notification: (n) => notes('arrived', n),
		...handlers,
		profile: (versions) => {
			handlers.profile?.(versions)
			if (versions.marks > bell?.marks || versions.settings > bell?.settings) notes('changed', versions)
		},
		state: show,
		quote: (quote, snapshot) => { if (!bar.paused) handlers.quote?.(quote, snapshot) },
	}, { lastEventId: page.lastId ? Number(page.lastId) : undefined, versions: page.versions, most: page.most })

	let pausedAt = 0
	bar.addEventListener('tick-rate', (/** @type {CustomEvent} */ e) => {
		stream.setRate(e.detail.rate)
		if (e.detail.paused) {
			pausedAt = Date.now()
			stream.pause()
			announce('Paused.')
		} else if (pausedAt) {
			const seconds = Math.round((Date.now() - pausedAt) / 1000)
			pausedAt = 0
			stream.resume()
			const text = `Resumed: prices jumped over ${seconds} s to now.`
			toast(text)
			announce(text)
		}
	})
	bar.addEventListener('tick-retry', () => stream.retry())
	addEventListener('online', () => stream.retry())
	stream.hidden(document.hidden)
	document.addEventListener('visibilitychange', () => stream.hidden(document.hidden))
	addEventListener('pagehide', () => stream.close())
	addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })
	setInterval(() => {
		if (!document.hidden) import('./market.js').then((m) => m.look(page.views()), () => {})
	}, marketPace)
	themeButton()
	viewerTimes()

	const search = searchField()
	const parts = {
		...page, stream, bar, search,
		keys: {
			'/': () => search.focus(),
			p: () => bar.toggle(),
			t: nextTheme,
			'?': help(),
		},
	}
	loadOnClick(parts)
	if (bell?.tell || pref('notes', null) || document.querySelector('[data-expires]')) notes('start', parts)
	return parts
}

/** The module of notifications, however long that takes: what has come waits for it. */
async function notesModule() {
	for (let told = false; ; told = true) {
		try {
			const module = await import('./notes.js')
			await module.panel()
			return module
		} catch {
			// Some browsers do not load again what failed once.
			if (!told) toast('A notification has come that cannot be loaded yet. It is tried again.', 'Load the page anew', () => location.reload())
			await new Promise((done) => setTimeout(done, notesPace))
		}
	}
}

/**
 * Has buttons load what the page begins without: data-load names the module,
 * whose open(button, parts) does the rest.
 * @param {object} parts the page's
 */
function loadOnClick(parts) {
	document.addEventListener('click', async (e) => {
		const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('[data-load]'))
		if (!button) return
		e.preventDefault()
		try {
			const module = await import(`./${button.dataset.load}.js`)
			await module.open(button, parts)
		} catch {
			toast('The server does not answer. Try again in a moment.')
		}
	})
}
