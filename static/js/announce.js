// @ts-check
// What a screen reader hears: at most one message in ten seconds, the newest of
// those that wait.

const pace = 10_000
let next = 0
/** @type {{text: string, urgent: boolean} | undefined} */
let waiting
let more = 0

/** @param {string} text @param {boolean} [urgent] for the viewer's own alerts */
export function announce(text, urgent = false) {
	if (waiting) more++
	if (!waiting?.urgent || urgent) waiting = { text, urgent }
	const wait = next - Date.now()
	if (more === 0) setTimeout(say, Math.max(0, wait))
}

function say() {
	if (!waiting) return
	const { text, urgent } = waiting
	const region = document.getElementById(urgent ? 'urgent' : 'polite')
	if (region) region.textContent = text + (more ? ` And ${more} more.` : '')
	next = Date.now() + pace
	waiting = undefined
	more = 0
}
