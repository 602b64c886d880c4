// @ts-check
// The panel of notifications, from the first thing that happens in it: a click, a
// choice, one that comes. What is read and cleared is kept by the server.
import { change, json } from '../api.js'
import { number, shortTime, viewerTime } from '../format.js'
import { bell, choose, count, stand } from '../notes.js'
import { pref, setPref } from '../prefs.js'
import { toast } from './toast.js'

/**
 * @typedef {import('../stream.js').Notification & {read?: boolean}} Notification
 * @typedef {{notifications: Notification[], unread: number, marks: number}} Answer
 */

const most = 200 // that the server gives at once
const mostNamed = 500 // in one change
const patience = 250 // after a letter of a search

/** @param {string} selector @returns {any} */
const part = (selector) => document.querySelector('tick-notifications ' + selector)
const list = /** @type {HTMLElement} */ (part('[data-notes]'))
const older = /** @type {HTMLElement} */ (part('[data-older]'))
const empty = /** @type {HTMLElement} */ (part('[data-notes-empty]'))
const search = /** @type {HTMLInputElement} */ (part('[data-search]'))
const kind = /** @type {HTMLSelectElement} */ (part('[data-kind]'))
const filter = /** @type {HTMLSelectElement} */ (part('[data-filter]'))
const unfiltered = empty.textContent ?? ''
const types = { success: 'Success: ', warning: 'Warning: ', error: 'Error: ' }
const step = Number(/** @type {HTMLElement} */ (part('[data-notes]')).dataset.notes)

/** @returns {HTMLElement[]} */
const items = () => /** @type {HTMLElement[]} */ ([...list.children])
const text = () => search.value.trim()
const isFiltered = () => text() !== '' || kind.value !== '' || filter.value !== ''

// What comes from the server

let turn = 0
/** @type {ReturnType<typeof setTimeout> | undefined} */
let expiry

/** @param {number} before @param {number} limit @returns {Promise<Answer>} */
function ask(before, limit) {
	const query = new URLSearchParams({ limit: String(limit) })
	if (before) query.set('before', String(before))
	if (text()) query.set('q', text())
	if (kind.value) query.set('kind', kind.value)
	if (filter.value === 'unread') query.set('unread', '1')
	else if (filter.value) query.set('type', filter.value)
	return json(`/api/v1/notifications?${query}&watching=${encodeURIComponent(watching())}`)
}

/** The symbols that the page shows: what is for their watchers is shown too. */
function watching() {
	return [...document.querySelectorAll('[data-symbol]')].map((el) => /** @type {HTMLElement} */ (el).dataset.symbol).join(',')
}

/** Asks anew for what is shown, and shows what has become of it. */
export async function load() {
	const mine = ++turn
	const end = Number(items().at(-1)?.dataset.id ?? 0)
	/** @type {Notification[]} */
	const found = []
	for (let before = 0; ;) {
		const limit = Math.min(most, Math.max(step, items().length - found.length))
		const answer = await ask(before, limit)
		if (mine !== turn) return
		found.push(...answer.notifications)
		before = found.at(-1)?.id ?? 0
		older.hidden = answer.notifications.length < limit
		if (older.hidden || before <= end || isFiltered()) {
			stand(answer)
			break
		}
	}
	show(found)
}

/** Takes a choice of the viewer's. */
async function choice() {
	try {
		list.setAttribute('aria-busy', 'true')
		await load()
	} catch (e) {
		toast('The notifications could not be fetched.', 'Try again', choice)
	} finally {
		list.removeAttribute('aria-busy')
	}
}

async function more() {
	try {
		const answer = await ask(Number(items().at(-1)?.dataset.id ?? 0), step)
		list.append(...answer.notifications.map(item))
		older.hidden = answer.notifications.length < step
		stand(answer)
		settle()
	} catch {
		toast('Older notifications could not be fetched.', 'Try again', more)
	}
}

/** One that has come just now. @param {Notification} n */
export function take(n) {
	if (items().some((i) => Number(i.dataset.id) === n.id)) return
	// The first few wait for scripts, which may let a later one pass.
	if (matches(n)) list.insertBefore(item(n), items().find((i) => Number(i.dataset.id) < n.id) ?? null)
	count(Number(bell.bell) + 1)
	settle()
}

