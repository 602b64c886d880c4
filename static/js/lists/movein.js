// @ts-check
// Lists that earlier visits have left in the browser move to the server, once.
// Until all of them are there the browser keeps them.
import { pref, setPref } from '../prefs.js'
import { same } from './changes.js'

/** @param {unknown} saved @returns {{name: string, symbols: string[]}[]} */
export function left(saved) {
	const lists = /** @type {any} */ (saved)?.lists
	if (typeof lists !== 'object' || !lists) return []
	return Object.entries(lists).filter(([name, symbols]) => name && Array.isArray(symbols))
		.map(([name, symbols]) => ({ name, symbols: [...new Set(symbols.filter((/** @type {unknown} */ s) => typeof s === 'string'))] }))
}

/** @param {import('./desk.js').Desk} desk */
export function moveIn(desk) {
	const work = () => new Promise((/** @type {(done?: any) => void} */ done) => move(desk, done))
	// Of several tabs one does it; the others find nothing left.
	if (navigator.locks) navigator.locks.request('tickboard move in', work)
	else work()
}

/** @param {import('./desk.js').Desk} desk @param {() => void} done */
function move(desk, done) {
	const saved = pref('lists', /** @type {any} */ (null))
	const waiting = new Set()
	const end = () => {
		if (waiting.size) return
		setPref('lists', null)
		desk.makers.delete(made)
		done()
	}
	/** @param {number} from */
	const made = (from) => { if (waiting.delete(from)) end() }
	desk.makers.add(made)
	const asked = new URLSearchParams(location.search).has('symbols')
	let current = 0
	for (const { name, symbols } of left(saved)) {
		const there = desk.lists.find((l) => l.name === name && same(l.symbols, symbols))
		const list = there?.id ?? desk.keeper.next
		if (list < 0) waiting.add(list)
		// One that an earlier attempt has made, whose answer got lost, is not made again.
		if (!there) desk.keeper.do(/** @type {any} */ ({ kind: 'create', list, name, symbols, tried: true }))
		if (name === saved.current) current = list
	}
	if (current && !asked) desk.go(current).catch(() => {})
	end()
}
