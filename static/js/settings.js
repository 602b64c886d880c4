// @ts-check
// The page of a person's own settings. Each change goes to the API; then the
// page's parts are taken over as the server renders them.
import { inTurn } from './first.js'
import { help, shortcuts } from './keys.js'
import { listQuery } from './lists.js'
import { morph } from './morph.js'
import { arrived, bell, changed, start } from './notes.js'
import { nextTheme, themeButton } from './prefs.js'
import { endpoint, subscribe, trouble, unsubscribe } from './push.js'
import { searchField } from './search.js'
import { follow } from './stream.js'
import { toast } from './elements/toast.js'

/** @template {Element} T @param {string} selector @param {ParentNode} [within] @returns {T} */
const one = (selector, within = document) => /** @type {T} */ (within.querySelector(selector))

const main = /** @type {HTMLElement} */ (one('main'))
const form = /** @type {HTMLFormElement} */ (one('[data-add]'))

/** How long a test's outcome is waited for, in milliseconds. */
const testTime = 30_000

/** What was said of each channel, by its number. @type {Map<string, string>} */
const outcomes = new Map()
/** What goes when its toast has gone without Undo, by the row's id. @type {Map<string, (last?: boolean) => Promise<unknown>>} */
const going = new Map()
/** The address of this browser's push subscription. */
let here = ''

/**
 * Asks the API. An error is for the person.
 * @param {string} method @param {string} path @param {unknown} [body] @param {RequestInit} [more]
 */
async function ask(method, path, body, more) {
	const send = () => fetch('/api/v1' + path, {
		method, cache: 'no-store', body: body === undefined ? undefined : JSON.stringify(body), ...more,
		headers: { ...more?.headers, ...body === undefined ? {} : { 'Content-Type': 'application/json' } },
	})
	/** @type {Response} */
	let response
	try {
		// What is sent while the page is left waits for nobody.
		response = await (method === 'GET' || more?.keepalive ? send() : inTurn(send))
	} catch {
		throw new Error('The server does not answer. Try again in a moment.')
	}
	const answer = await response.json().catch(() => ({}))
	if (!response.ok) throw new Error(answer.detail ?? `The server answered ${response.status}.`)
	return answer
}

/** Does something and shows the page as it is then; says what went wrong. @param {() => Promise<unknown>} what @param {(error: string) => void} [say] */
async function act(what, say = toast) {
	try {
		await what()
		if (!known) stream.renew() // the first change has made the viewer somebody
	} catch (e) {
		say(/** @type {Error} */ (e).message)
	}
	await refresh().catch(() => {})
}

let turn = 0

/** Takes over the page as the server has it now. */
async function refresh() {
	const mine = ++turn
	const response = await fetch('/settings', { headers: { Accept: 'text/html' }, cache: 'no-cache' })
	if (!response.ok) return
	const page = new DOMParser().parseFromString(await response.text(), 'text/html')
	if (mine !== turn) return
	const focus = document.activeElement?.id
	for (const part of main.querySelectorAll('[data-part]')) {
		const now = page.querySelector(`[data-part="${part.getAttribute('data-part')}"]`)
		if (now) morph(part, now)
	}
	if (focus && document.activeElement === document.body) document.getElementById(focus)?.focus()
	decorate()
}

/** Puts back what the page alone knows. */
function decorate() {
	for (const row of /** @type {NodeListOf<HTMLElement>} */ (main.querySelectorAll('[data-channel]'))) {
		say(row, outcomes.get(row.dataset.channel ?? '') ?? '')
		one('[data-here]', row).toggleAttribute('hidden', !here || row.dataset.address !== here)
	}
	main.querySelector('[data-move]')?.toggleAttribute('hidden', !main.querySelector('[data-device]'))
	for (const id of going.keys()) document.getElementById(id)?.toggleAttribute('hidden', true)
	permission()
	choose()
}

