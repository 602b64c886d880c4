// @ts-check
// Notifications as they come, and how many are unread: loaded with the first one.
import { announce } from './announce.js'
import { toast } from './elements/toast.js'
import { pref } from './prefs.js'

/**
 * @typedef {import('./stream.js').Notification} Notification
 * @typedef {{unread: number, marks: number}} Standing what the server says of the viewer's place
 */

/** Where the page keeps how many are unread, which versions that is of, and how alerts are told. */
const kept = /** @type {HTMLElement | null} */ (document.querySelector('[data-bell]'))?.dataset
export const bell = kept ?? {}

/** What shows them, where the page has the panel. */
export const panel = () => document.querySelector('tick-notifications') ? import('./elements/panel.js') : undefined

/** Shows how many are unread. @param {number} unread */
export function count(unread) {
	bell.bell = String(unread)
	for (const el of document.querySelectorAll('span[data-unread]')) {
		el.replaceChildren(unread > 99 ? '99+' : `${unread}`,
			Object.assign(document.createElement('span'), { className: 'hidden', textContent: ' unread' }))
		el.toggleAttribute('hidden', unread === 0)
	}
}

/** Takes over where the viewer is. @param {Standing} standing */
export function stand({ unread, marks }) {
	bell.marks = String(marks)
	count(unread)
}

/** What a page does at its start that not every page has to. @param {any} parts */
export async function start(parts) {
	const shown = await panel()
	if (pref('notes', null)) await shown?.moveIn(parts)
	shown?.expire()
	if (bell.tell) (await import('./tell.js')).prepare(bell.tell)
}

/** One that has come. @param {Notification} n */
export async function arrived(n) {
	const own = n.kind === 'alert' || n.rule != null
	announce(n.message, own)
	const shown = await panel()
	if (shown) shown.take(n)
	else {
		count(Number(bell.bell) + 1)
		if (own) toast(n.message.split('\n')[0], 'Show', () => location.assign(n.symbol ? '/q/' + n.symbol.split('/').map(encodeURIComponent).join('/') : '/#notifications'))
	}
	if (!own) return
	const by = await told()
	if (by || n.deliver) (await import('./tell.js')).tell(n, by)
}

/** How the viewer's alerts are told. A page that is the same for everybody has to ask. */
async function told() {
	if (!kept) await ask().catch(() => {})
	return bell.tell ?? ''
}

/** The viewer has read, cleared or chosen something elsewhere. @param {import('./stream.js').Versions} versions */
export async function changed({ marks, settings }) {
	if (marks > Number(bell.marks)) {
		const { json } = await import('./api.js')
		const shown = await panel()
		if (shown) await shown.load()
		else stand(await json('/api/v1/notifications?limit=1'))
	}
	if (settings > Number(bell.settings)) await ask()
}

/** Asks how alerts are told. */
async function ask() {
	const { json } = await import('./api.js')
	const { profile } = await json('/api/v1/profile')
	if (profile) await choose({ settings: profile.settings, version: profile.versions.settings })
}

/**
 * Takes over how alerts are told.
 * @param {{settings: Record<string, unknown>, version: number}} chosen
 */
export async function choose({ settings, version }) {
	bell.settings = String(Math.max(Number(bell.settings ?? 0), version))
	bell.tell = ['sound', 'browser'].filter((way) => settings[way] === true).join(' ')
	for (const input of document.querySelectorAll('input[data-tell-by]')) {
		const box = /** @type {HTMLInputElement} */ (input)
		box.checked = bell.tell.includes(/** @type {string} */ (box.dataset.tellBy))
	}
	if (bell.tell) (await import('./tell.js')).prepare(bell.tell)
}
