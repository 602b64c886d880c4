// @ts-check
// The shared worker: the room of all tabs and frames that can have it.
import { Room } from './room.js'

const room = new Room()

addEventListener('connect', (/** @type {any} */ e) => {
	const port = e.ports[0]
	port.onmessage = (/** @type {any} */ m) => room.take(port, m.data)
	// Where browsers say that the other end has died; elsewhere its silence tells.
	port.onclose = () => room.leave(port)
})
