// @ts-check
// Push messages to this browser: whether it can have them, and its subscription.
import { json } from './api.js'

/** Why this browser can have none, '' when it can. */
export function trouble() {
	if (!isSecureContext) return 'Browsers allow this over https alone, or on the server\'s own machine. Open this page by its https address.'
	if (!('serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window)) {
		return /iPhone|iPad/.test(navigator.userAgent)
			? 'On an iPhone or iPad add this page to the home screen first (Share, then Add to Home Screen), and open it from there.'
			: 'This browser knows no push messages. Another one may, or take another way.'
	}
	if (Notification.permission === 'denied') return 'This browser lets no notifications of this site through. Allow them at the sign beside the address, then come back.'
	return ''
}

async function subscription() {
	if (trouble()) return null
	const registration = await navigator.serviceWorker.getRegistration('/')
	return await registration?.pushManager.getSubscription() ?? null
}

/** The address of this browser's subscription, '' without one. */
export async function endpoint() {
	return (await subscription().catch(() => null))?.endpoint ?? ''
}

/** Subscribes this browser, asking its person first. @returns {Promise<PushSubscriptionJSON>} */
export async function subscribe() {
	if (await Notification.requestPermission() !== 'granted') throw new Error('You have not allowed notifications of this site, so that none can be shown.')
	await navigator.serviceWorker.register('/push-worker.js')
	const registration = await navigator.serviceWorker.ready
	const { key } = await json('/api/v1/push/key')
	let now = await registration.pushManager.getSubscription()
	if (now && text(now.options.applicationServerKey) !== key) { // of another server at this address
		await now.unsubscribe()
		now = null
	}
	try {
		now ??= await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
	} catch {
		throw new Error('The push service of this browser does not answer. Try again later, or take another way.')
	}
	return now.toJSON()
}

/** Ends this browser's subscription. */
export async function unsubscribe() { await (await subscription())?.unsubscribe() }

/** Bytes in base64url. @param {ArrayBuffer | null} bytes */
function text(bytes) {
	return btoa(String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer(0)))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