/** @param {Element} within @param {string} text */
function say(within, text) {
	const line = one('[data-outcome]', within)
	if (line.textContent !== text) line.textContent = text
}

/** Says something of a channel that stays. @param {string} id @param {string} text */
function tell(id, text) {
	outcomes.set(id, text)
	const row = document.getElementById('channel-' + id)
	if (row) say(row, text)
}

/**
 * Hides a row, and does what ends it when Undo has not been asked for.
 * @param {HTMLElement} row @param {string} text @param {(last?: boolean) => Promise<unknown>} end
 */
function later(row, text, end) {
	const id = row.id
	going.set(id, end)
	row.hidden = true
	toast(text, 'Undo', () => {
		going.delete(id)
		const back = document.getElementById(id)
		if (!back) return
		back.hidden = false
		one('button:last-of-type', back)?.focus()
	})
	const shown = one('tick-toast').lastElementChild
	const look = setInterval(() => {
		if (shown?.isConnected) return
		clearInterval(look)
		if (going.delete(id)) act(end)
	}, 500)
}
addEventListener('pagehide', () => { for (const end of going.values()) end(true) })

// Channels.

/** @param {HTMLElement} row */
const facts = (row) => ({ id: row.dataset.channel ?? '', match: { 'If-Match': `"v${row.dataset.version}"` } })

/** @param {HTMLElement} row @param {HTMLInputElement} input */
function change(row, input) {
	const { id, match } = facts(row)
	act(() => ask('PATCH', '/channels/' + id, { [input.name]: input.checked }, { headers: match }))
}

/** @param {HTMLElement} row */
async function test(row) {
	const { id } = facts(row)
	tell(id, 'Sending a test…')
	await act(async () => tell(id, await outcome(id)), (error) => tell(id, error))
}

/** Sends a test, and says what became of it. @param {string} id */
async function outcome(id) {
	await ask('POST', `/channels/${id}/test`)
	for (const end = Date.now() + testTime; Date.now() < end;) {
		await new Promise((done) => setTimeout(done, 300))
		const { deliveries: [last] } = await ask('GET', `/channels/${id}/deliveries?limit=1`)
		const what = last?.error ? `: ${last.error.replace(/\.$/, '')}.` : '.'
		if (last?.state === 'delivered') return 'The test was taken.'
		if (last?.state === 'dead') return 'The test was not taken' + what
		if (last?.tries && last.error) return `The test was not taken${what} It is tried again.`
	}
	return 'The test is still under way: the answer takes long.'
}

/** @param {HTMLElement} row */
function remove(row) {
	const { id } = facts(row)
	const mine = here && row.dataset.address === here
	later(row, `Deleted ${one('h3', row).textContent}.`, async (last) => {
		await ask('DELETE', '/channels/' + id, undefined, { keepalive: last })
		if (mine && !last) await unsubscribe()
		if (mine) here = ''
	})
}

// Adding.

const kind = /** @type {HTMLSelectElement} */ (form.elements.namedItem('kind'))
const address = /** @type {HTMLInputElement} */ (form.elements.namedItem('address'))

/** Shows what the chosen way needs. */
function choose() {
	const way = kind.value
	if (!way) return // none is offered
	/** @type {HTMLElement} */
	const hint = one(`[data-way=${way}]`, form)
	for (const other of form.querySelectorAll('[data-way]')) other.toggleAttribute('hidden', other !== hint)
	const off = 'off' in hint.dataset, label = off ? '' : hint.dataset.label
	one('[data-for=address]', form).toggleAttribute('hidden', !label)
	one('[data-for=address] [data-label]', form).textContent = label ?? ''
	address.placeholder = hint.dataset.example ?? ''
	address.required = Boolean(label)
	address.type = way === 'email' ? 'email' : 'url'
	one('[data-for=service]', form).toggleAttribute('hidden', off || way !== 'service')
	const why = way !== 'push' ? '' : trouble() || here && main.querySelector(`[data-address="${CSS.escape(here)}"]`) && 'This browser is there already.'
	const line = one('[data-push-trouble]', form)
	line.textContent = why || ''
	line.toggleAttribute('hidden', !why)
	one('.controls .button', form).toggleAttribute('disabled', Boolean(off || why))
}

