// @ts-check
// Changes of the viewer's lists: what the page does at once, and the server when
// it hears of it. They fit whatever others have changed meanwhile.

/**
 * @typedef {{id: number, name: string, symbols: string[], version: number, shared?: string}} List
 *   one that the server does not have yet has a number below 0
 * @typedef {{add?: string[], remove?: string[], before?: string}} Edit as the server takes it
 * @typedef {{kind: 'edit', list: number, edit: Edit}
 *   | {kind: 'arrange', list: number, symbols: string[]}
 *   | {kind: 'rename', list: number, name: string}
 *   | {kind: 'create', list: number, name: string, symbols: string[]}
 *   | {kind: 'delete', list: number}
 *   | {kind: 'restore', list: number, was: List, at: number}
 *   | {kind: 'order', list: 0, ids: number[]}} Change
 */

/** @param {string[]} a @param {string[]} b */
export const same = (a, b) => a.length === b.length && a.every((s, i) => s === b[i])

/** The symbols after an edit; the server does the same. @param {string[]} symbols @param {Edit} edit */
export function edited(symbols, { add = [], remove = [], before }) {
	const next = symbols.filter((s) => !remove.includes(s))
	if (!before || add.includes(before) || !next.includes(before)) return [...new Set([...next, ...add])]
	const others = next.filter((s) => !add.includes(s))
	others.splice(others.indexOf(before), 0, ...new Set(add))
	return others
}

/**
 * Things in an order that somebody chose: those that it does not name stay behind
 * what they stood behind.
 * @template T
 * @param {T[]} things
 * @param {T[]} order
 */
export function arranged(things, order) {
	const next = order.filter((t) => things.includes(t))
	things.forEach((t, i) => { if (!next.includes(t)) next.splice(i ? next.indexOf(things[i - 1]) + 1 : 0, 0, t) })
	return next
}

/**
 * What was done to make one list of symbols another, in the fewest words, so that
 * it fits a list that others have changed.
 * @param {number} list its number
 * @param {string[]} from @param {string[]} to
 * @returns {Change[]}
 */
export function changes(list, from, to) {
	/** @type {Change[]} */
	const all = []
	/** @param {Edit} edit */
	const edit = (edit) => all.push({ kind: 'edit', list, edit })
	const remove = from.filter((s) => !to.includes(s))
	if (remove.length) edit({ remove })
	const old = from.filter((s) => to.includes(s)), kept = to.filter((s) => from.includes(s))
	if (!same(old, kept)) {
		const moved = kept.find((m) => same(old.filter((s) => s !== m), kept.filter((s) => s !== m)))
		const before = moved && kept[kept.indexOf(moved) + 1]
		if (!moved) all.push({ kind: 'arrange', list, symbols: kept })
		else edit(before ? { add: [moved], before } : { remove: [moved], add: [moved] })
	}
	for (let i = 0; i < to.length;) {
		const add = []
		while (i < to.length && !from.includes(to[i])) add.push(to[i++])
		if (add.length) edit(i < to.length ? { add, before: to[i] } : { add })
		i++
	}
	return all
}

/** The lists after a change. @param {List[]} lists @param {Change} change @returns {List[]} */
export function applied(lists, change) {
	/** @param {(l: List) => Partial<List>} how */
	const one = (how) => lists.map((l) => l.id === change.list ? { ...l, ...how(l) } : l)
	switch (change.kind) {
	case 'edit': return one((l) => ({ symbols: edited(l.symbols, change.edit) }))
	case 'arrange': return one((l) => ({ symbols: arranged(l.symbols, change.symbols) }))
	case 'rename': return one(() => ({ name: change.name }))
	case 'delete': return lists.filter((l) => l.id !== change.list)
	case 'create':
	case 'restore': {
		if (lists.some((l) => l.id === change.list)) return lists
		if (change.kind === 'restore') return lists.toSpliced(change.at, 0, change.was)
		return [...lists, { id: change.list, name: change.name, symbols: change.symbols, version: 0 }]
	}
	case 'order': return arranged(lists.map((l) => l.id), change.ids).map((id) => /** @type {List} */ (lists.find((l) => l.id === id)))
	}
}
