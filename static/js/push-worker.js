// @ts-check
// Shows push messages, also when no page is open. It is served at the root of
// the site, and takes no request of any page.
const worker = /** @type {ServiceWorkerGlobalScope & typeof globalThis} */ (/** @type {unknown} */ (self))

worker.addEventListener('install', () => worker.skipWaiting())
worker.addEventListener('activate', (e) => e.waitUntil(worker.clients.claim()))

worker.addEventListener('push', (e) => {
	/** @type {{tag?: string, title?: string, text?: string, time?: string, link?: string}} */
	let message = {}
	try { message = e.data?.json() ?? {} } catch { /* what cannot be read is shown as such */ }
	// A browser shows a message of its own where a push shows none.
	e.waitUntil(worker.registration.showNotification(message.title || 'tickboard', /** @type {NotificationOptions} */ ({
		body: message.text || 'Something happened: open tickboard to see it.',
		tag: message.tag ?? '', timestamp: Date.parse(message.time ?? '') || Date.now(), data: message.link ?? '/',
	})))
})

worker.addEventListener('notificationclick', (e) => {
	e.notification.close()
	e.waitUntil(show(e.notification.data))
})

/** Goes to the tab that shows a page, or opens one. @param {string} link */
async function show(link) {
	const to = new URL(link, worker.location.origin).href
	const tabs = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true })
	const there = tabs.find((tab) => tab.url === to)
	return there ? there.focus() : worker.clients.openWindow(to)
}

worker.addEventListener('pushsubscriptionchange', (e) => {
	const change = /** @type {ExtendableEvent & {oldSubscription?: PushSubscription, newSubscription?: PushSubscription}} */ (e)
	change.waitUntil(renew(change.oldSubscription, change.newSubscription))
})

/**
 * Tells the server where this browser is to be found now. The old address ends by
 * itself, with the first message that goes there.
 * @param {PushSubscription} [before] @param {PushSubscription} [after]
 */
async function renew(before, after) {
	const { key } = await (await fetch('/api/v1/push/key')).json()
	const now = after ?? await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
	const { endpoint, keys } = now.toJSON()
	const { channels } = await (await fetch('/api/v1/channels')).json()
	const browsers = channels.filter((/** @type {any} */ c) => c.kind === 'push')
	const old = browsers.find((/** @type {any} */ c) => c.address === before?.endpoint)
	if (before ? !old : !browsers.length) return // its person has removed it
	await fetch('/api/v1/channels', {
		method: 'POST', headers: { 'Content-Type': 'application/json' },
		body: JSON.stringify({ kind: 'push', name: old?.name ?? 'This browser', address: endpoint, keys, alerts: old?.alerts ?? true, messages: old?.messages ?? false }),
	})
	if (old) await fetch('/api/v1/channels/' + old.id, { method: 'DELETE' })
}