async function add() {
	const data = new FormData(form)
	const way = String(data.get('kind'))
	const label = kind.selectedOptions[0].text
	/** @type {any} */
	const channel = { kind: way, address: String(data.get(way === 'service' ? 'service' : 'address')).trim(), alerts: data.has('alerts'), messages: data.has('messages') }
	if (way === 'push') {
		const { endpoint: at, keys } = await subscribe()
		Object.assign(channel, { address: at, keys })
		here = at ?? ''
	}
	const usual = way === 'email' || way === 'service' ? channel.address : way === 'push' ? one('[data-device]:has(.badge) h3')?.textContent ?? label : label
	channel.name = String(data.get('name')).trim() || usual.slice(0, 80)
	const { secret } = await ask('POST', '/channels', channel)
	form.reset()
	kind.value = way
	one('[data-secret]', form).toggleAttribute('hidden', !secret)
	if (secret) /** @type {HTMLInputElement} */ (one('#secret', form)).value = secret
	say(form, way === 'email' ? `A code is on its way to ${channel.address}. Enter it above.` : 'Added. Send a test to see that it arrives.')
}

form.addEventListener('submit', (e) => {
	e.preventDefault()
	say(form, 'One moment…')
	act(add, (error) => say(form, error))
})

// While a page is hidden.

/** Says whether this browser shows what it is asked to. */
function permission() {
	const wanted = /** @type {HTMLInputElement} */ (document.getElementById('browser')).checked
	const line = one('[data-permission]', main), allow = one('[data-allow]', line)
	const state = 'Notification' in window && isSecureContext ? Notification.permission : 'missing'
	one('span', line).textContent = {
		default: 'This browser has not been asked yet.',
		denied: 'This browser lets no notifications of this site through: allow them at the sign beside the address.',
		missing: 'This browser shows none here; they need https.',
	}[state] ?? ''
	allow.toggleAttribute('hidden', state !== 'default')
	line.toggleAttribute('hidden', !wanted || state === 'granted')
}

/** @param {HTMLInputElement} input */
function setting(input) {
	const { checked } = input
	act(async () => {
		await ask('PATCH', '/profile', { settings: { [input.dataset.setting ?? '']: checked } })
		if (checked && input.id === 'browser' && 'Notification' in window) await Notification.requestPermission()
	})
}

// Devices, and the end of it all.

let countdown = 0

async function move() {
	const { url, expires } = await ask('POST', '/profile/move')
	const box = one('[data-move-link]'), field = /** @type {HTMLInputElement} */ (document.getElementById('move-link'))
	field.value = url
	box.toggleAttribute('hidden', false)
	field.select()
	clearInterval(countdown)
	const tick = () => {
		const left = Math.max(0, Math.round((Date.parse(expires) - Date.now()) / 1000))
		one('[data-move-left]').textContent = left < 60 ? `${left} seconds` : `${Math.ceil(left / 60)} minutes`
		if (left) return
		clearInterval(countdown)
		box.toggleAttribute('hidden', true)
	}
	tick()
	countdown = setInterval(tick, 1000)
}

/** @param {HTMLElement} button */
async function copy(button) {
	const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset.copy ?? ''))
	field.select()
	try {
		await navigator.clipboard.writeText(field.value)
		toast('Copied.')
	} catch {
		toast('It is selected: copy it with Ctrl+C.')
	}
}

/** @param {HTMLElement} row @param {boolean} own */
function forget(row, own) {
	later(row, own ? 'This browser is signed out.' : `Removed ${one('h3', row).textContent}.`, async (last) => {
		await ask('DELETE', '/profile/devices/' + row.dataset.device, undefined, { keepalive: last })
		if (own && !last) location.reload()
	})
}

