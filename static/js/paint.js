// @ts-check
// One animation frame for everything that changed since the last one.
import { pref } from './prefs.js'

/** @type {Set<{paint(): void}>} */
const dirty = new Set()
let frame = 0

/**
 * Has view.paint() called in the next frame, once however often it is asked.
 * In a hidden tab there is no frame; what waits is one entry for each view.
 * @param {{paint(): void}} view
 */
export function invalidate(view) {
	dirty.add(view)
	frame ||= requestAnimationFrame(() => {
		frame = 0
		const views = [...dirty]
		dirty.clear()
		for (const v of views) v.paint()
	})
}

/** @type {WeakMap<Element, number>} */
const flashed = new WeakMap()

/**
 * Marks a cell as changed for 400 ms, at most once a second, unless the viewer
 * wants none of it.
 * @param {HTMLElement} cell
 * @param {'up' | 'down'} direction
 */
export function flash(cell, direction) {
	const now = performance.now()
	if (now - (flashed.get(cell) ?? -1000) < 1000) return
	flashed.set(cell, now)
	if (!pref('flash', true)) return
	cell.dataset.flash = direction
	setTimeout(() => { delete cell.dataset.flash }, 400)
}
