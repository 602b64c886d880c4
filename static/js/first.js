// @ts-check
// The first change makes the viewer's profile, whose cookie comes with the answer.
// Two of them at once would make two profiles, of which the browser forgets one:
// until one is answered they go one after the other, over all tabs where the
// browser has locks, and over this one elsewhere.

const name = 'tickboard first change'
const patience = 5000

let known = false
/** @type {Promise<unknown>} */
let before = Promise.resolve()

/**
 * Asks for a change when its turn has come.
 * @param {() => Promise<Response>} ask
 * @param {boolean} [somebody] the viewer is known to have a profile
 * @returns {Promise<Response>}
 */
export async function inTurn(ask, somebody) {
	if (known || somebody) return ask()
	let begun = false
	const turn = async () => {
		begun = true
		const response = await ask()
		known ||= response.ok
		return response
	}
	const locks = globalThis.navigator?.locks
	if (!locks) {
		const mine = before.then(turn)
		before = mine.catch(() => {})
		return mine
	}
	try {
		return await locks.request(name, { signal: AbortSignal.timeout(patience) }, turn)
	} catch (e) {
		if (begun) throw e
		return ask() // another tab's takes too long
	}
}
