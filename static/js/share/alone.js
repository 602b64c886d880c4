// @ts-check
// Where tabs cannot share: a room for this page alone. Over HTTP/1.1 only so many
// tabs have a stream of their own that the browser keeps connections for all
// else; the others ask now and then, and look for a place that was left. Where
// tabs cannot even count each other, all ask.
import { Connection } from './connection.js'
import { Poll } from './poll.js'
import { Room } from './room.js'

const most = 3
const countTime = 300
const lookPace = 15_000

/**
 * A room for this page.
 * @param {(message: any) => void} receive
 * @param {any} [host]
 */
export async function alone(receive, host = globalThis) {
	const [navigation] = host.performance.getEntriesByType('navigation')
	const many = /^h[23]/.test(navigation?.nextHopProtocol)
	let place = many ? { close() {} } : await findPlace(host)
	let room = new Room(host, place ? Connection : Poll)
	const port = { postMessage: receive }
	/** @type {import('./room.js').Want | undefined} */
	let wanted
	let closed = false
	/** @type {any} */
	let timer
	// Who left does not always say so: a tab may crash.
	const look = async () => {
		if (wanted && !wanted.hidden) place = await findPlace(host)
		if (closed) return place?.close()
		if (!place) return later()
		room.close()
		room = new Room(host)
		room.take(port, /** @type {import('./room.js').Want} */ (wanted))
	}
	const later = () => { timer = host.setTimeout(look, lookPace) }
	if (!place) later()
	return {
		/** @param {import('./room.js').Want} want */
		postMessage: (want) => {
			room.take(port, wanted = want)
			if (room.connection) /** @type {any} */ (room.connection).seen = !want.hidden
		},
		close: () => {
			closed = true
			host.clearTimeout(timer)
			room.close()
			place?.close()
		},
	}
}

/**
 * One of the places that the tabs without a room have for streams. Of two that
 * look at once both may find the same, so that there is one more.
 * @param {any} host
 * @returns {Promise<{close(): void} | undefined>}
 */
async function findPlace(host) {
	/** @type {BroadcastChannel} */
	let channel
	try {
		host.localStorage.getItem('tickboard') // throws where the browser keeps tabs apart
		channel = new host.BroadcastChannel('tickboard places')
	} catch { return undefined }
	let taken = 0
	channel.onmessage = (e) => { if (e.data === 'taken') taken++ }
	channel.postMessage('who')
	await new Promise((done) => host.setTimeout(done, countTime * (1 + host.Math.random())))
	if (taken >= most) {
		channel.close()
		return undefined
	}
	channel.postMessage('taken') // for those who are counting now
	channel.onmessage = (e) => { if (e.data === 'who') channel.postMessage('taken') }
	return channel
}
