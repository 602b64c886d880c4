import assert from 'node:assert/strict'
import { test } from 'node:test'

/** What the worker listens to, by event. */
const heard = new Map()
/** What it did, in order. */
let did = []
/** Its tabs. */
let tabs = []

globalThis.self = {
	addEventListener: (name, listener) => heard.set(name, listener),
	location: new URL('https://quotes.example/push-worker.js'),
	skipWaiting: () => did.push('skip'),
	clients: {
		claim: async () => did.push('claim'),
		matchAll: async () => tabs,
		openWindow: async (url) => did.push('open ' + url),
	},
	registration: {
		showNotification: async (title, options) => did.push({ title, ...options }),
		pushManager: { subscribe: async ({ userVisibleOnly, applicationServerKey }) => {
			assert.ok(userVisibleOnly)
			return subscription('https://push.example/subscribed-with-' + applicationServerKey)
		} },
	},
}
await import('../js/push-worker.js')

const subscription = (endpoint) => ({ endpoint, toJSON: () => ({ endpoint, keys: { p256dh: 'P', auth: 'A' } }) })

/** Dispatches an event, waits for what it extends to, and returns what was done. */
async function dispatch(name, event) {
	did = []
	const waits = []
	heard.get(name)({ waitUntil: (promise) => waits.push(promise), ...event })
	await Promise.all(waits)
	return did
}

test('a new worker takes over at once', async () => {
	assert.deepEqual(await dispatch('install', {}), ['skip'])
	assert.deepEqual(await dispatch('activate', {}), ['claim'])
})

test('a click goes to the tab that is there, or opens one', async () => {
	const notification = { data: 'https://quotes.example/q/AAPL', close: () => did.push('close') }
	tabs = [{ url: 'https://quotes.example/', focus: () => did.push('focus /') }]
	assert.deepEqual(await dispatch('notificationclick', { notification }), ['close', 'open https://quotes.example/q/AAPL'])
	tabs.push({ url: 'https://quotes.example/q/AAPL', focus: () => did.push('focus AAPL') })
	assert.deepEqual(await dispatch('notificationclick', { notification }), ['close', 'focus AAPL'])
	assert.deepEqual(await dispatch('notificationclick', { notification: { ...notification, data: '/' } }), ['close', 'focus /'])
})

/** A server with these channels, which notes what is asked of it. */
function serve(channels) {
	globalThis.fetch = async (url, options = {}) => {
		if (options.method) did.push(`${options.method} ${url} ${options.body ?? ''}`.trim())
		return { json: async () => url.endsWith('/push/key') ? { key: 'KEY' } : { channels } }
	}
}

test('a browser that is to be found elsewhere says so', async () => {
	serve([
		{ id: 3, kind: 'push', address: 'https://push.example/other', name: 'Phone', alerts: true, messages: false },
		{ id: 4, kind: 'push', address: 'https://push.example/before', name: 'Desk', alerts: false, messages: true },
	])
	assert.deepEqual(await dispatch('pushsubscriptionchange', { oldSubscription: subscription('https://push.example/before'), newSubscription: subscription('https://push.example/after') }), [
		'POST /api/v1/channels {"kind":"push","name":"Desk","address":"https://push.example/after","keys":{"p256dh":"P","auth":"A"},"alerts":false,"messages":true}',
		'DELETE /api/v1/channels/4',
	])
})

test('a browser that lost its subscription takes a new one', async () => {
	serve([{ id: 3, kind: 'push', address: 'https://push.example/other', name: 'Phone', alerts: true, messages: false }])
	assert.deepEqual(await dispatch('pushsubscriptionchange', {}), [
		'POST /api/v1/channels {"kind":"push","name":"This browser","address":"https://push.example/subscribed-with-KEY","keys":{"p256dh":"P","auth":"A"},"alerts":true,"messages":false}',
	])
})

test('a browser that its person has removed stays removed', async () => {
	serve([])
	assert.deepEqual(await dispatch('pushsubscriptionchange', {}), [])
	serve([{ id: 3, kind: 'push', address: 'https://push.example/other' }])
	assert.deepEqual(await dispatch('pushsubscriptionchange', { oldSubscription: subscription('https://push.example/before'), newSubscription: subscription('https://push.example/after') }), [])
})
