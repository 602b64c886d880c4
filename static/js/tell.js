// @ts-check
// The viewer's own alerts beside the panel, while a page is open, seen or not: a
// short sound, and the browser's own notification. Of all tabs one tells.
import { pref, setPref } from './prefs.js'

/** @typedef {import('./stream.js').Notification} Notification */

// What is older was missed while the browser was away.
const late = 10 * 60_000
const remembered = 50

/** @type {AudioContext | undefined} */
let audio
let awake = false

/**
 * Makes ready for what is to be told: browsers let a sound out after a click or a
 * key, and let a tab that holds a lock go on when nobody sees it.
 * @param {string} by ways of telling
 */
export function prepare(by) {
	if (by.includes('sound') && !audio) {
		audio = new AudioContext()
		for (const type of ['pointerdown', 'keydown']) addEventListener(type, () => audio?.resume(), { capture: true, passive: true })
	}
	if (awake) return
	awake = true
	navigator.locks?.request('tickboard awake', { mode: 'shared' }, () => new Promise(() => {}))
}

/** The ways in which an alert is told. @param {string | undefined} deliver the rule's choice @param {string} by the viewer's */
export function ways(deliver, by) {
	const chosen = deliver ? deliver.split(',') : by.split(' ')
	return ['sound', 'browser'].filter((way) => chosen.includes(way))
}

/** @param {Notification} n @param {string} by the viewer's ways of telling */
export function tell(n, by) {
	if (Date.now() - Date.parse(n.time) > late) return
	for (const way of ways(n.deliver, by)) {
		if (way === 'sound') withSound((context) => once('sound', n, () => tone(context)))
		else if (globalThis.Notification?.permission === 'granted') once('browser', n, () => show(n))
	}
}

/**
 * Lets one of the tabs do it.
 * @param {string} way @param {Notification} n @param {() => void} act
 */
async function once(way, n, act) {
	const key = 'told-' + way
	const name = `${n.id} ${n.time}`
	const mine = () => {
		/** @type {string[]} */
		const told = pref(key, [])
		if (told.includes(name)) return false
		setPref(key, [...told, name].slice(-remembered))
		act()
		return true
	}
	// Without TLS there are no locks; then two tabs may now and then tell the same.
	if (!navigator.locks) return void mine()
	await navigator.locks.request(`tickboard ${key} ${name}`, { ifAvailable: true }, async (lock) => {
		// Until the other tabs' storage says so.
		if (lock && mine()) await new Promise((done) => setTimeout(done, 2000))
	})
}

/** Calls back where a sound would be heard. @param {(context: AudioContext) => void} play */
async function withSound(play) {
	prepare('sound')
	const context = /** @type {AudioContext} */ (audio)
	await Promise.race([context.resume(), new Promise((done) => setTimeout(done, 300))])
	if (context.state === 'running') play(context)
}

/** Two short tones, the second higher. @param {AudioContext} context */
function tone(context) {
	for (const [pitch, after] of [[880, 0], [1320, 0.14]]) {
		const at = context.currentTime + after
		const gain = new GainNode(context, { gain: 0 })
		gain.gain.setValueAtTime(0, at)
		gain.gain.linearRampToValueAtTime(0.2, at + 0.02)
		gain.gain.exponentialRampToValueAtTime(0.001, at + 0.3)
		gain.connect(context.destination)
		const oscillator = new OscillatorNode(context, { frequency: pitch })
		oscillator.connect(gain)
		oscillator.start(at)
		oscillator.stop(at + 0.32)
	}
}

/** @param {Notification} n */
async function show(n) {
	const title = n.symbol ?? 'tickboard'
	const options = { body: n.message, tag: 'tickboard-' + n.id }
	try {
		const shown = new Notification(title, options)
		shown.onclick = () => {
			shown.close()
			focus()
		}
	} catch { // phones show them through a service worker alone
		const worker = await navigator.serviceWorker?.getRegistration()
		await worker?.showNotification(title, options)
	}
}
