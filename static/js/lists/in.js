// @ts-check
// Which of the viewer's lists have a symbol: from a row, and from the page of a
// symbol.
import { ask, button, dialog, make } from '../elements/dialog.js'
import { desk, firstName } from './desk.js'

/** @param {HTMLElement} from in an element with data-symbol @param {any} parts the page's */
export async function open(from, parts) {
	const symbol = /** @type {HTMLElement} */ (from.closest('[data-symbol]')).dataset.symbol ?? ''
	const d = desk(parts)
	await d.keeper.load()
	const first = d.lists.length ? [] : d.choice ? d.shown : await firstVisit()
	const list = make('ul', { className: 'checks' })
	const show = () => {
		const focused = /** @type {HTMLInputElement | null} */ (document.activeElement)?.value
		const lists = d.lists.length ? d.lists : [{ id: 0, name: firstName, symbols: d.choice ? d.shown : first }]
		list.replaceChildren(...lists.map(({ id, name, symbols }) => {
			const input = make('input', { type: 'checkbox', value: String(id), checked: symbols.includes(symbol), onchange: () => put(id, input.checked) })
			return make('li', {}, make('label', {}, input, ' ', name, ' ', make('span', { className: 'muted', textContent: String(symbols.length) })))
		}))
		if (focused) list.querySelector(`input[value="${CSS.escape(focused)}"]`)?.focus()
	}
	/** @param {number} id @param {boolean} on */
	const put = (id, on) => {
		if (id) d.keeper.do({ kind: 'edit', list: id, edit: on ? { add: [symbol] } : { remove: [symbol] } })
		else if (d.choice) parts.watchlist.remove(symbol)
		else d.keeper.do({ kind: 'create', list: d.keeper.next, name: firstName, symbols: on ? [...first, symbol] : first.filter((s) => s !== symbol) })
	}
	const fresh = async () => {
		const name = await ask(`New list with ${symbol}`)
		if (name) d.keeper.do({ kind: 'create', list: d.keeper.next, name, symbols: [symbol] })
	}
	show()
	d.hearers.add(show)
	const el = dialog(`${symbol} in your lists`, list, make('p', { className: 'buttons' }, button('Done', () => el.close(), 'button'), button('New list…', fresh)))
	el.addEventListener('close', () => d.hearers.delete(show))
}

/** What a first visit's list has. */
async function firstVisit() {
	const response = await fetch('/', { cache: 'no-cache' })
	if (!response.ok) throw new Error(`The server answered ${response.status}.`)
	const page = new DOMParser().parseFromString(await response.text(), 'text/html')
	return [...page.querySelectorAll('tr[data-symbol]')].map((r) => r.getAttribute('data-symbol') ?? '')
}
