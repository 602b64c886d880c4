// @ts-check
// A link by which others read a list as it is then; its owner takes it back.
import { button, dialog, make } from '../elements/dialog.js'
import { toast } from '../elements/toast.js'
import { desk, firstName } from './desk.js'

/** @param {HTMLElement} from in the menu @param {any} parts the page's */
export async function open(from, parts) {
	from.closest('.menu')?.hidePopover()
	const d = desk(parts)
	if (d.foreign) return toast('This list is not yours. Save it as your list to share it.')
	if (!d.id) d.add(firstName, [...d.shown])
	try {
		await d.keeper.load()
		await d.saved()
		const list = await ask(d, 'POST')
		show(d, list.name, new URL(list.shared, location.href).href)
	} catch (e) {
		toast(/** @type {Error} */ (e).message)
	}
}

/** @param {import('./desk.js').Desk} d @param {string} method */
async function ask(d, method, id = d.id) {
	const response = await d.keeper.call(method, `/${id}/share`)
	const body = await response.text()
	if (!response.ok) throw new Error(JSON.parse(body).detail)
	return body ? JSON.parse(body) : {}
}

/** @param {import('./desk.js').Desk} d @param {string} name @param {string} url */
function show(d, name, url) {
	const { id } = d
	const field = make('input', { readOnly: true, value: url, ariaLabel: 'Link', onfocus: () => field.select() })
	const copy = async () => {
		field.select()
		try {
			await navigator.clipboard.writeText(url)
			toast('The link is copied.')
		} catch {
			toast('The browser does not let this page copy. Copy the marked link yourself.')
		}
	}
	const stop = async () => {
		try {
			await ask(d, 'DELETE', id)
			el.close()
			toast('The list is no longer shared; the link shows nothing any more.')
		} catch (e) {
			toast(/** @type {Error} */ (e).message)
		}
	}
	const el = dialog(`Share ${name}`,
		make('p', { textContent: 'Whoever has this link sees the list as it is at that time, and cannot change it.' }),
		field,
		make('p', { className: 'buttons' }, button('Copy', copy, 'button'), button('Stop sharing', stop), button('Close', () => el.close())))
	field.focus()
}
