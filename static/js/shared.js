// @ts-check
// A list that its owner shows to others: its rows move, and nothing of it can be
// changed here.
import { goes } from './go.js'
import { shortcuts } from './keys.js'
import { start } from './page.js'
import './elements/watchlist.js'

const watchlist = /** @type {any} */ (document.querySelector('tick-watchlist'))
const { keys, search } = start(watchlist.symbols, {
	quote: (quote, snapshot) => watchlist.take(quote, snapshot),
}, {
	watchlist,
	lastId: watchlist.dataset.lastId,
	versions: watchlist.versions,
	most: Number(watchlist.dataset.maxSymbols),
	lose: (since) => watchlist.lose(since),
	views: () => watchlist.rows,
})

goes(search.element)

const awaited = document.querySelector('[data-awaited]')?.getAttribute('data-awaited')?.split(',')
if (awaited) import('./awaited.js').then(({ reloadWith }) => reloadWith(awaited))

/** @param {number} by @param {boolean} always */
const step = (by, always) => () => {
	if (!always && !watchlist.current) return false
	watchlist.step(by)
}
shortcuts({ ...keys, j: step(1, true), k: step(-1, true), ArrowDown: step(1, false), ArrowUp: step(-1, false) })