async function erase() {
	await ask('DELETE', '/profile')
	await unsubscribe().catch(() => {})
	location.reload()
}

main.addEventListener('change', (e) => {
	const input = /** @type {HTMLInputElement} */ (e.target)
	const row = /** @type {HTMLElement | null} */ (input.closest('[data-channel]'))
	if (input.dataset.setting) setting(input)
	else if (row && input.type === 'checkbox') change(row, input)
	else if (input.name === 'kind') { say(form, ''); choose() }
})

main.addEventListener('click', (e) => {
	const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest('button'))
	const row = /** @type {HTMLElement} */ (button?.closest('[data-channel], [data-device]'))
	if (!button) return
	const has = (/** @type {string} */ name) => name in button.dataset
	if (has('test')) test(row)
	else if (has('delete')) remove(row)
	else if (has('again')) again(row)
	else if (has('renew')) renew(row)
	else if (has('remove')) forget(row, has('this'))
	else if (has('moveMake')) act(move)
	else if (has('copy')) copy(button)
	else if (has('allow')) Notification.requestPermission().then(permission)
})

/** @param {HTMLElement} row */
function again(row) {
	const { id } = facts(row)
	act(async () => { await ask('POST', `/channels/${id}/code`); tell(id, 'Another code is on its way.') }, (error) => tell(id, error))
}

/** @param {HTMLElement} row */
function renew(row) {
	const { id } = facts(row)
	act(async () => {
		const { secret } = await ask('POST', `/channels/${id}/secret`)
		tell(id, `The new key that signs the posts, shown this once: ${secret} The old one is good no longer.`)
	}, (error) => tell(id, error))
}

main.addEventListener('submit', (e) => {
	const sent = /** @type {HTMLFormElement} */ (e.target)
	if ('confirm' in sent.dataset) {
		e.preventDefault()
		const { id } = facts(/** @type {HTMLElement} */ (sent.closest('[data-channel]')))
		const code = String(new FormData(sent).get('code')).trim()
		act(async () => { await ask('POST', `/channels/${id}/confirm`, { code }); tell(id, 'Confirmed.') }, (error) => tell(id, error))
	} else if ('erase' in sent.dataset) {
		e.preventDefault()
		act(erase, (error) => say(sent, error))
	}
})

// The header.

const search = searchField()
search.element.addEventListener('tick-add', (/** @type {CustomEvent} */ e) => {
	location.assign(e.detail.symbols.length > 1 ? '/' + listQuery(e.detail.symbols) : '/q/' + e.detail.symbols[0].split('/').map(encodeURIComponent).join('/'))
})
/** @type {HTMLButtonElement} */
const display = one('[popovertarget=settings]')
display.addEventListener('click', (e) => {
	e.preventDefault()
	import('./elements/settings.js').then((m) => m.open(display), () => toast('The server does not answer. Try again in a moment.'))
})
themeButton()
shortcuts({ '/': () => search.focus(), t: nextTheme, '?': help() })

// Other tabs and devices change the same things, and alerts are told here as on
// every page.
let known = ''
const stream = follow([], {
	notification: arrived,
	profile: (versions) => {
		if (versions.marks > Number(bell.marks) || versions.settings > Number(bell.settings)) changed(versions).catch(() => {})
		const now = JSON.stringify(versions)
		if (known && known !== now) refresh().catch(() => {})
		known = now
	},
}, { lastEventId: Number(main.dataset.lastId) || undefined })
start({})
stream.hidden(document.hidden)
document.addEventListener('visibilitychange', () => stream.hidden(document.hidden))
addEventListener('pagehide', () => stream.close())
addEventListener('pageshow', (e) => { if (e.persisted) location.reload() })

if (trouble()) kind.value = /** @type {HTMLElement} */ (one('[data-way]:not([data-off], [data-way=push])', form)).dataset.way ?? 'push'
decorate()
endpoint().then((at) => { here = at; decorate() })
