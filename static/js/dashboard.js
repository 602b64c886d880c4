// @ts-check
// The watchlist's page: puts the elements, the stream and the lists together.
import { announce } from './announce.js'
import { shortTime } from './format.js'
import { shortcuts } from './keys.js'
import { listQuery } from './lists.js'
import { start } from './page.js'
import { toast } from './elements/toast.js'
import './elements/lists.js'
import './elements/watchlist.js'

/** @param {string} name @returns {any} */
const element = (name) => document.querySelector(name)
const watchlist = element('tick-watchlist')
const lists = element('tick-lists')
const notes = element('tick-notifications')
const most = Number(watchlist.dataset.maxSymbols)
const asked = location.hash // the address of a list has none

const parts = start(watchlist.symbols, {
	quote: (quote, snapshot) => watchlist.take(quote, snapshot),
	profile: (versions) => lists.heard(versions.lists),
	hello: (hello) => { if (hello.gap) toast('Some older notifications are no longer kept.') },
}, {
	watchlist, lists,
	lastId: watchlist.dataset.lastId,
	versions: watchlist.versions,
	most,
	lose: (since) => watchlist.lose(since),
	views: () => watchlist.rows,
})

const { stream, bar, search, keys } = parts

// The list

/** Names the list in the address. */
function address() {
	const { symbols, strip } = watchlist
	const { list } = lists.dataset
	history.replaceState(null, '', '/' + listQuery(symbols, strip, list))
	element('[data-view]').href = '/' + listQuery(symbols, !strip, list)
}

/** Everything that follows from a change of the list. */
function changed() {
	const { symbols } = watchlist
	address()
	lists.keep()
	bar.count = symbols.length
	element('[data-empty]').hidden = symbols.length > 0
	stream.set(symbols)
}

/** @param {string[]} symbols */
async function add(symbols) {
	try {
		const { add: now } = await import('./elements/rows.js')
		await now(parts, symbols)
	} catch {
		toast('The server does not answer, nothing was added.', 'Try again', () => add(symbols))
	}
}

// What a source had not listed yet when the page was made
const awaited = document.querySelector('[data-awaited]')?.getAttribute('data-awaited')?.split(',')
lists.start(parts)
if (lists.dataset.list) address()
watchlist.addEventListener('tick-change', changed)
watchlist.addEventListener('tick-removed', (/** @type {CustomEvent} */ e) => {
	announce(`Removed ${e.detail.symbol}.`)
	toast(`${e.detail.symbol} is removed.`, 'Undo', e.detail.undo)
})
search.element.addEventListener('tick-add', (/** @type {CustomEvent} */ e) => add(e.detail.symbols))
addEventListener('popstate', () => location.reload())

if (awaited) import('./awaited.js').then(({ reloadWith }) => reloadWith(awaited))

// The notifications' drawer

const bell = element('[data-bell]')
const panel = element('#notifications')

/** @param {boolean} open */
function drawer(open) {
	panel.toggleAttribute('data-open', open)
	bell.setAttribute('aria-expanded', String(open))
	if (open) notes.querySelector('button, select').focus()
	else if (panel.contains(document.activeElement)) bell.focus()
}
bell.addEventListener('click', () => drawer(!panel.hasAttribute('data-open')))
notes.addEventListener('click', (/** @type {any} */ e) => { if (e.target.closest('[data-close]')) drawer(false) })
notes.addEventListener('input', (/** @type {any} */ e) => import('./elements/panel.js').then((m) => m.chosen(e.target, parts), () => {}))
for (const time of notes.querySelectorAll('time')) time.textContent = shortTime(new Date(time.dateTime), new Date())
panel.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Escape') drawer(false) })

// Keys

/** @param {(row: HTMLElement) => void} act */
const onRow = (act) => () => {
	const row = watchlist.current
	if (!row || watchlist.strip) return false
	act(row)
}
/** @param {number} by @param {boolean} always */
const step = (by, always) => () => {
	if (!always && !watchlist.current) return false
	watchlist.step(by)
}
shortcuts({
	...keys,
	j: step(1, true), k: step(-1, true), ArrowDown: step(1, false), ArrowUp: step(-1, false),
	a: onRow((row) => row.querySelector('[data-load=quickalert]')?.click()),
	Delete: onRow((row) => watchlist.remove(row.dataset.symbol)),
	'Alt+ArrowUp': onRow((row) => watchlist.move(row, -1)),
	'Alt+ArrowDown': onRow((row) => watchlist.move(row, 1)),
	n: () => drawer(!panel.hasAttribute('data-open')),
	Escape: () => { drawer(false); return false },
})
if (asked === '#notifications') drawer(true)
