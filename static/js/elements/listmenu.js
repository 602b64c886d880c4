// @ts-check
// What the menu of <tick-lists> does; loaded when something in it is chosen.
import { firstName } from '../lists.js'
import { toast } from './toast.js'

const titles = { save: 'Save as new list', new: 'New list', rename: 'Rename list' }

/** Does what was chosen. @param {HTMLElement} button in the menu */
export async function open(button) {
	const choice = /** @type {import('./lists.js').ListChoice} */ (button.closest('tick-lists'))
	const { lists, name, shown } = choice
	const act = button.dataset.list ?? ''
	choice.querySelector('.menu')?.hidePopover()
	if (act === 'copy') {
		await navigator.clipboard?.writeText(location.href).then(() => toast('The link is copied.'), () => {})
		return
	}
	if (act === 'delete') {
		const kept = lists.names.includes(name) ? lists.symbols(name) : shown
		lists.remove(name)
		if (!lists.names.length) lists.save(firstName, [])
		choice.go(lists.names[0])
		toast(`${name || 'The list'} is deleted.`, 'Undo', () => { lists.save(name || firstName, kept); choice.go(name || firstName) })
		return
	}
	if (name && !lists.names.includes(name)) lists.save(name, shown)
	const to = await ask(choice.dialog, /** @type {any} */ (titles)[act], act === 'rename' ? name : '')
	if (!to) return
	if (act === 'rename' && name) lists.rename(name, to)
	if (!lists.names.includes(to)) lists.save(to, act === 'new' ? [] : choice.shown)
	choice.go(to)
}

/**
 * Asks for a name; '' when the viewer thought better of it.
 * @param {HTMLDialogElement} dialog @param {string} title @param {string} value
 * @returns {Promise<string>}
 */
function ask(dialog, title, value) {
	const input = /** @type {HTMLInputElement} */ (dialog.querySelector('input'))
	const head = dialog.querySelector('h2')
	if (head) head.textContent = title
	input.value = value
	dialog.returnValue = ''
	dialog.showModal()
	return new Promise((answer) => {
		dialog.addEventListener('close', () => answer(dialog.returnValue === 'ok' ? input.value.trim() : ''), { once: true })
	})
}