/** @param {Notification} n */
function matches(n) {
	const words = text().toLowerCase()
	return (!kind.value || kind.value === (n.kind ?? 'message')) &&
		(!filter.value || filter.value === 'unread' || filter.value === n.type) &&
		(!words || (n.message + '\n' + (n.symbol ?? '')).toLowerCase().includes(words))
}

// The list

/** Shows these, newest first. What stays is not moved, so that the focus does. @param {Notification[]} notifications */
function show(notifications) {
	const had = new Map(items().map((i) => [Number(i.dataset.id), i]))
	const now = notifications.map((n) => {
		const old = had.get(n.id)
		had.delete(n.id)
		old?.toggleAttribute('data-unread', !n.read)
		return old ?? item(n)
	})
	for (const gone of had.values()) gone.remove()
	let at = list.firstElementChild
	for (const i of now) {
		if (i === at) at = at.nextElementSibling
		else list.insertBefore(i, at)
	}
	settle()
}

/** Says what there is to say of the list as a whole. */
function settle() {
	empty.hidden = list.children.length > 0
	empty.textContent = text() ? `No notification with “${text()}”${kind.value || filter.value ? ' among those chosen' : ''}.`
		: isFiltered() ? 'No such notification. Choose others above.' : unfiltered
	expire()
}

/** Asks anew when the next one shown expires. */
export function expire() {
	clearTimeout(expiry)
	const next = Math.min(...items().map((i) => Date.parse(i.dataset.expires ?? '') || Infinity))
	if (next < Infinity) expiry = setTimeout(() => load().catch(() => {}), Math.min(Math.max(0, next - Date.now()) + 100, 2 ** 31 - 1))
}

/** @param {Notification} n */
function item(n) {
	const li = /** @type {HTMLElement} */ (document.importNode(part('template').content, true).querySelector('li'))
	const type = n.type in types ? n.type : 'info'
	li.dataset.id = String(n.id)
	li.dataset.type = type
	li.toggleAttribute('data-unread', !n.read)
	if (n.expires) li.dataset.expires = n.expires
	li.querySelector('use')?.setAttribute('href', '#i-' + type)
	/** @param {string} selector @param {string} text */
	const put = (selector, text) => { const el = li.querySelector(selector); if (el) el.textContent = text }
	put('[data-note-type]', /** @type {any} */ (types)[type] ?? '')
	put('[data-note-message]', n.message)
	const time = /** @type {HTMLTimeElement} */ (li.querySelector('time'))
	const at = new Date(n.time)
	time.dateTime = n.time
	time.textContent = shortTime(at, new Date())
	time.title = viewerTime(at)
	const link = linkOf(n)
	if (link) time.after(link)
	return li
}

/** Where it leads: to its own link, or to the page of its symbol. @param {Notification} n */
function linkOf(n) {
	const a = document.createElement('a')
	a.dataset.noteLink = ''
	if (n.link && !(n.kind === 'alert' && n.symbol)) {
		if (n.link.includes('\\') || !/^(https?:\/\/|\/(?!\/))/i.test(n.link)) return undefined
		a.href = n.link
		a.textContent = n.link.startsWith('/') ? 'Open' : a.hostname
		if (!n.link.startsWith('/')) Object.assign(a, { target: '_blank', rel: 'noopener noreferrer' })
	} else if (n.symbol) {
		a.href = '/q/' + n.symbol.split('/').map(encodeURIComponent).join('/')
		const decimals = Math.max(2, String(n.price).split('.')[1]?.length ?? 0)
		a.textContent = n.symbol + (n.price == null ? '' : ' at ' + number(n.price, decimals))
	} else return undefined
	return a
}

// What the viewer does

/** @type {any} */
let page

/** @param {HTMLElement} button @param {any} parts the page's */
export async function open(button, parts) {
	page = parts
	const id = Number(/** @type {HTMLElement | null} */ (button.closest('[data-id]'))?.dataset.id)
	const data = button.dataset
	if ('older' in data) return more()
	try {
		if ('read' in data) await read({ ids: [id] })
		else if ('readAll' in data) await read({ up_to: newest() })
		else if ('clearOne' in data) await clearOne(button, id)
		else if ('clear' in data) await clear()
	} catch (e) {
		toast(/** @type {Error} */ (e).message)
		load().catch(() => {})
	}
}

