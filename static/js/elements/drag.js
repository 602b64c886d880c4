// @ts-check
// Dragging a row of the watchlist by its grip; loaded when the pointer is over
// the list.

/**
 * Begins to drag: whatever the row passes goes to its other side.
 * @param {import('./watchlist.js').Watchlist} list
 * @param {PointerEvent} e where it began
 * @param {Element} grip
 */
export function drag(list, e, grip) {
	const row = /** @type {HTMLElement} */ (grip.closest('[data-symbol]'))
	try { grip.setPointerCapture(e.pointerId) } catch { /* a finger that is gone */ }
	if (!grip.hasPointerCapture(e.pointerId)) return
	row.dataset.dragging = ''
	const before = list.symbols
	const done = new AbortController()
	/** @param {PointerEvent} m */
	const passed = (m) => {
		for (let prev; (prev = row.previousElementSibling) && m.clientY < middle(prev);) row.after(prev)
		for (let next; (next = row.nextElementSibling) && m.clientY > middle(next);) row.before(next)
	}
	/** @param {PointerEvent} m */
	const end = (m) => {
		if (m.type === 'pointerup') passed(m)
		done.abort()
		delete row.dataset.dragging
		if (list.rows.some((r, i) => r.dataset.symbol !== before[i])) {
			list.adopt()
			list.changed()
		}
	}
	const { signal } = done
	document.addEventListener('pointermove', passed, { signal })
	document.addEventListener('pointerup', end, { signal })
	document.addEventListener('pointercancel', end, { signal })
}

/** @param {Element} row */
function middle(row) {
	const box = row.getBoundingClientRect()
	return box.top + box.height / 2
}
