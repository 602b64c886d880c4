// @ts-check
// Where there is no shared worker: the tab that has the lock has the room, and
// the others are its members through a channel. When it goes, the browser gives
// the lock to another.
import { Room } from './room.js'

const name = 'tickboard ' + import.meta.url

/**
 * Joins the room of the leading tab, which this one may become.
 * @param {(message: any) => void} receive
 * @param {any} [host] locks and channels
 */
export function lead(receive, host = globalThis) {
	const channel = new host.BroadcastChannel(name)
	const id = host.crypto.randomUUID()
	const end = new AbortController()
	const here = { postMessage: receive }
	const all = { /** @param {any} message */ postMessage: (message) => channel.postMessage({ message }) }
	/** @type {Map<string, import('./room.js').Port>} */
	const others = new Map()
	/** @type {Room | undefined} */
	let room

	/** @param {string} to */
	const other = (to) => {
		const known = others.get(to)
		if (known) return known
		const port = { all, /** @param {any} message */ postMessage: (message) => channel.postMessage({ to, message }) }
		others.set(to, port)
		return port
	}
	channel.onmessage = (/** @type {MessageEvent} */ { data: { from, want, to, message } }) => {
		if (room && from) {
			room.take(other(from), want)
			for (const [id, port] of others) if (!room.members.has(port)) others.delete(id)
		} else if (!room && message && (!to || to === id)) receive(message)
	}
	host.navigator.locks.request(name, { signal: end.signal }, () => {
		if (end.signal.aborted) return
		room = new Room(host)
		all.postMessage({ join: true })
		receive({ join: true })
		return new Promise((release) => end.signal.addEventListener('abort', release))
	}).catch(() => {}) // it left, or may not have locks
	return {
		/** @param {import('./room.js').Want} want */
		postMessage: (want) => {
			if (room) room.take(here, want)
			else channel.postMessage({ from: id, want })
		},
		close: () => {
			end.abort()
			room?.close()
			channel.close()
		},
	}
}
