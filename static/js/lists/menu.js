// @ts-check
// What the menu of the lists does: make, name, order and delete them.
import { announce } from '../announce.js'
import { ask, button, dialog, make } from '../elements/dialog.js'
import { toast } from '../elements/toast.js'
import { listQuery } from '../lists.js'
import { desk, firstName } from './desk.js'

const acts = { save, new: empty, rename, delete: remove, order, copy }

/** Does what was chosen. @param {HTMLElement} button @param {any} parts the page's */
export async function open(button, parts) {
	button.closest('.menu')?.hidePopover()
	const act = /** @type {any} */ (acts)[button.dataset.list ?? '']
	await act(desk(parts), button)
}

/** Makes a list of what is shown. @param {import('./desk.js').Desk} desk @param {HTMLElement} button */
async function save(desk, button) {
	const name = await ask('Save as new list', button.dataset.name)
	if (!name) return
	keepFirst(desk)
	desk.add(name, [...desk.parts.watchlist.symbols])
	if (!desk.choice) desk.makers.add((_, id) => location.assign('/?list=' + id))
}

/** @param {import('./desk.js').Desk} desk */
async function empty(desk) {
	const name = await ask('New list')
	if (!name) return
	keepFirst(desk)
	const id = desk.keeper.next
	desk.keeper.do({ kind: 'create', list: id, name, symbols: [] })
	await desk.go(id)
}

/** Keeps the list of a first visit before another takes its place. @param {import('./desk.js').Desk} desk */
function keepFirst(desk) { if (desk.choice && !desk.id && !desk.foreign) desk.add(firstName, [...desk.shown]) }

/** @param {import('./desk.js').Desk} desk */
async function rename(desk) {
	const { id } = desk
	const name = await ask('Rename list', desk.keeper.list(id)?.name ?? firstName)
	if (!name) return
	if (id) desk.keeper.do({ kind: 'rename', list: desk.id, name })
	else desk.add(name, [...desk.shown])
}

/** @param {import('./desk.js').Desk} desk */
async function remove(desk) {
	const { keeper, id, lists } = desk
	const was = keeper.list(id), at = lists.findIndex((l) => l.id === id)
	if (!was) return toast('This list is not saved, so there is nothing to delete.')
	await keeper.load()
	/** @type {import('./changes.js').Change} */
	const change = { kind: 'delete', list: id }
	desk.deleted = id
	keeper.do(change)
	announce(`${was.name} is deleted.`)
	toast(`${was.name} is deleted.`, 'Undo', () => {
		if (!keeper.undo(change)) keeper.do({ kind: 'restore', list: id, was, at })
		desk.go(id).catch(() => {})
	})
}

/** Brings the lists into another order. @param {import('./desk.js').Desk} desk */
async function order(desk) {
	await desk.keeper.load()
	const rows = make('ol', { className: 'order' })
	const show = () => {
		rows.replaceChildren(...desk.lists.map((l, i) => make('li', {},
			make('span', { textContent: l.name }),
			step(l.id, -1, `Move ${l.name} up`, '↑', i === 0), step(l.id, 1, `Move ${l.name} down`, '↓', i === desk.lists.length - 1))))
	}
	/** @param {number} id @param {number} by @param {string} label @param {string} sign @param {boolean} disabled */
	const step = (id, by, label, sign, disabled) => make('button', {
		type: 'button', className: 'icon-button', textContent: sign, ariaLabel: label, disabled,
		onclick: () => {
			const ids = desk.lists.map((l) => l.id)
			const at = ids.indexOf(id)
			ids.splice(at + by, 0, ...ids.splice(at, 1))
			desk.keeper.do({ kind: 'order', list: 0, ids })
			desk.remember()
			/** @type {HTMLElement[]} */
			const buttons = [...rows.children[at + by].querySelectorAll('button')]
			const same = buttons[by < 0 ? 0 : 1]
			if (same.matches(':disabled')) buttons[by < 0 ? 1 : 0].focus()
			else same.focus()
		},
	})
	show()
	desk.hearers.add(show)
	const el = dialog('Order of the lists', rows, make('p', { className: 'buttons' }, button('Close', () => el.close())))
	el.addEventListener('close', () => desk.hearers.delete(show))
}

/** Copies a link to the symbols as they are now. @param {import('./desk.js').Desk} desk */
async function copy(desk) {
	const { symbols, strip } = desk.parts.watchlist
	await navigator.clipboard?.writeText(location.origin + '/' + listQuery(symbols, strip))
		.then(() => toast('The link is copied. It shows these symbols as they are now; “Share” makes one that follows the list.'), () => {})
}
