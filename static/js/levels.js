// @ts-check
// The lines of alerts across the day's chart, drawn again as its range moves; the
// same as the server's levels.go.

const margin = 15, height = 300
const room = 8 // between labels, in percent
/** @type {string | null} */
let space = null

/**
 * Draws the lines of the alerts that a list shows.
 * @param {SVGElement} svg
 * @param {HTMLElement} list
 * @param {number} low of the chart
 * @param {number} high
 */
export function drawLevels(svg, list, low, high) {
	const alerts = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[data-line]')])
		.map((el) => ({ at: Number(el.dataset.level), words: el.dataset.line ?? '' }))
		.sort((a, b) => b.at - a.at)
	space = svg.namespaceURI
	const key = JSON.stringify([low, high, alerts])
	if (svg.dataset.drawn === key) return
	svg.dataset.drawn = key
	const over = alerts.filter((a) => a.at > high).reverse(), under = alerts.filter((a) => a.at < low)
	/** @type {SVGElement[]} */
	const lines = [], labels = []
	if (over.length) labels.push(label('↑ ' + few(over), { x: 0, y: 0, dx: 8, dy: 14 }))
	if (under.length) labels.push(label('↓ ' + few(under), { x: 0, y: '100%', dx: 8, dy: -6 }))
	let last = -room
	for (const { at, words } of alerts) {
		if (at > high || at < low) continue
		const share = high > low ? (at - low) / (high - low) : .5
		const y = ((1 - share) * height + margin) / (height + 2 * margin) * 100
		lines.push(make('line', { x1: 0, x2: '100%', y1: y + '%', y2: y + '%' }))
		if (y - last < room) labels[labels.length - 1].textContent += ' · ' + words
		else {
			labels.push(label(words, { x: '100%', y: y + '%', dx: -8, dy: y < 10 ? 14 : -5, 'text-anchor': 'end' }))
			last = y
		}
	}
	svg.replaceChildren(...lines, ...labels)
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function make(name, attributes) {
	const el = document.createElementNS(space, name)
	for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, String(value))
	return el
}

/** @param {string} words @param {Record<string, string | number>} attributes */
function label(words, attributes) {
	const el = make('text', attributes)
	el.textContent = words
	return el
}

/** @param {{words: string}[]} list */
function few(list) {
	const more = list.length - 3
	return list.slice(0, 3).map((a) => a.words).join(' · ') + (more > 0 ? ` and ${more} more` : '')
}
