// @ts-check
// Lists from and to files: CSV with a column of symbols, or plain text.
import { fetchRows } from '../api.js'
import { button, dialog, make } from '../elements/dialog.js'
import { toast } from '../elements/toast.js'
import { desk, firstName } from './desk.js'

/** @typedef {{line: number, symbol: string}} Found @typedef {{line: number, text: string}} Bad */

/** @param {HTMLElement} from in the menu @param {any} parts the page's */
export function open(from, parts) {
	from.closest('.menu')?.hidePopover()
	const d = desk(parts)
	if (from.dataset.list === 'import') bringIn(d)
	else save(d, from.dataset.list ?? '')
}

/** @param {import('./desk.js').Desk} d */
function bringIn(d) {
	const text = make('textarea', { name: 'symbols', rows: 6, spellcheck: false, placeholder: 'AAPL, MSFT\nor a CSV file with a column “symbol”' })
	const file = make('input', { type: 'file', accept: '.csv,.txt,text/csv,text/plain', onchange: async () => { text.value = await file.files[0]?.text() ?? '' } })
	const said = make('div', { role: 'status', className: 'said' })
	/** @param {(symbols: string[]) => void} take */
	const into = (take) => async () => {
		try {
			const { found, bad } = read(text.value)
			const { known, unknown } = await check(found.map((f) => f.symbol))
			if (known.length) take(known)
			tell(said, known.length, [
				...bad.map((b) => `Line ${b.line}: “${b.text}” is no symbol.`),
				...found.filter((f) => unknown.includes(f.symbol)).map((f) => `Line ${f.line}: no source has ${f.symbol}.`),
			])
		} catch {
			said.replaceChildren('The server does not answer, nothing was taken. Try again in a moment.')
		}
	}
	const here = d.keeper.list(d.id)?.name ?? firstName
	/** @param {string[]} symbols */
	const add = (symbols) => {
		if (d.id) d.keeper.do({ kind: 'edit', list: d.id, edit: { add: symbols } })
		else d.add(firstName, [...new Set([...d.shown, ...symbols])])
	}
	/** @param {string[]} symbols */
	const fresh = (symbols) => {
		const list = d.keeper.next
		d.keeper.do({ kind: 'create', list, name: file.files[0]?.name.replace(/\.\w+$/, '').slice(0, 60) || 'Imported', symbols })
		d.go(list).catch(() => {})
	}
	const el = dialog('Import symbols',
		make('label', {}, 'Paste symbols ', text),
		make('p', {}, make('label', {}, 'or take a file ', file)),
		said,
		make('p', { className: 'buttons' }, ...d.foreign ? [] : [button(`Add to ${here}`, into(add), 'button')],
			button('Make a new list', into(fresh), d.foreign ? 'button' : undefined), button('Close', () => el.close())))
	text.focus()
}

/** @param {HTMLElement} place @param {number} taken @param {string[]} wrong */
function tell(place, taken, wrong) {
	place.replaceChildren(make('p', { textContent: taken === 1 ? '1 symbol is taken.' : `${taken} symbols are taken.` }),
		...wrong.length ? [make('ul', {}, ...wrong.map((textContent) => make('li', { textContent })))] : [])
}

/** Which of the symbols a source has. @param {string[]} symbols */
async function check(symbols) {
	const unknown = []
	for (let i = 0; i < symbols.length; i += 100) unknown.push(...(await fetchRows(symbols.slice(i, i + 100))).unknown)
	return { unknown, known: symbols.filter((s) => !unknown.includes(s)) }
}

/**
 * The symbols in a file: of CSV those of the column "symbol", or else of the first;
 * of other text all words. Each once, with its line.
 * @param {string} text
 */
export function read(text) {
	const lines = text.replace(/^\uFEFF/, '').split(/\r\n?|\n/)
	const head = cells(lines.find((l) => l.trim()) ?? '').map((c) => c.toLowerCase())
	const column = head.findIndex((c) => c === 'symbol' || c === 'ticker')
	/** @type {Found[]} */
	const found = []
	/** @type {Bad[]} */
	const bad = []
	let begun = column < 0
	lines.forEach((l, i) => {
		if (!l.trim()) return
		if (!begun) return void (begun = true) // the names of the columns
		const words = column < 0 ? l.split(/[\s,;]+/) : [cells(l)[column] ?? '']
		for (const word of words) {
			const symbol = word.trim().toUpperCase()
			if (!symbol) continue
			if (!/^[A-Z0-9^][A-Z0-9.\-_/:=^]{0,23}$/.test(symbol)) bad.push({ line: i + 1, text: word })
			else if (!found.some((f) => f.symbol === symbol)) found.push({ line: i + 1, symbol })
		}
	})
	return { found, bad }
}

/** The cells of a line of CSV, with commas, semicolons or tabs between. @param {string} line */
function cells(line) {
	return [...line.matchAll(/(?:^|[,;\t])(?:\s*"((?:[^"]|"")*)"\s*|([^,;\t]*))/g)].map((m) => (m[1]?.replaceAll('""', '"') ?? m[2]).trim())
}

/** The list as a file. @param {{symbol: string, name: string}[]} rows @param {string} kind csv or txt */
export function write(rows, kind) {
	if (kind === 'txt') return rows.map((r) => r.symbol + '\n').join('')
	// A name that begins with a sign would be a formula to spreadsheets.
	const cell = (/** @type {string} */ s) => /^[=+\-@]/.test(s) || /[",\n]/.test(s) ? `"${(/^[=+\-@]/.test(s) ? "'" : '') + s.replaceAll('"', '""')}"` : s
	return 'symbol,name\r\n' + rows.map((r) => `${r.symbol},${cell(r.name)}\r\n`).join('')
}

/** Saves the list as a file. @param {import('./desk.js').Desk} d @param {string} kind */
function save(d, kind) {
	const list = d.keeper.list(d.id)
	const symbols = list?.symbols ?? d.shown
	const rows = symbols.map((symbol) => ({ symbol, name: d.parts.watchlist.view(symbol)?.querySelector('.name')?.textContent ?? '' }))
	const file = new Blob([write(rows, kind)], { type: kind === 'csv' ? 'text/csv' : 'text/plain' })
	const link = make('a', { href: URL.createObjectURL(file), download: `${list?.name ?? firstName}.${kind}` })
	link.click()
	setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
	toast(`${link.download} is saved with ${symbols.length === 1 ? '1 symbol' : `${symbols.length} symbols`}.`)
}
