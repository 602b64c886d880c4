// @ts-check
// The address of a list.

/**
 * The query of a list's address. Whoever opens it sees these symbols; the one whose
 * list it is sees what the list has then.
 * @param {string[]} symbols @param {boolean} [ticker] @param {string} [list] the number of the viewer's own
 */
export function listQuery(symbols, ticker, list) {
	const query = symbols.map((s) => encodeURIComponent(s).replaceAll('%2F', '/').replaceAll('%3A', ':')).join(',')
	return '?' + (list ? `list=${list}&` : '') + 'symbols=' + query + (ticker ? '&view=ticker' : '')
}