/** A choice in the panel. @param {HTMLInputElement} input */
export async function chosen(input, parts = page) {
	page = parts
	if (input.dataset.tellBy) return tellBy(input)
	clearTimeout(waiting)
	waiting = setTimeout(choice, input === search ? patience : 0)
}
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting

/** The newest number that the viewer can know of. */
const newest = () => Math.max(Number(part('').dataset.lastId), Number(items()[0]?.dataset.id ?? 0))

/**
 * Changes what is read or cleared.
 * @param {string} what @param {object} body
 */
async function mark(what, body) {
	const before = Number(bell.marks)
	const answer = await change('POST', '/api/v1/notifications/' + what, { ...body, watching: watching() }, true)
	stand(answer)
	if (!before) page?.stream.renew() // it may have made the viewer's profile
	if (answer.marks > before + 1) load().catch(() => {}) // others have changed something too
	return answer
}

/** @param {{ids?: number[], up_to?: number}} which */
async function read(which) {
	for (const i of items()) if (which.up_to || which.ids?.includes(Number(i.dataset.id))) i.removeAttribute('data-unread')
	await mark('read', which)
	if (filter.value === 'unread') await load()
}

/** Clears all, or what a filter shows. */
async function clear() {
	const shown = items().slice(0, mostNamed).map((i) => Number(i.dataset.id))
	if (!shown.length) return
	const { undo } = await mark('clear', isFiltered() ? { ids: shown } : { up_to: newest() })
	await load()
	offer(isFiltered() ? `${shown.length} ${shown.length === 1 ? 'notification is' : 'notifications are'} cleared.` : 'Notifications are cleared.', undo)
}

/** @param {HTMLElement} button @param {number} id */
async function clearOne(button, id) {
	const li = /** @type {HTMLElement} */ (button.closest('li'))
	const next = /** @type {HTMLElement | null} */ ((li.nextElementSibling ?? li.previousElementSibling)?.querySelector('[data-clear-one]'))
	const { undo } = await mark('clear', { ids: [id] })
	li.remove()
	next?.focus()
	settle()
	offer('The notification is cleared.', undo)
}

/** @param {string} text @param {object} undo */
function offer(text, undo) {
	toast(text, 'Undo', async () => {
		try {
			await mark('restore', undo)
			await load()
		} catch (e) { toast(/** @type {Error} */ (e).message) }
	})
}

/** How alerts are told beside the panel. @param {HTMLInputElement} box */
async function tellBy(box) {
	const note = part('[data-tell-note]')
	/** @param {string} text */
	const say = (text) => { note.textContent = text }
	say('')
	if (box.checked && box.dataset.tellBy === 'browser') {
		if (!('Notification' in globalThis)) {
			box.checked = false
			return say('This browser cannot show notifications here. It can where the address begins with https.')
		}
		if (await Notification.requestPermission() !== 'granted') {
			box.checked = false
			return say('The browser does not allow notifications of this site. Allow them with the icon beside the address, and choose this again.')
		}
	}
	try {
		await choose(await change('PATCH', '/api/v1/profile', { settings: { [/** @type {string} */ (box.dataset.tellBy)]: box.checked } }))
		page?.stream.renew()
	} catch (e) {
		box.checked = !box.checked
		say(/** @type {Error} */ (e).message)
	}
}

/** What this browser kept by itself, before the server did. @param {any} parts */
export async function moveIn(parts) {
	page = parts
	/** @type {{upTo?: number, ids?: number[], cleared?: number}} */
	const old = pref('notes', {})
	setPref('notes', null)
	try {
		if (old.upTo) await mark('read', { up_to: old.upTo })
		if (old.ids?.length) await mark('read', { ids: old.ids.slice(-mostNamed) })
		if (old.cleared) await mark('clear', { up_to: old.cleared })
		await load()
	} catch { setPref('notes', old) }
}
