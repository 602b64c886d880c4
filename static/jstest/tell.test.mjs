import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tell, ways } from '../js/tell.js'
import { settle } from './fake.mjs'

test('an alert is told as its rule says, or else as the viewer has it', () => {
	for (const [deliver, by, want] of [
		[undefined, '', []],
		[undefined, 'sound', ['sound']],
		['', 'sound browser', ['sound', 'browser']],
		['none', 'sound browser', []],
		['browser,7', 'sound', ['browser']],
		['7', 'sound browser', []],
		['sound', '', ['sound']],
	]) assert.deepEqual(ways(deliver, by), want, `${deliver} of ${by}`)
})

/** A browser that notes what it shows, and what its tabs keep. */
function browser(t, { locks = true } = {}) {
	const shown = [], kept = new Map()
	const before = Object.fromEntries(['Notification', 'localStorage', 'navigator'].map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]))
	const put = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
	put('Notification', class {
		static permission = 'granted'
		constructor(title, { body, tag }) { shown.push([title, body, tag]) }
	})
	put('localStorage', { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => kept.set(k, v) })
	const held = new Set()
	put('navigator', locks ? {
		locks: {
			async request(name, options, work) {
				if (held.has(name)) return work(null)
				held.add(name)
				await work({})
				held.delete(name)
			},
		},
	} : {})
	t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-20T15:00:00Z') })
	t.after(() => {
		for (const [name, d] of Object.entries(before)) d ? Object.defineProperty(globalThis, name, d) : delete globalThis[name]
	})
	return { shown, kept, held }
}

let last = 100
/** One that no test had before: what was told is remembered. */
const newAlert = () => ({ ...alert, id: last++ })
const alert = { id: 7, type: 'info', kind: 'alert', symbol: 'AAPL', message: 'AAPL is above 100', time: '2026-11-20T14:59:59Z' }

for (const locks of [true, false]) {
	test(`of all tabs one shows it, ${locks ? 'with' : 'without'} locks`, async (t) => {
		const { shown } = browser(t, { locks })
		const alert = newAlert()
		tell(alert, 'browser')
		tell(alert, 'browser')
		await settle()
		t.mock.timers.tick(5000)
		await settle()
		tell(alert, 'browser') // a tab that hears of it late
		await settle()
		assert.deepEqual(shown, [['AAPL', 'AAPL is above 100', 'tickboard-' + alert.id]])
		tell(newAlert(), 'browser')
		await settle()
		assert.equal(shown.length, 2)
	})
}

test('while another tab tells it this one does not, though its storage lags', async (t) => {
	const { shown, kept } = browser(t)
	const alert = newAlert()
	tell(alert, 'browser')
	await settle()
	kept.set('tickboard.told-browser', '[]')
	tell(alert, 'browser')
	await settle()
	assert.equal(shown.length, 1)
})

test('what was missed a while ago is not told, nor is anything without permission', async (t) => {
	const { shown } = browser(t)
	tell({ ...alert, time: '2026-11-20T14:49:00Z' }, 'browser')
	globalThis.Notification.permission = 'denied'
	tell(alert, 'browser')
	await settle()
	assert.deepEqual(shown, [])
})

test('a log that began anew is told again', async (t) => {
	const { shown } = browser(t, { locks: false })
	tell({ ...alert, id: 900 }, 'browser')
	tell({ ...alert, id: 1 }, 'browser')
	await settle()
	assert.equal(shown.length, 2)
})
